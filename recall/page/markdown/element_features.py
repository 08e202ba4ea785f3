"""Numbers that describe a segment by the elements around it, for the model of main content.

In: `Segments`, the model's weights of markup words, the size of each segment. Out: columns. All sums are of whole
numbers, so that all machines compute the same bits.
"""

import re
import zlib
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from recall.kernels.element_tree import inherit, main_way, order_in_groups, repeated_around, sums_inside
from recall.page.markdown.segments import Segments

Array = npt.NDArray[Any]

AROUND: Final = (
    "article",
    "main",
    "aside",
    "nav",
    "header",
    "footer",
    "form",
    "li",
    "table",
    "figure",
    "dl",
    "section",
)
"""Elements whose presence around a segment is a column each."""

KINDS: Final = ("p", "div", "li", "td", "BLOCK", "dd", "dt", "section", "figcaption", "blockquote", "th", "summary")
"""Innermost block elements that are a column each; headings are one column, by their level."""

_BITS: Final = {name: 1 << bit for bit, name in enumerate(AROUND)}
_NUMBERS: Final = {name: number for number, name in enumerate((*KINDS, "", "h1", "h2", "h3", "h4", "h5", "h6"))}
_DIGIT: Final = re.compile(r"\d")
_UP: Final = ("", "_parent", "_grandparent", "_great")


@lru_cache(maxsize=1 << 14)
def shape_of(name: str, classes: str) -> int:
    """A hash of an element's name and of its classes without digits, which siblings of a kind share."""
    kinds = sorted(word for word in classes.lower().split()[:6] if not _DIGIT.search(word))
    return zlib.crc32(" ".join((name, *kinds)).encode("utf-8", "replace"))


