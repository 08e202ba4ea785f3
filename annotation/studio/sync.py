"""A round's label step at Label Studio: puts there what is missing and brings back what was answered.

In: the label state of a round. Out: the state with the answers that were pulled, and lines about what happened. May be
killed and repeated at any moment; it needs the run's lease.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape

from annotation.adjudication import Ballot
from annotation.answers import LabelHistory
from annotation.label_state import LabelState, label_state
from annotation.studio.api_records import Project
from annotation.studio.projects import ProjectName, address_of, find_projects, kind_of, open_studio, set_up
from annotation.studio.pull import AnnotationReader, pseudonym, pull_after_end, pull_answers
from annotation.studio.push import (
    Inventory,
    PushCache,
    PushCounts,
    of_round,
    push_payloads,
    read_push_cache,
    take_inventory,
    take_snapshot,
    write_push_cache,
)
from annotation.studio.refresh import refresh_pages
from annotation.studio.safe_html import sanitise
from annotation.studio.screens import labels_of
from annotation.studio.studio_api import Studio
from annotation.studio.task_payloads import ModelView, TaskPayload, model_view_of, page_payloads, prefix_payloads
from annotation.tasks import TASKS
from recall.run import Round

ASK: tuple[ProjectName, ...] = ("pages", "prefixes")
DECIDE: tuple[ProjectName, ...] = ("decide-pages", "decide-prefixes")


@dataclass(frozen=True, slots=True)
class StudioConnection:
    """A round and its projects. names: pseudonyms by user id; made: projects that did not exist before."""

    round: Round
    studio: Studio
    projects: Mapping[ProjectName, Project]
    names: Mapping[int, str] = field(repr=False)
    made: frozenset[ProjectName] = frozenset()

    @property
    def address(self) -> str:
        """Where annotators begin."""
        return address_of(self.studio, self.projects["pages"])


def open_connection(round_: Round, lines: list[str]) -> StudioConnection:
    """Connect, set the projects up, and list the annotators; appends what was done to `lines`."""
    studio = open_studio(round_.run)
    before = find_projects(studio, round_.run)
    projects, done = set_up(studio, round_.run, before)
    lines += done
    names = {user: pseudonym(round_.run, email) for user, email in studio.annotators().items()}
    return StudioConnection(round_, studio, projects, names, frozenset(set(projects) - set(before)))


def synchronise(state: LabelState) -> tuple[StudioConnection, LabelState, list[str]]:
    """Push what is missing, pull what was answered, move disagreements to the projects where they are decided.

    Returns the connection, the state after the pull (the same object where nothing new came), and what happened, a line
    each.
    """
    lines: list[str] = []
    connection = open_connection(state.round, lines)
    view = model_view_of(state.round)
    for name in ASK:
        lines += push_round(connection, name, state, view)
    history = state.history
    for name in (*ASK, *DECIDE):
        history, pulled = pull_round(connection, name, history)
        lines += pulled
    state = state if history is state.history else label_state(history)
    if state.round.run.config.label.adjudicate:
        for name in DECIDE:
            lines += move_cases(connection, name, state, view)
    return connection, state, lines


def push_round(connection: StudioConnection, name: ProjectName, state: LabelState, view: ModelView) -> list[str]:
    """Put a round's tasks of one kind there, except those that have their answers already; returns what happened."""
    keys = {task.key for task in state.tasks if task.kind == kind_of(name)}
    wanted = {task.key for task in state.open if task.kind == kind_of(name)}
    project, studio = connection.projects[name], connection.studio
    counts = _push_unless_there(connection, name, keys, wanted, view)
    refreshed = refresh_pages(studio, project, state.round, view) if name == "pages" else 0
    if name == "pages" and project.model_version != view.version and _any_scored(state.round, wanted):
        studio.change_project(project.id, model_version=view.version)
    lines = _push_lines(name, counts)
    return lines + ([f"{name}: refreshed {refreshed} open tasks with the model of {view.version}"] if refreshed else [])


def _any_scored(round_: Round, wanted: Collection[str]) -> bool:
    """True when any of some pages has a prediction: Label Studio takes no model version that none has."""
    store, key = round_.run.store, round_.step("label").key(TASKS)
    rows = store.read_table(key, ["key", "blind"]).to_pylist()
    return any(row["key"] in wanted and not row["blind"] for row in rows)


def _push_unless_there(
    connection: StudioConnection, name: ProjectName, keys: Collection[str], wanted: Collection[str], view: ModelView
) -> PushCounts:
    """Push what is wanted; without listing the tasks that are there when they are known to be the same as before."""
    studio, project = connection.studio, connection.projects[name]
    cache, before = read_push_cache(connection.round, project), take_snapshot(studio, project)
    if cache is not None and cache.covers(before, wanted):
        return PushCounts(0, len(wanted), 0)
    counts, inventory = _push(connection, name, wanted, view)
    if not counts.new and not counts.doubled and take_snapshot(studio, project) == before:
        write_push_cache(connection.round, PushCache(before, frozenset(set(keys) - set(inventory.tasks))))
    return counts


