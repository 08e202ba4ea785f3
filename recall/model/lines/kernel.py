"""Compiled: what `lines` says, byte by byte and id by id, over bare pointers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from recall.model.lines.bare import compiled, eight, inner, pointer, write_eight

_HIGH, _TWO = np.uint64(0x8080808080808080), np.uint64(2)
_FROM_A = np.uint64(0x0101010101010101 * (0x80 - ord("A")))
_AFTER_Z = np.uint64(0x0101010101010101 * (0x7F - ord("Z")))
"""Added to eight bytes below 0x80, they raise the high bit of those from A on, and of those after Z."""


def _lower(octets: Any, room: Any, lower_case: Any) -> int:
    """Write the lower case of UTF-8; bytes written, -1 where a character needs its context or the end cuts it off."""
    at = written = scalar = 0
    size, known = len(octets), len(lower_case)
    source, out, table = pointer(octets), pointer(room), pointer(lower_case)
    while at < size:
        if at >= scalar:
            same = _lower_ascii(source, at, size, out, written)
            at, written = at + same, written + same
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
            point = np.int64(byte) & (0x7F >> length)
            for index in range(1, length):
                point = point << 6 | source[at + index] & 0x3F
            point = np.int64(table[point]) if point < known else point
            if point < 0:
                return -1
            at, written = at + length, written + _write(out, written, point)
    return written


@inner
def _lower_ascii(source: Any, at: int, size: int, out: Any, written: int) -> int:
    """Write eight bytes at once while they are ASCII; how many were."""
    start = at
    while at + 8 <= size:
        word = eight(source, at)
        if word & _HIGH:
            break
        capitals = ((word + _FROM_A) ^ (word + _AFTER_Z)) & _HIGH
        write_eight(out, written, word | capitals >> _TWO)
        at, written = at + 8, written + 8
    return at - start


@inner
def _write(out: Any, written: int, point: int) -> int:
    """Write a character; its bytes."""
    if point < 0x80:
        out[written] = point
        return 1
    rest = 1 if point < 0x800 else 2 if point < 0x10000 else 3
    out[written] = (0xFF << (7 - rest) & 0xFF) | (point >> 6 * rest)
    for index in range(rest):
        out[written + 1 + index] = 0x80 | point >> 6 * (rest - 1 - index) & 0x3F
    return rest + 1


def _once(ids: Any, seen: Any, stamp: int, room: Any) -> int:
    """Write every id and go on to the next place only if it is new: no branch to guess wrong."""
    source, stamps, out = pointer(ids), pointer(seen), pointer(room)
    count = 0
    for index in range(len(ids)):
        token = source[index]
        out[count] = token
        count += stamps[token] != stamp
        stamps[token] = stamp
    return count


_ONE, _SEVEN, _TOP = np.uint64(1), np.uint64(7), np.uint64(56)
_LOWEST = np.uint64(0x0101010101010101)
_BACKSLASHES, _QUOTES, _SPACES = np.uint64(0x5C5C5C5C5C5C5C5C), np.uint64(0x2222222222222222), _LOWEST << np.uint64(5)


def _unquote(octets: Any, room: Any) -> int:
    """Write the UTF-8 that a JSON string with its quotes stands for; bytes written, -1 where it is none."""
    size = len(octets)
    if size < 2 or octets[0] != 0x22:
        return -1
    end, written = _write_string(pointer(octets), 1, size, pointer(room))
    return written if end == size - 1 else -1


@inner
def _write_string(source: Any, at: int, size: int, out: Any) -> tuple[int, int]:
    """Write what stands between quotes, the first being behind; where the last is, -1 where none is; bytes written."""
    written = 0
    while at < size:
        same = _copy_plain(source, at, size, out, written)
        at, written = at + same, written + same
        while at < size and source[at] >= 0x80:
            length = _sequence(source, at, size)
            if length == 0:
                return -1, 0
            for index in range(length):
                out[written + index] = source[at + index]
            at, written = at + length, written + length
        if at + 1 < size and source[at] == 0x5C and source[at + 1] == 0x6E:
            out[written] = 0x0A
            at, written = at + 2, written + 1
        elif at < size and source[at] == 0x5C:
            point, length = _escaped(source, at, size)
            if length == 0:
                return -1, 0
            at, written = at + length, written + _write(out, written, point)
        elif at < size and source[at] == 0x22:
            return at, written
        elif at < size and source[at] < 0x20:
            return -1, 0
    return -1, 0


@inner
def _copy_plain(source: Any, at: int, size: int, out: Any, written: int) -> int:
    """Write ASCII up to a quote, backslash or control character; how many bytes. Some behind them are written too."""
    start = at
    while at + 8 <= size:
        word = eight(source, at)
        slashed, quoted = word ^ _BACKSLASHES, word ^ _QUOTES
        found = (slashed - _LOWEST) & ~slashed | (quoted - _LOWEST) & ~quoted | (word - _SPACES) & ~word
        special = (word | found) & _HIGH
        write_eight(out, written, word)
        if special:
            before = ((special & ~special + _ONE) >> _SEVEN) - _ONE & _LOWEST  # a one in each byte before the first
            return at - start + int(before * _LOWEST >> _TOP)
        at, written = at + 8, written + 8
    while at < size and 0x20 <= source[at] < 0x80 and source[at] != 0x5C and source[at] != 0x22:
        out[written] = source[at]
        at, written = at + 1, written + 1
    return at - start


def _read_strings(octets: Any, room: Any, spans: Any) -> int:
    """Write the text of an object whose keys are text, id and url, with strings; its bytes, -1 for another object.

    spans: where the strings of id and url begin and end, quotes included; 0 where there are none.
    """
    source, out, places, size = pointer(octets), pointer(room), pointer(spans), len(octets)
    written, known = -1, 0
    at = _behind(source, 0, size, 0x7B)
    while at >= 0:
        key, at = _read_key(source, _behind(source, at, size, 0x22), size)
        start = _behind(source, _behind(source, at, size, 0x3A), size, 0x22)
        if start < 0 or key < 0 or known & 1 << key:
            return -1
        known |= 1 << key
        if key == 0:
            end, written = _write_string(source, start, size, out)
        else:
            end = _end_of_string(source, start, size)
            places[2 * key - 2], places[2 * key - 1] = start - 1, end + 1
        if end < 0:
            return -1
        closed = _behind(source, end + 1, size, 0x7D)
        if closed >= 0:
            return written if _behind(source, closed, size, 0) == size else -1
        at = _behind(source, end + 1, size, 0x2C)
    return -1


@inner
def _behind(source: Any, at: int, size: int, expected: int) -> int:
    """The place behind spaces and the byte expected there, -1 where it is not; 0: the place behind spaces."""
    if at < 0:
        return -1
    while at < size and (source[at] == 0x20 or source[at] == 0x09 or source[at] == 0x0A or source[at] == 0x0D):
        at += 1
    if expected == 0:
        return at
    return at + 1 if at < size and source[at] == expected else -1


@inner
def _read_key(source: Any, at: int, size: int) -> tuple[int, int]:
    """Which of text, id and url begins here, -1 for another, and the place behind its quote."""
    if at < 0:
        return -1, -1
    if at + 5 <= size and source[at] == 0x74 and source[at + 1] == 0x65 and source[at + 2] == 0x78:
        return (0, at + 5) if source[at + 3] == 0x74 and source[at + 4] == 0x22 else (-1, -1)
    if at + 4 <= size and source[at] == 0x75 and source[at + 1] == 0x72 and source[at + 2] == 0x6C:
        return (2, at + 4) if source[at + 3] == 0x22 else (-1, -1)
    if at + 3 <= size and source[at] == 0x69 and source[at + 1] == 0x64 and source[at + 2] == 0x22:
        return 1, at + 3
    return -1, -1


@inner
def _end_of_string(source: Any, at: int, size: int) -> int:
    """Where the next quote is that is not escaped, -1 where none is."""
    while at < size and source[at] != 0x22:
        at += 2 if source[at] == 0x5C else 1
    return at if at < size else -1


@inner
def _escaped(source: Any, at: int, size: int) -> tuple[int, int]:
    """The character of an escape and the bytes that the escape takes, 0 where it is none."""
    kind = source[at + 1] if at + 1 < size else 0
    if kind == 0x75:
        point = _hexadecimal(source, at + 2, size)
        if point < 0 or 0xDC00 <= point < 0xE000:
            return 0, 0
        if point < 0xD800 or point >= 0xE000:
            return point, 6
        low = _hexadecimal(source, at + 8, size) if at + 8 < size and source[at + 6] == 0x5C else -1
        if low < 0xDC00 or low >= 0xE000 or source[at + 7] != 0x75:
            return 0, 0
        return 0x10000 + (point - 0xD800 << 10) + low - 0xDC00, 12
    for index in range(8):
        if kind == _KINDS[index]:
            return _STANDS_FOR[index], 2
    return 0, 0


_KINDS, _STANDS_FOR = b'n"t\\/rbf', b'\n"\t\\/\r\b\f'


@inner
def _hexadecimal(source: Any, at: int, size: int) -> int:
    """Four digits, -1 where they are none."""
    if at + 4 > size:
        return -1
    value = 0
    for index in range(at, at + 4):
        byte: Any = np.int64(source[index])
        digit = byte - 48 if byte < 58 else (byte | 32) - 87
        if digit < 0 or digit > 15 or (byte >= 58 and digit < 10):
            return -1
        value = value << 4 | digit
    return value


@inner
def _sequence(source: Any, at: int, size: int) -> int:
    """Bytes of a character outside ASCII, 0 where it is not well-formed (Unicode, table 3-7)."""
    first = source[at]
    length = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    if first < 0xC2 or first > 0xF4 or at + length > size:
        return 0
    least = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else 0x80
    most = 0x9F if first == 0xED else 0x8F if first == 0xF4 else 0xBF
    if source[at + 1] < least or source[at + 1] > most:
        return 0
    for index in range(at + 2, at + length):
        if source[index] & 0xC0 != 0x80:
            return 0
    return length


unquote: Callable[[Any, Any], int] = compiled(_unquote)
read_strings: Callable[[Any, Any, Any], int] = compiled(_read_strings)
lower: Callable[[Any, Any, Any], int] = compiled(_lower)
once: Callable[[Any, Any, int, Any], int] = compiled(_once)
