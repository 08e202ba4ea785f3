"""Reads of run folders, which may lie far away, in threads of their own: a bounded number of reads, a time limit.

In: a function that reads. Out: what it returns. A read that takes too long is given up, not ended; its place is free
again when its thread is. Reads of one name share a place, so that a folder that hangs takes no more than one.
"""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, TypeVar

from service.limits import Limits
from service.problems import Refusal
from service.server.scheduler import Slots

T = TypeVar("T")


class StoreReads:
    """A worker's reads of run folders."""

    def __init__(self, limits: Limits) -> None:
        self._slots = Slots("reading run folders", limits.store_reads, limits.retry_seconds)
        self._threads = ThreadPoolExecutor(limits.store_reads, "store")
        self._seconds = limits.store_seconds
        self._at_once = max(1, limits.store_reads // 2)
        self._under_way: dict[str, asyncio.Future[Any]] = {}
        self._retry = {"Retry-After": str(limits.retry_seconds)}

    async def run(self, read: Callable[[], T], name: str = "") -> T:
        """What a function reads. name: reads of the same name return the same; while one is under way no other begins.

        Raises Refusal where all places are taken or it takes too long.
        """
        reading: asyncio.Future[T] = self._under_way.get(name) or self._begin(read, name)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(reading)
        except TimeoutError:
            raise Refusal("too-long", f"The run folder took more than {self._seconds:g} s", self._retry) from None

    async def holding(self, reads: Mapping[str, Callable[[], bool]]) -> frozenset[str]:
        """Names of the reads that return True in time, each with a time limit of its own; they take half the places."""
        at_once = asyncio.Semaphore(self._at_once)

        async def holds(name: str) -> bool:
            async with at_once:
                try:
                    return await self.run(reads[name], name)
                except Refusal:
                    return False

        answers = await asyncio.gather(*map(holds, reads))
        return frozenset(name for name, answer in zip(reads, answers, strict=True) if answer)

    def _begin(self, read: Callable[[], T], name: str) -> "asyncio.Future[T]":
        place = ExitStack()
        place.enter_context(self._slots.hold())
        reading = asyncio.get_running_loop().run_in_executor(self._threads, read)
        if name:
            self._under_way[name] = reading

        def leave(done: "asyncio.Future[Any]") -> None:
            place.close()
            self._under_way.pop(name, None)
            if not done.cancelled():
                done.exception()  # its caller may be gone

        reading.add_done_callback(leave)
        return reading

    def close(self) -> None:
        """Begin no more reads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