def _push(
    connection: StudioConnection,
    name: ProjectName,
    wanted: Collection[str],
    view: ModelView,
    payloads: Iterable[TaskPayload] | None = None,
) -> tuple[PushCounts, Inventory]:
    """Push what is wanted and not there; returns what was done, and what was there before."""
    studio, project, filters = connection.studio, connection.projects[name], of_round(connection.round.number)
    inventory = take_inventory(studio, project.id, filters)
    if set(wanted) - set(inventory.tasks) and name not in connection.made:
        studio.settle()
        inventory = take_inventory(studio, project.id, filters, known=inventory)
    missing = set(wanted) - set(inventory.tasks)
    made = payloads if payloads is not None else _payloads(connection.round, name, missing, view)
    counts = push_payloads(studio, project, made, inventory.tasks, view.version)
    return replace(counts, there=len(set(wanted) - missing), doubled=counts.doubled + inventory.doubled), inventory


def _payloads(round_: Round, name: ProjectName, wanted: Collection[str], view: ModelView) -> Iterator[TaskPayload]:
    if not wanted:
        return iter(())
    return (page_payloads if kind_of(name) == "page" else prefix_payloads)(round_, wanted, view)


def _push_lines(name: ProjectName, counts: PushCounts) -> list[str]:
    lines = [f"{name}: pushed {counts.new} tasks, {counts.there} were there"] if counts.new else []
    return lines + ([f"{name}: took away {counts.doubled} copies of tasks that came twice"] if counts.doubled else [])


def pull_round(
    connection: StudioConnection, name: ProjectName, history: LabelHistory
) -> tuple[LabelHistory, list[str]]:
    """Bring a round's answers of one kind into its log; returns the history with them, and what happened."""
    kind, number = kind_of(name), history.round.number
    labels = labels_of(kind, history.round.run.config)
    project = connection.projects[name]
    reader = AnnotationReader(connection.studio, project.id, labels, connection.names, decides=name in DECIDE)
    tasks = [task for task in history.tasks if task.kind == kind]
    own = {task.key for task in tasks}
    pulled = pull_answers(reader, number, tasks, [answer for answer in history.logged if answer.key in own])
    after_end = []
    if number > 1:
        known = [answer for earlier in range(1, number + 1) for answer in history.logged_of[earlier]]
        earlier_tasks = [task for task in history.earlier_tasks if task.kind == kind]
        after_end = pull_after_end(reader, number, earlier_tasks, known).answers
    # together: answers after the end of their round are asked for from the latest of them on
    history, fresh = history.add([*pulled.answers, *after_end])
    new = len(fresh) - len(after_end)
    lines = [f"{name}: {new} new answers"] if new > 0 else []
    lines += (
        [f"{name}: {len(after_end)} answers to tasks of rounds that have ended; kept for this one"] if after_end else []
    )
    return history, lines + [f"{name}: {count} answers {what}" for what, count in sorted(pulled.counts.items())]


def move_cases(connection: StudioConnection, name: ProjectName, state: LabelState, view: ModelView) -> list[str]:
    """Put tasks that need a decision where they are decided, and remove those that no longer do."""
    kind, studio, project = kind_of(name), connection.studio, connection.projects[name]
    queue = {ballot.task.key: ballot for ballot in state.queue if ballot.task.kind == kind}
    if not queue and not project.tasks:
        return []
    inventory = take_inventory(studio, project.id, of_round(state.round.number))
    settled = [key for key, task in inventory.tasks.items() if key not in queue and not task.annotated]
    for key in settled:
        studio.remove_task(inventory.tasks[key].id)
    missing = set(queue) - set(inventory.tasks)
    payloads = (with_votes(payload, queue[payload.key]) for payload in _payloads(state.round, name, missing, view))
    counts, _ = _push(connection, name, set(queue), view, payloads)
    lines = [f"{name}: took away {len(settled)} tasks that need no decision any more"] if settled else []
    return lines + _push_lines(name, counts)


WHY = {
    "disagreement": "Annotators disagree.",
    "skipped": "It was skipped.",
    "left_out": "Only annotators who are left out answered it.",
}


def with_votes(payload: TaskPayload, ballot: Ballot) -> TaskPayload:
    """A payload that shows the votes; blind ones show no score here either."""
    listed = [
        f"<li><b>{escape(answer.value or 'skipped')}</b> {escape(answer.annotator)}"
        + (f": {escape(answer.comment)}" if answer.comment else "")
        + "</li>"
        for answer in (*ballot.counted, *ballot.skips, *ballot.ignored)
    ]
    votes = f'<div class="votes"><b>{WHY[ballot.reason or "disagreement"]}</b><ul>{"".join(listed)}</ul></div>'
    signals = sanitise(votes) + str(payload.data["signals"])
    return replace(payload, data={**payload.data, "signals": signals}, votes=1, confidence=None)
