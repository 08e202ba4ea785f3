"""The plain twins of what a page's score needs of the kernels, which run where compiled code does not.

In and out: as the compiled functions, which tests hold to these. Nothing here imports numba, which takes longer to
import than a few pages take to be read plainly (`choice`).
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recall.kernels.hashing import GOLDEN_RATIO, line_rows, splitmix64

Ids = NDArray[np.uint32]
Floats = NDArray[np.float64]

CAMEL, PASCAL, SNAKE, CALL, METHOD, FLAG, FILE, ENDING = range(8)
"""Looks: camelCase, PascalCase and snake_case words, `f()`, `.f(`, ` -f`, names of source files, lines that end in ; {
or }."""
LOOK_COUNT = 8

_CONSTANTS = splitmix64(np.arange(1, 33, dtype=np.uint64) * GOLDEN_RATIO)
SKETCH_SCALES = (_CONSTANTS[:16] >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
SKETCH_OFFSETS = (_CONSTANTS[16:] >> np.uint64(32)).astype(np.uint32)
"""The permutations x -> scale x + offset of 32-bit hashes that a sketch takes the minima of."""

Buckets = tuple[int, int, int]
"""How counts become buckets, each being the bit length of a number, the last one open above: a symbol's number is its
count among so many characters; buckets of each symbol; buckets of each look."""


def plain_lower(data: bytes) -> bytes:
    """`lower` by decoding."""
    return data.decode().lower().encode()


def plain_symbol_features(text: str, symbols: str, extensions: Sequence[str], buckets: Buckets) -> list[int]:
    """`symbol_features` by definition: one regular expression or loop for each."""
    characters = max(1, len(text))
    per, dense, many = buckets
    numbers = [(text.count(symbol) * per // characters, dense) for symbol in symbols]
    numbers += [(count, many) for count in _plain_looks(text, extensions)]
    features, first = [], 0
    for number, size in numbers:
        features.append(first + min(number.bit_length(), size - 1))
        first += size
    return features


def _plain_looks(text: str, extensions: Sequence[str]) -> list[int]:
    counts = [0] * LOOK_COUNT
    for word in re.findall(r"[A-Za-z0-9_]+", text):
        for at in range(1, _first_joint(word)):
            if word[at].isupper() and word[at - 1].islower():
                counts[CAMEL] += word[0].islower()
                counts[PASCAL] += word[0].isupper()
            if word[at] == "_" and word[at - 1] != "_" and at + 1 < len(word):
                counts[SNAKE] += 1
    counts[CALL] = len(re.findall(r"(?<=[A-Za-z0-9_])\(\)", text))
    counts[METHOD] = len(re.findall(r"\.[A-Za-z0-9_]+\((?!\))", text))
    counts[FLAG] = len(re.findall(r"(?:(?<![^ \n])|(?<=(?<![^ \n])-))-(?=[a-z])", text))
    names = "|".join(extensions)
    counts[FILE] = len(re.findall(rf"(?<=[A-Za-z0-9_])\.(?:{names})(?![A-Za-z0-9_])", text, re.IGNORECASE | re.ASCII))
    counts[ENDING] = len(re.findall(r"[;{}] *\n", text))
    return counts


def _first_joint(word: str) -> int:
    """Where a word first changes from lower to upper case, or goes on behind a low line inside of it; else its end.

    Sought once a word, as a page may be one word.
    """
    joint = re.search("[a-z][A-Z]|_[^_]", word)
    return joint.end() if joint else len(word)


def plain_features(data: bytes, symbols: str, extensions: tuple[str, ...], buckets: Buckets) -> Ids:
    """`symbol_density.symbol_features`."""
    return np.array(plain_symbol_features(data.decode("utf-8", "replace"), symbols, extensions, buckets), np.uint32)


def plain_unique(ids: list[int]) -> list[int]:
    """The ids that `UniqueIds` gives for one line without tails."""
    return list(dict.fromkeys(ids))


class PlainUniqueIds:
    """`token_lines.UniqueIds`."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __call__(self, ids: Ids, *tails: Ids) -> Ids:
        """The ids of one line once each, then the tails as they are."""
        return np.concatenate([np.array(plain_unique(ids.tolist()), np.uint32), *tails])


class Tables(NamedTuple):
    """The weights that lines are summed over: the arrays of `collapse.Weights`, in a form that numba compiles.

    hashes: hash of each id, empty without n-grams, as it is not read then.
    """

    tokens: NDArray[np.float32]
    buckets: NDArray[np.float32]
    end: NDArray[np.float32]
    prefix: Floats
    rolling: NDArray[np.uint64]
    prefix_rows: int
    ngrams: int
    hashes: NDArray[np.uint64]
    end_hash: np.uint64


def plain_margins(line: list[int], tables: Tables) -> Floats:
    """The margins of one line by definition: constants, then the known rows of the line, over their number."""
    total, count = tables.prefix.copy(), tables.prefix_rows
    rows = line_rows(line, tables.rolling.tolist(), len(tables.buckets), tables.ngrams, int(tables.end_hash))
    for index, bucket in rows:
        own = tables.tokens[line[index]] if index < len(line) else tables.end[0]
        row = own if bucket < 0 else tables.buckets[bucket]
        if not np.isnan(row[0]):
            total += row
            count += 1
    return total / count if count else np.zeros_like(total)


def plain_line_margins(ids: NDArray[Any], starts: NDArray[np.int64], tables: Tables) -> Floats:
    """`token_lines.line_margins`."""
    lines = [ids[start:end].tolist() for start, end in pairwise(starts.tolist())]
    return np.array([plain_margins(line, tables) for line in lines])


def plain_sketch(line: list[int], vocabulary: int) -> int:
    """The sketch of one line by definition."""
    own = line[: next((at for at, token in enumerate(line) if token >= vocabulary), len(line))]
    if not own:
        return 0
    runs = [own[at : at + 3] for at in range(max(1, len(own) - 2))]
    packed = np.array([sum(token + 1 << 21 * place for place, token in enumerate(reversed(run))) for run in runs])
    halves = (splitmix64(packed.astype(np.uint64)) >> np.uint64(32)).astype(np.uint32)
    least = (SKETCH_SCALES[None, :] * halves[:, None] + SKETCH_OFFSETS[None, :]).min(axis=0)
    return int("".join(f"{int(value) & 15:x}" for value in least), 16)


def plain_line_sketches(ids: NDArray[Any], starts: NDArray[np.int64], vocabulary: int) -> NDArray[np.uint64]:
    """`token_lines.line_sketches`."""
    lines = [ids[start:end].tolist() for start, end in pairwise(starts.tolist())]
    return np.array([plain_sketch(line, vocabulary) for line in lines], np.uint64)
