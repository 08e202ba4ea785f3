"""A round's label step at Label Studio: one exchange puts there what is missing and brings back what was answered.

An exchange may be killed and repeated at any moment; it needs the run's lease. Its lines say what happened.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html import escape

from annotation.adjudication import Ballot
from annotation.answers import Answer, add_answers, last_answers, read_tasks
from annotation.label_state import Standing, standing_of
from annotation.late_answers import earlier_tasks
from annotation.studio.client import Project, Studio
from annotation.studio.markup import sanitise
from annotation.studio.projects import Name, address_of, find_projects, kind_of, open_studio, set_up
from annotation.studio.pull import Reader, pseudonym, pull_answers, pull_late
from annotation.studio.push import Inventory, Pushed, of_round, push_cards, take_inventory
from annotation.studio.push_cache import Memory, look, remember, remembered
from annotation.studio.refresh import refresh_pages
from annotation.studio.screens import labels_of
from annotation.studio.task_payloads import Card, Lens, lens_of, page_cards, prefix_cards
from annotation.tasks import TASKS
from recall.records import LabelKind
from recall.run import Round

ASK: tuple[Name, ...] = ("pages", "prefixes")
DECIDE: tuple[Name, ...] = ("decide-pages", "decide-prefixes")


@dataclass(frozen=True, slots=True)
class Desk:
    """A round and its projects. names: pseudonyms by user id; made: projects that did not exist before."""

    round: Round
    studio: Studio
    projects: Mapping[Name, Project]
    names: Mapping[int, str] = field(repr=False)
    made: frozenset[Name] = frozenset()

    @property
    def address(self) -> str:
        """Where people begin."""
        return address_of(self.studio, self.projects["pages"])


def open_desk(round_: Round, lines: list[str]) -> Desk:
    """Connect, set the projects up, and learn who annotates; appends what was done to `lines`."""
    studio = open_studio(round_.run)
    before = find_projects(studio, round_.run)
    projects, said = set_up(studio, round_.run, before)
    lines += said
    names = {user: pseudonym(round_.run, email) for user, email in studio.people().items()}
    return Desk(round_, studio, projects, names, frozenset(set(projects) - set(before)))


def exchange(round_: Round) -> tuple[Desk, list[str]]:
    """Push what is missing, pull what was answered, move disagreements to the projects where they are decided.

    Returns the desk and what happened, a line each.
    """
    lines: list[str] = []
    desk = open_desk(round_, lines)
    lens = lens_of(round_)
    for name in ASK:
        lines += push_round(desk, name, lens)
    for name in (*ASK, *DECIDE):
        lines += pull_round(desk, name)
    standing = standing_of(round_)
    if round_.run.config.label.adjudicate:
        for name in DECIDE:
            lines += move_cases(desk, name, standing, lens)
    return desk, lines


def _cards(desk: Desk, name: Name, wanted: Collection[str], lens: Lens) -> Iterator[Card]:
    return (page_cards if kind_of(name) == "page" else prefix_cards)(desk.round, wanted, lens)


def push_round(desk: Desk, name: Name, lens: Lens) -> list[str]:
    """Put a round's tasks of one kind there, except those that have their answers already; returns what happened."""
    standing = standing_of(desk.round)
    wanted = {task.key for task in standing.open if task.kind == kind_of(name)}
    project, studio = desk.projects[name], desk.studio
    pushed = _push_unless_there(desk, name, wanted, lens)
    refreshed = refresh_pages(studio, project, desk.round, lens) if name == "pages" else 0
    if name == "pages" and project.model_version != lens.version and _any_scored(desk, wanted):
        studio.change_project(project.id, model_version=lens.version)
    lines = _told(name, pushed)
    return lines + ([f"{name}: refreshed {refreshed} open tasks with the model of {lens.version}"] if refreshed else [])


def _any_scored(desk: Desk, wanted: Collection[str]) -> bool:
    """True when any of some pages has a prediction: Label Studio takes no model version that none has."""
    store, key = desk.round.run.store, desk.round.step("label").key(TASKS)
    rows = store.read_table(key, ["key", "blind"]).to_pylist()
    return any(row["key"] in wanted and not row["blind"] for row in rows)


def _push_unless_there(desk: Desk, name: Name, wanted: Collection[str], lens: Lens) -> Pushed:
    """Push what is wanted; without listing the tasks that are there when they are known to be the same as before."""
    studio, project = desk.studio, desk.projects[name]
    memory, before = remembered(desk.round, project), look(studio, project)
    if memory is not None and memory.covers(before, wanted):
        return Pushed(0, len(wanted), 0)
    pushed, inventory = _push(desk, name, wanted, lens)
    if not pushed.new and not pushed.doubled and look(studio, project) == before:
        keys = {task.key for task in read_tasks(desk.round) if task.kind == kind_of(name)}
        remember(desk.round, Memory(before, frozenset(keys - set(inventory.tasks))))
    return pushed


