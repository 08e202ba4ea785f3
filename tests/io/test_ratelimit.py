"""The rate limiter wraps sources and requests: threads that really ask a server, and what comes with the settings."""

import pickle
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from recall.config import AccessSection, ClusterSection, Config, dump_config
from recall.errors import Refused
from recall.io import LimitedAccess, RateLimiter, open_stream, read_all
from recall.io.ratelimit import limiter_of
from recall.io.token_bucket import FINE, RENEW_SECONDS, Grant, MemoryBackend
from recall.run.jobs.cluster_limits import cluster_backend, limited_access

if TYPE_CHECKING:
    from tests.fault_server import FaultServer


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


def limited(backend: MemoryBackend, **settings: Any) -> LimitedAccess:
    return LimitedAccess.of(AccessSection(**settings), RateLimiter(backend))


def test_threads_together_ask_no_faster_than_the_budget(fault_server: "FaultServer", backend: MemoryBackend) -> None:
    fault_server.files["file"] = b"x" * 100
    access = limited(backend, requests_per_second=40.0, connections=3, timeout_seconds=5.0)
    started = time.monotonic()

    def work() -> None:
        for _ in range(10):
            read_all(fault_server.url("file"), access)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.monotonic() - started
    (figures,) = backend.figures().values()
    assert taken >= (60 - 10) / 40 - 0.1
    assert (figures["asked"], figures["open"]) == (60, 0)


@pytest.mark.usefixtures("pauses")
def test_every_kind_of_end_gives_the_token_back(fault_server: "FaultServer", backend: MemoryBackend) -> None:
    fault_server.files["file"] = b"x" * 100_000
    access = limited(backend, attempts=3, timeout_seconds=1.0)
    fault_server.then(status=503)
    fault_server.then(after=1000, clean=True)
    with open_stream(fault_server.url("file"), access) as stream:
        stream.read(10)
        (figures,) = backend.figures().values()
        assert figures["open"] == 1
    with pytest.raises(Exception, match="not found"):
        read_all(fault_server.url("missing"), access)
    fault_server.then(status=403)
    with pytest.raises(Refused):
        read_all(fault_server.url("file"), access)
    (figures,) = backend.figures().values()
    assert (figures["open"], figures["slowed"]) == (0, 1)
    with pytest.raises(Refused, match=r"circuit open: 403 from http://127.0.0.1:\d+, next request in \d+ s"):
        read_all(fault_server.url("file"), access)


class Counting:
    """A backend that notes what it is asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def acquire(self, endpoint: str, requests: float, connections: float) -> Grant:
        self.calls.append(f"acquire {endpoint} {requests} {connections}")
        return Grant(7)

    def release(self, endpoint: str, token: int, signal: str) -> None:
        self.calls.append(f"release {endpoint} {token} {signal}")

    def renew(self, endpoint: str, token: int) -> None:
        self.calls.append(f"renew {endpoint} {token}")


def test_a_token_is_asked_for_once_and_given_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, now = Counting(), time.monotonic()
    token = RateLimiter(backend).acquire("E", AccessSection(requests_per_second=2, connections=3))
    token.renew()
    monkeypatch.setattr(time, "monotonic", lambda: now + RENEW_SECONDS + 5)
    for _ in range(3):
        token.renew()
    token.release(FINE)
    token.release()
    token.renew()
    assert backend.calls == ["acquire E 2.0 3", "renew E 7", "release E 7 fine"]


def test_plain_settings_are_limited_with_this_machine_and_others_by_what_they_bring(backend: MemoryBackend) -> None:
    access = limited(backend, contact="me")
    assert limiter_of(access).backend is backend
    assert limiter_of(AccessSection()) is limiter_of(AccessSection(contact="other"))
    assert {name: getattr(access, name) for name in AccessSection.model_fields} == AccessSection(
        contact="me"
    ).model_dump()


def test_settings_of_a_cluster_bring_its_limiter_to_every_process() -> None:
    config = Config(access=AccessSection(contact="me"))
    assert limited_access(config.access, ClusterSection(address="here")) is config.access
    access = limited_access(config.access, ClusterSection(address="10.0.0.1:6379"))
    sent = pickle.loads(pickle.dumps(config.model_copy(update={"access": access}))).access
    assert limiter_of(sent).backend is cluster_backend()
    assert (sent, hash(sent)) == (access, hash(access))


def test_a_limiter_is_written_into_no_config() -> None:
    config = Config(access=AccessSection(contact="me"))
    access = limited_access(config.access, ClusterSection(address="10.0.0.1:6379"))
    assert dump_config(config.model_copy(update={"access": access})) == dump_config(config)
