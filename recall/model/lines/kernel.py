"""Compiled: what `lines` says, byte by byte and id by id, over bare pointers."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic


def _pointer_to(_: Any, array: Any) -> Any:
    """How numba gets at the address of an array's numbers."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    address: Any = numba.types.CPointer
    return address(array.dtype)(array), build


pointer: Any = intrinsic(_pointer_to)
"""A pointer to an array's numbers: an index into an array may be negative, which is looked at each time, and an array
is seven numbers to hand on. An array that was made in compiled code must be used once more behind its pointer, or numba
frees it before."""


def _eight_of(_: Any, address: Any, at: Any) -> Any:
    """How numba reads eight bytes at once from wherever they lie."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word = context.get_value_type(numba.types.uint64).as_pointer()
        place = builder.bitcast(builder.gep(arguments[0], [arguments[1]]), word)
        return builder.load(place, align=1)

    return numba.types.uint64(address, at), build


def _write_eight_to(_: Any, address: Any, at: Any, eight: Any) -> Any:
    """How numba writes them."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word = context.get_value_type(numba.types.uint64).as_pointer()
        place = builder.bitcast(builder.gep(arguments[0], [arguments[1]]), word)
        builder.store(arguments[2], place, align=1)
        return context.get_dummy_value()

    return numba.types.none(address, at, eight), build


_eight: Any = intrinsic(_eight_of)
_write_eight: Any = intrinsic(_write_eight_to)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile it when it is first called; kept for other processes where there is a folder for that.

    What it calls must lie in its own file or be `pointer`: numba looks no further for changes, and would compile a
    closure over compiled functions anew in every process.
    """
    jit: Any = numba.njit
    try:
        result: Callable[..., Any] = jit(function, cache=True, nogil=True)
    except RuntimeError:
        result = jit(function, nogil=True)
    return result


def inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled and kept with what calls it."""
    jit: Any = numba.njit(nogil=True)
    result: Callable[..., Any] = jit(function)
    return result


_HIGH, _TWO = np.uint64(0x8080808080808080), np.uint64(2)
_FROM_A = np.uint64(0x0101010101010101 * (0x80 - ord("A")))
_AFTER_Z = np.uint64(0x0101010101010101 * (0x7F - ord("Z")))
"""Added to eight bytes below 0x80, they raise the high bit of those from A on, and of those after Z."""


def _lower(octets: Any, room: Any, lower_case: Any) -> int:
    """Write the lower case of valid UTF-8; bytes written, -1 where a character needs its context."""
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
            for index in range(3):
                out[written + index] = source[at + index]
            at, written = at + 3, written + 3
        else:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
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
        word = _eight(source, at)
        if word & _HIGH:
            break
        capitals = ((word + _FROM_A) ^ (word + _AFTER_Z)) & _HIGH
        _write_eight(out, written, word | capitals >> _TWO)
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


lower: Callable[[Any, Any, Any], int] = compiled(_lower)
once: Callable[[Any, Any, int, Any], int] = compiled(_once)
