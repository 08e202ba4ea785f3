"""Some mutations of small archives through the scan; two thousand of them: `python -m tests.fuzz.mutations`."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.mutations import CHEAP, Scan, headers, long_record, mutate

RESIDENT = 256 << 20
"""Bytes that the scan of a file of any kind may add to a process."""


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    return Scan(tmp_path_factory.mktemp("scan"))


@pytest.mark.slow
def test_mutations_end_in_a_report_or_in_one_clear_error(scan: Scan, crawl: Any, tmp_path: Path) -> None:
    kinds: Counter[str] = Counter()
    for number in range(80):
        name, data = mutate(crawl.warcs, number, seed=1, large=0.0)
        path = tmp_path / f"{number}.warc.gz"
        path.write_bytes(data)
        found = scan(name, path)
        assert found.wrong == "", found
        assert found.seconds < 20, found
        kinds[name.split()[0]] += 1
        path.unlink()
    assert set(kinds) == {mutation.__name__ for mutation in CHEAP}


@pytest.mark.slow
@pytest.mark.parametrize("mutation", [headers, long_record])
def test_what_is_endless_takes_bounded_memory(scan: Scan, tmp_path: Path, mutation: Any) -> None:
    import random

    path = tmp_path / "large.warc.gz"
    path.write_bytes(mutation(b"", random.Random(3)))
    found = scan(mutation.__name__, path)
    assert found.wrong == "", found
    assert 0 < found.resident < RESIDENT, found
