"""Numbers that describe each segment of a page, for the model of main content.

In: `Segments` and the model's weights of markup words. Out: a matrix, a row a segment, with the columns of `_columns`.
Raw counts and ratios in float32, no logarithms, so that all machines compute the same bits.
"""

import re
from collections import Counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from recall.page.markdown.segments import Segments
from recall.page.markdown.tree import HEADINGS

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

NEAR: Final = 3
WIDE: Final = 10
FAR: Final = 99.0

_PUNCTUATION: Final = re.compile(r"[.,;:!?。，、；：！？]")
_WORD: Final = re.compile(r"\w+")
_CAPITAL: Final = re.compile(r"[A-Z]")
_DIGIT: Final = re.compile(r"\d")
_ENDS: Final = tuple('.!?:;。！？…"”)')


def word_counts(segments: Segments) -> Array:
    """Words of each segment, shape (segments,), int64."""
    return np.array([len(_WORD.findall(text)) for text in segments.texts], dtype=np.int64)


def features(segments: Segments, weights: Array) -> Array:
    """The matrix, shape (segments, columns), float32. weights: of markup words by hash, shape (1 << TABLE_BITS,)."""
    columns = _columns(segments, weights)
    return np.stack([columns[name] for name in columns], axis=1).astype(np.float32)


def _columns(segments: Segments, weights: Array) -> dict[str, Array]:
    columns = _text_columns(segments)
    nodes = _Nodes(segments, weights, columns)
    columns |= nodes.columns(columns)
    columns |= _order_columns(segments, columns)
    return columns


def _text_columns(segments: Segments) -> dict[str, Array]:
    """What the text of a segment looks like."""
    texts = segments.texts
    starts = [text[:300] for text in texts]
    chars = np.array([len(text) for text in texts], dtype=np.float64)
    start = np.maximum(np.minimum(chars, 300), 1)
    linked = np.array(segments.linked, dtype=np.float64)
    copies = Counter(texts)
    return {
        "chars": chars,
        "free": chars - linked,
        "linked_share": linked / np.maximum(chars, 1),
        "words": word_counts(segments).astype(np.float64),
        "punctuation": np.array([len(_PUNCTUATION.findall(text)) for text in starts]) / start,
        "capitals": np.array([len(_CAPITAL.findall(text)) for text in starts]) / start,
        "digits": np.array([len(_DIGIT.findall(text)) for text in starts]) / start,
        "lines": np.array([text.count("\n") for text in texts], dtype=np.float64),
        "ends": np.array([text.endswith(_ENDS) for text in texts], dtype=np.float64),
        "copies": np.array([copies[text] for text in texts], dtype=np.float64),
        "copyright": np.array(["©" in text for text in starts], dtype=np.float64),
    }


