"""The limits of an endpoint, by a clock of the test's own."""

import pytest

from recall.io.token_bucket import CUT, FINE, FORGET_SECONDS, OPEN_SECONDS, REFUSED, SLOW, EndpointLimits, Grant


def ask(limits: EndpointLimits, start: float, seconds: float, signal: str = FINE) -> int:
    """Requests that are let in one after the other, each ending at once."""
    now, count = start, 0
    while now < start + seconds:
        grant = limits.acquire(now, count + 1)
        now += grant.wait
        if grant.token and now < start + seconds:
            count += 1
            limits.release(now, grant.token, signal)
    return count


def test_requests_keep_to_their_rate_after_a_small_burst() -> None:
    assert ask(EndpointLimits.of(100, 0), 10.0, 10.0) == pytest.approx(1000 + 25, abs=3)


def test_without_a_ceiling_nobody_waits() -> None:
    limits = EndpointLimits.of(0, 0)
    assert all(limits.acquire(1.0, number) == Grant(number) for number in range(1, 5000))


def test_connections_end_at_their_ceiling_and_come_back() -> None:
    limits = EndpointLimits.of(0, 3)
    tokens = [limits.acquire(1.0, number).token for number in (1, 2, 3)]
    assert tokens == [1, 2, 3]
    full = limits.acquire(1.0, 4)
    assert (full.token, full.wait > 0) == (0, True)
    limits.release(1.0, 2, FINE)
    assert limits.acquire(1.0, 5).token == 5


def test_slow_down_cuts_and_calm_lets_grow() -> None:
    limits = EndpointLimits.of(100, 50)
    ask(limits, 0.0, 5.0)
    limits.release(5.0, 0, SLOW)
    cut = limits.requests.now
    assert cut == pytest.approx(CUT * 100, rel=0.1)
    limits.release(5.1, 0, SLOW)
    assert limits.requests.now == cut, "answers that come together are one sign"
    ask(limits, 5.2, 5.0)
    assert cut < limits.requests.now < 100
    ask(limits, 11.0, 60.0)
    assert limits.requests.now == 100


def test_a_server_that_always_says_slow_down_is_still_asked_now_and_then() -> None:
    limits = EndpointLimits.of(100, 50)
    asked = ask(limits, 0.0, 120.0, SLOW)
    assert 1.0 <= limits.requests.now <= 2.0
    assert limits.connections.now >= 1.0
    assert 120 <= asked < 2000


def test_without_a_ceiling_a_cut_starts_from_what_was_asked() -> None:
    limits = EndpointLimits.of(0, 0)
    for number in range(400):
        limits.acquire(1.0 + number / 200, number + 1)
    limits.release(3.0, 1, SLOW)
    assert 80 < limits.requests.now < 200
    assert limits.connections.now == pytest.approx(CUT * 400)


def test_tokens_of_dead_workers_come_back() -> None:
    limits = EndpointLimits.of(0, 2)
    limits.acquire(0.0, 1)
    limits.acquire(0.0, 2)
    limits.renew(FORGET_SECONDS - 1, 2)
    assert limits.acquire(FORGET_SECONDS + 31, 3).token == 3
    assert set(limits.held) == {2, 3}


def test_a_refusal_opens_the_circuit_for_a_minute() -> None:
    limits = EndpointLimits.of(100, 50)
    limits.release(7.0, limits.acquire(7.0, 1).token, REFUSED)
    assert limits.acquire(8.0, 2).refused == pytest.approx(OPEN_SECONDS - 1)
    assert limits.acquire(7.0 + OPEN_SECONDS, 3).token == 3
