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

from recall.kernels.segment_columns import STEPS, beside, last_before, means_within
from recall.kernels.segment_words import CAPITAL, CODE_POINTS, DIGIT, PUNCTUATION, WORD, sign_counts, word_sums
from recall.page.markdown.element_features import Elements
from recall.page.markdown.opening_tags import TABLE_BITS
from recall.page.markdown.segments import Segments

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
    stacked = np.concatenate(list(columns.values()), dtype=np.float32, casting="unsafe")
    return np.ascontiguousarray(stacked.reshape(len(columns), -1).T)


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
    text, heading = columns["text"], columns["heading"]
    kinds = ("free", "path", "text")
    values = np.stack([columns[kind] for kind in kinds])
    out: dict[str, Array] = {}
    for step, (free, path, weight) in zip(STEPS, beside(values), strict=True):
        out |= {f"path{step:+d}": path, f"free{step:+d}": free}
        if abs(step) < 3:
            out[f"text{step:+d}"] = weight
    for reach, name in ((NEAR, "near"), (WIDE, "wide")):
        out |= {f"{name}_{kind}": means for kind, means in zip(kinds, means_within(values, reach), strict=True)}
    index = np.arange(len(heading))
    titles, last = np.flatnonzero(heading == 1), last_before(heading > 0)
    out["since_title"] = index - titles[0] if len(titles) else np.full(len(index), -10 * FAR)
    out["since_heading"] = np.where(last >= 0, index - last, FAR)
    for name, kind in (("heading_text", text), ("heading_path", columns["path"]), ("heading_level", heading)):
        out[name] = np.where(last >= 0, kind[last], 0)
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
    return out | dict(zip(whole, np.repeat(list(whole.values()), count).reshape(-1, count), strict=True))
