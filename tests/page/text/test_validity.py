"""The compiled check of UTF-8 says what Python's decoder says."""

from hypothesis import given
from hypothesis import strategies as st

from recall.page.text.charset import _plain_length
from recall.page.text.validity import plain_length

PIECES = [
    bytes([byte]) for byte in (0x00, 0x1B, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF)
]
PIECES += [bytes([byte]) for byte in (0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF)]
PIECES += ["é".encode(), "€".encode(), "😀".encode(), b"plain ASCII text", b"12345678", b"x" * 63]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
def test_pieces_of_characters_are_judged_as_by_decoding(body: bytes) -> None:
    assert plain_length(body) == _plain_length(body)


@given(st.text().map(str.encode), st.integers(0, 8))
def test_a_character_that_is_cut_off_is_left_out(body: bytes, cut: int) -> None:
    body = body[: len(body) - cut]
    assert plain_length(body) == _plain_length(body)


def test_every_two_and_three_byte_start_is_judged_as_by_decoding() -> None:
    for first in range(0x80, 0x100):
        for second in range(0x100):
            for tail in (b"", b"\x80", b"\x80\x80", b"A", b"\xbf\xbfA"):
                body = bytes([first, second]) + tail
                assert plain_length(body) == _plain_length(body)
