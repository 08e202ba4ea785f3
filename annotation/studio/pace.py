"""How far people are: counts, pace and what is left, by kind of task and by annotator, from a round's answers.

Reads the run folder only: what Label Studio holds beyond it is brought by a pull.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from annotation.adjudication import Ballot
from annotation.answers import NO_LABEL, Answer
from annotation.label_state import Standing, standing_of
from annotation.summary import agreement_lines
from recall.records import LabelKind
from recall.run import Round

LONGEST = 600.0
"""Seconds: who spent more on a task was away."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Work of one annotator, or of all. seconds: median spent on a task, 0 where nobody says; agreed: of compared."""

    answers: int
    skips: int
    seconds: float
    agreed: int
    compared: int

    def rate(self) -> list[str]:
        """How fast, where anybody says how long it took."""
        return [f"{self.seconds:.0f} s each, {3600 / self.seconds:.0f} an hour"] if self.seconds else []

    def say(self) -> str:
        """On one line."""
        parts = [f"{self.answers} answers"]
        if self.skips:
            parts.append(f"{self.skips} skipped")
        parts += self.rate()
        if self.compared:
            parts.append(f"agrees with the others on {self.agreed} of {self.compared}")
        return ", ".join(parts)


def pace_of(answers: Sequence[Answer], ballots: Sequence[Ballot]) -> Pace:
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
    return Pace(len(answers), skips, median(spent) if spent else 0.0, agreed, compared)


def kind_line(kind: LabelKind, standing: Standing) -> str:
    """Progress of one kind of task."""
    ballots = [ballot for ballot in standing.ballots if ballot.task.kind == kind]
    answers = [answer for answer in standing.answers if answer.kind == kind and not answer.adjudicates]
    left = [ballot for ballot in ballots if ballot.open]
    votes = sum(max(ballot.wanted - ballot.answers, 0) for ballot in left)
    queue = sum(ballot.task.kind == kind for ballot in standing.queue)
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


def annotator_lines(standing: Standing) -> Iterator[str]:
    """One line for each annotator, busiest first."""
    by_name: dict[str, list[Answer]] = defaultdict(list)
    decisions: Counter[str] = Counter()
    for answer in standing.answers:
        if answer.adjudicates:
            decisions[answer.annotator] += 1
        else:
            by_name[answer.annotator].append(answer)
    for name, answers in sorted(by_name.items(), key=lambda item: (-len(item[1]), item[0])):
        line = pace_of(answers, standing.ballots).say()
        prefixes = sum(answer.kind == "prefix" for answer in answers)
        line += f", {prefixes} of them on prefixes" if prefixes else ""
        gold = standing.accuracies.get(name)
        line += f", right on {gold.right} of {gold.asked} gold tasks" if gold else ""
        line += ", left out" if name in standing.left_out else ""
        yield f"  {name}: {line}"
    for name, count in sorted(decisions.items()):
        yield f"  {name}: decided {count} disagreements"


def progress_lines(round_: Round) -> Iterator[str]:
    """Where a round's label step stands, line by line."""
    standing = standing_of(round_)
    for kind in ("page", "prefix"):
        if any(ballot.task.kind == kind for ballot in standing.ballots):
            yield kind_line("page" if kind == "page" else "prefix", standing)
    if standing.late.answers:
        came, labels = len(standing.late.answers), len(standing.late.labels)
        yield f"  {came} answers to tasks of rounds that had ended; they give or renew {labels} labels from here on"
    yield from annotator_lines(standing)
    yield from (f"  {line}" for line in agreement_lines(standing, round_.run.config))


def share_answered(round_: Round) -> float:
    """Share of a round's tasks that have their answers and need no decision (any more)."""
    standing = standing_of(round_)
    waiting = len(standing.open) + (len(standing.queue) if round_.run.config.label.adjudicate else 0)
    return 1 - waiting / len(standing.tasks) if standing.tasks else 1.0
