"""Agreement and accuracy of a round's annotators: for the file label/agreement.json, and as lines for people.

In: a LabelState. Out: agreement by kind of task (pages, prefixes), by label and by annotator with 95 % intervals,
accuracy on gold tasks, who is excluded and why, how many disagreements were decided. Votes are those of annotators: a
labels file agrees with itself. By kind and label the votes that count are compared; by annotator all votes.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from annotation.adjudication import Ballot
from annotation.agreement import Votes, alpha_of, annotator_kappa, fleiss_of, label_alpha
from annotation.gold import CERTAINTY, Accuracy
from annotation.judge_votes import JudgeRecord
from annotation.label_state import LabelState
from recall.config import Config
from recall.model.evaluate import Interval
from recall.records import JUDGE, LabelKind

AGREEMENT = "agreement.json"
DIGITS = 4
WORTH = 0.05
"""Weight (natural logarithm of a likelihood ratio) below which the vote of a judge is said to be worth nothing."""

KINDS: tuple[tuple[LabelKind, str], ...] = (("page", "pages"), ("prefix", "prefixes"))


def votes_of(ballots: Sequence[Ballot], ignored: bool) -> list[Votes]:
    """Votes on each task, by annotator; with those that do not count and the judge's, where `ignored`."""
    return [
        {
            vote.annotator: vote.value
            for vote in (*ballot.votes, *((*ballot.ignored, ballot.judged) if ignored else ()))
            if vote is not None
        }
        for ballot in ballots
    ]


