"""UTF-8 is checked as Python's decoder checks it, and lowered as str.lower does."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.kernels.plain_twins import plain_lower
from recall.kernels.utf8 import CASED_BELOW, lower, valid_length
from recall.page.text.charset import plain_valid_length

PIECES = [
    bytes([byte]) for byte in (0x00, 0x1B, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF)
]
PIECES += [bytes([byte]) for byte in (0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF)]
PIECES += ["é".encode(), "€".encode(), "😀".encode(), b"plain ASCII text", b"12345678", b"x" * 63]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
def test_pieces_of_characters_are_valid_where_they_decode(body: bytes) -> None:
    assert valid_length(body) == plain_valid_length(body)


@given(st.text().map(str.encode), st.integers(0, 8))
def test_a_character_that_is_cut_off_is_left_out(body: bytes, cut: int) -> None:
    body = body[: len(body) - cut]
    assert valid_length(body) == plain_valid_length(body)


def test_every_two_and_three_byte_start_is_valid_where_it_decodes() -> None:
    for first in range(0x80, 0x100):
        for second in range(0x100):
            for tail in (b"", b"\x80", b"\x80\x80", b"A", b"\xbf\xbfA"):
                body = bytes([first, second]) + tail
                assert valid_length(body) == plain_valid_length(body)


def test_every_character_is_lowered_as_python_does() -> None:
    characters = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    assert all(character == character.lower() for character in characters[CASED_BELOW:])
    for start in range(0, len(characters), 5000):
        for text in ("x".join(characters[start : start + 5000]), "Ⱥ".join(characters[start : start + 5000])):
            assert lower(text.encode()) == plain_lower(text.encode())


@pytest.mark.parametrize("cut", [b"\xc3", b"\xe3\x81", b"\xe9", b"\xef\xbc", b"\xf0\x9f\x98", b"\xff"])
def test_a_character_that_is_cut_off_is_refused(cut: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        lower(b"Plain " + cut)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_text_stay_in_their_room(data: bytes) -> None:
    with suppress(UnicodeDecodeError):
        assert len(lower(data)) <= 2 * len(data)


@given(st.text())
def test_any_text_is_lowered_as_python_does(text: str) -> None:
    assert lower(text.encode()) == plain_lower(text.encode())


def test_the_longest_growth_fits() -> None:
    for text in ("Ⱥ" * 1000, "İ" * 1000, "ΑΣ", "Σ", "K" * 10):
        assert lower(text.encode()) == plain_lower(text.encode())
