"""How far annotators are, as lines for people: counts, pace and what is left, by kind of task and by annotator.

In: a LabelState. Nothing is asked of Label Studio: answers that it holds and the run folder does not are brought by a
pull.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from annotation.adjudication import Ballot
from annotation.answers import NO_LABEL, Answer
from annotation.label_state import LabelState
from annotation.summary import agreement_lines, judge_line
from recall.records import JUDGE, LabelKind

SPANS = 8
"""Hours or days of an annotator's pace that are shown, the last ones."""

LONGEST = 600.0
"""Seconds: an annotator who spent more on a task was away."""


@dataclass(frozen=True, slots=True)
class WorkPace:
    """Work of one annotator, or of all. seconds: median spent on a task, 0 if unknown; agreed: of compared."""

    answers: int
    skips: int
    seconds: float
    agreed: int
    compared: int

    def rate(self) -> list[str]:
        """Seconds a task and tasks an hour, where answers carry the time spent."""
        return [f"{self.seconds:.0f} s each, {3600 / self.seconds:.0f} an hour"] if self.seconds else []

    def line(self) -> str:
        """All of it on one line."""
        parts = [f"{self.answers} answers"]
        if self.skips:
            parts.append(f"{self.skips} skipped")
        parts += self.rate()
        if self.compared:
            parts.append(f"agrees with the others on {self.agreed} of {self.compared}")
        return ", ".join(parts)


def pace_of(answers: Sequence[Answer], ballots: Sequence[Ballot]) -> WorkPace:
    """The pace of some answers. compared: with every other vote on the same task."""
    spent = [min(answer.seconds, LONGEST) for answer in answers if answer.seconds > 0]
    mine = {(answer.key, answer.annotator): answer.value for answer in answers if answer.value != NO_LABEL}
    agreed = compared = 0
    for ballot in ballots:
        for vote in ballot.votes:
            value = mine.get((vote.key, vote.annotator))
            others = [other.value for other in ballot.votes if other.annotator != vote.annotator]
            if value is not None:
                compared += len(others)
                agreed += others.count(value)
    skips = sum(answer.value == NO_LABEL for answer in answers)
    return WorkPace(len(answers), skips, median(spent) if spent else 0.0, agreed, compared)


def pace_over_time(answers: Sequence[Answer]) -> str:
    """Answers, and median seconds a task, of each hour (UTC) of one day, or of each of several days; "" without times.

    So a pace that falls over a long day shows.
    """
    timed = [answer for answer in answers if len(answer.time) >= len("2025-01-01T00")]
    if not timed:
        return ""
    one_day = len({answer.time[:10] for answer in timed}) == 1
    spans: dict[str, list[Answer]] = defaultdict(list)
    for answer in timed:
        spans[f"{answer.time[11:13]}h" if one_day else answer.time[:10]].append(answer)
    told = []
    for span, given in sorted(spans.items())[-SPANS:]:
        pace = pace_of(given, ())
        told.append(f"{span} {pace.answers}" + (f" at {pace.seconds:.0f} s" if pace.seconds else ""))
    return f"by {'hour' if one_day else 'day'}: " + ", ".join(told)


def kind_line(kind: LabelKind, state: LabelState) -> str:
    """Progress of one kind of task."""
    ballots = [ballot for ballot in state.ballots if ballot.task.kind == kind]
    answers = [
        answer
        for answer in state.answers
        if answer.kind == kind and not answer.adjudicates and answer.annotator != JUDGE
    ]
    left = [ballot for ballot in ballots if ballot.open]
    votes = sum(max(ballot.wanted - ballot.answers, 0) for ballot in left)
    queue = sum(ballot.task.kind == kind for ballot in state.queue)
    decided = sum(ballot.decision is not None for ballot in ballots)
    parts = [f"{len(ballots) - len(left)} of {len(ballots)} tasks answered"]
    pace = pace_of(answers, ballots)
    parts += pace.rate()
    if votes:
        hours = f", about {votes * pace.seconds / 3600:.1f} hours" if pace.seconds else ""
        parts.append(f"{votes} answers left{hours}")
    if queue or decided:
        parts.append(f"{queue} to decide, {decided} decided")
    return f"  {'pages' if kind == 'page' else 'prefixes'}: " + "; ".join(parts)


def annotator_lines(state: LabelState) -> Iterator[str]:
    """One line for each annotator, busiest first."""
    by_name: dict[str, list[Answer]] = defaultdict(list)
    decisions: Counter[str] = Counter()
    for answer in state.answers:
        if answer.annotator == JUDGE:
            continue
        if answer.adjudicates:
            decisions[answer.annotator] += 1
        else:
            by_name[answer.annotator].append(answer)
    for name, answers in sorted(by_name.items(), key=lambda item: (-len(item[1]), item[0])):
        line = pace_of(answers, state.ballots).line()
        prefixes = sum(answer.kind == "prefix" for answer in answers)
        line += f", {prefixes} of them on prefixes" if prefixes else ""
        gold = state.accuracies.get(name)
        line += f", right on {gold.right} of {gold.asked} gold tasks" if gold else ""
        line += ", left out" if name in state.excluded else ""
        yield f"  {name}: {line}"
        if over_time := pace_over_time(answers):
            yield f"    {over_time}"
    for name, count in sorted(decisions.items()):
        yield f"  {name}: decided {count} disagreements"


def progress_lines(state: LabelState) -> Iterator[str]:
    """The progress of a round's label step, line by line."""
    for kind in ("page", "prefix"):
        if any(ballot.task.kind == kind for ballot in state.ballots):
            yield kind_line("page" if kind == "page" else "prefix", state)
    if state.after_end.answers:
        came, labels = len(state.after_end.answers), len(state.after_end.labels)
        yield f"  {came} answers to tasks of rounds that had ended; they give or renew {labels} labels from here on"
    yield from annotator_lines(state)
    yield from (f"  {line}" for line in judge_line(state))
    yield from (f"  {line}" for line in agreement_lines(state, state.round.run.config))


def state_line(state: LabelState) -> str:
    """Answered and open tasks of a round on one line."""
    tasks, left = state.tasks, state.open
    pages = sum(task.kind == "page" for task in left)
    told = "done" if state.round.step("label").done else f"{pages} pages and {len(left) - pages} prefixes open"
    return f"round {state.round.number}: {len(tasks) - len(left)} of {len(tasks)} tasks answered, {told}"
