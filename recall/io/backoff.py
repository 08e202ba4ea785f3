"""Trying again: exponential back-off with full jitter, a server's Retry-After honoured up to a cap.

A back end raises `Again` for what another attempt may mend (429, 5xx, resets, stalls, short bodies, wrong ranges) and
any other RecallError for what it will not. Nothing here knows a protocol.
Full jitter: a delay is uniform between 0 and the exponential bound, as in Brooker, "Exponential Backoff and Jitter".
"""

import random
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

from recall.config import AccessSection
from recall.errors import Refused, ShardUnreadable, Transient
from recall.io import ratelimit

T = TypeVar("T")

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
LONGEST_RETRY_AFTER = 120.0


class Again(Transient):
    """An attempt failed in a way that the next may not.

    Arguments: the line for people, the server's wait or None, True where the server said that it is asked too much.
    """

    @property
    def reason(self) -> str:
        """What went wrong, in one line."""
        return str(self.args[0])

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asked us to wait."""
        return self.args[1] if len(self.args) > 1 else None

    @property
    def slow_down(self) -> bool:
        """True when the server asked us to slow down."""
        return bool(self.args[2]) if len(self.args) > 2 else False

    def __str__(self) -> str:
        return self.reason


def pause(attempt: int, retry_after: float | None = None) -> None:
    """Sleep before attempt number `attempt` + 1 (the first attempt is 1)."""
    bound = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempt - 1, 16))
    delay = random.uniform(0.0, bound)  # noqa: S311 - spreads load, guards nothing
    if retry_after is not None:
        delay += min(max(retry_after, 0.0), LONGEST_RETRY_AFTER)
    time.sleep(delay)


def parse_retry_after(value: str | None, answered: str | None = None) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3: seconds or a date); None when absent or unreadable.

    answered: the answer's Date header. A date counts from there: the two clocks may differ, or ours may have jumped.
    """
    if not value:
        return None
    try:
        return float(int(value))
    except ValueError:
        pass
    until = _moment(value)
    return None if until is None else max(0.0, until - (_moment(answered or "") or time.time()))


def _moment(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def retried(action: Callable[[], T], attempts: int, url: str, *, reading: bool = True) -> T:
    """Call `action` until it ends without Again, at most `attempts` times.

    Raises ShardUnreadable (or, when not reading, Transient) that names the URL and the last reason.
    """
    for attempt in range(1, attempts + 1):
        try:
            return action()
        except Again as again:
            if attempt == attempts:
                raise given_up(url, attempts, again, reading=reading) from None
            pause(attempt, again.retry_after)
    raise AssertionError("attempts is at least 1")


def within_budget(action: Callable[[], T], endpoint: str, access: AccessSection) -> T:
    """One request, counted in its endpoint's budget. Raises Refused, too, when that is not asked at the moment."""
    permit = ratelimit.enter(endpoint, access)
    try:
        return action()
    except (Again, Refused) as error:
        permit.leave(sign_of(error))
        raise
    finally:
        permit.leave()


def sign_of(error: Again | Refused) -> str:
    """What an error tells the budget."""
    if isinstance(error, Refused):
        return ratelimit.REFUSED
    return ratelimit.SLOW if error.slow_down else ratelimit.FINE


def given_up(url: str, attempts: int, again: Again, *, reading: bool = True) -> ShardUnreadable | Transient:
    """The error that ends the attempts."""
    line = f"{url}: {again.reason} (gave up after {attempts} attempts)"
    return ShardUnreadable(line) if reading else Transient(line)
