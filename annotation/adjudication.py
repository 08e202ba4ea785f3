"""Counts the answers to each task: it is open, waits for a decision (adjudication), or has a label.

In: tasks, answers, and annotators whose votes do not count. Out: a Ballot for each task, and records.Label.

A task is answered when it has as many answers as votes are wanted; a skip is an answer, and so is a vote that does not
count. A gold task is answered by its first answer: its votes are wanted, not waited for. An answer from a labels file
settles a task alone. Then, for tasks that are not gold:
    decision    an annotator decided it: that is the label, whatever the votes (or none, where they skipped it)
    vote        more than half of the votes that count are for one value: that is the label
    none        anything else waits for a decision, where [label] adjudicate asks for one, and gets no label otherwise
Where a page is asked about again, the votes of the first time count with the new ones, which alone are waited for.
A judge's vote is counted apart: where it weighs, a Verdict made of all votes (`annotation.judge_votes`) is the label. A
page that people are not asked about (no votes wanted) has that label or none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal, cast

from annotation.answers import FILE, NO_LABEL, Answer, Task
from recall.records import JUDGE, Label, LabelSource, LabelUse

Reason = Literal["disagreement", "skipped", "left_out"]

GOLD = "gold"
"""Annotator of labels that were known before."""

NO_VOTES: Mapping[str, Sequence[Answer]] = {}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all votes on a page come to, each weighed by its annotator's errors. value: NO_LABEL where that is unsure.

    error_chance: that the value is wrong, by the votes alone.
    """

    value: str
    error_chance: float


@dataclass(frozen=True, slots=True)
class Ballot:
    """A task with its answers. votes: those that count; skips; ignored: votes of annotators who are excluded.

    before: votes that count of an earlier round, where the page is asked about again. judged: the judge's vote;
    verdict: None where that does not count.
    """

    task: Task
    votes: tuple[Answer, ...] = ()
    skips: tuple[Answer, ...] = ()
    ignored: tuple[Answer, ...] = ()
    decision: Answer | None = None
    filed: Answer | None = None
    before: tuple[Answer, ...] = ()
    judged: Answer | None = None
    verdict: Verdict | None = None

    @property
    def counted(self) -> tuple[Answer, ...]:
        """The votes that make the label."""
        judged = () if self.verdict is None or self.judged is None else (self.judged,)
        return (*self.before, *self.votes, *judged)

    @property
    def answers(self) -> int:
        """Number of answers by annotators, decisions not among them."""
        return len(self.votes) + len(self.skips) + len(self.ignored)

    @property
    def wanted(self) -> int:
        """Number of answers that the round waits for."""
        return min(1, self.task.votes) if self.task.gold else self.task.votes

    @property
    def open(self) -> bool:
        """True while it waits for annotators."""
        return self.decision is None and self.filed is None and self.answers < self.wanted

    @property
    def winner(self) -> tuple[str, float]:
        """The verdict's value, or that of more than half of the votes that count, else the file's; and its share."""
        if self.verdict is not None:
            return self.verdict.value, _share(self.counted, self.verdict.value)
        counted = Counter(answer.value for answer in self.counted)
        if counted:
            value, count = counted.most_common(1)[0]
            if 2 * count > counted.total():
                return value, count / counted.total()
        return (NO_LABEL, 0.0) if self.filed is None else (self.filed.value, _share(self.counted, self.filed.value))

    @property
    def reason(self) -> Reason | None:
        """Why it needs a decision; None while it is open, once it is decided, and where a majority decides it."""
        settled = self.decision is not None or self.filed is not None or self.winner[0] != NO_LABEL
        if self.open or self.task.gold or settled:
            return None
        if self.votes:
            return "disagreement"
        if self.ignored:
            return "left_out"
        return "skipped" if self.skips else None

    def label(self) -> Label | None:
        """The label of the task, None where it has none.

        A gold task of use "gold" gets none: its label is in the run already.
        """
        if self.task.use == "gold" or self.open:
            return None
        if self.task.gold:
            return self._labelled(self.task.gold, (GOLD,), "gold")
        voters = sorted({answer.annotator for answer in self.counted})
        value = self.winner[0]
        source: LabelSource = "vote"
        if self.decision is not None:
            value, source, voters = self.decision.value, "decision", [*voters, self.decision.annotator]
        elif self.filed is not None and self.filed.value == value:
            source, voters = "file", [*voters, FILE]
        return self._labelled(value, dict.fromkeys(voters), source) if value != NO_LABEL else None

    def _labelled(self, value: str, annotators: Iterable[str], source: LabelSource) -> Label:
        task, use = self.task, cast(LabelUse, self.task.use)
        share = _share(self.counted, value) if source != "gold" else 1.0
        category = self.decision.category if self.decision is not None else ""
        category = category or _category(self.counted, value)
        chance = self.verdict.error_chance if self.verdict is not None and source == "vote" else None
        return Label(task.target, task.kind, value, tuple(annotators), share, use, source, category, chance)


