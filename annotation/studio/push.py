"""Tasks into Label Studio, exactly once though requests are lost, repeated or killed.

In: payloads of tasks. Out: counts of what was imported, of what was there, and of copies removed.

Every task carries a key of ours in its data, which is looked up before an import, and again where an import was lost.
Such an import may still happen later (Label Studio waits for its database up to an hour): so a push that continues
another waits a moment first, and every push removes what came twice, keeping the copy that has answers.

Label Studio's task ids only grow: as long as a project holds as many tasks, and the last of them is the same, it holds
the same tasks. A snapshot in the label folder (until the step ends) saves listing them all at the next push.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from annotation.studio.api_records import Project, TaskFilter
from annotation.studio.studio_api import Studio
from annotation.studio.task_payloads import TaskPayload
from annotation.tasks import STUDIO_CACHE
from recall.errors import Transient
from recall.run import Round, batches


@dataclass(frozen=True, slots=True)
class PushedTask:
    """A task of ours in Label Studio. id: of the copy that counts."""

    id: int
    votes: int
    annotated: int


@dataclass(slots=True)
class Inventory:
    """The tasks of a project. tasks: by our key; doubled: copies that were removed; strangers: tasks without a key."""

    tasks: dict[str, PushedTask] = field(default_factory=dict)
    doubled: int = 0
    strangers: int = 0


@dataclass(frozen=True, slots=True)
class PushCounts:
    """Counts of a push. new: imported; there: were there before; doubled: copies removed."""

    new: int
    there: int
    doubled: int

    def __add__(self, other: "PushCounts") -> "PushCounts":
        return PushCounts(self.new + other.new, self.there + other.there, self.doubled + other.doubled)


def of_round(number: int) -> TaskFilter:
    """Tasks of one round."""
    return TaskFilter("data.round", "equal", "Number", number)


def take_inventory(studio: Studio, project: int, *filters: TaskFilter, known: Inventory | None = None) -> Inventory:
    """List a project's tasks by our key, and remove what came twice.

    The copy with most annotations stays, the oldest of equals; another copy with annotations stays as well, as
    annotators' work is never removed. known: an inventory of a moment ago, to which only later tasks are added.
    """
    inventory = known or Inventory()
    last = max((task.id for task in inventory.tasks.values()), default=0)
    for task in studio.tasks(project, *filters, after=last):
        key = str(task.data.get("key") or "")
        if not key:
            inventory.strangers += 1
            continue
        here = PushedTask(task.id, task.votes, task.annotated)
        kept = inventory.tasks.get(key)
        if kept is not None:
            here, other = (here, kept) if here.annotated > kept.annotated else (kept, here)
            if not other.annotated:
                studio.remove_task(other.id)
                inventory.doubled += 1
        inventory.tasks[key] = here
    return inventory


def push_payloads(
    studio: Studio,
    project: Project,
    payloads: Iterable[TaskPayload],
    present: Collection[str],
    version: str,
) -> PushCounts:
    """Import the tasks whose key is not present, and let each wait for as many annotators as it wants.

    version: of the model whose confidence orders the tasks. Raises Transient when Label Studio stays away; calling it
    again continues.
    """
    counts = PushCounts(0, 0, 0)
    under_way: Future[PushCounts] | None = None
    with ThreadPoolExecutor(1) as sender:  # payloads are made while the batch before is under way
        for batch in batches(payloads, studio.batch):
            fresh = [payload for payload in batch if payload.key not in present]
            counts += PushCounts(0, len(batch) - len(fresh), 0)
            if under_way is not None:
                counts += under_way.result()
            under_way = sender.submit(_push_batch, studio, project.id, fresh, version) if fresh else None
        return counts if under_way is None else counts + under_way.result()


def _push_batch(studio: Studio, project: int, payloads: Sequence[TaskPayload], version: str) -> PushCounts:
    inventory = _deliver(studio, project, payloads, version)
    for payload in payloads:
        if payload.votes != inventory.tasks[payload.key].votes:
            studio.change_task(inventory.tasks[payload.key].id, overlap=payload.votes)
    return PushCounts(len(payloads), 0, inventory.doubled)


def _deliver(studio: Studio, project: int, payloads: Sequence[TaskPayload], version: str) -> Inventory:
    """Import a batch until all of it is there; after a lost request only what did not arrive."""
    inventory, doubled = Inventory(), 0
    for failures in range(studio.attempts):
        missing = [payload for payload in payloads if payload.key not in inventory.tasks]
        if not missing:
            return inventory
        try:
            numbers = studio.import_tasks(project, [_imported(payload, version) for payload in missing])
        except Transient as error:
            failure: Transient = error
            studio.pause(failures + 1)
            inventory = _look_up(studio, project, payloads)
            doubled += inventory.doubled
            continue
        arrived = {payload.key: PushedTask(number, 1, 0) for payload, number in zip(missing, numbers, strict=True)}
        return replace(inventory, tasks={**inventory.tasks, **arrived}, doubled=doubled)
    if all(payload.key in inventory.tasks for payload in payloads):
        return inventory
    raise failure


def _imported(payload: TaskPayload, version: str) -> dict[str, Any]:
    """A payload as Label Studio imports it."""
    task: dict[str, Any] = {"data": dict(payload.data)}
    if payload.confidence is not None:
        task["predictions"] = [{"model_version": version, "score": payload.confidence, "result": []}]
    return task


def _look_up(studio: Studio, project: int, payloads: Sequence[TaskPayload]) -> Inventory:
    """Which tasks of a batch are there."""
    wanted = {payload.key for payload in payloads}
    inventory = take_inventory(studio, project, of_round(int(payloads[0].data["round"])))
    inventory.tasks = {key: task for key, task in inventory.tasks.items() if key in wanted}
    return inventory


@dataclass(frozen=True, slots=True)
class ProjectSnapshot:
    """A project at a moment. tasks: how many it holds; last: the highest id among them."""

    project: int
    tasks: int
    last: int


@dataclass(frozen=True, slots=True)
class PushCache:
    """A project when all that was wanted was there, once each. absent: keys of the round's tasks that were not."""

    snapshot: ProjectSnapshot
    absent: frozenset[str] = field(repr=False)

    def covers(self, now: ProjectSnapshot, wanted: Collection[str]) -> bool:
        """True when the project still holds the same tasks, and all of `wanted` are among them."""
        return self.snapshot == now and self.absent.isdisjoint(wanted)


def take_snapshot(studio: Studio, project: Project) -> ProjectSnapshot:
    """A project as it is now."""
    return ProjectSnapshot(project.id, studio.project(project.id).tasks, studio.last_task(project.id))


def read_push_cache(round_: Round, project: Project) -> PushCache | None:
    """The cache of a project, None where there is none."""
    store = round_.run.store
    for key in store.keys(round_.step("label").key(f"{STUDIO_CACHE}{project.id}-")):
        known: Mapping[str, Any] = store.read_json(key)
        return PushCache(ProjectSnapshot(**known["sight"]), frozenset(known["absent"]))
    return None


def write_push_cache(round_: Round, cache: PushCache) -> None:
    """Write the cache of a project in place of the one before."""
    store, stem = round_.run.store, f"{STUDIO_CACHE}{cache.snapshot.project}-"
    round_.run.discard(store.keys(round_.step("label").key(stem)))
    known = {"sight": asdict(cache.snapshot), "absent": sorted(cache.absent)}
    store.publish_json(round_.step("label").key(f"{stem}{cache.snapshot.last}.json"), known)
