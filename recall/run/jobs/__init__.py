"""A function over many items: in this process, on local Ray, or on a running Ray cluster; one Outcome per item.

In: a module-level `function(context, item)`, a picklable context that is sent once, and items that are drawn lazily.
An item that raises becomes a failure and the others go on; Transient errors and workers that died are tried again.
All of ray is behind this room.
"""

import time
from collections.abc import Callable, Iterable, Iterator

from recall.config import ClusterSection
from recall.errors import (
    AlreadyPublished,
    BadInput,
    Damaged,
    Incomplete,
    LeaseHeld,
    OutOfOrder,
    RecallError,
    Refused,
    StorageUnusable,
    Transient,
)
from recall.run.jobs.cluster_limits import HERE, Meters, limited_access
from recall.run.jobs.deadline import C, I, Outcome, R, attempt_until, retry_wait
from recall.run.jobs.ray_tasks import RayTasks, connect, disconnect

__all__ = ["Outcome", "complete", "connect", "disconnect", "each", "limited_access", "meter", "tolerated"]

LISTED = 10_000
"""Failures that an error carries along."""

_FATAL: tuple[type[RecallError], ...] = (AlreadyPublished, BadInput, Damaged, LeaseHeld, OutOfOrder, Refused)
FATAL = {kind.__name__: kind for kind in (*_FATAL, StorageUnusable)}
"""Errors that are no single shard's: the next one would only meet them too."""


def each(
    function: Callable[[C, I], R], context: C, items: Iterable[I], cluster: ClusterSection, label: str
) -> Iterator[Outcome[I]]:
    """Outcomes as they complete; callers that need an order sort them by item.

    label: names the tasks in Ray's dashboard and metrics. An item that takes longer than `shard_seconds` fails. In this
    process items are taken one by one. On Ray at most 2 × workers tasks are in flight (no more than workers where the
    cluster has more cores than that).
    """
    if cluster.address == HERE:
        return _here(function, context, items, cluster)
    return RayTasks(function, context, cluster, label).run(items)


def complete(
    function: Callable[[C, I], R], context: C, items: Iterable[I], cluster: ClusterSection, label: str
) -> Iterator[Outcome[I]]:
    """Like `each`, where every item is needed: outcomes with results only.

    Raises Incomplete after all items were tried when some of them failed, and a fatal error of one at once.
    """
    failed: list[tuple[str, str, str]] = []
    for outcome in tolerated(each(function, context, items, cluster, label)):
        if outcome.failure is None:
            yield outcome
        else:
            failed.append((_name_of(outcome.item), str(outcome.error_kind), outcome.failure))
    if failed:
        failed.sort()
        first = f"{failed[0][0]}: {failed[0][2]}"
        line = f"{label}: {len(failed)} failed and nothing was published; first: {first}; run again to retry"
        raise Incomplete(line, tuple(failed[:LISTED]))


def _name_of(item: object) -> str:
    """Name of an item in a list of failures: its shard's path, or the item itself, shortened."""
    return str(getattr(getattr(item, "shard", item), "path", item))[:200]


def tolerated(outcomes: Iterable[Outcome[I]]) -> Iterator[Outcome[I]]:
    """Outcomes whose failures are those of their items.

    Raises a FATAL one, and a Transient one, which was tried again in vain: a machine's trouble is no bad shard. Either
    ends what is still under way.
    """
    for outcome in outcomes:
        if outcome.error_kind == Transient.__name__:
            raise Transient(f"{_name_of(outcome.item)}: {outcome.failure}; run again to go on")
        if outcome.error_kind in FATAL:
            raise FATAL[outcome.error_kind](outcome.failure)
        yield outcome


def _here(
    function: Callable[[C, I], R], context: C, items: Iterable[I], cluster: ClusterSection
) -> Iterator[Outcome[I]]:
    for item in items:
        for tries in range(1, cluster.attempts + 1):
            outcome = attempt_until(function, context, item, cluster.shard_seconds, None)
            if outcome.error_kind != Transient.__name__ or tries == cluster.attempts:
                break
            time.sleep(retry_wait(tries))
        yield outcome


def meter(name: str, value: float, **tags: str) -> None:
    """Count something of a task for Ray's metrics, as recall_<name>; nothing in this process alone."""
    Meters.add(name, value, **tags)
