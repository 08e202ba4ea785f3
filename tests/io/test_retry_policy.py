"""When and how long to wait before another attempt."""

import time
from email.utils import formatdate

import pytest
from prometheus_client import REGISTRY

from recall.errors import Refused, ShardUnreadable, Transient
from recall.io.retry_policy import (
    LONGEST_RETRY_AFTER,
    LONGEST_WAIT,
    Again,
    Retry,
    RetryPolicy,
    given_up,
    parse_retry_after,
)


def test_waits_are_spread_below_a_doubling_bound() -> None:
    policy = RetryPolicy(attempts=4)
    for failures in (1, 2, 3, 50):
        waits = [policy.wait(failures) for _ in range(200)]
        bound = min(LONGEST_WAIT, 0.5 * 2 ** (failures - 1))
        assert 0.8 * bound < max(waits) <= bound
        assert min(waits) < 0.2 * bound


def test_less_jitter_keeps_a_part_of_the_bound() -> None:
    policy = RetryPolicy(attempts=4, first=2.0, longest=6.0, jitter=0.5)
    waits = [[policy.wait(failures) for _ in range(200)] for failures in (1, 9)]
    assert (1.0 <= min(waits[0]) < 1.2, 1.8 < max(waits[0]) <= 2.0) == (True, True)
    assert (3.0 <= min(waits[1]) < 3.6, 5.4 < max(waits[1]) <= 6.0) == (True, True)


def test_what_a_server_asks_for_is_added_up_to_a_cap() -> None:
    policy = RetryPolicy(attempts=4)
    assert 7.0 <= policy.wait(1, 7.0) <= 7.5
    assert LONGEST_RETRY_AFTER <= policy.wait(1, 1e9) <= LONGEST_RETRY_AFTER + 0.5
    assert policy.wait(1, -5.0) <= 0.5
    assert 3.0 <= RetryPolicy(attempts=4, longest_asked=3.0).wait(1, 9.0) <= 3.5


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


def test_an_action_is_called_until_it_goes_through(pauses: list[float]) -> None:
    errors: list[Exception] = [Again("answered 503", 9.0), Again("broke")]

    def succeed_late() -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    assert RetryPolicy(attempts=3).call(succeed_late) == "done"
    assert [9.0 <= pauses[0] <= 9.5, 0.0 <= pauses[1] <= 1.0, len(pauses)] == [True, True, 2]


def test_the_last_error_is_raised(pauses: list[float]) -> None:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise Again(f"answered {len(calls)}")

    with pytest.raises(Again, match="answered 3"):
        RetryPolicy(attempts=3).call(fail)
    assert (len(calls), len(pauses)) == (3, 2)
    with pytest.raises(Again, match="answered 4"):
        RetryPolicy(attempts=1).call(fail)
    assert len(pauses) == 2


def test_attempts_end_with_the_error_that_fits() -> None:
    again = Again("answered 503")
    assert str(given_up("URL", 3, again)) == "URL: answered 503 (gave up after 3 attempts)"
    assert isinstance(given_up("URL", 3, again), ShardUnreadable)
    assert type(given_up("URL", 3, again, reading=False)) is Transient


def test_failures_of_several_calls_count_together(pauses: list[float]) -> None:
    retry = Retry(RetryPolicy(attempts=3))
    assert retry.call(lambda: "opened", Again("broke")) == "opened"
    assert retry.call(lambda: "opened", Again("broke")) == "opened"
    with pytest.raises(Again, match="broke again"):
        retry.call(lambda: "opened", Again("broke again"))
    assert (retry.failures, len(pauses)) == (3, 2)


def test_only_named_errors_are_tried_again(pauses: list[float]) -> None:
    def refuse() -> None:
        raise Refused("no")

    with pytest.raises(Refused):
        RetryPolicy(attempts=5).call(refuse)
    assert pauses == []
    with pytest.raises(Refused):
        RetryPolicy(attempts=5).call(refuse, on=(Refused, OSError))
    assert len(pauses) == 4


def test_an_interrupt_ends_the_attempts(pauses: list[float]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RetryPolicy(attempts=5).call(interrupt)
    assert pauses == []


def test_attempts_are_neither_logged_nor_counted(pauses: list[float], caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Again):
        RetryPolicy(attempts=2).call(lambda: (_ for _ in ()).throw(Again("broke")))
    assert len(pauses) == 1
    assert not caplog.records
    assert not [family.name for family in REGISTRY.collect() if "stamina" in family.name]