class _Nodes:
    """Sums over the block elements: of weights from the body down, of text from the leaves up."""

    def __init__(self, segments: Segments, weights: Array, text: dict[str, Array]) -> None:
        tags, parents = segments.tags, segments.parents
        scores = {id(tag): float(weights[list(tag.tokens)].sum()) for tag in tags}
        count = len(tags)
        self.own = [scores[id(tag)] for tag in tags]
        self.path, self.least, self.most = [0.0] * count, [0.0] * count, [0.0] * count
        self.around, self.signature, self.depth = [0] * count, [0] * count, [0] * count
        bits = {name: 1 << bit for bit, name in enumerate(AROUND)}
        for number, (tag, parent, own) in enumerate(zip(tags, parents, self.own, strict=True)):
            inherited = parent >= 0
            self.path[number] = own + (self.path[parent] if inherited else 0.0)
            self.least[number] = min(own, self.least[parent]) if inherited else own
            self.most[number] = max(own, self.most[parent]) if inherited else own
            self.around[number] = bits.get(tag.name, 0) | (self.around[parent] if inherited else 0)
            self.depth[number] = self.depth[parent] + 1 if inherited else 0
            self.signature[number] = hash((self.signature[parent] if inherited else 0, tag.tokens))
        self.parent, self.node = np.array(parents), np.array(segments.nodes)
        self.count, self.free, self.chars = [0.0] * count, [0.0] * count, [0.0] * count
        for node, free, chars in zip(segments.nodes, text["free"].tolist(), text["chars"].tolist(), strict=True):
            self.count[node] += 1
            self.free[node] += free
            self.chars[node] += chars
        for number in range(count - 1, 0, -1):
            parent = parents[number]
            self.count[parent] += self.count[number]
            self.free[parent] += self.free[number]
            self.chars[parent] += self.chars[number]
        self.kinds = [tags[node].name for node in segments.nodes]

    def columns(self, text: dict[str, Array]) -> dict[str, Array]:
        """The columns of each segment from its nodes."""
        first = self.node
        second = self.parent[first]
        third = np.where(second >= 0, self.parent[second], -1)
        fourth = np.where(third >= 0, self.parent[third], -1)
        own, path = np.array(self.own), np.array(self.path)
        total = max(float(text["free"].sum()), 1.0)
        around = np.array(self.around)[first]
        columns = {
            "path": path[first],
            "path_parent": _at(path, second),
            "path_grandparent": _at(path, third),
            "least": np.array(self.least)[first],
            "most": np.array(self.most)[first],
            "own": own[first],
            "own_parent": _at(own, second),
            "own_grandparent": _at(own, third),
            "depth": np.array(self.depth, dtype=np.float64)[first],
        }
        count, free, chars = np.array(self.count), np.array(self.free), np.array(self.chars)
        for name, index in (("", first), ("_parent", second), ("_grandparent", third), ("_great", fourth)):
            inside = np.maximum(_at(count, index), 1)
            columns[f"mean_free{name}"] = _at(free, index) / inside
            columns[f"links{name}"] = 1 - _at(free, index) / np.maximum(_at(chars, index), 1)
            columns[f"count{name}"] = inside
            columns[f"share{name}"] = _at(free, index) / total
        columns |= {f"in_{name}": ((around >> bit) & 1).astype(np.float64) for bit, name in enumerate(AROUND)}
        columns |= {f"is_{name}": np.array([kind == name for kind in self.kinds], dtype=float) for name in KINDS}
        columns["heading"] = np.array([float(kind[1]) if kind in HEADINGS else 0.0 for kind in self.kinds])
        return columns | self._repeated(text["free"])

    def _repeated(self, free: Array) -> dict[str, Array]:
        """How often the same path of elements occurs, and the mean unlinked text on it."""
        signatures = [self.signature[node] for node in self.node]
        counts = Counter(signatures)
        sums: dict[int, float] = {}
        for signature, length in zip(signatures, free.tolist(), strict=True):
            sums[signature] = sums.get(signature, 0.0) + length
        return {
            "repeats": np.array([counts[signature] for signature in signatures], dtype=np.float64),
            "repeated_free": np.array([sums[signature] / counts[signature] for signature in signatures]),
        }


def _at(values: Array, index: Array) -> Array:
    """values[index], 0 where the index is negative."""
    return np.where(index >= 0, values[np.maximum(index, 0)], 0.0)


def _order_columns(segments: Segments, columns: dict[str, Array]) -> dict[str, Array]:
    """Where a segment lies among the others, and what lies around it."""
    count = len(segments.texts)
    index = np.arange(count)
    free, path, heading = columns["free"], columns["path"], columns["heading"]
    total = max(float(free.sum()), 1.0)
    out: dict[str, Array] = {}
    for step in (-3, -2, -1, 1, 2, 3):
        there = index + step
        inside = (there >= 0) & (there < count)
        there = np.clip(there, 0, max(count - 1, 0))
        out[f"path{step:+d}"] = np.where(inside, path[there], 0.0)
        out[f"free{step:+d}"] = np.where(inside, free[there], 0.0)
    for name, values, reach in (("near_free", free, NEAR), ("wide_free", free, WIDE), ("wide_path", path, WIDE)):
        sums = np.concatenate([[0.0], np.cumsum(values)])
        low, high = np.maximum(index - reach, 0), np.minimum(index + reach + 1, count)
        out[name] = (sums[high] - sums[low]) / (high - low)
    titles = np.flatnonzero(heading == 1)
    headings = np.flatnonzero(heading > 0)
    before = np.searchsorted(headings, index, side="right") - 1
    last = headings[np.maximum(before, 0)] if len(headings) else np.zeros(count)
    out["since_title"] = (index - titles[0]).astype(float) if len(titles) else np.full(count, -10 * FAR)
    out["since_heading"] = np.where(before >= 0, index - last, FAR) if len(headings) else np.full(count, FAR)
    out["position"] = index / max(count, 1)
    out["text_position"] = (np.cumsum(free) - free / 2) / total
    out["segments"] = np.full(count, float(count))
    out["page_free"] = np.full(count, total)
    out["page_links"] = np.full(count, 1 - total / max(float(columns["chars"].sum()), 1.0))
    out["longest"] = np.full(count, float(free.max(initial=0.0)))
    return out
