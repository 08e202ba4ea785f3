"""The stored bytes of a file for readers that take turns: fetched once, read again from memory.

In: a way to open the file at a position. Out: bytes from any position on; the last ones are remembered, so that the
next reader begins where the one before it stopped, though that one has read on.
"""

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

REMEMBERED = 4 << 20
"""Stored bytes that are remembered: what the fast reader read on beyond a record that it leaves to the full parser."""

_PEEK = 1024


class Reader(Protocol):
    """Bytes with a position: a Stream, or a BytesIO."""

    def read(self, n: int = -1, /) -> bytes: ...  # noqa: D102

    def tell(self) -> int: ...  # noqa: D102


class OpenReader(Reader, Protocol):
    """A Reader that is closed by leaving it, as at the end of a `with` block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None: ...


class Window:
    """A reader that can be set back. open_at: opens the file at a position."""

    def __init__(self, open_at: Callable[[int], OpenReader], start: int = 0) -> None:
        self._open_at = open_at
        self._stream = open_at(start)
        self._blocks: deque[tuple[int, bytes]] = deque()
        self._position = self._end = self._stream.tell()

    def __enter__(self) -> "Window":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.__exit__(kind, error, trace)

    def tell(self) -> int:
        """Position in the file of the next byte."""
        return self._position

    def read(self, n: int = -1) -> bytes:
        """Next bytes, at most n, b"" at the end."""
        if self._position < self._end:
            block = self._remembered_from(self._position)[: n if n >= 0 else None]
        else:
            block = self._stream.read(n)
            self._blocks.append((self._end, block))
            self._end += len(block)
            while len(self._blocks) > 1 and self._end - self._blocks[1][0] > REMEMBERED:
                self._blocks.popleft()
        self._position += len(block)
        return block

    def seek(self, position: int) -> None:
        """Go to a position: in memory if it is remembered, otherwise by opening the file again."""
        if not (self._blocks and self._blocks[0][0] <= position <= self._end) and position != self._end:
            self._stream.__exit__(None, None, None)
            self._blocks.clear()
            self._stream = self._open_at(position)
            self._end = position
        self._position = position

    def peek(self) -> bytes:
        """The next 1,024 bytes or so, which are read again later."""
        start = self._position
        peeked = b""
        while len(peeked) < _PEEK and (more := self.read(_PEEK)):
            peeked += more
        self._position = start
        return peeked

    def _remembered_from(self, start: int) -> bytes:
        """The rest of the block that holds a position."""
        for position, block in reversed(self._blocks):
            if position <= start:
                return block[start - position :]
        raise AssertionError("seek opens the file where nothing is remembered")
