"""Answers out of Label Studio: annotations as Answers, and withdrawals of those that were deleted.

In: a round's tasks, the answers known so far. Out: new Answers, and counts of what happened. An annotation without a
verdict, and a skipped task, is an answer that decides nothing. One that was deleted is withdrawn, unless its whole task
is gone: annotators' work that was read stays. Annotators are known by a pseudonym that is the same in every round;
e-mail addresses never reach the run folder.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from annotation.answers import NO_LABEL, Answer, Task
from annotation.studio.api_records import Annotation, TaskFilter
from annotation.studio.push import of_round
from annotation.studio.screens import CATEGORY, COMMENT, VERDICT
from annotation.studio.studio_api import Studio
from recall.run import Run

SOURCE = "label-studio"
FEW = 20
"""Vanished tasks that are looked up singly; more of them by a list of all."""

MAX_COMMENT = 2_000
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
"""The only one in which Label Studio takes a time."""

LOOK_BACK = timedelta(minutes=10)
"""An answer may become visible so long after the time that it carries: writes wait for the server's database."""


@dataclass(slots=True)
class PullResult:
    """The result of a pull. answers: the current ones and withdrawals; counts: by what happened, for people."""

    answers: list[Answer] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class AnnotationReader:
    """How annotations of one project become answers. labels: value of each choice; names: pseudonyms by user id.

    decides: True for projects where disagreements are decided.
    """

    studio: Studio
    project: int
    labels: Mapping[str, str]
    names: Mapping[int, str]
    decides: bool = False

    def name(self, user: int) -> str:
        """Pseudonym of a user; a deleted one keeps a name of its own."""
        return self.names.get(user, f"former-{user}")


def pseudonym(run: Run, email: str) -> str:
    """A name for an annotator that is the same in all rounds of a run and on every server."""
    digest = blake2b(email.strip().lower().encode(), key=run.inputs.digest.encode()[:64], digest_size=4)
    return f"annotator-{digest.hexdigest()}"


def verdict_of(annotation: Annotation, labels: Mapping[str, str]) -> str | None:
    """The value of an annotation, NO_LABEL for a skip or an empty one, None where its choice is none of ours."""
    if annotation.cancelled:
        return NO_LABEL
    chosen = list(_values(annotation, VERDICT, "choices"))
    if not chosen:
        return None if annotation.result and not _ours(annotation) else NO_LABEL
    return labels.get(chosen[0])


def _ours(annotation: Annotation) -> bool:
    """True when all of an annotation was made with our screen."""
    return all(part.get("from_name") in {VERDICT, CATEGORY, COMMENT} for part in annotation.result)


def _values(annotation: Annotation, name: str, kind: str) -> Iterator[str]:
    for part in annotation.result:
        value = part.get("value")
        if part.get("from_name") == name and isinstance(value, Mapping):
            values = value.get(kind)
            yield from (str(item) for item in (values if isinstance(values, list) else [values]) if item)


def answer_of(reader: AnnotationReader, task: Task, annotation: Annotation, value: str) -> Answer:
    """An annotation as an answer to a task."""
    comment = " ".join("\n".join(_values(annotation, COMMENT, "text")).split())[:MAX_COMMENT]
    return Answer(
        task.key,
        task.target,
        task.kind,
        value,
        reader.name(annotation.user),
        time=annotation.time,
        seconds=round(annotation.seconds, 1),
        source=f"{SOURCE}/{reader.project}/{annotation.id}",
        category=next(_values(annotation, CATEGORY, "choices"), ""),
        comment=comment,
        adjudicates=reader.decides,
    )


def pull_answers(
    reader: AnnotationReader, round_number: int, tasks: Iterable[Task], known: Iterable[Answer]
) -> PullResult:
    """Read the answers to a round's tasks from a project.

    known: the last answers in the log, withdrawn ones included. Raises as Studio's requests; nothing is lost then.
    """
    pulled = _read(reader, tasks, of_round(round_number))
    there = {answer.slot for answer in pulled.answers}
    _withdraw(reader, round_number, pulled, [answer for answer in known if answer.slot not in there])
    return pulled


