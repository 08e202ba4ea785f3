"""MinHash: a text becomes a signature, of which two agree in as many places as the texts have n-grams in common.

In: UTF-8. Out: one 32-bit minimum for each hash function (Broder 1997): the share of equal ones estimates the Jaccard
similarity of the sets of word n-grams, with a standard error of sqrt(J (1 - J) / functions). Integers only, in the
order of the text, so that machines agree. Words are runs of letters, digits and `_`, ASCII folded to lower case; each
CJK character is a word; white space and punctuation part words and are no words.
"""

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from recall.kernels.hashing import GOLDEN_RATIO, splitmix64

NO_HASH = np.uint32(0xFFFFFFFF)

_FNV_START, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_STEP = GOLDEN_RATIO

_FOLDED = np.array(
    [ord(chr(byte).lower()) if chr(byte).isalnum() or byte == 95 else 0 for byte in range(128)], np.uint8
)
"""ASCII in lower case, 0 where a byte is of no word."""


@cache
def functions(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Multipliers (odd) and offsets of `count` permutations x -> a x + b of 32-bit numbers, the same everywhere."""
    mixed = (splitmix64(np.arange(1, 2 * count + 1, dtype=np.uint64) * _STEP) >> np.uint64(32)).astype(np.uint32)
    return mixed[:count] | np.uint32(1), mixed[count:]


_compiled_splitmix64 = njit(splitmix64)


@njit(cache=True)
def _kind(data: NDArray[np.uint8], at: int) -> tuple[int, int]:  # pragma: no cover - compiled
    """What a character beyond ASCII is (0: between words, 1: of a word, 2: a word itself) and how many bytes it has."""
    byte, left = data[at], len(data) - at
    if byte < 0xE0:
        return (0 if byte == 0xC2 and left > 1 and data[at + 1] < 0xAA else 1), min(2, left)
    if byte >= 0xF0:
        return (2 if byte == 0xF0 and left > 1 and data[at + 1] >= 0xA0 else 1), min(4, left)
    second = data[at + 1] if left > 1 else 0
    if (byte == 0xE2 and second < 0x82) or (byte == 0xE3 and second == 0x80):
        return 0, min(3, left)
    cjk = (byte == 0xE3 and second > 0x80) or 0xE4 <= byte <= 0xE9 or (byte == 0xEF and 0xA4 <= second <= 0xAB)
    return (2 if cjk else 1), min(3, left)


@njit(cache=True)
def _words(data: NDArray[np.uint8], hashes: NDArray[np.uint64]) -> int:  # pragma: no cover - compiled
    """Hash each word (FNV-1a, 64 bit) into `hashes`; returns how many there are."""
    count, at, inside, value = 0, 0, False, _FNV_START
    while at < len(data):
        byte = data[at]
        if byte < 0x80:
            folded = _FOLDED[byte]
            if folded:
                value = ((value if inside else _FNV_START) ^ np.uint64(folded)) * _FNV_PRIME
            elif inside:
                hashes[count] = value
                count += 1
            inside = folded != 0
            at += 1
            continue
        kind, length = _kind(data, at)
        if inside and kind != 1:
            hashes[count] = value
            count += 1
            inside = False
        if kind:
            value = value if inside else _FNV_START
            for place in range(at, at + length):
                value = (value ^ np.uint64(data[place])) * _FNV_PRIME
            inside = True
        if kind == 2:
            hashes[count] = value
            count += 1
            inside = False
        at += length
    if inside:
        hashes[count] = value
        count += 1
    return count


@njit(cache=True)
def _ngrams(words: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:  # pragma: no cover - compiled
    """A hash of each run of `size` words, of all of them where there are fewer; none without words."""
    size = min(size, len(words))
    found = np.empty(len(words) - size + 1 if size else 0, np.uint64)
    for at in range(len(found)):
        value = np.uint64(size)
        for place in range(at, at + size):
            value = (value ^ words[place]) * _STEP
            value ^= value >> np.uint64(29)
        found[at] = _compiled_splitmix64(value)
    return found


@njit(cache=True)
def _minima(
    ngrams: NDArray[np.uint64], scale: NDArray[np.uint32], offset: NDArray[np.uint32], least: NDArray[np.uint32]
) -> None:  # pragma: no cover - compiled
    for ngram in ngrams:
        half = np.uint32(ngram >> np.uint64(32))
        for place in range(len(scale)):
            value = np.uint32(scale[place] * half + offset[place])
            least[place] = value if value < least[place] else least[place]


def ngram_hashes(text: str, size: int) -> NDArray[np.uint64]:
    """A 64-bit hash of each word n-gram of a text, repeated ones as often as they stand there."""
    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    hashes = np.empty(len(data), np.uint64)
    found: NDArray[np.uint64] = _ngrams(hashes[: _words(data, hashes)], size)
    return found


def signature(text: str, size: int, count: int) -> NDArray[np.uint32]:
    """The `count` minima over a text's n-grams; all NO_HASH for a text without words."""
    least = np.full(count, NO_HASH, np.uint32)
    _minima(ngram_hashes(text, size), *functions(count), least)
    return least


def band_keys(signatures: NDArray[np.uint32], bands: int) -> NDArray[np.uint64]:
    """A key for each band of each signature, shape (pages, bands); equal only in the same band."""
    rows = signatures.shape[1] // bands
    keys = np.tile(np.arange(1, bands + 1, dtype=np.uint64) * _STEP, (len(signatures), 1))
    cut = signatures.reshape(len(signatures), bands, rows)
    for row in range(rows):
        keys = splitmix64(keys ^ cut[:, :, row]) + _STEP
    return keys


def agreement(left: NDArray[np.uint16], right: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Share of equal places of each pair of signatures, shape (pairs, functions): the estimated similarity."""
    return np.asarray((left == right).mean(axis=1))


@njit(cache=True)
def leaders(signatures: NDArray[np.uint16], enough: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    # pragma: no cover - compiled
    """For each page of a group, in order, the earlier page that stands for it and in how many places they agree.

    A page joins the most similar of the pages that stand for others or themselves, if at least `enough` places agree;
    else it stands for itself.
    """
    count, width = signatures.shape
    chosen, equal = np.empty(count, np.int64), np.empty(count, np.int32)
    standing = np.empty(count, np.int64)
    known = 0
    for page in range(count):
        best, leader = enough - 1, page
        for place in range(known):
            other = standing[place]
            same = 0
            for at in range(width):
                same += signatures[page, at] == signatures[other, at]
            if same > best:
                best, leader = same, other
        if leader == page:
            standing[known] = page
            known += 1
            best = width
        chosen[page], equal[page] = leader, best
    return chosen, equal
