"""The demo as a user runs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from recall.demo import crawl_config

RECALL = str(Path(sys.executable).parent / "recall")


@pytest.mark.slow
def test_three_rounds_on_the_sample_find_what_round_1_missed(tmp_path: Path) -> None:
    done = subprocess.run(
        [RECALL, "--quiet", "demo", "--folder", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        timeout=280,
        check=True,
    )
    table = done.stdout[done.stdout.index("held-out pages") :]
    rounds = [list(map(float, line.split())) for line in re.findall(r"^[123] .*\d\.\d{3}.*$", table, re.M)[:3]]
    found = [row[3] for row in rounds]
    assert found[0] <= 0.85, "the sample must be hard enough for round 1 to miss 15 % of unseen hosts' code pages"
    assert found[2] >= found[0] + 0.1
    assert "corpus: " in done.stdout
    again = subprocess.run(
        [RECALL, "--quiet", "demo", "--folder", str(tmp_path / "demo")], capture_output=True, text=True, check=True
    )
    assert again.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]


def test_a_real_crawl_starts_from_prefixes_and_stops_for_people() -> None:
    config = crawl_config("CC-MAIN-2025-30", 2)
    assert (config.crawl.ids, config.crawl.limit) == (("CC-MAIN-2025-30",), 2)
    assert config.seed.known_prefixes
    assert config.seed.random_negatives
    assert not config.label.answers
