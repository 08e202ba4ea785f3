"""A reader that goes away in mid-file: its thread asks for nothing more and gives its permit back at once."""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from recall.config import AccessSection
from recall.errors import ShardUnreadable
from recall.io import LimitedAccess, RateLimiter, Readahead, open_readahead, open_stream
from recall.io.token_bucket import MemoryBackend

if TYPE_CHECKING:
    from tests.fault_server import FaultServer

DATA = bytes(range(256)) * 40_000
SOON = 15.0
"""Seconds in which a thread that is told ends on a busy machine; each wait that it must not sit out is longer."""


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture(params=["http", "s3"])
def opened(
    request: pytest.FixtureRequest, fault_server: "FaultServer", backend: MemoryBackend
) -> Callable[..., Readahead]:
    """Opens the file over a protocol, with settings."""

    def make(**settings: Any) -> Readahead:
        plain = {"attempts": 6, "timeout_seconds": 60.0, "anonymous": True, **settings}
        endpoint = fault_server.url("").rstrip("/")
        if request.param == "s3":
            plain["s3_endpoint"] = endpoint
        access = LimitedAccess.of(AccessSection(**plain), RateLimiter(backend))
        url = "s3://bucket/file" if request.param == "s3" else f"{endpoint}/bucket/file"
        made = open_readahead(url, access)
        assert isinstance(made, Readahead)
        return made

    fault_server.files["bucket/file"] = DATA
    return make


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "read-ahead"]


def wait_for(claim: Callable[[], bool], seconds: float = SOON) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it goes on"
        time.sleep(0.01)


FAULTS: dict[str, list[dict[str, Any]]] = {
    "resets": [{"after": 1000}] * 20,
    "503": [{"after": 1000}, *[{"status": 503}] * 20],
    "Retry-After": [{"after": 1000}, *[{"status": 429, "headers": {"Retry-After": "60"}}] * 20],
    "short bodies": [{"after": 1000, "clean": True}] * 20,
    "stall": [{"stall": True}] * 20,
    "stall in mid-body": [{"after": 1000, "trickle": 30.0}] * 20,
    "trickle": [{"after": 1000, "trickle": 0.05}] * 20,
}


@pytest.mark.parametrize("kind", FAULTS)
def test_the_thread_of_a_reader_that_has_gone_ends_and_asks_for_nothing_more(
    fault_server: "FaultServer", backend: MemoryBackend, opened: Callable[..., Readahead], kind: str
) -> None:
    for fault in FAULTS[kind]:
        fault_server.then(**fault)
    before = len(threads())
    with opened():
        time.sleep(0.2)
        assert len(threads()) == before + 1
    asked = len(fault_server.asked)
    wait_for(lambda: len(threads()) == before)
    assert len(fault_server.asked) <= asked + 1, "one may be under way"
    (figures,) = backend.figures().values()
    assert figures["open"] == 0


@pytest.mark.parametrize("kind", ["a reset", "a short body", "a reset and 503"])
def test_a_thread_that_waits_for_the_head_of_an_answer_ends_at_the_time_out(
    fault_server: "FaultServer", backend: MemoryBackend, opened: Callable[..., Readahead], kind: str
) -> None:
    fault_server.then(after=1000, clean=kind == "a short body")
    if kind == "a reset and 503":
        fault_server.then(status=503)
    for _ in range(20):
        fault_server.then(silent=True)
    before, asked = len(threads()), 3 if kind == "a reset and 503" else 2
    with opened(timeout_seconds=3.0):
        wait_for(lambda: len(fault_server.asked) == asked, 60.0)
    wait_for(lambda: len(threads()) == before, 3.0 + SOON)
    assert len(fault_server.asked) == asked, "it asked again"
    (figures,) = backend.figures().values()
    assert figures["open"] == 0


def test_a_thread_that_waits_for_a_permit_takes_none_when_its_reader_has_gone(
    fault_server: "FaultServer", backend: MemoryBackend, opened: Callable[..., Readahead]
) -> None:
    fault_server.then(after=1000)
    before = len(threads())
    stream = opened(connections=1)
    with stream:
        wait_for(lambda: backend.figures().popitem()[1]["open"] == 0)
        url = next(iter(backend.figures()))
        while not (taken := backend.acquire(url, 1000.0, 1.0)).token:  # by somebody else
            time.sleep(0.001)
        asked = len(fault_server.asked)
        time.sleep(1.0)
    wait_for(lambda: len(threads()) == before)
    assert len(fault_server.asked) == asked
    backend.release(url, taken.token, "fine")
    assert backend.figures()[url]["open"] == 0


def test_a_reader_that_stays_hears_of_every_fault(
    fault_server: "FaultServer", opened: Callable[..., Readahead]
) -> None:
    fault_server.then(after=1000)
    fault_server.then(status=503)
    with opened() as stream:
        assert stream.read() == DATA
    assert len(fault_server.asked) == 3
    for _ in range(3):
        fault_server.then(after=0)
    with pytest.raises(ShardUnreadable, match="gave up after 2 attempts"), opened(attempts=2) as stream:
        stream.read()


def test_a_plain_stream_has_no_thread_to_end(fault_server: "FaultServer") -> None:
    fault_server.files["file"] = DATA
    with open_stream(fault_server.url("file")) as stream:
        assert stream.read(10) == DATA[:10]
