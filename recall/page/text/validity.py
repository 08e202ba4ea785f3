"""Compiled: whether bytes are UTF-8, without decoding them. `charset` has the same in plain Python."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic

_HIGH = np.uint64(0x8080808080808080)


def _eight_of(_: Any, array: Any, at: Any) -> Any:
    """How numba reads eight bytes at once from wherever they lie in an array."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        word = context.get_value_type(numba.types.uint64).as_pointer()
        return builder.load(builder.bitcast(builder.gep(data, [arguments[1]]), word), align=1)

    return numba.types.uint64(array, at), build


_eight: Any = intrinsic(_eight_of)


def valid_length(body: bytes) -> int:
    """How many bytes are valid UTF-8 when nothing but a cut-off last character is wrong, else -1."""
    return _loop()(np.frombuffer(body, np.uint8))


@numba.njit(nogil=True)
def _character(source: Any, at: Any, size: Any) -> int:
    """Bytes of the character at `at`, 0 where the end cuts it off, -1 where it is none."""
    lead = source[at]
    if lead < 0xC2 or lead > 0xF4:
        return -1
    rest = 1 if lead < 0xE0 else 2 if lead < 0xF0 else 3
    low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
    high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
    for index in range(1, rest + 1):
        place = at + np.uint64(index)
        if place >= size:
            return 0
        if source[place] < low or source[place] > high:
            surrogate_cut_off = lead == 0xED and source[place] & 0xC0 == 0x80 and place + np.uint64(1) == size
            return 0 if surrogate_cut_off else -1  # Python's decoder waits for the third byte
        low, high = 0x80, 0xBF
    return rest + 1


@cache
def _loop() -> Callable[..., int]:
    try:
        loop: Callable[..., int] = numba.njit(_walk, cache=True, nogil=True)
    except RuntimeError:  # no folder for the cache
        loop = numba.njit(_walk, nogil=True)
    return loop


def _walk(source: Any) -> Any:
    """Eight bytes at a time while they are ASCII; else the ranges of the Unicode standard's table 3-7."""
    size, at = np.uint64(len(source)), np.uint64(0)
    one, two, three, eight, many = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(8), np.uint64(32)
    while at < size:
        while at + many <= size:
            low = _eight(source, at) | _eight(source, at + eight)
            if (low | _eight(source, at + many - eight) | _eight(source, at + eight + eight)) & _HIGH:
                break
            at += many
        while at + eight <= size and not _eight(source, at) & _HIGH:
            at += eight
        while at < size and source[at] < 0x80:
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
            length = _character(source, at, size)
            if length <= 0:
                return np.int64(at) if length == 0 else -1
            at += np.uint64(length)
    return np.int64(size)
