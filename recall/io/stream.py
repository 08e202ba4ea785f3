"""Binary readers over a source that may break: one that resumes, and one that also reads ahead in a thread.

In: a `ByteSource`, which opens a body from a byte on. Out: its bytes in order, through as many bodies as it takes: a
body cut in mid-download goes on at its byte. Read-ahead holds a bounded number of blocks.
Refuses, as ShardUnreadable, a source that kept failing and a file that is not the same any more: its size or version
changed between two bodies.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from recall.config import AccessSection
from recall.errors import ShardUnreadable
from recall.io.retry_policy import Again, Retry, RetryPolicy, given_up

PROGRESS = 1 << 16
"""Bytes that a body must bring before the count of failed attempts starts again."""


@dataclass(frozen=True, slots=True)
class OpenBody:
    """One open answer. chunks: its bytes; size: of the whole file, None if unannounced; version: etag or "".

    interrupt: called by another thread, ends a wait for further bytes.
    """

    chunks: Iterator[bytes]
    size: int | None
    version: str
    close: Callable[[], None]
    interrupt: Callable[[], None] = lambda: None


class ReaderGone(Exception):
    """Nobody reads any more, so nothing more is asked for."""


class ByteSource(Protocol):
    """Something that can be read from any byte on.

    endpoint: the server that the rate limiter counts, "" for none.
    """

    url: str
    endpoint: str
    access: AccessSection
    attempts: int

    def open(self, start: int, stop: int | None) -> OpenBody:
        """Open bytes start to stop (to the end when None). Raises Again, ShardUnreadable or Refused.

        The chunks raise Again when the connection breaks.
        """


class _Pace:
    """How fast a body comes, by the time that was spent waiting for it."""

    def __init__(self, access: AccessSection) -> None:
        self._patience, self._least = access.timeout_seconds, access.least_bytes_per_second
        self._bytes, self._seconds = 0, 0.0

    def add(self, count: int, seconds: float) -> None:
        """Count a chunk. Raises Again when too few bytes a second came in the last `timeout_seconds` of waiting."""
        self._bytes += count
        self._seconds += seconds
        if self._seconds >= self._patience:
            size, waited = self._bytes, self._seconds
            self._bytes, self._seconds = 0, 0.0
            if size < self._least * waited:
                raise Again(f"stalled: {size} bytes in {waited:.0f} s", None)


class Stream:
    """Bytes [offset, offset + length) of a source, in order; length None reads to the end.

    size: announced size of the whole file, None where the server does not say. The first body is opened at once, so
    a missing file is refused here and not at the first read. gone: once it is set, `read` makes no further attempt and
    sleeps out no pause.
    """

    def __init__(
        self, source: ByteSource, offset: int, length: int | None, gone: threading.Event | None = None
    ) -> None:
        self.url = source.url
        self.size: int | None = None
        self._source = source
        self._version = ""
        self._position = offset
        self._stop = None if length is None else offset + length
        self._body: OpenBody | None = None
        self._pace = _Pace(source.access)
        self._chunk, self._used = b"", 0
        self._retry = Retry(RetryPolicy(source.attempts), gone=gone)
        self._mark = offset
        self._ended = length == 0
        if not self._ended:
            self._connect()

    def tell(self) -> int:
        """Position in the file (not in the range)."""
        return self._position

    def read(self, n: int = -1) -> bytes:
        """Next bytes: at most n, fewer than n only at chunk borders, b"" at the end; n < 0 reads all that is left."""
        if n < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        while self._used == len(self._chunk) and not self._ended:
            self._advance()
        piece = self._chunk[self._used : self._used + n]  # no copy when it is asked for as a whole
        self._used += len(piece)
        self._position += len(piece)
        return piece

    def close(self) -> None:
        """Let go of the connection; further reads end."""
        self._ended = True
        self._drop()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _advance(self) -> None:
        """Take the next chunk, or find the end; connect again where the body broke."""
        try:
            self._take_chunk()
        except Again as again:
            self._drop()
            if self._position - self._mark >= PROGRESS:
                self._retry.failures = 0
            self._mark = self._position
            self._connect(again)

    def _take_chunk(self) -> None:
        body = self._body or self._connect()  # there is none after a read that raised
        started = time.monotonic()
        chunk = next(body.chunks, None)
        if chunk is None:
            self._check_end()
            self.close()
            return
        self._pace.add(len(chunk), time.monotonic() - started)
        room = len(chunk) if self._stop is None else self._stop - self._position
        self._chunk, self._used = chunk[:room], 0
        if room <= len(chunk) and self._stop is not None:
            self.close()

    def _check_end(self) -> None:
        """Raise Again when the body ended too early."""
        end = self.size if self._stop is None else self._stop if self.size is None else min(self._stop, self.size)
        if end is not None and self._position < end:
            raise Again(f"body ended at byte {self._position} of {end}", None)

    def _connect(self, again: Again | None = None) -> OpenBody:
        """Open a body at the position, as often as the policy says. again: how the last body broke."""
        try:
            body = self._retry.call(lambda: self._source.open(self._position, self._stop), again)
        except Again as last:
            raise given_up(self.url, self._retry.failures, last) from None
        if (self._version and body.version and body.version != self._version) or (self.size or body.size) != body.size:
            body.close()
            raise ShardUnreadable(f"{self.url}: changed while it was read")
        self._body, self._version, self.size = body, body.version or self._version, body.size
        return body

    def interrupt(self) -> None:
        """Let another thread's `read` wait no longer for bytes of this body.

        It does wait for the head of an answer that was asked for, `timeout_seconds` for each part of it at the most.
        """
        if (body := self._body) is not None:
            with suppress(OSError, ValueError, RuntimeError):  # it may end at this moment
                body.interrupt()

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


BLOCK = 1 << 18
HELD = 8 << 20
"""Bytes beyond which no more are read ahead: a tenth of a second of what a scan decodes."""

ENOUGH = 2 << 20
"""Bytes for which a waiting reader is woken; threads that hand over every chunk cost a fifth of the rate."""


class Readahead:
    """A Stream whose next blocks are fetched while the last one is used.

    gone: the event that the stream was made with; it is set when the reader leaves.
    """

    def __init__(self, stream: Stream, gone: threading.Event) -> None:
        self.url = stream.url
        self.size = stream.size
        self._stream = stream
        self._position = stream.tell()
        self._block, self._used = b"", 0
        self._fetched: deque[bytes] = deque()
        self._held = 0
        self._ended = False
        self._gone = gone
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
                    self._room.wait_for(lambda: self._gone.is_set() or self._held < HELD)
                    if self._gone.is_set():
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
        """Ask for no more, from now on; the thread closes the stream, at once but where `Stream.interrupt` says."""
        self._gone.set()
        with self._room:
            self._ended = True
            self._fetched.clear()
            self._room.notify()
        self._stream.interrupt()
