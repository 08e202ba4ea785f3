"""Hash functions, with the same numbers on every machine: splitmix64's finaliser and fastText's hashes of n-grams.

In: 64-bit numbers, words, token ids. Out: 64-bit hashes. Plain Python and NumPy: nothing here imports numba, and other
kernels compile `splitmix64` as it is.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

GOLDEN_RATIO = np.uint64(0x9E3779B97F4A7C15)
"""2**64 divided by the golden ratio: multiples of it are spread evenly over 64 bits (Knuth, TAOCP 3, 6.4)."""

_FNV_START, _FNV_PRIME = 2166136261, 16777619
NGRAM_FACTOR = 116049371
"""Of fastText's n-gram hashes."""
_MASK = (1 << 64) - 1


def splitmix64(numbers: Any) -> Any:
    """Mix all 64 bits of unsigned numbers (finaliser of Steele, Lea and Flood 2014): arrays, or one in compiled code.

    The mixing is one-to-one, and 0 stays 0.
    """
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def fasttext_hash(word: str) -> int:
    """FastText's hash of a word: 32-bit FNV-1a over signed bytes, widened to 64 bits with its sign for n-grams."""
    value = _FNV_START
    for byte in word.encode():
        value = ((value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * _FNV_PRIME) & 0xFFFFFFFF
    return value if value < 1 << 31 else value | 0xFFFFFFFF00000000


def ngram_hash(shorter: int, word_hash: int) -> int:
    """FastText's hash of an n-gram, from that of all but its last token and the last token's hash."""
    return (shorter * NGRAM_FACTOR + word_hash) & _MASK


@cache
def token_hashes(count: int) -> NDArray[np.uint64]:
    """`fasttext_hash` the decimal form of each token id below `count`."""
    return np.fromiter((fasttext_hash(str(token)) for token in range(count)), dtype=np.uint64, count=count)


def line_rows(ids: list[int], rolling: list[int], buckets: int, ngrams: int, end_hash: int) -> list[tuple[int, int]]:
    """The rows of a fastText model that a token line sums, behind the constants: (index of the last token, bucket).

    The bucket is -1 for the row of the token itself; the index is len(ids) for `</s>`, which ends each line. rolling:
    hashes of the n-grams that end at the last constant. Rows of tokens that the dictionary lacks are included; the
    caller leaves them out. The order is that of fastText's `Dictionary::addWordNgrams`.
    """
    rows: list[tuple[int, int]] = []
    for index in range(len(ids) + 1):
        word_hash = fasttext_hash(str(ids[index])) if index < len(ids) else end_hash
        rows.append((index, -1))
        longer = [ngram_hash(shorter, word_hash) for shorter in rolling]
        if buckets:
            rows.extend((index, value % buckets) for value in longer)
        rolling = [word_hash, *longer][: ngrams - 1]
    return rows
