"""Some mutations of small archives through the scan; two thousand of them: `python -m tests.fuzz.mutations`."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.mutations import CHEAP, Scan, headers, long_record, memory_taken, mutate, scan_mutations_of_nothing

RESIDENT = 256 << 20
"""Bytes that the scan of a file of any kind may add to a process; the long record has four times as many."""


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


def test_memory_that_is_taken_is_seen() -> None:
    """Blocks of this size come from the system and go back to it, whatever ran in this process before."""
    length, seen = memory_taken(lambda: len(b"x" * RESIDENT))
    assert length == RESIDENT
    assert seen > 0.9 * RESIDENT


@pytest.mark.slow
def test_what_is_endless_takes_bounded_memory() -> None:
    """A process of their own: in this one they might use again what others have freed, and add nothing."""
    for result in scan_mutations_of_nothing([headers, long_record], seed=3):
        assert result.wrong == "", result
        assert result.resident < RESIDENT, result
