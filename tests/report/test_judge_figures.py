"""The judge in the report: errors by round, cost of all."""

import json
import shutil
from pathlib import Path

import pytest

from recall.judge import Completion
from recall.judge.answer_log import AnswerLog
from recall.report.assemble import assemble
from recall.report.html_page import page_of
from recall.run.rounds import Run

JUDGE = {
    "measured_on": 40,
    "error": {"value": 0.15, "low": 0.08, "high": 0.27},
    "missed": 0.2,
    "false_alarms": 0.1,
    "weight": {"yes": 2.1, "no": 1.5},
    "alone": 180,
    "asked_people": 60,
}
UNMEASURED = {
    "measured_on": 0,
    "error": {"value": 0.5, "low": 0.0, "high": 1.0},
    "weight": {"yes": 0.0, "no": 0.0},
    "alone": 0,
    "asked_people": 100,
}


@pytest.fixture(scope="module")
def judged(played: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A copy of the run over the tiny crawl, with a judge in both rounds."""
    folder = tmp_path_factory.mktemp("judged") / "run"
    shutil.copytree(played.store.root, folder)
    for number, figures in ((1, UNMEASURED), (2, JUDGE)):
        file = Path(folder) / f"rounds/{number}/label/agreement.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "judge": figures}))
    run = Run.open(folder)
    AnswerLog(run.store).add([("one", Completion("YES", {}, 900, 2)), ("two", Completion("", {}, 100, 0, "no JSON"))])
    return run


def test_the_report_tells_how_the_judge_did_in_each_round_and_what_it_cost(judged: Run) -> None:
    report = assemble(judged, [], None)
    (table,) = (figure for figure in report.figures if figure.name == "judge")
    assert table.rows == [
        (1, 0, 0.5, 0.0, 1.0, None, None, 0.0, 0.0, 0, 100),
        (2, 40, 0.15, 0.08, 0.27, 0.2, 0.1, 2.1, 1.5, 180, 60),
    ]
    assert dict(report.facts)["Judge"] == "1 answers, 1 without one; 1000 tokens of prompts, 2 of answers"


def test_the_page_shows_it(judged: Run) -> None:
    page = page_of(assemble(judged, [], None), {})
    assert "1000 tokens of prompts" in page
    table = page[page.index('id="title-judge"') :].partition("</table>")[0]
    assert "None" not in table
    assert [cell for cell in ("0.150", "0.080", "0.270", "180") if f">{cell}</td>" not in table] == []


def test_a_run_without_a_judge_has_no_such_table(played: Run) -> None:
    report = assemble(played, [], None)
    assert "judge" not in {figure.name for figure in report.figures}
    assert "Judge" not in dict(report.facts)
