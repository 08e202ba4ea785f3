"""The budget of an endpoint: by a clock of the test's own, and shared by threads that really ask."""

import threading
import time
from typing import TYPE_CHECKING

import pytest

from recall.config import AccessSection
from recall.errors import Refused
from recall.io import open_stream, ratelimit, read_all
from recall.io.ratelimit import CUT, FINE, FORGET_SECONDS, REFUSED, REST_SECONDS, SLOW, Budget, Office

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fault_server import FaultServer


def ask(books: Budget, start: float, seconds: float, sign: str = FINE) -> int:
    """Requests that are let in one after the other, each ending at once."""
    now, count = start, 0
    while now < start + seconds:
        grant = books.enter(now, count + 1)
        now += grant.wait
        if grant.permit and now < start + seconds:
            count += 1
            books.leave(now, grant.permit, sign)
    return count


def test_requests_keep_to_their_rate_after_a_small_burst() -> None:
    assert ask(Budget.of(100, 0), 10.0, 10.0) == pytest.approx(1000 + 25, abs=3)


def test_without_a_ceiling_nobody_waits() -> None:
    books = Budget.of(0, 0)
    assert all(books.enter(1.0, number) == ratelimit.Grant(number) for number in range(1, 5000))


def test_connections_end_at_their_ceiling_and_come_back() -> None:
    books = Budget.of(0, 3)
    permits = [books.enter(1.0, number).permit for number in (1, 2, 3)]
    assert permits == [1, 2, 3]
    full = books.enter(1.0, 4)
    assert (full.permit, full.wait > 0) == (0, True)
    books.leave(1.0, 2, FINE)
    assert books.enter(1.0, 5).permit == 5


def test_slow_down_cuts_and_calm_lets_grow() -> None:
    books = Budget.of(100, 50)
    ask(books, 0.0, 5.0)
    books.leave(5.0, 0, SLOW)
    cut = books.requests.now
    assert cut == pytest.approx(CUT * 100, rel=0.1)
    books.leave(5.1, 0, SLOW)
    assert books.requests.now == cut, "answers that come together are one sign"
    ask(books, 5.2, 5.0)
    assert cut < books.requests.now < 100
    ask(books, 11.0, 60.0)
    assert books.requests.now == 100


def test_a_server_that_always_says_slow_down_is_still_asked_now_and_then() -> None:
    books = Budget.of(100, 50)
    asked = ask(books, 0.0, 120.0, SLOW)
    assert 1.0 <= books.requests.now <= 2.0
    assert books.connections.now >= 1.0
    assert 120 <= asked < 2000


def test_without_a_ceiling_a_cut_starts_from_what_was_asked() -> None:
    books = Budget.of(0, 0)
    for number in range(400):
        books.enter(1.0 + number / 200, number + 1)
    books.leave(3.0, 1, SLOW)
    assert 80 < books.requests.now < 200
    assert books.connections.now == pytest.approx(CUT * 400)


def test_the_dead_give_their_permits_back() -> None:
    books = Budget.of(0, 2)
    books.enter(0.0, 1)
    books.enter(0.0, 2)
    books.renew(FORGET_SECONDS - 1, 2)
    assert books.enter(FORGET_SECONDS + 31, 3).permit == 3
    assert set(books.held) == {2, 3}


def test_a_refusal_closes_the_circuit_for_a_minute() -> None:
    books = Budget.of(100, 50)
    books.leave(7.0, books.enter(7.0, 1).permit, REFUSED)
    assert books.enter(8.0, 2).refused == pytest.approx(REST_SECONDS - 1)
    assert books.enter(7.0 + REST_SECONDS, 3).permit == 3


@pytest.fixture
def office() -> "Iterator[Office]":
    """An office of the test's own in the place of the process's."""
    own, before = Office(), ratelimit._Desk.books
    ratelimit.use_office(own)
    yield own
    ratelimit.use_office(before)


def test_threads_together_ask_no_faster_than_the_budget(fault_server: "FaultServer", office: Office) -> None:
    fault_server.files["file"] = b"x" * 100
    access = AccessSection(requests_per_second=40.0, connections=3, timeout_seconds=5.0)
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
    (figures,) = office.figures().values()
    assert taken >= (60 - 10) / 40 - 0.1
    assert (figures["asked"], figures["open"]) == (60, 0)


@pytest.mark.usefixtures("pauses")
def test_every_kind_of_end_gives_the_permit_back(fault_server: "FaultServer", office: Office) -> None:
    fault_server.files["file"] = b"x" * 100_000
    access = AccessSection(attempts=3, timeout_seconds=1.0)
    fault_server.then(status=503)
    fault_server.then(after=1000, clean=True)
    with open_stream(fault_server.url("file"), access) as stream:
        stream.read(10)
        (figures,) = office.figures().values()
        assert figures["open"] == 1
    with pytest.raises(Exception, match="not found"):
        read_all(fault_server.url("missing"), access)
    fault_server.then(status=403)
    with pytest.raises(Refused):
        read_all(fault_server.url("file"), access)
    (figures,) = office.figures().values()
    assert (figures["open"], figures["slowed"]) == (0, 1)
    with pytest.raises(Refused, match="left in peace"):
        read_all(fault_server.url("file"), access)


def test_a_permit_costs_microseconds(office: Office) -> None:  # noqa: ARG001 - not the process's own
    access = AccessSection(requests_per_second=0, connections=0)
    started = time.process_time()
    for _ in range(2000):
        ratelimit.enter("https://example.org", access).leave()
    assert (time.process_time() - started) / 2000 < 200e-6