def _figures(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    return {name: round(getattr(interval, name), DIGITS) for name in ("value", "low", "high")}


def _of_kind(ballots: Sequence[Ballot], seed: int) -> dict[str, Any]:
    votes = votes_of(ballots, ignored=False)
    values = sorted({value for task in votes for value in task.values()})
    decided = [ballot for ballot in ballots if ballot.decision is not None]
    return {
        "tasks": len(ballots),
        "shared": sum(len(task) > 1 for task in votes),
        "alpha": _figures(alpha_of(votes, values, seed)),
        "fleiss_kappa": _figures(fleiss_of(votes, values, seed)),
        "labels": {value: _figures(label_alpha(votes, value, seed)) for value in values},
        "decided": len(decided),
        "undecided": sum(ballot.reason is not None for ballot in ballots),
    }


def _gold(accuracy: Accuracy | None) -> dict[str, float] | None:
    if accuracy is None:
        return None
    return {"right": accuracy.right, "asked": accuracy.asked, **(_figures(accuracy.interval) or {})}


def _of_annotator(name: str, state: LabelState, seed: int) -> dict[str, Any]:
    mine = [answer for answer in state.answers if answer.annotator == name]
    kappas = {}
    for kind, plural in KINDS:
        votes = votes_of([ballot for ballot in state.ballots if ballot.task.kind == kind], ignored=True)
        values = sorted({value for task in votes for value in task.values()})
        kappas[plural] = _figures(annotator_kappa(votes, name, values, seed))
    return {
        "answers": sum(not answer.adjudicates for answer in mine),
        "decisions": sum(answer.adjudicates for answer in mine),
        "kappa": kappas,
        "gold": _gold(state.accuracies.get(name)),
        "left_out": name in state.excluded,
    }


def judged_alone(state: LabelState) -> int:
    """Number of pages whose label rests on the judge's vote and nobody else's."""
    return sum(label.annotators == (JUDGE,) for ballot in state.ballots if (label := ballot.label()) is not None)


def _of_judge(record: JudgeRecord, state: LabelState) -> dict[str, Any]:
    """What the judge is held to: its errors by class, the weight of its votes, and what rests on them."""
    shares = {"missed": 1 - record.hits / record.positive} if record.positive else {}
    shares |= {"false_alarms": record.alarms / record.negative} if record.negative else {}
    weights = {"yes": record.weight(positive=True), "no": record.weight(positive=False)}
    return {
        "measured_on": record.asked,
        "error": _figures(record.interval),
        **{name: round(value, DIGITS) for name, value in shares.items()},
        "weight": {name: 0.0 if JUDGE in state.excluded else round(value, DIGITS) for name, value in weights.items()},
        "alone": judged_alone(state),
        "asked_people": sum(task.judged is not None and task.votes > 0 for task in state.tasks),
    }


def judge_line(state: LabelState) -> Iterator[str]:
    """How the judge does, on one line; none without a judge."""
    if state.judge is None:
        return
    figures = _of_judge(state.judge, state)
    if not state.judge.asked:
        yield "judge: not measured yet, so its votes weigh nothing: gold tasks or people's labels measure it"
        return
    each = [f"{name.replace('_', ' ')} {figures[name]:.0%}" for name in ("missed", "false_alarms") if name in figures]
    wrong = f"wrong on {_in_percent(state.judge.interval)} of {state.judge.asked} known pages ({', '.join(each)})"
    yes, no = figures["weight"]["yes"], figures["weight"]["no"]
    weight = f"a yes weighs {yes:.1f}, a no {no:.1f}" if max(yes, no) >= WORTH else "its votes are worth nothing"
    shared = f"{figures['alone']} labels rest on it alone, {figures['asked_people']} of its pages went to people"
    yield f"judge: {wrong}; {weight}; {shared}"


def _in_percent(interval: Interval) -> str:
    return f"{interval.value:.0%} ({interval.low:.0%} to {interval.high:.0%})"


def summarise(state: LabelState, config: Config) -> dict[str, Any]:
    """Agreement and accuracy as JSON: the same for the same answers."""
    seed, settings = config.run.seed, config.label
    names = sorted({answer.annotator for answer in state.answers} | set(state.accuracies))
    return {
        **{
            plural: _of_kind([ballot for ballot in state.ballots if ballot.task.kind == kind], seed)
            for kind, plural in KINDS
        },
        "annotators": {name: _of_annotator(name, state, seed) for name in names},
        "left_out": sorted(state.excluded),
        **({"judge": _of_judge(state.judge, state)} if state.judge is not None else {}),
        "rule": {
            "gold_accuracy": settings.gold_accuracy,
            "gold_certainty": CERTAINTY,
            "gold_min": settings.gold_min,
        },
    }


def _with_interval(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def exclusion_lines(state: LabelState, config: Config) -> list[str]:
    """Who is excluded and why, a line each."""
    lines = []
    bar = f"below {config.label.gold_accuracy:g} ([label] gold_accuracy)"
    for name in sorted(state.excluded):
        if name == JUDGE and state.judge is not None:
            error = state.judge.interval
            right = _with_interval(Interval(1 - error.value, 1 - error.high, 1 - error.low))
            lines.append(f"the judge is left out: right on {right} of both classes, {bar}; none of its votes counts")
            continue
        gold = state.accuracies[name]
        right = f"right on {gold.right} of {gold.asked} gold tasks, {_with_interval(gold.interval)}"
        lines.append(f"{name} is left out: {right}, {bar}; none of their votes counts")
    return lines


def agreement_lines(state: LabelState, config: Config) -> Iterator[str]:
    """Agreement by kind and label, and who is excluded and why, a line each; none without shared tasks."""
    seed = config.run.seed
    for kind, plural in KINDS:
        votes = votes_of([ballot for ballot in state.ballots if ballot.task.kind == kind], ignored=False)
        values = sorted({value for task in votes for value in task.values()})
        alpha = alpha_of(votes, values, seed)
        if alpha is not None:
            each = ", ".join(f"{value} {own.value:.2f}" for value in values if (own := label_alpha(votes, value, seed)))
            shared = sum(len(task) > 1 for task in votes)
            yield f"agreement on {plural}: alpha {_with_interval(alpha)} on {shared} shared tasks; by label: {each}"
    yield from exclusion_lines(state, config)
