"""Shards that a step had to leave out: few enough to go on, listed with their reason, or the end of the step."""

from typing import Any

from recall.errors import Incomplete
from recall.records import Shard
from recall.run.jobs import Outcome


class Failures:
    """Failed shards of one step. Their kinds are published; the words, which name this machine's paths, are notes."""

    def __init__(self) -> None:
        self._failed: dict[int, tuple[str, str, str]] = {}

    def __len__(self) -> int:
        return len(self._failed)

    def add(self, shard: Shard, outcome: Outcome[Any]) -> None:
        """Take down a shard whose outcome is a failure."""
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
        """What is published: number, path and kind of error of each, in order."""
        return [
            {"shard": number, "path": path, "kind": kind} for number, (path, kind, _) in sorted(self._failed.items())
        ]

    def notes(self) -> list[str]:
        """A line for people about each, in order."""
        return [f"{path}: {words}" for _, (path, _, words) in sorted(self._failed.items())]
