"""Tasks into Label Studio, exactly once though requests are lost, repeated or killed.

Every task carries a key of ours in its data, which is looked up before an import, and again where an import was lost.
Such an import may still happen later (Label Studio waits for its database up to an hour): so a push that goes on waits
a moment first, and every push takes away what came twice, keeping the copy that has answers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from annotation.studio.client import Filter, Project, Studio
from annotation.studio.task_payloads import Card
from recall.errors import Transient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Present:
    """A task of ours as it stands in Label Studio. id: of the copy that counts."""

    id: int
    votes: int
    annotated: int


@dataclass(slots=True)
class Inventory:
    """What a project holds. tasks: by our key; doubled: copies that were taken away; strangers: tasks without a key."""

    tasks: dict[str, Present] = field(default_factory=dict)
    doubled: int = 0
    strangers: int = 0


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did. new: imported; there: were there before; doubled: copies taken away."""

    new: int
    there: int
    doubled: int

    def __add__(self, other: "Pushed") -> "Pushed":
        return Pushed(self.new + other.new, self.there + other.there, self.doubled + other.doubled)


def of_round(number: int) -> Filter:
    """Tasks of one round."""
    return Filter("data.round", "equal", "Number", number)


def take_inventory(studio: Studio, project: int, *filters: Filter, known: Inventory | None = None) -> Inventory:
    """List a project's tasks by our key, and take away what came twice.

    The copy with most annotations stays, the oldest of equals; another one with annotations stays as well, as people's
    work is never removed. known: an inventory of a moment ago, to which only later tasks are added.
    """
    inventory = known or Inventory()
    last = max((task.id for task in inventory.tasks.values()), default=0)
    for task in studio.tasks(project, *filters, after=last):
        key = str(task.data.get("key") or "")
        if not key:
            inventory.strangers += 1
            continue
        here = Present(task.id, task.votes, task.annotated)
        kept = inventory.tasks.get(key)
        if kept is not None:
            here, other = (here, kept) if here.annotated > kept.annotated else (kept, here)
            if not other.annotated:
                studio.remove_task(other.id)
                inventory.doubled += 1
        inventory.tasks[key] = here
    return inventory


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of `size`."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def import_of(card: Card, version: str) -> dict[str, Any]:
    """A card as Label Studio imports it. version: of the model whose confidence orders the tasks."""
    task: dict[str, Any] = {"data": dict(card.data)}
    if card.confidence is not None:
        task["predictions"] = [{"model_version": version, "score": card.confidence, "result": []}]
    return task


def push_cards(
    studio: Studio, project: Project, cards: Iterable[Card], present: Mapping[str, Present], version: str
) -> Pushed:
    """Import the cards that are not there, and let each wait for as many annotators as it wants.

    Raises Transient when Label Studio stays away; calling it again goes on.
    """
    pushed = Pushed(0, 0, 0)
    under_way: Future[Pushed] | None = None
    with ThreadPoolExecutor(1) as sender:  # cards are made while the batch before is under way
        for batch in batches(cards, studio.batch):
            fresh = [card for card in batch if card.key not in present]
            pushed += Pushed(0, len(batch) - len(fresh), 0)
            if under_way is not None:
                pushed += under_way.result()
            under_way = sender.submit(_push_batch, studio, project.id, fresh, version) if fresh else None
        return pushed if under_way is None else pushed + under_way.result()


def _push_batch(studio: Studio, project: int, cards: Sequence[Card], version: str) -> Pushed:
    inventory = _deliver(studio, project, cards, version)
    for card in cards:
        if card.votes != inventory.tasks[card.key].votes:
            studio.change_task(inventory.tasks[card.key].id, overlap=card.votes)
    return Pushed(len(cards), 0, inventory.doubled)


def _deliver(studio: Studio, project: int, cards: Sequence[Card], version: str) -> Inventory:
    """Import a batch until all of it is there; after a lost request only what did not arrive."""
    found, doubled = Inventory(), 0
    for tries in range(studio.attempts):
        missing = [card for card in cards if card.key not in found.tasks]
        if not missing:
            return found
        try:
            numbers = studio.import_tasks(project, [import_of(card, version) for card in missing])
        except Transient as error:
            failure: Transient = error
            studio.pause(tries)
            found = _look_up(studio, project, cards)
            doubled += found.doubled
            continue
        arrived = {card.key: Present(number, 1, 0) for card, number in zip(missing, numbers, strict=True)}
        return replace(found, tasks={**found.tasks, **arrived}, doubled=doubled)
    if all(card.key in found.tasks for card in cards):
        return found
    raise failure


def _look_up(studio: Studio, project: int, cards: Sequence[Card]) -> Inventory:
    """Which tasks of a batch are there."""
    wanted = {card.key for card in cards}
    found = take_inventory(studio, project, of_round(int(cards[0].data["round"])))
    found.tasks = {key: task for key, task in found.tasks.items() if key in wanted}
    return found
