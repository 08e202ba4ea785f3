"""Items as tasks on Ray: on this machine or on a running cluster, spread, bounded in flight, tried again when one dies.

All of ray is behind this room; it is imported only where it is asked for.
"""

import heapq
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic

from recall.config import ClusterSection
from recall.errors import BadInput, Transient
from recall.run.jobs.cluster_limits import LOCAL, Meters, check_answers, cluster_backend, join, start_limits
from recall.run.jobs.deadline import GRACE_SECONDS, C, I, Outcome, R, attempt_until, retry_wait

DIED = "WorkerDied"

WAIT_SECONDS = 2.0
"""The driver's longest sleep while tasks are in flight."""

LOOK_SECONDS = 10.0
"""How often the driver looks whether the cluster grew or shrank."""


def attempt_there(label: str, function: Callable[[C, I], R], context: C, *how: Any) -> Outcome[I]:
    """One attempt in a worker of a cluster. how: item, seconds, grace."""
    Meters.ray = importlib.import_module("ray")
    outcome: Outcome[I] = attempt_until(function, context, *how)
    Meters.add("tasks", 1, step=label, outcome=outcome.error_kind or "done")
    return outcome


@dataclass(slots=True)
class _Task(Generic[I]):
    """An item in flight. number: its index among the items; tries: attempts that ended."""

    number: int
    item: I
    tries: int = 0
    last: str = field(default="")


def connect(cluster: ClusterSection) -> Any:
    """Ray, started on this machine or joined at an address; the one that runs already is used as it is.

    Raises BadInput when ray is not installed or the address does not answer.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # a lost cluster is not to be replaced in silence
    try:
        ray: Any = importlib.import_module("ray")  # only where it is asked for: it takes a second and is optional
    except ImportError:
        raise BadInput('[cluster] address: needs ray: pip install "recall[ray]"') from None
    if ray.is_initialized():
        return ray
    check_answers(cluster.address)
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if cluster.address == LOCAL:
            ray.init("local", num_cpus=cluster.workers or os.cpu_count(), include_dashboard=False, **quiet)
        else:
            join(ray, cluster.address, quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise BadInput(f"[cluster] address: {cluster.address}: no Ray cluster answers: {_first_line(error)}") from None
    return ray


def disconnect() -> None:
    """Leave Ray, and end it where `connect` started it on this machine."""
    if "ray" in sys.modules:
        cluster_backend().use(None)
        sys.modules["ray"].shutdown()


class RayTasks(Generic[C, I, R]):
    """Tasks on Ray: at most 2 × workers at a time, tried again when their worker dies."""

    def __init__(self, function: Callable[[C, I], R], context: C, cluster: ClusterSection, label: str) -> None:
        self._ray = connect(cluster)
        self._cluster = cluster
        self._label = label
        if cluster.address != LOCAL:
            start_limits(self._ray)
        self._remote = self._ray.remote(attempt_there).options(
            name=label, num_cpus=1, max_retries=0, scheduling_strategy="SPREAD"
        )
        self._function = self._ray.put(function)
        self._context = self._ray.put(context)
        self._running: dict[Any, _Task[I]] = {}
        self._delayed: list[tuple[float, int, _Task[I]]] = []
        self._limit = 1
        self._look_again = 0.0

    def run(self, items: Iterable[I]) -> Iterator[Outcome[I]]:
        """Outcomes as they complete. Raises Transient when the connection to the cluster is lost."""
        tasks = (_Task(number, item) for number, item in enumerate(items))
        waiting: _Task[I] | None = next(tasks, None)
        try:
            while waiting is not None or self._running or self._delayed:
                room = self._room() - len(self._running)
                while room > 0 and self._delayed and self._delayed[0][0] <= time.monotonic():
                    self._submit(heapq.heappop(self._delayed)[2])
                    room -= 1
                while room > 0 and waiting is not None:
                    self._submit(waiting)
                    waiting = next(tasks, None)
                    room -= 1
                yield from self._collect()
        except ConnectionError as error:  # of a Ray client: other drivers Ray ends by itself
            self._running.clear()
            line = f"[cluster] address: {self._cluster.address}: the connection was lost: {_first_line(error)}"
            raise Transient(f"{line}; what was done stays, run again to go on") from None
        finally:
            for reference in self._running:
                self._ray.cancel(reference, force=True)

    def _room(self) -> int:
        """Tasks that may be in flight; a cluster that grows or shrinks is followed."""
        now = time.monotonic()
        if now >= self._look_again:
            cores = int(self._ray.cluster_resources().get("CPU", 1))
            workers = max(1, self._cluster.workers or cores)
            self._limit = workers if workers < cores else 2 * workers  # a queue only where it cannot run as well
            self._look_again = now + LOOK_SECONDS
        return self._limit

    def _submit(self, task: _Task[I]) -> None:
        patience = (self._cluster.shard_seconds, GRACE_SECONDS)
        work = (self._label, self._function, self._context)
        reference = self._remote.remote(*work, task.item, *patience)
        self._running[reference] = task

    def _collect(self) -> Iterator[Outcome[I]]:
        """Outcomes of the tasks that ended; waits for one of them, or until a delayed one is due."""
        due = max(0.0, self._delayed[0][0] - time.monotonic()) if self._delayed else WAIT_SECONDS
        if not self._running:
            time.sleep(min(due, WAIT_SECONDS))
            return
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=max(0.01, min(due, WAIT_SECONDS)))
        if ready:
            ready, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        for reference in ready:
            task = self._running.pop(reference)
            outcome = self._outcome(reference, task)
            if outcome is not None:
                yield outcome

    def _outcome(self, reference: Any, task: _Task[I]) -> Outcome[I] | None:
        """The outcome of a task; None when it is tried again."""
        task.tries += 1
        try:
            outcome: Outcome[I] = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            kind = kind_of(self._ray.exceptions, error)
            words = {DIED: f"its worker died {task.tries} times", Transient.__name__: f"{type(error).__name__} of Ray"}
            line = _first_line(error)
            outcome = Outcome(task.item, failure=f"{words[kind]}: {line}" if kind in words else line, error_kind=kind)
        again = outcome.error_kind in (DIED, Transient.__name__)
        if again and task.tries < self._cluster.attempts:
            heapq.heappush(self._delayed, (time.monotonic() + retry_wait(task.tries), task.number, task))
            return None
        return outcome


def kind_of(errors: Any, error: Exception) -> str:
    """Kind of the failure that one of Ray's errors is (errors: `ray.exceptions`).

    A worker that crashed or was killed for its memory may be the item's doing: DIED, so that an item which always does
    it fails alone. What the task raised, or gave back and cannot travel, is the item's own. All else is trouble of a
    machine or of the cluster (a node or its raylet died, a result was lost with it, its disk or object store is full,
    Ray's own errors): Transient.
    """
    if isinstance(error, errors.WorkerCrashedError | errors.OutOfMemoryError):
        return DIED
    if isinstance(error, errors.RayTaskError | errors.UserCodeException | errors.UnserializableException):
        return type(error).__name__
    return Transient.__name__


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    first = lines[-1] if any(line.startswith("Traceback") for line in lines) else lines[0]
    return next((line for line in lines if "rror: " in line), first)[:500]
