"""A stream that a thread reads ahead of its user, so that downloading and decoding overlap; bounded memory.

In: a `Stream`. Out: the same bytes. Errors of the stream surface at the read that needs the missing bytes.
"""

import threading
from collections import deque
from contextlib import ExitStack
from types import TracebackType

from recall.io.stream import Stream

BLOCK = 1 << 18
HELD = 8 << 20
"""Bytes beyond which no more are read ahead: a tenth of a second of what a scan decodes."""

ENOUGH = 2 << 20
"""Bytes for which a waiting reader is woken; threads that hand over every chunk cost a fifth of the rate."""


class Readahead:
    """A Stream whose next blocks are fetched while the last one is used."""

    def __init__(self, stream: Stream) -> None:
        self.url = stream.url
        self.size = stream.size
        self._stream = stream
        self._position = stream.tell()
        self._block, self._used = b"", 0
        self._fetched: deque[bytes] = deque()
        self._held = 0
        self._ended = self._abandoned = False
        self._error: BaseException | None = None
        lock = threading.Lock()
        self._more, self._room = threading.Condition(lock), threading.Condition(lock)
        threading.Thread(target=self._fetch, name="read-ahead", daemon=True).start()

    def _fetch(self) -> None:
        """Read to the end, to an error, or until the reader has gone; then close the stream."""
        with ExitStack() as stack:
            stack.push(self._end)
            stack.enter_context(self._stream)
            while block := self._stream.read(BLOCK):
                with self._room:
                    self._fetched.append(block)
                    self._held += len(block)
                    if self._held >= ENOUGH:
                        self._more.notify()
                    self._room.wait_for(lambda: self._abandoned or self._held < HELD)
                    if self._abandoned:
                        return

    def _end(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """Hand whatever ended the reading to the reader."""
        del kind, trace
        with self._more:
            self._ended, self._error = True, error
            self._more.notify()
        return True

    def _next(self) -> bytes:
        with self._more:
            if not self._fetched:
                self._more.wait_for(lambda: self._ended or self._held >= ENOUGH)
            if self._fetched:
                block = self._fetched.popleft()
                if self._held >= HELD:
                    self._room.notify()
                self._held -= len(block)
                return block
        if self._error is not None:
            raise self._error
        return b""

    def tell(self) -> int:
        """Position in the file of the next byte."""
        return self._position

    def read(self, n: int = -1) -> bytes:
        """Next bytes: at most n, fewer only at block borders, b"" at the end; n < 0 reads all that is left."""
        if n < 0:
            return b"".join(iter(lambda: self.read(BLOCK), b""))
        if self._used == len(self._block):
            self._block, self._used = self._next(), 0
        piece = self._block[self._used : self._used + n]  # no copy when it is asked for as a whole
        self._used += len(piece)
        self._position += len(piece)
        return piece

    def __enter__(self) -> "Readahead":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask for no more; the thread that may be reading closes the stream."""
        with self._room:
            self._abandoned = self._ended = True
            self._fetched.clear()
            self._room.notify()
