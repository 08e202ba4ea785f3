"""Where scoring happens: one thread a worker, jobs in turn, a bounded number of them, a bounded amount of memory.

A job is a generator: between its steps other jobs have their turn, so a small request does not wait for the whole of
a large one. The event loop stays free to refuse at once what does not fit. One thread, because encoder and kernel
keep a core busy and an encoder belongs to one thread at a time; more cores are more workers.
"""

import asyncio
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from service.problems import Refusal

T = TypeVar("T")

Job = Generator[None, None, T]


class _Ended(Generic[T]):
    """A job's result."""

    def __init__(self, value: T) -> None:
        self.value = value


def _advance(job: Job[T]) -> _Ended[T] | None:
    """One step of a job; its result when that was the last."""
    try:
        next(job)
    except StopIteration as stop:
        return _Ended(stop.value)
    return None


class Lane:
    """The worker's scoring thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "score")

    async def run(self, job: Job[T]) -> T:
        """A job's result. A caller that is cancelled leaves the rest of the job undone."""
        loop = asyncio.get_running_loop()
        while (ended := await loop.run_in_executor(self._thread, _advance, job)) is None:
            pass
        return ended.value

    def close(self) -> None:
        """End the thread after the step it is at."""
        self._thread.shutdown(wait=True, cancel_futures=True)


class Places:
    """A bounded number of places, taken at once or not at all. name: what they are places of, for the refusal."""

    def __init__(self, name: str, count: int, retry_seconds: int) -> None:
        self._name = name
        self._free = count
        self._retry = {"Retry-After": str(retry_seconds)}

    def check(self) -> None:
        """Raise a Refusal when no place is free."""
        if self._free < 1:
            raise Refusal("busy", f"All places for {self._name} are taken; try again", self._retry)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place. Raises Refusal when none is free."""
        self.check()
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class Memory:
    """The bytes of bodies that a worker may hold at a time."""

    def __init__(self, limit: int, retry_seconds: int) -> None:
        self._free = limit
        self._lock = threading.Lock()
        self._retry = {"Retry-After": str(retry_seconds)}

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """A request's share, given back in the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.take(-share.held)

    def take(self, count: int) -> None:
        """Hold so many bytes more. Raises Refusal when they are not free."""
        with self._lock:
            if count > self._free:
                raise Refusal("busy", "No memory is free for more bodies; try again", self._retry)
            self._free -= count


class Share:
    """What one request holds of the memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.held = 0

    def grow(self, count: int) -> None:
        """Hold more. Raises Refusal when it is not free."""
        self._memory.take(count)
        self.held += count
