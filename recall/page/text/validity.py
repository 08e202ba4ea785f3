"""Compiled: whether bytes are UTF-8, without decoding them. `charset` has the same in plain Python."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

_HIGH = np.uint64(0x8080808080808080)


def valid_length(body: bytes) -> int:
    """How many bytes are valid UTF-8 when nothing but a cut-off last character is wrong, else -1."""
    words = np.frombuffer(body, np.uint64, len(body) // 8)
    return _loop()(np.frombuffer(body, np.uint8), words)


@cache
def _loop() -> Callable[..., int]:
    try:
        loop: Callable[..., int] = numba.njit(_walk, cache=True, nogil=True)
    except RuntimeError:  # no folder for the cache
        loop = numba.njit(_walk, nogil=True)
    return loop


def _walk(source: Any, words: Any) -> Any:
    """Eight bytes at a time while they are ASCII; else the ranges of the Unicode standard's table 3-7."""
    size, at = np.uint64(len(source)), np.uint64(0)
    one, seven, eight, three = np.uint64(1), np.uint64(7), np.uint64(8), np.uint64(3)
    whole = np.uint64(len(words)) << three
    while at < size:
        if not at & seven:
            while at < whole and not words[at >> three] & _HIGH:
                at += eight
            if at >= size:
                break
        lead = source[at]
        if lead < 0x80:
            at += one
            continue
        if lead < 0xC2 or lead > 0xF4:
            return -1
        rest = 1 if lead < 0xE0 else 2 if lead < 0xF0 else 3
        low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
        high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
        for index in range(1, rest + 1):
            place = at + np.uint64(index)
            if place >= size:
                return np.int64(at)
            if source[place] < low or source[place] > high:
                surrogate_cut_off = lead == 0xED and source[place] & 0xC0 == 0x80 and place + one == size
                return np.int64(at) if surrogate_cut_off else -1  # Python's decoder waits for the third byte
            low, high = 0x80, 0xBF
        at += np.uint64(rest + 1)
    return np.int64(size)
