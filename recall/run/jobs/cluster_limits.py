"""What the processes of a Ray cluster share: one budget of each endpoint, kept by an actor, and counts for metrics.

A worker asks the actor for each request or opened body, half a millisecond beside a request of tens. While the actor
cannot be reached (its node died; it is started again) the processes of each machine keep books together, at the same
ceilings; as they always do where Ray runs on this machine alone.
"""

import socket
import time
from typing import Any

from recall.errors import BadInput
from recall.io.ratelimit import Grant, Office, use_office
from recall.io.ratelimit_files import Neighbours

NAME, NAMESPACE = "recall-budget", "recall"
ANSWER_SECONDS = 10.0
AWAY_SECONDS = 30.0
"""How long the actor is left alone after it did not answer."""

CLIENT_PAUSES = (1.0, 4.0, 10.0)
"""Seconds after which a client asks the head again for a process of its own."""


class Shared:
    """The books of a cluster, as a process on it asks them."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor
        self._own = Neighbours()
        self._granted: set[int] = set()
        self._away_until = 0.0

    def enter(self, endpoint: str, requests: float, connections: float) -> Grant:
        """As Budget.enter."""
        if time.monotonic() >= self._away_until:
            try:
                grant: Grant = self._ray.get(
                    self._actor.enter.remote(endpoint, requests, connections), timeout=ANSWER_SECONDS
                )
            except self._ray.exceptions.RayError:
                self._away_until = time.monotonic() + AWAY_SECONDS
            else:
                return grant
        grant = self._own.enter(endpoint, requests, connections)
        self._granted.add(grant.permit)
        return grant

    def leave(self, endpoint: str, permit: int, sign: str) -> None:
        """As Budget.leave; nobody waits for it."""
        if permit in self._granted:
            self._granted.discard(permit)
            self._own.leave(endpoint, permit, sign)
        else:
            self._actor.leave.remote(endpoint, permit, sign)

    def renew(self, endpoint: str, permit: int) -> None:
        """As Budget.renew; nobody waits for it."""
        if permit in self._granted:
            self._own.renew(endpoint, permit)
        else:
            self._actor.renew.remote(endpoint, permit)


class Meters:
    """Counters of this process for Ray's metrics (Prometheus); none where it is no worker of a cluster."""

    ray: Any = None
    _counters: dict[str, Any] = {}  # noqa: RUF012 - one set of counters a process

    @classmethod
    def add(cls, name: str, value: float, **tags: str) -> None:
        """Count something: recall_<name> with its tags."""
        if cls.ray is None or value <= 0:
            return
        if name not in cls._counters:
            from ray.util.metrics import Counter  # noqa: PLC0415 - only on a cluster

            cls._counters[name] = Counter(f"recall_{name}", description=f"recall: {name}", tag_keys=tuple(tags))
        cls._counters[name].inc(value, tags)


def check_answers(address: str) -> None:
    """Raise BadInput when nothing listens at a host:port or ray://host:port: Ray itself tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise BadInput(f"[cluster] address: {address}: no Ray cluster answers: {error}") from None


def join(ray: Any, address: str, settings: dict[str, object]) -> None:
    """`ray.init` at an address. Each client gets a process of its own at the head, which may fail to start."""
    for pause in CLIENT_PAUSES:
        try:
            ray.init(address, **settings)
        except ConnectionAbortedError:  # the head's port was taken meanwhile, or it is busy
            time.sleep(pause)
        else:
            return
    ray.init(address, **settings)


def open_office(ray: Any) -> Any:
    """The actor that keeps a cluster's books, started beside the driver where there is none; this process uses it."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - only on a cluster

    node = ray.get_runtime_context().get_node_id()
    actor = (
        ray.remote(Office)
        .options(
            name=NAME,
            namespace=NAMESPACE,
            get_if_exists=True,
            num_cpus=0,
            max_restarts=-1,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=True),
        )
        .remote()
    )
    use_office(Shared(ray, actor))
    return actor


def join_office(actor: Any) -> None:
    """Let this worker count its requests with the cluster's (None: the machine's), and its work for metrics."""
    if Meters.ray is None:
        import ray  # noqa: PLC0415 - a worker has it

        Meters.ray = ray
        if actor is not None:
            use_office(Shared(ray, actor))


def leave_office() -> None:
    """Share books with the processes of this machine again."""
    use_office(Neighbours())
