"""Counts signs of texts, and sums the weights of their words, in one pass over the characters.

In: texts one behind the other as code points, with one separator behind each, and a table that says of each code point
what it is. Out: whole numbers for each text. Each character is read a bounded number of times. A word's hash is the
CRC-32 of its UTF-8, as `zlib.crc32` has it, a lone surrogate as "?".
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.kernels.native import compiled, inlined

CODE_POINTS = 0x110000
WORD, PUNCTUATION, CAPITAL, DIGIT = 1, 2, 4, 8
"""Bits of the table."""

Whole = NDArray[np.int64]
Kinds = NDArray[np.uint8]


def sign_counts(texts: Sequence[str], kinds: Kinds, start: int) -> Whole:
    """Words of each text, and punctuation, capitals and digits among its first `start` characters: shape (4, texts).

    kinds: bits of each code point, shape (CODE_POINTS,).
    """
    counts: Whole = _count(_code_points(texts), _lengths(texts), kinds, start)
    return counts


def word_sums(texts: Sequence[str], kinds: Kinds, weights: Whole, most: int) -> Whole:
    """Sum of the weights of each text's first `most` distinct words, and how many these are: shape (2, texts).

    weights: by the last bits of a word's hash, their number a power of two.
    """
    sums: Whole = _weigh(_code_points(texts), _lengths(texts), kinds, weights, (most, _REMAINDERS))
    return sums


def _code_points(texts: Sequence[str]) -> NDArray[np.uint32]:
    """All texts, each with a separator behind it."""
    return np.frombuffer("\n".join((*texts, "")).encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))


def _lengths(texts: Sequence[str]) -> Whole:
    return np.array([len(text) for text in texts], dtype=np.int64)


def _remainders() -> Whole:
    """Of each byte, by the polynomial of CRC-32, lowest bit first (ISO 3309)."""
    table: Whole = np.arange(256, dtype=np.int64)
    for _ in range(8):
        table = np.where(table & 1, 0xEDB88320 ^ (table >> 1), table >> 1)
    return table


_REMAINDERS = _remainders()


@inlined
def _hashed(value: Any, code: Any, remainders: Any) -> Any:
    """The hash with the bytes of a character in UTF-8."""
    if 0xD800 <= code < 0xE000:
        code = 63
    if code < 0x80:
        return remainders[(value ^ code) & 255] ^ (value >> 8)
    if code < 0x800:
        value = remainders[(value ^ (0xC0 | code >> 6)) & 255] ^ (value >> 8)
    else:
        if code < 0x10000:
            value = remainders[(value ^ (0xE0 | code >> 12)) & 255] ^ (value >> 8)
        else:
            value = remainders[(value ^ (0xF0 | code >> 18)) & 255] ^ (value >> 8)
            value = remainders[(value ^ (0x80 | (code >> 12 & 63))) & 255] ^ (value >> 8)
        value = remainders[(value ^ (0x80 | (code >> 6 & 63))) & 255] ^ (value >> 8)
    return remainders[(value ^ (0x80 | (code & 63))) & 255] ^ (value >> 8)


@inlined
def _is_new(codes: Any, places: Any, held: Any, word: Any) -> Any:
    """Whether a word is none of those that are held."""
    value, first, length = word
    for other in range(held):
        if places[0, other] == value and places[2, other] == length:
            same = True
            for at in range(length):
                if codes[places[1, other] + at] != codes[first + at]:
                    same = False
                    break
            if same:
                return False
    return True


@compiled
def _count(codes: Any, lengths: Any, kinds: Any, start: Any) -> Any:
    counts = np.zeros((4, len(lengths)), np.int64)
    begin = 0
    for number in range(len(lengths)):
        before = 0
        for at in range(begin, begin + lengths[number]):
            kind = kinds[codes[at]]
            word = kind & 1
            counts[0, number] += word & ~before
            before = word
            if at < begin + start:
                counts[1, number] += (kind >> 1) & 1
                counts[2, number] += (kind >> 2) & 1
                counts[3, number] += (kind >> 3) & 1
        begin += lengths[number] + 1
    return counts


@compiled
def _weigh(codes: Any, lengths: Any, kinds: Any, weights: Any, limits: Any) -> Any:
    most, remainders = limits
    sums = np.zeros((2, len(lengths)), np.int64)
    places = np.zeros((3, most), np.int64)  # hash, begin and length of each word of a text
    begin = 0
    for number in range(len(lengths)):
        end = begin + lengths[number]
        held, at = 0, begin
        while at < end and held < most:
            if not kinds[codes[at]] & 1:
                at += 1
                continue
            first, value = at, 0xFFFFFFFF
            while at < end and kinds[codes[at]] & 1:
                value = _hashed(value, np.int64(codes[at]), remainders)
                at += 1
            value ^= 0xFFFFFFFF
            if _is_new(codes, places, held, (value, first, at - first)):
                places[0, held], places[1, held], places[2, held] = value, first, at - first
                held += 1
                sums[0, number] += weights[value & (len(weights) - 1)]
        sums[1, number] = held
        begin = end + 1
    return sums
