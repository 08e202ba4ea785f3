"""Compiled: lower case of UTF-8 without a detour over str, and each token once; both run for every page of a crawl.

`lowered` gives the bytes of `data.decode().lower().encode()`; numba is loaded when the first page that is not ASCII
comes. A test holds both against plain Python for every character.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint32]

CASED_BELOW = 0x20000
"""No character from here on has a lower case of its own."""

_CONTEXT = (0x130, 0x3A3)
"""Lower cases that are two characters, or depend on what stands around: Python's str.lower knows how."""

_GROWTH = 2
"""A two-byte character's lower case has at most three bytes."""


def lowered(data: bytes) -> bytes:
    """Lower case of UTF-8, by Unicode's full mapping as str.lower has it."""
    if data.isascii():
        return data.lower()
    out = np.empty(_GROWTH * len(data), dtype=np.uint8)
    written = _lower_loop()(np.frombuffer(data, np.uint8), out, _table())
    return out[:written].tobytes() if written >= 0 else data.decode().lower().encode()


class Once:
    """Each id of a line once, in order of first occurrence. size: ids there are."""

    def __init__(self, size: int) -> None:
        self._seen = np.zeros(size, dtype=np.uint8)  # a byte an id, so that all of it stays in the nearest cache
        self._stamp = 0
        self._out: Ids = np.empty(4096, dtype=np.uint32)

    def __call__(self, ids: Ids) -> Ids:
        """The ids of one line."""
        if self._stamp == 255:
            self._seen[:] = self._stamp = 0
        self._stamp += 1
        if len(self._out) < len(ids):
            self._out = np.empty(len(ids), dtype=np.uint32)
        return self._out[: _once_loop()(ids, self._seen, self._stamp, self._out)].copy()


@cache
def _table() -> NDArray[np.int32]:
    """Lower case by character; -1 where the context decides."""
    surrogates = range(0xD800, 0xE000)
    points = (ord(chr(p).lower()) if p not in surrogates and p not in _CONTEXT else p for p in range(CASED_BELOW))
    table = np.fromiter(points, dtype=np.int32, count=CASED_BELOW)
    table[list(_CONTEXT)] = -1
    return table


@cache
def _lower_loop() -> Callable[..., int]:
    import numba  # noqa: PLC0415 - where pages are ASCII, or none are read, it is not needed

    loop: Callable[..., int] = numba.njit(_lower, cache=True, nogil=True)
    return loop


@cache
def _once_loop() -> Callable[..., int]:
    import numba  # noqa: PLC0415 - see above

    loop: Callable[..., int] = numba.njit(_once, cache=True, nogil=True)
    return loop


def _lower(source: Any, out: Any, table: Any) -> int:
    """Write the lower case of valid UTF-8; bytes written, -1 where a character needs its context."""
    at = written = 0
    size = len(source)
    while at < size:
        byte = source[at]
        if byte < 0x80:
            out[written] = byte + 32 if 65 <= byte < 91 else byte
            at += 1
            written += 1
            continue
        length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        point = np.int64(byte) & (0x7F >> length)
        for index in range(1, length):
            point = point << 6 | source[at + index] & 0x3F
        lower = np.int64(table[point]) if point < len(table) else point
        if lower < 0:
            return -1
        if lower == point:
            for index in range(length):
                out[written + index] = source[at + index]
            written += length
        elif lower < 0x80:
            out[written] = lower
            written += 1
        else:
            rest = 1 if lower < 0x800 else 2 if lower < 0x10000 else 3
            out[written] = (0xFF << (7 - rest) & 0xFF) | (lower >> 6 * rest)
            for index in range(rest):
                out[written + 1 + index] = 0x80 | lower >> 6 * (rest - 1 - index) & 0x3F
            written += rest + 1
        at += length
    return written


def _once(ids: Any, seen: Any, stamp: int, out: Any) -> int:
    """Write every id and go on to the next place only if it is new: no branch to guess wrong."""
    count = 0
    for index in range(len(ids)):
        token = ids[index]
        out[count] = token
        count += seen[token] != stamp
        seen[token] = stamp
    return count
