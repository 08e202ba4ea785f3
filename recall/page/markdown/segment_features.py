"""Numbers that describe each segment of a page, for the model of main content.

In: `Segments` and the model's weights of words. Out: a matrix, a row a segment, with the columns of `columns_of`. Sums
are of whole numbers and there are no logarithms, so that all machines compute the same bits.
"""

import re
import zlib
from collections import Counter
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from recall.kernels.segment_words import CAPITAL, CODE_POINTS, DIGIT, PUNCTUATION, WORD, sign_counts, word_sums
from recall.page.markdown.element_features import Elements
from recall.page.markdown.segments import TABLE_BITS, Segments

Array = npt.NDArray[Any]

NEAR: Final = 3
WIDE: Final = 10
FAR: Final = 99
START: Final = 300
"""Characters at a segment's start of which signs are counted, and words are looked up."""

WORDS: Final = 40
"""Distinct words of a segment that are looked up."""

_PUNCTUATION: Final = re.compile(r"[.,;:!?。，、；：！？]")
_WORD: Final = re.compile(r"\w+")
_CAPITAL: Final = re.compile(r"[A-Z]")
_DIGIT: Final = re.compile(r"\d")
_ENDS: Final = tuple('.!?:;。！？…"”)')


@cache
def _kinds() -> Array:
    """What each code point is, by the patterns above."""
    every = np.arange(CODE_POINTS, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    kinds = np.zeros(CODE_POINTS, np.uint8)
    for bit, pattern in ((WORD, _WORD), (PUNCTUATION, _PUNCTUATION), (CAPITAL, _CAPITAL), (DIGIT, _DIGIT)):
        for found in pattern.finditer(every):
            kinds[found.start() : found.end()] |= bit
    return kinds


def word_counts(segments: Segments) -> Array:
    """Words of each segment, shape (segments,), int64."""
    counts: Array = sign_counts(segments.texts, _kinds(), 0)[0]
    return counts


@lru_cache(maxsize=1 << 15)
def word_token(word: str) -> int:
    """The hash of a word of text, in lower case."""
    return zlib.crc32(word.encode("utf-8", "replace")) & ((1 << TABLE_BITS) - 1)


def word_tokens(text: str) -> list[int]:
    """The hashes of the first distinct words of a segment."""
    return [word_token(word) for word in list(dict.fromkeys(_WORD.findall(text[:START].lower())))[:WORDS]]


def features(segments: Segments, markup: Array, words: Array) -> Array:
    """The matrix, shape (segments, columns), float32.

    markup, words: whole weights of the words of markup and of text by hash, shape (1 << TABLE_BITS,) each.
    """
    columns = columns_of(segments, markup, words)
    rows = np.empty((len(segments.texts), len(columns)), np.float32)
    for number, values in enumerate(columns.values()):
        rows[:, number] = values
    return rows


def columns_of(segments: Segments, markup: Array, words: Array) -> dict[str, Array]:
    """The columns by name. The page has at least one segment."""
    starts = [text[:START] for text in segments.texts]
    text, tokens = word_sums([start.lower() for start in starts], _kinds(), words, WORDS)
    columns = _text_columns(segments, starts)
    columns["text"], columns["text_mean"] = text, text / np.maximum(tokens, 1)
    elements = Elements(segments, markup, columns["free"], columns["chars"], text)
    columns |= elements.columns()
    columns |= _order_columns(columns)
    columns |= _page_columns(columns, int(tokens.sum()))
    return columns


def _text_columns(segments: Segments, starts: list[str]) -> dict[str, Array]:
    """What the text of a segment looks like. starts: of each text."""
    texts = segments.texts
    chars = np.array([len(text) for text in texts], dtype=np.int64)
    start = np.maximum(np.minimum(chars, START), 1)
    linked = np.array(segments.linked, dtype=np.int64)
    copies = Counter(texts)
    words, punctuation, capitals, digits = sign_counts(texts, _kinds(), START)
    return {
        "chars": chars,
        "free": chars - linked,
        "linked_share": linked / np.maximum(chars, 1),
        "words": words,
        "punctuation": punctuation / start,
        "capitals": capitals / start,
        "digits": digits / start,
        "lines": np.array([text.count("\n") for text in texts]),
        "ends": np.array([text.endswith(_ENDS) for text in texts]),
        "copies": np.array([copies[text] for text in texts]),
        "copyright": np.array(["©" in text for text in starts]),
    }


def _order_columns(columns: dict[str, Array]) -> dict[str, Array]:
    """Where a segment lies among the others, and what lies around it."""
    free, path, text, heading = columns["free"], columns["path"], columns["text"], columns["heading"]
    count = len(free)
    index = np.arange(count)
    out: dict[str, Array] = {}
    for step in (-3, -2, -1, 1, 2, 3):
        there = index + step
        inside = (there >= 0) & (there < count)
        there = np.clip(there, 0, count - 1)
        out[f"path{step:+d}"] = np.where(inside, path[there], 0)
        out[f"free{step:+d}"] = np.where(inside, free[there], 0)
        if abs(step) < 3:
            out[f"text{step:+d}"] = np.where(inside, text[there], 0)
    for reach, name in ((NEAR, "near"), (WIDE, "wide")):
        low, high = np.maximum(index - reach, 0), np.minimum(index + reach + 1, count)
        for kind, values in (("free", free), ("path", path), ("text", text)):
            sums = np.concatenate([[0], np.cumsum(values)])
            out[f"{name}_{kind}"] = (sums[high] - sums[low]) / (high - low)
    titles, headings = np.flatnonzero(heading == 1), np.flatnonzero(heading > 0)
    out["since_title"] = index - titles[0] if len(titles) else np.full(count, -10 * FAR)
    before = np.searchsorted(headings, index, side="right") - 1
    last = np.where(before >= 0, headings[before], -1) if len(headings) else np.full(count, -1)
    out["since_heading"] = np.where(last >= 0, index - last, FAR)
    out["heading_text"] = np.where(last >= 0, text[last], 0)
    out["heading_path"] = np.where(last >= 0, path[last], 0)
    out["heading_level"] = np.where(last >= 0, heading[last], 0)
    return out


def _page_columns(columns: dict[str, Array], tokens: int) -> dict[str, Array]:
    """What the whole page looks like, and how a segment compares with it."""
    free, path = columns["free"], columns["path"]
    count, index = len(free), np.arange(len(free))
    total = max(int(free.sum()), 1)
    mean = (path * free).sum() / total
    longest = int(np.argmax(free))
    rank = np.argsort(np.argsort(path, kind="stable"), kind="stable")
    out = {
        "position": index / count,
        "text_position": (np.cumsum(free) - free / 2) / total,
        "to_longest": index - longest,
        "path_relative": path - mean,
        "path_rank": rank / count,
        "path_under": int(path.max()) - path,
    }
    whole = {
        "segments": count,
        "page_free": total,
        "page_links": 1 - total / max(int(columns["chars"].sum()), 1),
        "longest": free[longest],
        "page_path": mean,
        "page_text": columns["text"].sum() / max(tokens, 1),
        "page_likely": free[path > 0].sum() / total,
    }
    return out | {name: np.full(count, value) for name, value in whole.items()}
