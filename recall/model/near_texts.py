"""Which pages hold the same text: near-duplicates by the sketches of their token lines.

In: token lines; sketches (`kernels.line_sketches`, 64 bits, 16 parts; 0: not known). Out: sketches; for each page the
known text that it is near to. Texts are near where at most MOST_APART parts of their sketches differ: runs of three
tokens of which 95 % are alike are told so with a chance of .96, 70 % with .1, those of pages without a common text with
one of 10^-14. Time grows with the pages: a page is compared with at most CROWD known texts of each band of equal parts.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall import kernels

MOST_APART = 2
CROWD = 64
_AT_ONCE = 256

Sketches = NDArray[np.uint64]

_BANDS = tuple((np.uint64(shift), np.uint64(0xFFFFF)) for shift in (0, 20, 40))
"""Five parts each: of three bands one is equal where only two parts differ."""
_LOW_BITS = np.uint64(0x1111111111111111)


def sketches_of(lines: Sequence[NDArray[Any]], vocabulary: int) -> Sketches:
    """The sketch of each token line, of which few are held at once where they are stored.

    vocabulary: ids from there on are marks and features, which are not read.
    """
    sketches = np.zeros(len(lines), np.uint64)
    for first in range(0, len(lines), _AT_ONCE):
        some = list(lines[first : first + _AT_ONCE])
        starts = np.cumsum([0, *map(len, some)])
        sketches[first : first + len(some)] = kernels.line_sketches(np.concatenate(some), starts, vocabulary)
    return sketches


def parts_apart(some: Sketches, others: Sketches) -> NDArray[np.int64]:
    """How many of the 16 parts differ, pair by pair."""
    bits = some ^ others
    for shift in (2, 1):
        bits = bits | (bits >> np.uint64(shift))
    apart: NDArray[np.int64] = np.bitwise_count(bits & _LOW_BITS).astype(np.int64)
    return apart


class NearTexts:
    """Known texts by their sketches, to look others up in. Sketches of 0 are near to nothing."""

    def __init__(self, sketches: Sketches) -> None:
        self.sketches = np.asarray(sketches, np.uint64)
        self._sorted: list[tuple[NDArray[np.int64], Sketches]] = []
        known = np.flatnonzero(self.sketches)
        for shift, mask in _BANDS:
            bands = (self.sketches[known] >> shift) & mask
            order = np.argsort(bands, kind="stable")
            self._sorted.append((known[order], bands[order]))

    def find(self, sketches: Sketches) -> NDArray[np.int64]:
        """For each page the first known text that it is near to, by its place among `sketches`; -1 for none."""
        none = len(self.sketches)
        first = np.full(len(sketches), none, np.int64)
        for (shift, mask), (places, bands) in zip(_BANDS, self._sorted, strict=True):
            own = (sketches >> shift) & mask
            start, end = np.searchsorted(bands, own, side="left"), np.searchsorted(bands, own, side="right")
            for step in range(min(CROWD, int((end - start).max(initial=0)))):
                rows = np.flatnonzero((start + step < end) & (sketches != 0))
                known = places[start[rows] + step]
                near = parts_apart(sketches[rows], self.sketches[known]) <= MOST_APART
                first[rows[near]] = np.minimum(first[rows[near]], known[near])
        return np.where(first < none, first, -1)


def text_numbers(sketches: Sketches) -> NDArray[np.int64]:
    """A number for each page, the same for pages of one text: the place of the first of them.

    A page joins the first page that it is near to, and so the text of that one. Pages of unknown text are alone.
    """
    numbers = np.arange(len(sketches))
    for row, first in enumerate(NearTexts(sketches).find(sketches).tolist()):
        if 0 <= first < row:
            numbers[row] = numbers[first]
    return numbers
