"""Where scoring happens: one step of one job at a time, a bounded number of jobs, a bounded amount of memory.

A job is a generator: between its steps other jobs have their turn, so a small request does not wait for the whole of
a large one. The steps of a light job take a few ms and run on the event loop, which reads and refuses between any two
of them: handing them to a thread and back costs more, and two threads share one interpreter. Heavy jobs run in a
thread, so that the loop stays free meanwhile. One step at a time, because an encoder belongs to one thread at a time;
more cores are more workers.
"""

import asyncio
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from service.problems import Refusal

T = TypeVar("T")

SteppedJob = Generator[None, None, T]

LIGHT_BYTES = 2 << 20
"""A job about so much has steps of 6 ms at most, if it is about pages to score."""
HEAVY = LIGHT_BYTES + 1
"""The least weight of a job that takes long whatever its size."""


class _Ended(Generic[T]):
    """A job's result."""

    def __init__(self, value: T) -> None:
        self.value = value


class Scheduler:
    """The worker's turns at scoring. after: told the weight of each job, in its turn."""

    def __init__(self, after: Callable[[int], None] = lambda _: None) -> None:
        self._thread = ThreadPoolExecutor(1, "score")
        self._after = after
        self._turn = asyncio.Lock()

    async def run(self, job: SteppedJob[T], weight: int) -> T:
        """A job's result. weight: bytes it is about. A caller that is cancelled leaves the rest of the job undone."""
        loop = asyncio.get_running_loop()
        ended = None
        while ended is None:
            await self._turn.acquire()
            if weight <= LIGHT_BYTES:
                loop.call_soon(self._turn.release)  # the next step begins when the loop has looked around once
                ended = self._advance(job, weight)
            else:
                step = loop.run_in_executor(self._thread, self._advance, job, weight)
                step.add_done_callback(self._end_turn)
                ended = await asyncio.shield(step)
        return ended.value

    def _advance(self, job: SteppedJob[T], weight: int) -> _Ended[T] | None:
        """One step of a job; its result when that was the last."""
        try:
            next(job)
        except StopIteration as stop:
            self._after(weight)
            return _Ended(stop.value)
        return None

    def _end_turn(self, step: "asyncio.Future[_Ended[T] | None]") -> None:
        self._turn.release()
        if not step.cancelled():
            step.exception()  # its caller may be gone

    def close(self) -> None:
        """End the thread after the step it is at."""
        self._thread.shutdown(wait=True, cancel_futures=True)


class Slots:
    """A bounded number of slots, taken at once or not at all. name: what they are for, as the refusal says it."""

    def __init__(self, name: str, count: int, retry_seconds: int) -> None:
        self._name = name
        self._free = count
        self._retry = {"Retry-After": str(retry_seconds)}

    @property
    def free(self) -> bool:
        """True while a slot is free."""
        return self._free > 0

    def refusal(self) -> Refusal:
        """The refusal of a request that finds none free."""
        return Refusal("busy", f"All places for {self._name} are taken; try again", self._retry)

    def check(self) -> None:
        """Raise a Refusal when no slot is free."""
        if not self.free:
            raise self.refusal()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold a slot. Raises Refusal when none is free."""
        self.check()
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class BodyMemory:
    """The bytes of bodies that a worker may hold at a time."""

    def __init__(self, limit: int, retry_seconds: int) -> None:
        self._limit = self._free = limit
        self._lock = threading.Lock()
        self._retry = {"Retry-After": str(retry_seconds)}

    def held(self) -> int:
        """Bytes that are held."""
        return self._limit - self._free

    @contextmanager
    def share(self) -> Iterator["MemoryShare"]:
        """A request's share, given back in the end."""
        share = MemoryShare(self)
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


class MemoryShare:
    """What one request holds of the memory."""

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self.held = 0

    def grow(self, count: int) -> None:
        """Hold more. Raises Refusal when it is not free."""
        self._memory.take(count)
        self.held += count
