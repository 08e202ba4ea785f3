"""The judge in figures: how often it erred by what each round knew, what its votes weighed, what it cost.

In: agreement.json of the rounds' label steps, the run's account of answers. Out: a table of the report, a fact.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from recall.judge import account_of
from recall.report.contents import FigureData
from recall.run.rounds import Round, Run

SCHEMA = {
    "round": "int32",
    "measured_on": "int64",
    "error": "float64",
    "low": "float64",
    "high": "float64",
    "missed": "float64",
    "false_alarms": "float64",
    "weight_yes": "float64",
    "weight_no": "float64",
    "alone": "int64",
    "asked_people": "int64",
}


def judge_figure(rounds: Sequence[Round]) -> FigureData:
    """The judge round by round; empty without one."""
    return FigureData(
        "judge",
        "The judge",
        "Mean of the shares that it got wrong of both classes (missed, false alarms) with its 95 % interval, on known "
        "pages of this and earlier rounds; the weight of its votes, as the logarithm of a likelihood ratio; labels "
        "that rest on it alone, and its pages that went to people as well.",
        SCHEMA,
        [row for round_ in rounds for row in _rows(round_)],
        "Known are gold tasks, audit pages and pages drawn at random for people, whose own errors are accounted for.",
    )


def _rows(round_: Round) -> Iterator[tuple[Any, ...]]:
    """The row of a round, if it has a judge."""
    store, key = round_.run.store, round_.step("label").key("agreement.json")
    judge = store.read_json(key).get("judge") if store.exists(key) else None
    if judge is not None:
        error = [judge["error"][end] for end in ("value", "low", "high")]
        each = [judge.get(name) for name in ("missed", "false_alarms")]
        weights = judge["weight"]["yes"], judge["weight"]["no"]
        yield round_.number, judge["measured_on"], *error, *each, *weights, judge["alone"], judge["asked_people"]


def judge_facts(run: Run) -> list[tuple[str, str]]:
    """What the judge of all rounds and of the seed cost; nothing where none was asked."""
    account = account_of(run.store, run.config.judge)
    return [] if account is None else [("Judge", account.line().removeprefix("judge: "))]
