"""Lower case of UTF-8 without a detour over str, and each token once: `kernel` does both for every page of a crawl.

`lowered` gives the bytes of `data.decode().lower().encode()`; numba is loaded when the first page that is not ASCII
comes. A test holds both against plain Python for every character.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint32]

CASED_BELOW = 0x20000
"""No character from here on has a lower case of its own."""

_CONTEXT = (0x130, 0x3A3)
"""Lower cases that are two characters, or depend on what stands around: Python's str.lower knows how."""

_GROWTH = 2
"""A two-byte character's lower case has at most three bytes."""

_WORD = 8
"""Bytes that are written at once, some of them behind the end."""


def lowered(data: bytes) -> bytes:
    """Lower case of UTF-8, by Unicode's full mapping as str.lower has it.

    Bytes that are not UTF-8 give some others, or UnicodeDecodeError where a character is cut off at the end.
    """
    if data.isascii():
        return data.lower()
    out = np.empty(_GROWTH * len(data), dtype=np.uint8)
    from recall.model.lines.kernel import lower  # noqa: PLC0415 - where pages are ASCII, or none are read, not needed

    written = lower(np.frombuffer(data, np.uint8), out, _table())
    return out[:written].tobytes() if written >= 0 else data.decode().lower().encode()


def unquoted(quoted: bytes | memoryview) -> bytes | None:
    """UTF-8 of a JSON string as it stands in a document, with its quotes. None for what is none."""
    octets = np.frombuffer(quoted, np.uint8)
    out = np.empty(len(octets) + _WORD, dtype=np.uint8)
    from recall.model.lines.kernel import unquote  # noqa: PLC0415 - only a service has such strings

    written = unquote(octets, out)
    return out[:written].tobytes() if written >= 0 else None


def strings_of(line: bytes | memoryview) -> tuple[bytes, bytes, bytes] | None:
    """Text, id and url of a JSON object of strings under these keys. None for what is another object, or none.

    The text in UTF-8; id and url as they stand there, with quotes, empty where there are none. They end where they seem
    to; what is in them is not looked at.
    """
    octets = np.frombuffer(line, np.uint8)
    out, spans = np.empty(len(octets) + _WORD, dtype=np.uint8), np.zeros(4, dtype=np.int64)
    from recall.model.lines.kernel import read_strings  # noqa: PLC0415 - only a service has such lines

    written = read_strings(octets, out, spans)
    if written < 0:
        return None
    id_start, id_end, url_start, url_end = spans.tolist()
    return (
        out[:written].tobytes(),
        bytes(line[id_start:id_end]) if id_end else b"",
        bytes(line[url_start:url_end]) if url_end else b"",
    )


class Once:
    """Each id of a line once, in order of first occurrence, and what comes behind them. size: ids there are."""

    def __init__(self, size: int) -> None:
        self._seen = np.zeros(size, dtype=np.uint8)  # a byte an id, so that all of it stays in the nearest cache
        self._stamp = 0
        self._out: Ids = np.empty(4096, dtype=np.uint32)

    def __call__(self, ids: Ids, *tails: Ids) -> Ids:
        """The ids of one line, then the tails as they are."""
        from recall.model.lines.kernel import once  # noqa: PLC0415 - a model loads without it

        if self._stamp == 255:
            self._seen[:] = self._stamp = 0
        self._stamp += 1
        most = len(ids) + sum(map(len, tails))
        if len(self._out) < most:
            self._out = np.empty(most, dtype=np.uint32)
        end = once(ids, self._seen, self._stamp, self._out)
        for tail in tails:
            start, end = end, end + len(tail)
            self._out[start:end] = tail
        return self._out[:end].copy()


@cache
def _table() -> NDArray[np.int32]:
    """Lower case by character; -1 where the context decides."""
    surrogates = range(0xD800, 0xE000)
    points = (ord(chr(p).lower()) if p not in surrogates and p not in _CONTEXT else p for p in range(CASED_BELOW))
    table = np.fromiter(points, dtype=np.int32, count=CASED_BELOW)
    table[list(_CONTEXT)] = -1
    return table