def _share(votes: Iterable[Answer], value: str) -> float:
    """Share of votes for a value; 1 without votes."""
    given = [answer.value == value for answer in votes]
    return sum(given) / len(given) if given else 1.0


def _category(votes: Iterable[Answer], value: str) -> str:
    """The category that most of those who voted for `value` named, the first in the alphabet of equals."""
    named = Counter(answer.category for answer in votes if answer.value == value and answer.category)
    return min(named, key=lambda category: (-named[category], category), default="")


def count_ballots(
    tasks: Iterable[Task],
    answers: Iterable[Answer],
    excluded: Set[str] = frozenset(),
    before: Mapping[str, Sequence[Answer]] = NO_VOTES,
) -> list[Ballot]:
    """One ballot for each task, in their order. excluded: annotators whose votes do not count.

    before: votes of earlier rounds on pages that are asked about again, by the key of that task. Decisions count
    whoever made them. Annotators' votes overrule a labels file's answer.
    """
    by_key: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_key[answer.key].append(answer)
    return [_ballot(task, by_key[task.key], before.get(task.key, ()), excluded) for task in tasks]


def _ballot(task: Task, answers: list[Answer], before: Iterable[Answer], excluded: Set[str]) -> Ballot:
    decisions = [answer for answer in answers if answer.adjudicates]
    filed = [answer for answer in answers if not answer.adjudicates and answer.annotator == FILE]
    judged = [answer for answer in answers if answer.annotator == JUDGE and answer.value != NO_LABEL]
    voters = [answer for answer in answers if not answer.adjudicates and answer.annotator not in (FILE, JUDGE)]
    votes = [answer for answer in voters if answer.value != NO_LABEL]
    return Ballot(
        task=task,
        votes=tuple(answer for answer in votes if answer.annotator not in excluded),
        skips=tuple(answer for answer in voters if answer.value == NO_LABEL),
        ignored=tuple(answer for answer in votes if answer.annotator in excluded),
        decision=decisions[-1] if decisions else None,
        filed=filed[-1] if filed else None,
        before=tuple(answer for answer in before if answer.annotator not in excluded),
        judged=judged[-1] if judged else None,
    )


def open_tasks(ballots: Iterable[Ballot]) -> list[Task]:
    """Tasks that wait for annotators."""
    return [ballot.task for ballot in ballots if ballot.open]


def adjudication_queue(ballots: Iterable[Ballot]) -> list[Ballot]:
    """Ballots that need a decision (`reason` says why), in the order of the tasks.

    A decision is an Answer with adjudicates=True under the same task key; withdrawing it (withdrawn=True) puts the task
    back into the queue. A decision without a value (a skip) means that the task has no label.
    """
    return [ballot for ballot in ballots if ballot.reason is not None]


def decide(ballots: Iterable[Ballot]) -> list[Label]:
    """Labels, in the order of the tasks."""
    return [label for ballot in ballots if (label := ballot.label()) is not None]
