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
from recall.kernels.segment_columns import group_sums, sizes_and_means
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
_OF_GROUP: Final = ("count", "mean", "share", "segments")
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
        sums = group_sums(self.node, np.stack([free, chars, texts]), len(tags))
        self._sums = sums_inside(self.parents, np.ascontiguousarray(sums.T))
        names = np.array([_NUMBERS.get(tag.name, -1) for tag in distinct], dtype=np.int64)[kind]
        self._kinds = names[self.node]
        self._free, self._chars = free, chars
        self.path = self._inherited.path[self.node]

    def columns(self) -> dict[str, Array]:
        """The columns of each segment from the elements around it."""
        parents = np.append(self.parents, -1)  # -1, which is outside the body, takes the last one, here and below
        levels = [self.node]
        for _ in range(3):
            levels.append(parents[levels[-1]])
        count, free, chars, texts = self._sums.T
        total = max(int(free[0]), 1)
        inherited = self._inherited
        columns: dict[str, Array] = {
            "least": inherited.least[self.node],
            "most": inherited.most[self.node],
            "depth": inherited.depth[self.node],
        }
        inside = np.maximum(count, 1)
        whole = {
            "path": inherited.path,
            "own": self._own,
            "mean_free": free / inside,
            "mean_text": texts / inside,
            "links": 1 - free / np.maximum(chars, 1),
            "count": inside,
            "share": free / total,
        }
        values = np.empty((len(whole), len(parents)))
        for row, value in zip(values, whole.values(), strict=True):
            row[:-1] = value
        values[:, -1] = [kind in ("links", "count") for kind in whole]
        for name, at in zip(_UP, levels, strict=True):
            columns |= {f"{kind}{name}": row for kind, row in zip(whole, values[:, at], strict=True)}
        around = (inherited.around[self.node] >> np.arange(len(AROUND))[:, np.newaxis]) & 1
        columns |= {f"in_{name}": row for name, row in zip(AROUND, around, strict=True)}
        kinds = self._kinds == np.arange(len(KINDS))[:, np.newaxis]
        columns |= {f"is_{name}": row for name, row in zip(KINDS, kinds, strict=True)}
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
        group, count = _numbered(self.parents * (1 << 32) + self._shapes, filled)
        segments, free, _, _ = self._sums.T
        sums = group_sums(group, np.stack([free, segments]), count)
        repeats = np.append((sums[0] > 1) & (sums[2] > sums[0]), False)[group]
        around = repeated_around(self.parents, np.where(repeats, group, -1), sums[1])[self.node]
        inside_one, depth, within = around >= 0, self._inherited.depth, np.append(group, -1)
        columns: dict[str, Array] = {
            "group_index": np.where(inside_one, order_in_groups(group)[around], -1),
            "group_depth": np.where(inside_one, depth[self.node] - depth[around], -1),
            "group_own": np.where(inside_one, free[around], 0),
        }
        for name, at in (("group", around), ("same", self.node), ("same_parent", self.parents[self.node])):
            told = sizes_and_means(within[at], sums, total)
            columns |= {f"{name}_{what}": row for what, row in zip(_OF_GROUP, told, strict=True)}
        return columns

    def _same_path_columns(self, total: int) -> dict[str, Array]:
        """How often segments occur under the same path of shapes, and how much unlinked text."""
        group, count = _numbered(self._inherited.signature[self.node], np.ones(len(self.node), np.bool_))
        sizes, free, chars = group_sums(group, np.stack([self._free, self._chars]), count)[:, group]
        return {
            "path_count": sizes,
            "path_free": free / sizes,
            "path_share": free / total,
            "path_links": 1 - free / np.maximum(chars, 1),
        }


def _numbered(keys: Array, wanted: Array) -> tuple[Array, int]:
    """The number of each distinct key, in the order of their first places, -1 where it is not wanted; how many."""
    numbers: dict[int, int] = {}
    out = np.full(len(keys), -1, np.int64)
    out[wanted] = [numbers.setdefault(key, len(numbers)) for key in keys[wanted].tolist()]
    return out, len(numbers)
