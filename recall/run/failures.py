"""Failures of a step: few failed shards are listed with their reasons, more end the step and are kept for its status.

In: failed outcomes. Out: rows of failures.json and notes of step.json (FailedShards); or Incomplete, whose failures
`loop.advance` keeps as failing.json in the step's folder. That file is no output: no digest covers it, nothing
depends on it, and the next attempt removes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recall.errors import Incomplete
from recall.records import Shard
from recall.run.jobs import Outcome
from recall.run.order import StepPosition
from recall.run.rounds import Run

FAILING = "failing.json"


class FailedShards:
    """Failed shards of one step.

    The kinds of their errors are published; the messages, which name this machine's paths, are notes.
    """

    def __init__(self) -> None:
        self._failed: dict[int, tuple[str, str, str]] = {}

    def __len__(self) -> int:
        return len(self._failed)

    def add(self, shard: Shard, outcome: Outcome[Any]) -> None:
        """Record a shard whose outcome is a failure."""
        self._failed[shard.number] = (shard.path, str(outcome.error_kind), str(outcome.failure))

    def check(self, step: str, shards: int, share: float) -> None:
        """Raise Incomplete when more than `share` of `shards` failed."""
        if len(self) > share * shards:
            path, _, words = self._failed[min(self._failed)]
            raise Incomplete(
                f"{step}: {len(self)} of {shards} shards failed, first: {path}: {words}; run again to retry them, or "
                "allow more with --failed-share",
                tuple(failure for _, failure in sorted(self._failed.items())),
            )

    def rows(self) -> list[dict[str, object]]:
        """Rows of failures.json: number, path and kind of error of each, in order."""
        return [
            {"shard": number, "path": path, "kind": kind} for number, (path, kind, _) in sorted(self._failed.items())
        ]

    def notes(self) -> list[str]:
        """A line for people about each, in order."""
        return [f"{path}: {words}" for _, (path, _, words) in sorted(self._failed.items())]


@dataclass(frozen=True, slots=True)
class FailedItem:
    """A shard or other item that failed in a step's last attempt. kind: name of the error; words: its line."""

    name: str
    kind: str
    words: str


def keep_failures(run: Run, position: StepPosition, failures: Sequence[tuple[str, str, str]]) -> None:
    """Write failing.json; not in a label step, whose folder holds people's answers. Raises LeaseHeld."""
    if position.step == "label":
        return
    key = f"{position.folder}/{FAILING}"
    run.discard([key])
    run.store.publish_json(key, [list(failure) for failure in failures])


def read_failures(run: Run) -> tuple[StepPosition, list[FailedItem]] | None:
    """The next step and what failed in its last attempt; None when nothing did."""
    position = next((position for position in run.order if not run.done(position)), None)
    if position is None or not run.store.exists(f"{position.folder}/{FAILING}"):
        return None
    return position, [FailedItem(*map(str, row)) for row in run.store.read_json(f"{position.folder}/{FAILING}")]