def pull_after_end(
    reader: AnnotationReader, round_number: int, tasks: Iterable[Task], known: Iterable[Answer]
) -> PullResult:
    """Read the answers that came to tasks of earlier rounds after the last pull before their end.

    known: the answers in the logs of all rounds up to this one: those that repeat them are not returned, and tasks that
    did not change for LOOK_BACK before the latest of them are not asked for.
    """
    logged, latest = {}, ""
    for answer in known:
        logged[answer.slot] = answer.content
        if answer.source.startswith(f"{SOURCE}/{reader.project}/"):
            latest = max(latest, answer.time)
    changed = []
    if latest:
        since = (datetime.fromisoformat(latest) - LOOK_BACK).astimezone(UTC)
        changed = [TaskFilter("updated_at", "greater", "Datetime", since.strftime(TIME_FORMAT))]
    pulled = _read(reader, tasks, TaskFilter("data.round", "less", "Number", round_number), *changed)
    pulled.answers = [answer for answer in pulled.answers if logged.get(answer.slot) != answer.content]
    return pulled


def _read(reader: AnnotationReader, tasks: Iterable[Task], *filters: TaskFilter) -> PullResult:
    """The current answers in a project."""
    ours = {task.key: task for task in tasks}
    pulled = PullResult()
    current: dict[tuple[str, str, bool], Answer] = {}
    for key, annotation in _annotations(reader, filters):
        task = ours.get(key)
        value = verdict_of(annotation, reader.labels)
        if task is None:
            pulled.counts["of no task of this round"] += 1
        elif value is None:
            pulled.counts["with a choice that is not on our screen"] += 1
        else:
            answer = answer_of(reader, task, annotation, value)
            before = current.get(answer.slot)
            if before is not None:
                pulled.counts["by an annotator who answered twice"] += 1
            if before is None or before.time <= answer.time:
                current[answer.slot] = answer
    pulled.answers += current.values()
    return pulled


def _annotations(reader: AnnotationReader, filters: tuple[TaskFilter, ...]) -> Iterator[tuple[str, Annotation]]:
    """Key and annotation of every annotated or skipped task.

    Where the server's count of them is not theirs (its database was locked when it counted) it counts again: else such
    a task is open there for ever, and while nobody can take it no task without a prediction is served.
    """
    some = TaskFilter("total_annotations", "greater", "Number", 0)
    none, skipped = (
        TaskFilter("total_annotations", "equal", "Number", 0),
        TaskFilter("cancelled_annotations", "greater", "Number", 0),
    )
    for touched in ((some,), (none, skipped)):
        for task in reader.studio.tasks(reader.project, *filters, *touched, annotations=True):
            if len(task.annotations) != task.annotated:
                reader.studio.recount(task)
            for annotation in task.annotations:
                yield str(task.data.get("key") or ""), annotation


def _withdraw(reader: AnnotationReader, round_number: int, pulled: PullResult, absent: Iterable[Answer]) -> None:
    """Withdraw answers whose annotation is gone; keep those whose whole task is gone."""
    mine = f"{SOURCE}/{reader.project}/"
    gone = [answer for answer in absent if answer.source.startswith(mine) and not answer.withdrawn]
    there = _still_there(reader, round_number, {answer.key for answer in gone})
    for answer in gone:
        if answer.key in there:
            pulled.answers.append(replace(answer, withdrawn=True))
            pulled.counts["withdrawn, as their annotations were deleted"] += 1
        else:
            pulled.counts["kept though their tasks were deleted in Label Studio"] += 1


def _still_there(reader: AnnotationReader, round_number: int, keys: set[str]) -> set[str]:
    if len(keys) > FEW:
        listed = reader.studio.tasks(reader.project, of_round(round_number))
        return {str(task.data.get("key")) for task in listed} & keys
    there: set[str] = set()
    for key in keys:
        tasks = reader.studio.tasks(reader.project, TaskFilter("data.key", "equal", "String", key))
        there |= {str(task.data.get("key")) for task in tasks}
    return there
