"""The loops of MinHash: a text's word n-grams to hashes, hashes to minima, pages of a group to the pages they resemble.

In: UTF-8; the multipliers and offsets of the hash functions; signatures. Out: integers only, in the order of the text,
so that machines agree. Words are runs of letters, digits and `_`, ASCII folded to lower case; each CJK character is a
word; white space and punctuation separate words. Bytes that are not UTF-8 give some hashes. Each of the three functions
for the rest of the project has a plain twin behind it.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.kernels.hashing import GOLDEN_RATIO, splitmix64
from recall.kernels.native import compiled, inlined

_LARGEST = np.iinfo(np.uint32).max
_FNV_START, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_FOLDED = np.array(
    [ord(chr(byte).lower()) if chr(byte).isalnum() or byte == 95 else 0 for byte in range(128)], np.uint8
)
"""ASCII in lower case, 0 where a byte is of no word."""

EXACT = 10_000
"""Pages of a group up to which each is compared with every representative."""

BAND, MOST = 4, 16
"""Indices of a band, and representatives of each band that a page of a larger group is compared with."""

_mixed: Any = inlined(splitmix64)


def ngram_hashes(data: bytes, size: int) -> NDArray[np.uint64]:
    """A 64-bit hash of each run of `size` words of a text, repeated ones as often as they occur.

    A text of fewer words is one run; one without words has none.
    """
    octets = np.frombuffer(data, np.uint8)
    words = np.empty(len(octets), np.uint64)
    hashes: NDArray[np.uint64] = _ngrams(words[: _words(octets, words)], size)
    return hashes


def minima(ngrams: NDArray[np.uint64], scale: NDArray[np.uint32], offset: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The least value of each permutation x -> scale x + offset over the upper 32 bits of hashes (Broder 1997).

    Without hashes each is the largest number of 32 bits.
    """
    least = np.full(len(scale), _LARGEST, np.uint32)
    _minima(ngrams, scale, offset, least)
    return least