def _push(
    desk: Desk, name: Name, wanted: Collection[str], lens: Lens, cards: Iterable[Card] | None = None
) -> tuple[Pushed, Inventory]:
    """Push what is wanted and not there; returns what was done, and what was there before."""
    studio, project = desk.studio, desk.projects[name]
    inventory = take_inventory(studio, project.id, of_round(desk.round.number))
    if set(wanted) - set(inventory.tasks) and name not in desk.made:
        studio.settle()
        inventory = take_inventory(studio, project.id, of_round(desk.round.number), known=inventory)
    missing = set(wanted) - set(inventory.tasks)
    made = cards if cards is not None else _cards(desk, name, missing, lens)
    pushed = push_cards(studio, project, made, inventory.tasks, lens.version)
    return replace(pushed, there=len(set(wanted) - missing), doubled=pushed.doubled + inventory.doubled), inventory


def _told(name: Name, pushed: Pushed) -> list[str]:
    lines = [f"{name}: pushed {pushed.new} tasks, {pushed.there} were there"] if pushed.new else []
    return lines + ([f"{name}: took away {pushed.doubled} copies of tasks that came twice"] if pushed.doubled else [])


def pull_round(desk: Desk, name: Name) -> list[str]:
    """Bring a round's answers of one kind into its log; returns what happened."""
    kind = kind_of(name)
    tasks = [task for task in read_tasks(desk.round) if task.kind == kind]
    labels = labels_of(kind, desk.round.run.config)
    project = desk.projects[name]
    reader = Reader(desk.studio, project.id, labels, desk.names, decides=name in DECIDE)
    own = {task.key for task in tasks}
    known = [answer for answer in last_answers(desk.round) if answer.key in own]
    pulled = pull_answers(reader, desk.round.number, tasks, known)
    late = _late(desk, reader, kind)
    new = add_answers(desk.round, [*pulled.answers, *late])  # together: later ones are asked for from here on
    lines = [f"{name}: {new - len(late)} new answers"] if new > len(late) else []
    lines += [f"{name}: {len(late)} answers to tasks of rounds that have ended; kept for this one"] if late else []
    return lines + [f"{name}: {count} answers {what}" for what, count in sorted(pulled.counts.items())]


def _late(desk: Desk, reader: Reader, kind: LabelKind) -> list[Answer]:
    """Answers to tasks of earlier rounds that are in no log yet."""
    run, number = desk.round.run, desk.round.number
    if number == 1:
        return []
    known = [answer for earlier in range(1, number + 1) for answer in last_answers(run.round(earlier))]
    tasks = [task for task in earlier_tasks(desk.round) if task.kind == kind]
    return pull_late(reader, number, tasks, known).answers


def move_cases(desk: Desk, name: Name, standing: Standing, lens: Lens) -> list[str]:
    """Put tasks that need a decision where they are decided, and take away those that no longer do."""
    kind, studio, project = kind_of(name), desk.studio, desk.projects[name]
    queue = {ballot.task.key: ballot for ballot in standing.queue if ballot.task.kind == kind}
    if not queue and not project.tasks:
        return []
    inventory = take_inventory(studio, project.id, of_round(desk.round.number))
    settled = [key for key, task in inventory.tasks.items() if key not in queue and not task.annotated]
    for key in settled:
        studio.remove_task(inventory.tasks[key].id)
    missing = set(queue) - set(inventory.tasks)
    cards = (_case(card, queue[card.key]) for card in _cards(desk, name, missing, lens)) if missing else ()
    pushed, _ = _push(desk, name, set(queue), lens, cards)
    lines = [f"{name}: took away {len(settled)} tasks that need no decision any more"] if settled else []
    return lines + _told(name, pushed)


WHY = {
    "disagreement": "Annotators disagree.",
    "skipped": "It was skipped.",
    "left_out": "Only annotators who are left out answered it.",
}


def _case(card: Card, ballot: Ballot) -> Card:
    """A card that shows what was voted; blind ones show no score here either."""
    said = [
        f"<li><b>{escape(answer.value or 'skipped')}</b> {escape(answer.annotator)}"
        + (f": {escape(answer.comment)}" if answer.comment else "")
        + "</li>"
        for answer in (*ballot.counted, *ballot.skips, *ballot.ignored)
    ]
    votes = f'<div class="votes"><b>{WHY[ballot.reason or "disagreement"]}</b><ul>{"".join(said)}</ul></div>'
    signals = sanitise(votes) + str(card.data["signals"])
    return replace(card, data={**card.data, "signals": signals}, votes=1, confidence=None)