class Elements:
    """The block elements of a page as arrays.

    free, chars, texts: unlinked characters, characters and the weight of the words of each segment.
    """

    def __init__(self, segments: Segments, weights: Array, free: Array, chars: Array, texts: Array) -> None:
        tags = segments.tags
        numbers = {id(tag): number for number, tag in enumerate(tags)}
        distinct = [tags[number] for number in numbers.values()]
        places = {key: place for place, key in enumerate(numbers)}
        kind = np.array([places[id(tag)] for tag in tags])
        self.parents = np.array(segments.parents, dtype=np.int64)
        self.node = np.array(segments.nodes, dtype=np.int64)
        starts = np.cumsum([0, *(len(tag.tokens) for tag in distinct)])[:-1]
        tokens = [token for tag in distinct for token in tag.tokens]
        self._own = np.add.reduceat(weights[tokens], starts)[kind]
        self._shapes = np.array(
            [shape_of(tag.name, tag.attributes.get("class", "")) for tag in distinct], dtype=np.int64
        )[kind]
        bits = np.array([_BITS.get(tag.name, 0) for tag in distinct], dtype=np.int64)[kind]
        self._inherited = inherit(self.parents, self._own, bits, self._shapes)
        sums = np.zeros((len(tags), 4), np.int64)
        for column, values in enumerate((np.ones_like(free), free, chars, texts)):
            sums[:, column] = _sums(self.node, values, len(tags))
        self._sums = sums_inside(self.parents, sums)
        names = np.array([_NUMBERS.get(tag.name, -1) for tag in distinct], dtype=np.int64)[kind]
        self._kinds = names[self.node]
        self._free, self._chars = free, chars
        self.path = self._inherited.path[self.node]

    def columns(self) -> dict[str, Array]:
        """The columns of each segment from the elements around it."""
        levels = [self.node]
        for _ in range(3):
            levels.append(np.where(levels[-1] >= 0, self.parents[levels[-1]], -1))
        count, free, chars, texts = self._sums.T
        total = max(int(free[0]), 1)
        around = self._inherited.around[self.node]
        columns: dict[str, Array] = {
            "least": self._inherited.least[self.node],
            "most": self._inherited.most[self.node],
            "depth": self._inherited.depth[self.node],
        }
        inside = np.maximum(count, 1)
        whole = {
            "path": (self._inherited.path, 0),
            "own": (self._own, 0),
            "mean_free": (free / inside, 0),
            "mean_text": (texts / inside, 0),
            "links": (1 - free / np.maximum(chars, 1), 1),
            "count": (inside, 1),
            "share": (free / total, 0),
        }
        values = np.array([np.append(value, outside) for value, outside in whole.values()], dtype=np.float64)
        for name, at in zip(_UP, levels, strict=True):  # -1, which is outside the body, takes the last one
            columns |= {f"{kind}{name}": row for kind, row in zip(whole, values[:, at], strict=True)}
        columns |= {f"in_{name}": (around >> bit) & 1 for bit, name in enumerate(AROUND)}
        columns |= {f"is_{name}": self._kinds == _NUMBERS[name] for name in KINDS}
        columns["heading"] = np.maximum(self._kinds - len(KINDS), 0)
        return columns | self._main_columns(total) | self._repeated_columns(total) | self._same_path_columns(total)

    def _main_columns(self, total: int) -> dict[str, Array]:
        """Where a segment leaves the way to the page's heaviest element."""
        numbers, way = main_way(self.parents, self._sums[:, 1])
        left = numbers[self.node]
        last = int(numbers.max())
        depth = self._inherited.depth
        return {
            "main_off": last - left,
            "main_share": np.full(len(self.node), self._sums[way[last], 1] / total),
            "main_inside": depth[self.node] - depth[way[left]],
        }

    def _repeated_columns(self, total: int) -> dict[str, Array]:
        """The groups of siblings of one shape around a segment: posts, rows, cards."""
        filled = self._sums[:, 0] > 0
        filled[0] = False
        members = np.flatnonzero(filled)
        _, inverse = np.unique(self.parents[members] * (1 << 32) + self._shapes[members], return_inverse=True)
        sizes = np.bincount(inverse).astype(np.int64)
        weights = _sums(inverse, self._sums[members, 1], len(sizes))
        counts = _sums(inverse, self._sums[members, 0], len(sizes))
        group = np.full(len(filled), -1, np.int64)
        group[members] = inverse
        order = np.zeros(len(filled), np.int64)
        order[members] = order_in_groups(inverse.astype(np.int64))
        repeats = np.full(len(filled), -1, np.int64)
        repeats[members] = np.where((sizes[inverse] > 1) & (counts[inverse] > sizes[inverse]), inverse, -1)
        around = repeated_around(self.parents, repeats, weights)[self.node]
        columns: dict[str, Array] = {
            "group_index": np.where(around >= 0, _at(order, around), -1),
            "group_depth": np.where(around >= 0, self._inherited.depth[self.node] - self._inherited.depth[around], -1),
            "group_own": _at(self._sums[:, 1], around),
        }
        parent = np.where(self.node >= 0, self.parents[self.node], -1)
        for name, at in (("group", around), ("same", self.node), ("same_parent", parent)):
            number = np.where(at >= 0, group[at], -1)
            size = np.maximum(_at(sizes, number), 1)
            columns[f"{name}_count"] = _at(sizes, number)
            columns[f"{name}_mean"] = _at(weights, number) / size
            columns[f"{name}_share"] = _at(weights, number) / total
            columns[f"{name}_segments"] = _at(counts, number) / size
        return columns

    def _same_path_columns(self, total: int) -> dict[str, Array]:
        """How often segments occur under the same path of shapes, and how much unlinked text."""
        signatures = self._inherited.signature[self.node]
        _, inverse, sizes = np.unique(signatures, return_inverse=True, return_counts=True)
        free = _sums(inverse, self._free, len(sizes))
        chars = _sums(inverse, self._chars, len(sizes))
        return {
            "path_count": sizes[inverse],
            "path_free": (free / sizes)[inverse],
            "path_share": free[inverse] / total,
            "path_links": 1 - free[inverse] / np.maximum(chars[inverse], 1),
        }


def _sums(index: Array, values: Array, count: int) -> Array:
    """Sums of values by index, whole numbers."""
    sums = np.zeros(count, np.int64)
    np.add.at(sums, index, values)
    return sums


def _at(values: Array, index: Array) -> Array:
    """values[index], 0 where the index is negative."""
    if not len(values):
        return np.zeros(len(index), values.dtype)
    return np.where(index >= 0, values[index], 0)