def leaders(signatures: NDArray[np.uint16], enough: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """For each page of a group, in order, the earlier page that represents it, and at how many indices they agree.

    A page joins the most similar of the pages that represent others or themselves, if they agree at `enough` indices or
    more; else it represents itself. In a group of more than EXACT pages it is compared with those representatives only
    that agree with it in a whole band (BAND indices), of each band with the first MOST: time grows with the pages, not
    with their square. Pages of similarity .71 share one of 64 bands with a chance of all but 10^-8, so a page misses
    its representative only where others crowd it out of every band.
    """
    count = len(signatures)
    chosen, equal = np.empty(count, np.int64), np.empty(count, np.int32)
    if count <= EXACT or signatures.shape[1] < BAND:
        _leaders(signatures, enough, chosen, equal)
    else:
        _leaders_by_band(signatures, enough, _band_starts(signatures), MOST, chosen, equal)
    return chosen, equal


def _band_starts(signatures: NDArray[np.uint16]) -> NDArray[np.int32]:
    """For each band and page: the first place, among all pages sorted by that band, of those that are equal there."""
    count, bands = len(signatures), signatures.shape[1] // BAND
    starts = np.empty((bands, count), np.int32)
    for band in range(bands):
        cut = np.ascontiguousarray(signatures[:, band * BAND : (band + 1) * BAND]).view(np.uint64).ravel()
        order = np.argsort(cut, kind="stable")
        ordered = cut[order]
        new = np.append(True, ordered[1:] != ordered[:-1])
        starts[band, order] = np.flatnonzero(new)[np.cumsum(new) - 1]
    return starts


def plain_ngram_hashes(text: str, size: int) -> list[int]:
    """`ngram_hashes` of ASCII and CJK text, by a regular expression and Python's integers."""
    mask, hashes = (1 << 64) - 1, []
    words = [_plain_word(word) for word in re.findall(r"[\u3041-\u30ff\u4e00-\u9fff]|[a-z0-9_]+", text.lower())]
    size = min(size, len(words))
    for start in range(len(words) - size + 1 if size else 0):
        value = size
        for word in words[start : start + size]:
            value = (value ^ word) * int(GOLDEN_RATIO) & mask
            value ^= value >> 29
        hashes.append(int(splitmix64(np.array([value], np.uint64))[0]))
    return hashes


def _plain_word(word: str) -> int:
    value = int(_FNV_START)
    for byte in word.encode():
        value = (value ^ byte) * int(_FNV_PRIME) & (1 << 64) - 1
    return value


def plain_minima(
    ngrams: NDArray[np.uint64], scale: NDArray[np.uint32], offset: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """`minima` with NumPy."""
    halves = (ngrams >> np.uint64(32)).astype(np.uint32)
    values: NDArray[np.uint32] = (scale[None, :] * halves[:, None] + offset[None, :]).min(axis=0, initial=_LARGEST)
    return values


def plain_leaders(signatures: NDArray[np.uint16], enough: int) -> tuple[list[int], list[int]]:
    """`leaders` with NumPy."""
    chosen: list[int] = []
    equal: list[int] = []
    for page, signature in enumerate(signatures):
        agreeing = [(int((signatures[leader] == signature).sum()), -leader) for leader in sorted(set(chosen))]
        most, leader = max(agreeing, default=(-1, 0))
        chosen.append(-leader if most >= enough else page)
        equal.append(most if most >= enough else signatures.shape[1])
    return chosen, equal


def plain_leaders_by_band(signatures: NDArray[np.uint16], enough: int, most: int) -> tuple[list[int], list[int]]:
    """`leaders` of a group of more than EXACT pages, with dictionaries."""
    chosen: list[int] = []
    equal: list[int] = []
    known: dict[tuple[int, bytes], list[int]] = {}
    for page, signature in enumerate(signatures):
        runs = [(band, signature[band * BAND : (band + 1) * BAND].tobytes()) for band in range(len(signature) // BAND)]
        near = {leader for run in runs for leader in known.get(run, [])[:most]}
        agreeing = [(int((signatures[leader] == signature).sum()), -leader) for leader in near]
        best, leader = max(agreeing, default=(-1, 0))
        chosen.append(-leader if best >= enough else page)
        equal.append(best if best >= enough else signatures.shape[1])
        for run in runs if best < enough else ():
            known.setdefault(run, []).append(page)
    return chosen, equal


@inlined
def _kind(data: Any, at: int) -> tuple[int, int]:
    """The kind of a character beyond ASCII (0: between words, 1: of a word, 2: a word itself), and its bytes."""
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


@compiled
def _words(data: Any, hashes: Any) -> int:
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
            for index in range(at, at + length):
                value = (value ^ np.uint64(data[index])) * _FNV_PRIME
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


@compiled
def _ngrams(words: Any, size: int) -> Any:
    size = min(size, len(words))
    hashes = np.empty(len(words) - size + 1 if size else 0, np.uint64)
    for at in range(len(hashes)):
        value = np.uint64(size)
        for index in range(at, at + size):
            value = (value ^ words[index]) * GOLDEN_RATIO
            value ^= value >> np.uint64(29)
        hashes[at] = _mixed(value)
    return hashes


@compiled
def _minima(ngrams: Any, scale: Any, offset: Any, least: Any) -> None:
    for ngram in ngrams:
        half = np.uint32(ngram >> np.uint64(32))
        for index in range(len(scale)):
            value = np.uint32(scale[index] * half + offset[index])
            least[index] = value if value < least[index] else least[index]


@compiled
def _leaders(signatures: Any, enough: int, chosen: Any, equal: Any) -> None:
    count, width = signatures.shape
    representing = np.empty(count, np.int64)
    known = 0
    for page in range(count):
        best, leader = enough - 1, page
        for index in range(known):
            other = representing[index]
            same = 0
            for at in range(width):
                same += signatures[page, at] == signatures[other, at]
            if same > best:
                best, leader = same, other
        if leader == page:
            representing[known] = page
            known += 1
            best = width
        chosen[page], equal[page] = leader, best


@compiled
def _leaders_by_band(signatures: Any, enough: int, starts: Any, most: int, chosen: Any, equal: Any) -> None:
    count, width = signatures.shape
    bands = len(starts)
    representing = np.empty((bands, count), np.int32)
    known = np.zeros((bands, count), np.int32)
    compared = np.full(count, -1, np.int64)
    for page in range(count):
        best, leader = enough - 1, page
        for band in range(bands):
            start = starts[band, page]
            for index in range(start, start + known[band, start]):
                other = representing[band, index]
                if compared[other] == page:
                    continue
                compared[other] = page
                same = 0
                for at in range(width):
                    same += signatures[page, at] == signatures[other, at]
                if same > best or (same == best and leader != page and other < leader):
                    best, leader = same, other
        if leader == page:
            best = width
            for band in range(bands):
                start = starts[band, page]
                if known[band, start] < most:
                    representing[band, start + known[band, start]] = page
                    known[band, start] += 1
        chosen[page], equal[page] = leader, best
