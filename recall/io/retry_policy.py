"""The one retry policy of the project: exponential backoff with full jitter, a server's Retry-After honoured.

In: an action that raises `Again` (or another error that the caller names) for what another attempt may mend: 429, 5xx,
resets, stalls, short bodies, wrong ranges. Out: its result, or its last error. Any other error passes through at once.
Nothing here knows a protocol; `stamina` counts the attempts and sleeps between them.
Full jitter: a wait is uniform between 0 and an exponential bound, as in Brooker, "Exponential Backoff and Jitter".
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from types import ModuleType
from typing import TypeVar

from recall.errors import ShardUnreadable, Transient

T = TypeVar("T")

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
LONGEST_RETRY_AFTER = 120.0


class Again(Transient):
    """An attempt failed in a way that the next may not.

    Arguments: the line for people, the server's wait or None, True where the server asked us to slow down.
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


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often an action is tried and how long the waits between its attempts are; all times in seconds.

    To use it, raise `Again(reason, seconds or None)` in the action where another attempt may go through, then
    `RetryPolicy(attempts=4).call(action)`; after the last attempt its error is raised. `on` names other errors, such as
    `call(action, on=Transient)`. Who schedules the attempts himself (a queue of tasks, a look-up between two attempts)
    asks `wait` how long to wait. Tests replace `time.sleep`.

    attempts: calls in all, 1 means no retry. first, longest: bound of the first wait, which doubles, and of any wait.
    jitter: the random share of a wait, 1 is full jitter. longest_asked: at most so much of a Retry-After is waited.
    """

    attempts: int
    first: float = FIRST_WAIT
    longest: float = LONGEST_WAIT
    jitter: float = 1.0
    longest_asked: float = LONGEST_RETRY_AFTER

    def wait(self, failures: int, asked: float | None = None) -> float:
        """Seconds to wait after so many failures (1 after the first). asked: what the server's Retry-After says."""
        bound = min(self.longest, self.first * 2.0 ** min(failures - 1, 16))
        wait = random.uniform((1.0 - self.jitter) * bound, bound)  # noqa: S311 - spreads load, guards nothing
        return wait if asked is None else wait + min(max(asked, 0.0), self.longest_asked)

    def call(self, action: Callable[[], T], on: type[Exception] | tuple[type[Exception], ...] = Again) -> T:
        """Call `action` until it raises none of `on`, at most `attempts` times; raises the last error."""
        return Retry(self, on).call(action)


@dataclass(slots=True)
class Retry:
    """The attempts of one action under a policy, when they are made in several calls.

    failures: those so far; gone: ends the pauses, and with them the attempts, when it is set.
    """

    policy: RetryPolicy
    on: type[Exception] | tuple[type[Exception], ...] = Again
    failures: int = field(default=0)
    gone: threading.Event | None = None

    def call(self, action: Callable[[], T], error: Exception | None = None) -> T:
        """As `RetryPolicy.call`, counting on from `failures`. error: of an attempt that was made by the caller."""
        if error is None:
            try:
                return action()
            except self.on as first:
                error = first
        left = self.policy.attempts - self.failures
        for attempt in _stamina().retry_context(on=self._wait, attempts=left, timeout=None):
            with attempt:
                if error is not None:
                    failed, error = error, None
                    raise failed
                return action()
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, error: Exception) -> bool | float:
        """Seconds before the next attempt, False where there is none (stamina's backoff hook)."""
        if not isinstance(error, self.on):
            return False
        self.failures += 1
        wait = self.policy.wait(self.failures, error.retry_after if isinstance(error, Again) else None)
        if self.gone is None:
            return wait
        last = self.failures >= self.policy.attempts
        return False if self.gone.wait(0.0 if last else wait) else 0.0  # it has paused here


@cache
def _stamina() -> ModuleType:
    """The library without its own logging and metrics: only our own errors name what was retried."""
    import stamina  # noqa: PLC0415 - it imports asyncio, and most requests go through at once

    stamina.instrumentation.set_on_retry_hooks(())
    return stamina


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


def given_up(url: str, attempts: int, again: Again, *, reading: bool = True) -> ShardUnreadable | Transient:
    """The error that ends the attempts at a URL; Transient when it was written to."""
    line = f"{url}: {again.reason} (gave up after {attempts} attempts)"
    return ShardUnreadable(line) if reading else Transient(line)
