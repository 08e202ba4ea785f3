"""Answers to tasks of rounds that have ended: kept in the log of the round that is open when they arrive.

A sealed round never changes. What its tasks come to with the late answers is a label of the later round, which trains
from then on and overrules the earlier one. Audit pages are the exception: an estimate rests on what its round ended
with, so late answers to them are kept and change nothing. Nor does a late answer that leaves a task without a majority,
nor one to a page that was asked about again since: what came of that stands.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field, replace

from annotation.adjudication import Ballot, count_ballots, decide
from annotation.answers import FILE, NO_LABEL, Answer, Task, read_answers, read_tasks
from recall.records import Label
from recall.run import Round


@dataclass(frozen=True, slots=True)
class Late:
    """Late answers in a round's log. ballots: of the earlier tasks that they are about, with all their answers."""

    answers: list[Answer] = field(repr=False)
    ballots: list[Ballot] = field(repr=False)

    @property
    def labels(self) -> list[Label]:
        """What the tasks come to now, those of the audit left out."""
        return decide(ballot for ballot in self.ballots if ballot.task.use != "audit")


def earlier_tasks(round_: Round) -> list[Task]:
    """Tasks of the rounds before this one."""
    return [task for number in range(1, round_.number) for task in read_tasks(round_.run.round(number))]


def latest(answers: Iterable[Answer]) -> list[Answer]:
    """Of answers in the order of their rounds, the last one at each place."""
    last = {answer.place: answer for answer in answers}
    return list(last.values())


def votes_before(round_: Round, tasks: Iterable[Task]) -> dict[str, list[Answer]]:
    """Votes of earlier rounds on the pages of tasks that ask about them again, by the key of that task."""
    again = {task.target: task.key for task in tasks if task.again}
    if not again:
        return {}
    first = {task.key: again[task.target] for task in earlier_tasks(round_) if task.target in again and not task.again}
    said = [answer for number in range(1, round_.number) for answer in read_answers(round_.run.round(number))]
    votes: dict[str, list[Answer]] = {key: [] for key in first.values()}
    for answer in latest(said):
        if answer.key in first and answer.value != NO_LABEL and not answer.adjudicates and answer.annotator != FILE:
            votes[first[answer.key]].append(answer)
    return votes


def late_in(round_: Round, late: list[Answer], left_out: Set[str]) -> Late:
    """What a round's late answers come to. left_out: annotators whose votes do not count."""
    keys = {answer.key for answer in late}
    if not keys:
        return Late([], [])
    before = [answer for number in range(1, round_.number) for answer in read_answers(round_.run.round(number))]
    earlier = earlier_tasks(round_)
    again = {task.target for task in (*earlier, *read_tasks(round_)) if task.again}
    asked = [
        replace(task, votes=1) for task in earlier if task.key in keys and (task.again or task.target not in again)
    ]
    return Late(late, count_ballots(asked, latest([*before, *late]), left_out, votes_before(round_, asked)))
