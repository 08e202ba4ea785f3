"""Connections dealt out among the workers, which all listen on one socket.

Left to themselves, the worker that wakes first takes every connection of a burst, and clients keep them for long. So
each worker publishes how many it has in memory that all share, and one that has more than another leaves a newcomer
to the others for a moment, then takes it if they did not.
"""

import asyncio
import mmap
import socket
from collections.abc import Callable

_MOMENT = 0.003
_TOGETHER = 16
"""Connections taken before the loop looks around."""


class Tally:
    """How many connections each worker has; made before the fork."""

    def __init__(self, workers: int) -> None:
        self._memory = mmap.mmap(-1, 4 * workers)
        self._counts = memoryview(self._memory).cast("i")

    def put(self, worker: int, count: int) -> None:
        """Publish a worker's count."""
        self._counts[worker] = count

    def least(self) -> int:
        """The count of the worker that has the fewest."""
        return min(self._counts)


class Acceptor:
    """Takes connections for one worker. make: a new protocol; count: the connections the worker has."""

    def __init__(
        self,
        listener: socket.socket,
        tally: Tally,
        worker: int,
        make: Callable[[], asyncio.Protocol],
        count: Callable[[], int],
    ) -> None:
        self._listener = listener
        self._tally = tally
        self._worker = worker
        self._make = make
        self._count = count
        self._coming: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(listener, self._ready)

    def publish(self) -> int:
        """Tell the others; how many it is."""
        count = self._count() + len(self._coming)
        self._tally.put(self._worker, count)
        return count

    def _ready(self) -> None:
        for _ in range(_TOGETHER):
            least = self._tally.least()
            if self.publish() > least + least // 8:
                self._loop.remove_reader(self._listener)
                self._pause = self._loop.call_later(_MOMENT, self._resume)
                return
            if not self._take():
                return

    def _resume(self) -> None:
        self._pause = None
        self._take()
        self._loop.add_reader(self._listener, self._ready)

    def _take(self) -> bool:
        """Take one, if one is there."""
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return False  # another worker was quicker, the client is gone, or no descriptor is free just now
        connection.setblocking(False)
        task = self._loop.create_task(self._begin(connection))
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)
        return True

    async def _begin(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make, connection)
        except OSError:
            connection.close()

    def close(self) -> None:
        """Take no more."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()
