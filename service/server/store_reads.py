"""Reads of run folders, which may lie far away, in threads of their own: a bounded number of reads, a time limit.

In: a function that reads. Out: what it returns. A read that takes too long is given up, not ended; its place is free
again when its thread is.
"""

import asyncio
from collections.abc import Callable
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
        self._retry = {"Retry-After": str(limits.retry_seconds)}

    async def run(self, read: Callable[[], T]) -> T:
        """What a function reads. Raises Refusal where all places are taken or it takes too long."""
        place = ExitStack()
        place.enter_context(self._slots.hold())
        reading = asyncio.get_running_loop().run_in_executor(self._threads, read)

        def leave(done: "asyncio.Future[Any]") -> None:
            place.close()
            if not done.cancelled():
                done.exception()  # its caller may be gone

        reading.add_done_callback(leave)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(reading)
        except TimeoutError:
            raise Refusal("too-long", f"The run folder took more than {self._seconds:g} s", self._retry) from None

    def close(self) -> None:
        """Begin no more reads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
