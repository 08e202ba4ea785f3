"""The state of a round's label step: who is measured how, which votes count, what is open, what waits for a decision.

In: the logs of all rounds up to this one (`answers.LabelHistory`). Out: a LabelState, computed in memory.

Answers may come to tasks of rounds that have ended. A sealed round never changes: they are kept in the log of the round
that is open when they arrive. A label that a task has with them is one of that later round, which trains from then on
and overrules the earlier one. Audit pages are the exception: an estimate rests on what its round ended with, so such
answers to them are kept and change nothing. Nor does one that leaves a task without a majority, nor one to a page that
was asked about again since: the label of the second time stays.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace

from annotation.adjudication import Ballot, adjudication_queue, count_ballots, decide, open_tasks
from annotation.answers import FILE, NO_LABEL, Answer, LabelHistory, Task, in_force, latest, read_history
from annotation.gold import Accuracy, annotators_to_exclude, measure_gold, same_for
from annotation.judge_votes import JudgeRecord, Weights, measure_judge, people_rates, weighed
from recall.records import JUDGE, Label
from recall.run import Round


@dataclass(frozen=True, slots=True)
class AnswersAfterEnd:
    """Answers to tasks of rounds that had ended. ballots: of those tasks, with all their answers."""

    answers: list[Answer] = field(repr=False)
    ballots: list[Ballot] = field(repr=False)

    @property
    def labels(self) -> list[Label]:
        """The labels that the tasks have now, audit pages not among them."""
        return decide(ballot for ballot in self.ballots if ballot.task.use != "audit")


@dataclass(frozen=True, slots=True)
class LabelState:
    """A round whose tasks are pushed, its answers counted. answers: those to its own tasks.

    accuracies: on gold tasks of this and earlier rounds, by annotator; excluded: those whose votes do not count;
    ballots: one for each task; after_end: answers that came to tasks of earlier rounds; judge: how the judge did
    in these rounds, None where none was asked.
    """

    history: LabelHistory = field(repr=False)
    answers: list[Answer] = field(repr=False)
    accuracies: dict[str, Accuracy]
    excluded: frozenset[str]
    ballots: list[Ballot] = field(repr=False)
    after_end: AnswersAfterEnd = field(repr=False)
    judge: JudgeRecord | None = None

    @property
    def round(self) -> Round:
        """The round."""
        return self.history.round

    @property
    def tasks(self) -> Sequence[Task]:
        """Its tasks, pages first."""
        return self.history.tasks

    @property
    def open(self) -> list[Task]:
        """Tasks that wait for annotators."""
        return open_tasks(self.ballots)

    @property
    def queue(self) -> list[Ballot]:
        """Ballots that wait for a decision, whether or not [label] adjudicate asks for one."""
        return adjudication_queue(self.ballots)

    @property
    def waiting(self) -> int:
        """Tasks that keep the label step from ending."""
        return len(self.open) + (len(self.queue) if self.round.run.config.label.adjudicate else 0)

    @property
    def share_answered(self) -> float:
        """Share of the tasks that have their answers and need no decision (any more)."""
        return 1 - self.waiting / len(self.tasks) if self.tasks else 1.0


def label_state_of(round_: Round) -> LabelState:
    """Read the logs of the rounds up to this one, and count.

    Raises Damaged for a line of a log that is no answer.
    """
    return label_state(read_history(round_))


def label_state(history: LabelHistory) -> LabelState:
    """Count the answers of a round; reads nothing."""
    config, tasks = history.round.run.config, history.tasks
    logged, own = in_force(history.logged), {task.key for task in tasks}
    answers = [answer for answer in logged if answer.key in own]
    measured = measure_gold(
        [*history.earlier_tasks, *tasks], latest([*history.earlier_answers, *logged]), same_for(config)
    )
    excluded = annotators_to_exclude((one for one in measured.values() if one.annotator != JUDGE), config.label)
    others = [answer for answer in logged if answer.key not in own]
    ballots = count_ballots(tasks, answers, excluded, _votes_before(history, tasks))
    after_end = answers_after_end(history, others, excluded)
    judge = None
    if any(answer.annotator == JUDGE for answer in (*history.earlier_answers, *logged)):
        before = count_ballots(history.earlier_tasks, latest(history.earlier_answers), excluded)
        rates = people_rates(measured.values())
        judge = measure_judge([*before, *ballots], rates, config.train.positives)
        if judge.too_low(config.label):
            excluded |= {JUDGE}
        else:
            ballots = weighed(ballots, Weights(judge, rates, config.train.positives, same_for(config)))
    return LabelState(history, answers, measured, excluded, ballots, after_end, judge)


def answers_after_end(history: LabelHistory, answers: list[Answer], excluded: Set[str]) -> AnswersAfterEnd:
    """Count answers to tasks of earlier rounds with those that came in time.

    excluded: annotators whose votes do not count.
    """
    keys = {answer.key for answer in answers}
    if not keys:
        return AnswersAfterEnd([], [])
    earlier = history.earlier_tasks
    again = {task.target for task in (*earlier, *history.tasks) if task.again}
    asked = [
        replace(task, votes=1) for task in earlier if task.key in keys and (task.again or task.target not in again)
    ]
    given = latest([*history.earlier_answers, *answers])
    return AnswersAfterEnd(answers, count_ballots(asked, given, excluded, _votes_before(history, asked)))


def _votes_before(history: LabelHistory, tasks: Iterable[Task]) -> dict[str, list[Answer]]:
    """Votes of earlier rounds on the pages of tasks that ask about them again, by the key of that task."""
    again = {task.target: task.key for task in tasks if task.again}
    if not again:
        return {}
    first = {task.key: again[task.target] for task in history.earlier_tasks if task.target in again and not task.again}
    votes: dict[str, list[Answer]] = {key: [] for key in first.values()}
    for answer in latest(history.earlier_answers):
        if (
            answer.key in first
            and answer.value != NO_LABEL
            and not answer.adjudicates
            and answer.annotator not in (FILE, JUDGE)
        ):
            votes[first[answer.key]].append(answer)
    return votes
