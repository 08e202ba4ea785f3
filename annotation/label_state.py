"""Where a round's label step stands: its tasks, its answers, and what they come to."""

from dataclasses import dataclass, field

from annotation.adjudication import Ballot, cases, count_ballots, open_tasks
from annotation.answers import Answer, Task, read_answers, read_tasks
from annotation.gold import Accuracy, accuracies, left_out
from annotation.late_answers import Late, late_in, votes_before
from recall.run import Round


@dataclass(frozen=True, slots=True)
class Standing:
    """A round whose tasks are pushed.

    accuracies: on gold tasks of this and earlier rounds, by annotator; left_out: those whose votes do not count;
    ballots: one for each task; open: tasks that wait for annotators; queue: ballots that wait for a decision; late:
    answers that came to tasks of earlier rounds, which are not among the others.
    """

    tasks: list[Task] = field(repr=False)
    answers: list[Answer] = field(repr=False)
    accuracies: dict[str, Accuracy]
    left_out: frozenset[str]
    ballots: list[Ballot] = field(repr=False)
    late: Late = field(repr=False)

    @property
    def open(self) -> list[Task]:
        """Tasks that wait for annotators."""
        return open_tasks(self.ballots)

    @property
    def queue(self) -> list[Ballot]:
        """Ballots that wait for a decision, whether or not [label] adjudicate asks for one."""
        return cases(self.ballots)


def standing_of(round_: Round) -> Standing:
    """Read a round's tasks and answers, and count.

    Raises Damaged for a line of the log that is no answer.
    """
    tasks, logged = read_tasks(round_), read_answers(round_)
    own = {task.key for task in tasks}
    answers = [answer for answer in logged if answer.key in own]
    measured = accuracies(round_)
    ignored = left_out(measured.values(), round_.run.config.label)
    late = late_in(round_, [answer for answer in logged if answer.key not in own], ignored)
    ballots = count_ballots(tasks, answers, ignored, votes_before(round_, tasks))
    return Standing(tasks, answers, measured, ignored, ballots, late)
