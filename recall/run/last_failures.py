"""What kept a step from ending: failing.json in its folder, for `recall status`. The next attempt sweeps it away.

It is no output, no digest covers it, and nothing is decided by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recall.run.order import Place
from recall.run.rounds import Run

FAILING = "failing.json"


@dataclass(frozen=True, slots=True)
class Failing:
    """One shard or other item of a step's last attempt. kind: name of the error; words: its line."""

    name: str
    kind: str
    words: str


def keep_failing(run: Run, place: Place, failures: Sequence[tuple[str, str, str]]) -> None:
    """Write down what failed; not in a label step, whose folder is people's."""
    if place.step == "label":
        return
    key = f"{place.folder}/{FAILING}"
    run.store.remove(key)
    run.store.publish_json(key, [list(failure) for failure in failures])


def read_failing(run: Run) -> tuple[Place, list[Failing]] | None:
    """What kept the next step from ending when it was last tried; None when nothing did."""
    place = next((place for place in run.order if not run.done(place)), None)
    if place is None or not run.store.exists(f"{place.folder}/{FAILING}"):
        return None
    return place, [Failing(*map(str, row)) for row in run.store.read_json(f"{place.folder}/{FAILING}")]
