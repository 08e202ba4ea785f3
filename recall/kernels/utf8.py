"""UTF-8 checked without decoding it, and put into lower case without a detour over str.

In: bytes. Out: how many of them are UTF-8; the bytes of `data.decode().lower().encode()`. Refuses a character that is
cut off at the end with UnicodeDecodeError. The plain twins are `recall.page.text.charset.plain_valid_length`, which
decodes, and `plain_twins.plain_lower`.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.kernels.native import (
    HIGH_BITS,
    WIDTH,
    address,
    compiled,
    equal,
    inlined,
    load_eight,
    lowercase_eight,
    pointer,
    store_eight,
    unsigned,
    up_to,
    write_character,
    zeros,
)
from recall.kernels.plain_twins import plain_lower

CASED_BELOW = 0x20000
"""No character from here on has a lower case of its own."""

_CONTEXT = (0x130, 0x3A3)
"""Characters whose lower case is two characters, or depends on its neighbours: str.lower knows how."""

_GROWTH = 2
"""The lower case of a two-byte character has at most three bytes."""

_NUL, _ESCAPE = 0, 0x1B


def valid_length(body: bytes) -> int:
    """How many bytes are valid UTF-8 when nothing but a cut-off last character is wrong, else -1.

    Also -1 where a NUL or an escape character makes it possible that they are UTF-16 or of seven bits.
    """
    length: int = _valid_length(np.frombuffer(body, np.uint8))
    return length


def lower(data: bytes) -> bytes:
    """Lower case of UTF-8, by Unicode's full mapping as str.lower has it.

    Bytes that are not UTF-8 give some others, or UnicodeDecodeError where a character is cut off at the end.
    """
    if data.isascii():
        return data.lower()
    out = np.empty(_GROWTH * len(data), dtype=np.uint8)
    written = _lower(np.frombuffer(data, np.uint8), out, _lower_cases())
    return out[:written].tobytes() if written >= 0 else plain_lower(data)


@cache
def _lower_cases() -> NDArray[np.int32]:
    """Lower case by code point; -1 where the context decides."""
    surrogates = range(0xD800, 0xE000)
    points = (ord(chr(p).lower()) if p not in surrogates and p not in _CONTEXT else p for p in range(CASED_BELOW))
    table = np.fromiter(points, dtype=np.int32, count=CASED_BELOW)
    table[list(_CONTEXT)] = -1
    return table


@compiled
def _valid_length(body: Any) -> Any:
    """A window at a time while they are ASCII; else the ranges of the Unicode standard's table 3-7."""
    size, at, source = np.uint64(len(body)), np.uint64(0), pointer(body)
    one, two, three, many = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(WIDTH)
    while at < size:
        if at + many <= size:
            here = address(source) + at
            others = ~up_to(here, 0x7F) | equal(here, _NUL) | equal(here, _ESCAPE)
            if not others:  # so that the next window does not wait for this one's bits
                at += many
                continue
            at += np.uint64(zeros(others))
        if source[at] < 0x80:
            if source[at] == _NUL or source[at] == _ESCAPE:
                return -1
            at += one
        while at + three < size and source[at] >= 0x80:  # one that is not cut off
            lead, second = source[at], source[at + one]
            if 0xC2 <= lead < 0xE0 and second & 0xC0 == 0x80:
                at += two
            elif 0xE0 < lead < 0xF0 and lead != 0xED and second & 0xC0 == 0x80 and source[at + two] & 0xC0 == 0x80:
                at += three
            else:
                break
        if at < size and source[at] >= 0x80:
            length = _character_length(source, at, size)
            if length <= 0:
                return np.int64(at) if length == 0 else -1
            at += np.uint64(length)
    return np.int64(size)


@inlined
def _character_length(source: Any, at: Any, size: Any) -> int:
    """Bytes of the character outside ASCII at `at`, 0 where the end cuts it off, -1 where it is none (table 3-7)."""
    lead = source[at]
    if lead < 0xC2 or lead > 0xF4:
        return -1
    rest = 1 if lead < 0xE0 else 2 if lead < 0xF0 else 3
    low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
    high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
    for index in range(1, rest + 1):
        following = at + np.uint64(index)
        if following >= size:
            return 0
        if source[following] < low or source[following] > high:
            surrogate_cut_off = lead == 0xED and source[following] & 0xC0 == 0x80 and following + np.uint64(1) == size
            return 0 if surrogate_cut_off else -1  # Python's decoder waits for the third byte
        low, high = 0x80, 0xBF
    return rest + 1


@compiled
def _lower(octets: Any, room: Any, lower_case: Any) -> int:
    """Write the lower case of UTF-8; bytes written, -1 where a character needs its context or the end cuts it off."""
    at = written = scalar = 0
    size, known = len(octets), len(lower_case)
    source, out, table = pointer(octets), pointer(room), pointer(lower_case)
    while at < size:
        if at >= scalar:
            ascii_bytes = _lower_ascii(source, at, size, out, written)
            at, written = at + ascii_bytes, written + ascii_bytes
            scalar = at + 8
            if at >= size:
                break
        byte = source[at]
        if byte < 0x80:
            out[written] = byte + 32 if 65 <= byte < 91 else byte
            at, written = at + 1, written + 1
        elif 0xE3 <= byte <= 0xE9:  # U+3000 to U+9FFF have no case
            if at + 3 > size:
                return -1
            for index in range(3):
                out[written + index] = source[at + index]
            at, written = at + 3, written + 3
        else:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            if at + length > size:
                return -1
            point: Any = np.int64(byte) & (0x7F >> length)
            for index in range(1, length):
                point = point << 6 | source[at + index] & 0x3F
            point = np.int64(table[point]) if point < known else point
            if point < 0:
                return -1
            at, written = at + length, written + write_character(out, written, point)
    return written


@inlined
def _lower_ascii(source: Any, at: int, size: int, out: Any, written: int) -> int:
    """Write eight bytes at once while they are ASCII; how many were."""
    start = at
    while at + 8 <= size:
        word = load_eight(address(source) + unsigned(at))
        if word & HIGH_BITS:
            break
        store_eight(address(out) + unsigned(written), lowercase_eight(word))
        at, written = at + 8, written + 8
    return at - start
