"""What a project held when a push last looked, so that the next one need not list it all again.

Label Studio's task ids only grow: as long as a project holds as many tasks, and the last of them is the same, it holds
the same tasks. The memory lies in the label folder until the step ends; without it everything is listed.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass, field

from annotation.studio.client import Project, Studio
from annotation.tasks import MEMORY
from recall.run import Round


@dataclass(frozen=True, slots=True)
class Sight:
    """A project at a moment. tasks: how many it holds; last: the highest id among them."""

    project: int
    tasks: int
    last: int


@dataclass(frozen=True, slots=True)
class Memory:
    """A project when all that was wanted was there, once each. absent: keys of the round's tasks that were not."""

    sight: Sight
    absent: frozenset[str] = field(repr=False)

    def covers(self, sight: Sight, wanted: Collection[str]) -> bool:
        """True when the project still holds the same tasks, and all of `wanted` are among them."""
        return self.sight == sight and self.absent.isdisjoint(wanted)


def look(studio: Studio, project: Project) -> Sight:
    """A project as it is now."""
    return Sight(project.id, studio.project(project.id).tasks, studio.last_task(project.id))


def remembered(round_: Round, project: Project) -> Memory | None:
    """What is remembered of a project, None where nothing is."""
    store = round_.run.store
    for key in store.keys(round_.step("label").key(f"{MEMORY}{project.id}-")):
        known = store.read_json(key)
        return Memory(Sight(**known["sight"]), frozenset(known["absent"]))
    return None


def remember(round_: Round, memory: Memory) -> None:
    """Remember a project in place of what was remembered of it."""
    store, stem = round_.run.store, f"{MEMORY}{memory.sight.project}-"
    for key in store.keys(round_.step("label").key(stem)):
        store.remove(key)
    known = {"sight": asdict(memory.sight), "absent": sorted(memory.absent)}
    store.publish_json(round_.step("label").key(f"{stem}{memory.sight.last}.json"), known)
