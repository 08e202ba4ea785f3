"""Compiled: whether bytes are UTF-8 and nothing else, without decoding them; `charset` has the same in plain Python."""

import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

from recall.page.text.wide import WIDTH, address, equal, pointer, upto, zeros

_ESCAPE = 0x1B


def plain_length(body: bytes) -> int:
    """How many bytes are valid UTF-8 when nothing but a cut-off last character is wrong, else -1.

    Also -1 where a NUL or an escape character makes it possible that they are UTF-16 or of seven bits.
    """
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
    walk = _walk_of(zlib.crc32(Path(__file__).with_name("wide.py").read_bytes()))
    try:
        loop: Callable[..., int] = numba.njit(walk, cache=True, nogil=True)
    except RuntimeError:  # no folder for the cache
        loop = numba.njit(walk, nogil=True)
    return loop


def _walk_of(version: int) -> Callable[[Any], Any]:
    """The loop to compile. numba's cache sees this file and what the loop closes over: so it knows the other file."""

    def walk(body: Any) -> Any:
        """A window at a time while they are ASCII; else the ranges of the Unicode standard's table 3-7."""
        size, at, source = np.uint64(len(body)), np.uint64(version - version), pointer(body)
        one, two, three, many = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(WIDTH)
        while at < size:
            if at + many <= size:
                here = address(source) + at
                others = ~upto(here, 0x7F) | equal(here, 0) | equal(here, _ESCAPE)
                if not others:  # so that the next place does not wait for this window's bits
                    at += many
                    continue
                at += np.uint64(zeros(others))
            if source[at] < 0x80:
                if source[at] == 0 or source[at] == _ESCAPE:
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
                length = _character(source, at, size)
                if length <= 0:
                    return np.int64(at) if length == 0 else -1
                at += np.uint64(length)
        return np.int64(size)

    return walk
