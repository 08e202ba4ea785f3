"""When and how long to wait before another attempt."""

import time
from email.utils import formatdate

import pytest

from recall.errors import Refused, ShardUnreadable, Transient
from recall.io.backoff import LONGEST_DELAY, Again, parse_retry_after, pause, retried


def test_delays_are_spread_below_a_doubling_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    for attempt in (1, 2, 3, 50):
        for _ in range(200):
            pause(attempt)
        bound = min(LONGEST_DELAY, 0.5 * 2 ** (attempt - 1))
        assert 0.8 * bound < max(slept) <= bound
        assert min(slept) < 0.2 * bound
        slept.clear()


@pytest.mark.parametrize(("value", "seconds"), [("3", 3.0), (None, None), ("", None), ("x", None), ("Mon, 99", None)])
def test_retry_after_in_seconds(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value) == seconds


@pytest.mark.parametrize("wrong", [-86_400, -600, 0, 600, 86_400])
def test_a_date_counts_from_the_servers_own_clock(wrong: int) -> None:
    now = time.time() + wrong
    value, answered = formatdate(now + 20, usegmt=True), formatdate(now, usegmt=True)
    assert parse_retry_after(value, answered) == 20.0
    assert parse_retry_after(value, "yesterday") == pytest.approx(max(0.0, wrong + 20.0), abs=2.0)


def test_retry_after_as_a_date() -> None:
    ahead = parse_retry_after(formatdate(time.time() + 20, usegmt=True))
    assert ahead is not None
    assert 17 < ahead <= 20
    assert parse_retry_after(formatdate(time.time() - 20, usegmt=True)) == 0.0


def test_attempts_end_with_the_error_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise Again("answered 503")

    with pytest.raises(ShardUnreadable, match=r"URL: answered 503 \(gave up after 3 attempts\)"):
        retried(fail, 3, "URL")
    with pytest.raises(Transient):
        retried(fail, 3, "URL", reading=False)
    assert len(calls) == 6


def test_what_is_not_worth_another_try_passes_through() -> None:
    def refuse() -> None:
        raise Refused("no")

    with pytest.raises(Refused):
        retried(refuse, 5, "URL")
