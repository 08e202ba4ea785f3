"""URL prefixes in status and report: what the open ones would add, what judging brought."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from recall.cli import verbs
from recall.labels.prefix_yield import PrefixYield, prefix_yield
from recall.model.evaluate import Interval
from recall.records import Candidate
from recall.report.prefix_figures import SHOWN, open_prefixes, print_yields, yield_figure
from recall.run.rounds import Run


def test_open_prefixes_are_those_that_people_are_asked_about_first(fresh: Any) -> None:
    run = fresh("round 1 domains")
    proposed = run.store.read_table("rounds/1/domains/candidates.parquet").to_pylist()
    assert open_prefixes(run) == [Candidate(**row) for row in proposed[:SHOWN]]
    answer = CliRunner().invoke(verbs, ["status", run.store.root])
    assert answer.exit_code == 0, answer.output
    assert "prefixes that wait for people" in answer.output
    answer = CliRunner().invoke(verbs, ["status", run.store.root, "--json"])
    assert [row["added"] for row in json.loads(answer.output)["open_prefixes"]] == [
        row["added"] for row in proposed[:SHOWN]
    ]


def test_without_an_open_label_step_no_prefix_is_open(played: Run) -> None:
    assert open_prefixes(played) == []


def test_what_judging_brought_is_in_the_report_round_by_round(played: Run, capsys: pytest.CaptureFixture[str]) -> None:
    yields = [(number, prefix_yield(played.round(number))) for number in (1, 2)]
    figure = yield_figure(yields)
    assert figure.column("pages") == [won.pages for _, won in yields if won]
    each = zip(*(figure.column(f"labels_{end}") for end in ("low", "each", "high")), strict=True)
    assert all(low <= value <= high for low, value, high in each)
    print_yields([(1, PrefixYield(4, 1, 30, 8, Interval(7.5, 0, 22.5), Interval(2, 0, 6))), (2, None)])
    assert "7.5 (0.0-22.5)" in capsys.readouterr().out  # on one line of a terminal of 80 columns
