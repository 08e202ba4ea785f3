"""Windows, loads and characters, each called from a small compiled function, against plain Python."""

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.kernels.native import (
    WIDTH,
    address,
    copy_window,
    equal,
    inlined,
    load_eight,
    lowercase_word,
    pointer,
    store_eight,
    unsigned,
    up_to,
    write_character,
    zeros,
)

windows = st.binary(min_size=WIDTH, max_size=WIDTH)


@inlined
def look(octets: Any, byte: int) -> Any:
    here = address(pointer(octets))
    return equal(here, byte), up_to(here, byte), zeros(equal(here, byte))


@inlined
def copy(octets: Any, out: Any) -> Any:
    copy_window(address(pointer(octets)), address(pointer(out)) + unsigned(1))
    word = load_eight(address(pointer(octets)) + unsigned(3))
    store_eight(address(pointer(out)) + unsigned(WIDTH + 1), word)
    return word


@inlined
def lowercase(octets: Any, length: int) -> Any:
    return lowercase_word(address(pointer(octets)), length)


@inlined
def encode(out: Any, point: int) -> Any:
    return write_character(pointer(out), 0, point)


@given(windows, st.integers(0, 255))
def test_a_window_is_compared_byte_by_byte(window: bytes, byte: int) -> None:
    matches, below, first = look(np.frombuffer(window, np.uint8), byte)
    assert matches == sum(1 << index for index, other in enumerate(window) if other == byte)
    assert below == sum(1 << index for index, other in enumerate(window) if other <= byte)
    assert first == (window.index(byte) if byte in window else WIDTH)


@given(windows)
def test_bytes_are_copied_from_and_to_any_address(window: bytes) -> None:
    out = np.zeros(WIDTH + 9, np.uint8)
    assert copy(np.frombuffer(window, np.uint8), out) == int.from_bytes(window[3:11], "little")
    assert out.tobytes() == b"\0" + window + window[3:11]


@given(st.binary(min_size=8, max_size=8), st.integers(-2, 8))
def test_a_word_is_put_into_lower_case(word: bytes, length: int) -> None:
    start = word[: max(0, length)]
    expected = int.from_bytes(start.lower(), "little") if start.isascii() else (1 << 64) - 1
    assert lowercase(np.frombuffer(word, np.uint8), length) == expected


@pytest.mark.parametrize("point", [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, sys.maxunicode])
def test_a_character_is_written_in_utf8(point: int) -> None:
    out = np.zeros(4, np.uint8)
    assert out[: encode(out, point)].tobytes() == chr(point).encode("utf-8", "surrogatepass")
