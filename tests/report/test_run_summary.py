"""`recall status` on one screen: what happened, what comes next, what to do; all of it with --verbose."""

import re
from typing import Any

import pytest
from click.testing import CliRunner

from recall.cli import verbs
from recall.model.evaluate import Interval
from recall.report.run_summary import counts_text, failure_lines
from recall.report.share_figures import AtShare, CodeShare, threshold_text
from recall.report.terminal_tables import print_at_share
from recall.run.failures import FailedItem
from recall.run.ledger import Account, Entry
from recall.run.order import StepPosition
from recall.run.own_threshold import OwnThreshold
from recall.run.rounds import Run
from tests.conftest import Fresh

SCREEN = 30
SCAN = StepPosition(1, "scan")


def shown(*arguments: str) -> list[str]:
    result = CliRunner().invoke(verbs, ["status", *arguments], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


@pytest.mark.parametrize("measured", [False, True])
def test_a_run_that_has_ended_fits_a_screen(played: Run, crawl: Any, measured: bool) -> None:
    lines = shown(played.store.root, *(["--measure", str(crawl.folder / "labels.jsonl")] if measured else []))
    assert len(lines) <= SCREEN
    assert all(len(line) <= 100 for line in lines[:-1])
    assert any(line.startswith("seed: examples ") for line in lines)
    assert [line.split()[0] for line in lines if line[:1].isdigit()][:2] == ["1", "2"]
    assert lines[-2] == "next: nothing, the run has ended"
    assert lines[-1].startswith("do: recall report ")
    assert len(set(lines)) >= len([line for line in lines if line.strip()])


def test_verbose_adds_the_ledger_and_every_count(played: Run) -> None:
    brief, whole = shown(played.store.root), shown(played.store.root, "--verbose")
    assert not any("ledger" in line for line in brief)
    assert any(line.startswith("ledger: planned = done + failed") for line in whole)
    assert any("read_shards" in line for line in whole)
    assert whole[-2:] == brief[-2:]


@pytest.mark.parametrize(
    ("until", "expected", "verb"),
    [("", "next: seed", "do: recall run"), ("round 1 domains", "next: round 1 label", "do: recall annotate status")],
)
def test_a_run_under_way_says_what_to_do(fresh: Fresh, until: str, expected: str, verb: str) -> None:
    lines = shown(fresh(until).store.root)
    assert len(lines) <= SCREEN
    assert lines[-2] == expected
    assert lines[-1].startswith(verb)
    assert any(line.startswith("round 1 train: examples ") for line in lines) == bool(until)


def entry(failed: dict[str, int], lost: int = 0) -> Entry:
    return Entry(SCAN, Account(100, 100 - sum(failed.values()) - lost, failed), Account(5, 5))


def test_failures_are_named_and_what_does_not_add_up() -> None:
    assert list(failure_lines([entry({})], None)) == []
    told = list(failure_lines([entry({"ShardCorrupt": 2}), entry({}, lost=1)], None))
    assert told[0].endswith("2 of 100 shards failed: ShardCorrupt 2")
    assert "do not add up" in told[1]
    many = [FailedItem(f"shard {number}", "ShardCorrupt", "cut") for number in range(40)]
    lines = list(failure_lines([entry({"ShardCorrupt": 2})] * 9, (SCAN, many)))
    assert len(lines) == 8
    assert "and 6 more steps with failed shards" in lines
    assert "40 failed at the last attempt; `recall retry` takes them again:" in lines[4]


def test_counts_that_a_step_lacks_are_passed_over() -> None:
    assert counts_text("scan", {"read": 12_345, "kept": 0, "other": 5}) == "read 12,345"
    assert counts_text("train", {"held_out_found": 0.5, "held_out_precision": 0.9}) == (
        "held-out precision 0.9, held-out recall 0.5"
    )


@pytest.mark.parametrize(("figures", "counted"), [({}, "40 captures"), ({"audited": 10.0}, "40 pages")])
def test_a_threshold_is_told_with_the_unit_that_it_counts(figures: dict[str, float], counted: str) -> None:
    own = OwnThreshold(0.5, reached=True, identified=True, figures={"scanned": 40.0, "kept": 4.0, **figures})
    assert f"keeps 10.00% of {counted}" in threshold_text(own)


def test_figures_at_the_crawls_share_stand_under_their_headings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    one, two, three, four, five = (Interval(value, value, value) for value in (0.1, 0.2, 0.3, 0.4, 0.5))
    print_at_share([("1", AtShare(CodeShare(one, "given"), two, three, four, five, ()))])
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("1 "))
    assert re.findall(r"(\S+) \(", row) == ["0.10", "0.20", "0.30", "0.40", "0.50"]
