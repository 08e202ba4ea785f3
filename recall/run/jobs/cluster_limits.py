"""What the processes of a Ray cluster share: the limits of each endpoint, kept by an actor, and counts for metrics.

A worker asks the actor for each request or opened body, half a millisecond beside a request of tens. While the actor
cannot be reached (its node died; it is started again) the processes of each machine count together in files, at the
same ceilings; as they always do where Ray runs on this machine alone.
"""

import socket
import sys
import time
from functools import cache
from typing import Any

from recall.config import AccessSection, ClusterSection
from recall.errors import BadInput
from recall.io import LimitedAccess, RateLimiter
from recall.io.ratelimit_files import FileBackend
from recall.io.token_bucket import Grant, MemoryBackend

HERE, LOCAL = "here", "local"
"""Addresses of no cluster: this process, Ray on this machine."""

NAME, NAMESPACE = "recall-budget", "recall"
ANSWER_SECONDS = 10.0
AWAY_SECONDS = 30.0
"""How long the actor is left alone after it did not answer."""

CLIENT_PAUSES = (1.0, 4.0, 10.0)
"""Seconds after which a client asks the head again for a process of its own."""


class ClusterBackend:
    """The rate limiter's backend on a cluster: asks the actor, or counts in this machine's files without one.

    There is one in a process: sent to another, it becomes the one of that process.
    """

    def __init__(self) -> None:
        self._actor: Any = None
        self._files = FileBackend()
        self._granted: set[int] = set()
        self._away_until = 0.0

    def __reduce__(self) -> tuple[Any, ...]:
        return cluster_backend, ()

    def acquire(self, endpoint: str, requests: float, connections: float) -> Grant:
        """As `LimiterBackend.acquire`."""
        ray = sys.modules.get("ray")
        if ray is not None and ray.is_initialized() and time.monotonic() >= self._away_until:
            try:
                self._actor = self._actor or ray.get_actor(NAME, namespace=NAMESPACE)
                asked = self._actor.acquire.remote(endpoint, requests, connections)
                grant: Grant = ray.get(asked, timeout=ANSWER_SECONDS)
            except (ray.exceptions.RayError, ValueError) as error:  # ValueError: there is no such actor
                self._away_until = time.monotonic() + AWAY_SECONDS
                if isinstance(error, ray.exceptions.ActorDiedError):  # for good; another one may have its name since
                    self._actor = None
            else:
                return grant
        grant = self._files.acquire(endpoint, requests, connections)
        self._granted.add(grant.token)
        return grant

    def release(self, endpoint: str, token: int, signal: str) -> None:
        """As `LimiterBackend.release`; nobody waits for it."""
        if token in self._granted:
            self._granted.discard(token)
            self._files.release(endpoint, token, signal)
        elif self._actor is not None:
            self._actor.release.remote(endpoint, token, signal)

    def renew(self, endpoint: str, token: int) -> None:
        """As `LimiterBackend.renew`; nobody waits for it."""
        if token in self._granted:
            self._files.renew(endpoint, token)
        elif self._actor is not None:
            self._actor.renew.remote(endpoint, token)

    def use(self, actor: Any) -> None:
        """Ask this actor, which lives as long as the process that started it holds it; None: look for one by name."""
        self._actor = actor


@cache
def cluster_backend() -> ClusterBackend:
    """The backend of this process."""
    return ClusterBackend()


def limited_access(access: AccessSection, cluster: ClusterSection) -> AccessSection:
    """[access] whose requests count with those of the whole cluster, where the work is done on one."""
    if cluster.address in (HERE, LOCAL):
        return access
    return LimitedAccess.of(access, RateLimiter(cluster_backend()))


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


def start_limits(ray: Any) -> None:
    """Start the actor that keeps a cluster's limits, beside the driver, where there is none yet."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - only on a cluster

    node = ray.get_runtime_context().get_node_id()
    actor = (
        ray.remote(MemoryBackend)
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
    cluster_backend().use(actor)
