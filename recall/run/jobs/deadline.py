"""One attempt at an item, in any process: it ends at its deadline, and an exception becomes a failed Outcome.

In: a function, its context and an item. Out: an Outcome: the result, or the error's kind and message, which always
pickle. Only what ends the process itself (KeyboardInterrupt, SystemExit) is raised.
"""

import faulthandler
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from recall.errors import RecallError, Transient, of_the_machine
from recall.io.retry_policy import RetryPolicy

RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 30.0

GRACE_SECONDS = 20.0
"""After its deadline a task may unwind this long before its process is ended: native code hears no signal."""

C = TypeVar("C")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[I]):
    """The result of an item, or its failure: a message in one line and the name of the error."""

    item: I
    result: Any = None
    failure: str | None = None
    error_kind: str | None = None


OVERDUE = "Overdue"
"""Kind of the failure of a task that reached its deadline, in failures.json and messages."""


class DeadlineExceeded(BaseException):
    """A task reached its deadline; no Exception, so that no library swallows it."""


def attempt(function: Callable[[C, I], R], context: C, item: I) -> Outcome[I]:
    """One attempt at an item; exceptions become (kind, message), which always pickle."""
    try:
        return Outcome(item, result=function(context, item))
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except RecallError as error:
        kind = Transient.__name__ if isinstance(error, Transient) else type(error).__name__
        return Outcome(item, failure=str(error), error_kind=kind)
    except BaseException as error:  # noqa: BLE001 - any error of one shard, Rust panics too, is that shard's failure
        kind = Transient.__name__ if of_the_machine(error) else _name_of(error)
        return Outcome(item, failure=_unexpected(error), error_kind=kind)


def _unexpected(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = ""
    if trace is not None:
        where = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})"  # noqa: PTH119 - a name
    line = " ".join(str(error).split())[:500]
    name = _name_of(error)
    return f"{name}: {line}{where}" if line else f"{name}{where}"


def _name_of(error: BaseException) -> str:
    return OVERDUE if isinstance(error, DeadlineExceeded) else type(error).__name__


def attempt_until(
    function: Callable[[C, I], R], context: C, item: I, seconds: float, grace: float | None = GRACE_SECONDS
) -> Outcome[I]:
    """One attempt that ends at its deadline: by a signal, or else (unless grace is None) with the process."""
    if threading.current_thread() is not threading.main_thread():
        return attempt(function, context, item)

    ended = False

    def ring(_signal: int, _frame: object) -> None:
        if not ended:
            raise DeadlineExceeded(f"took longer than {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, ring)
    if grace is not None:
        faulthandler.dump_traceback_later(seconds + grace, exit=True)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        outcome = attempt(function, context, item)
        ended = True  # from here on the signal raises nothing
    except DeadlineExceeded as error:  # the signal came when `attempt` was returning
        outcome = Outcome(item, failure=_unexpected(error), error_kind=OVERDUE)
    finally:
        ended = True
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        if grace is not None:
            faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, previous)
    return outcome


def retry_wait(tries: int) -> float:
    """Seconds to wait for another attempt at an item after so many."""
    return RetryPolicy(tries + 1, first=RETRY_SECONDS, longest=LONGEST_RETRY_SECONDS).wait(tries)
