"""A stream that is read ahead by a thread, so that downloading and decoding overlap; bounded memory.

Errors of the source surface at the read that needs the missing bytes.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from recall.archive.transport.stream import Stream

BLOCK = 1 << 18
BLOCKS = 32
"""At most BLOCK * BLOCKS bytes are held: a second of a fast connection."""


class Ahead:
    """A Stream whose next blocks are fetched while the last one is used."""

    def __init__(self, stream: Stream) -> None:
        self.url = stream.url
        self.size = stream.size
        self._stream = stream
        self._position = stream.tell()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._coming: deque[Future[bytes]] = deque(self._ask() for _ in range(BLOCKS))
        self._block = memoryview(b"")

    def _ask(self) -> "Future[bytes]":
        return self._reader.submit(self._stream.read, BLOCK)

    def tell(self) -> int:
        """Position in the file of the next byte."""
        return self._position

    def read(self, n: int = -1) -> bytes:
        """Next bytes: at most n, fewer only at block borders, b"" at the end; n < 0 reads all that is left."""
        if n < 0:
            return b"".join(iter(lambda: self.read(BLOCK), b""))
        if not self._block and self._coming:
            self._block = memoryview(self._coming.popleft().result())
            if self._block:
                self._coming.append(self._ask())
            else:
                self._coming.clear()
        piece = bytes(self._block[:n])
        self._block = self._block[n:]
        self._position += len(piece)
        return piece

    def __enter__(self) -> "Ahead":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for future in self._coming:
            future.cancel()
        self._coming.clear()
        self._reader.submit(self._stream.close)  # by the thread that may be reading
        self._reader.shutdown(wait=False)
