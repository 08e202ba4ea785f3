"""MinHash: a text becomes a signature, and two signatures agree as often as the texts have n-grams in common.

In: a text. Out: one 32-bit minimum for each hash function (Broder 1997): the share of equal ones estimates the Jaccard
similarity of the sets of word n-grams, with a standard error of sqrt(J (1 - J) / functions). Integers only, in the
order of the text, so that machines agree. Words are runs of letters, digits and `_`, ASCII folded to lower case; each
CJK character is a word; white space and punctuation separate words. The loops are `kernels.minhash_signature`.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from recall import kernels
from recall.kernels.hashing import GOLDEN_RATIO, splitmix64

NO_HASH = np.uint32(0xFFFFFFFF)


@cache
def functions(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Multipliers (odd) and offsets of `count` permutations x -> a x + b of 32-bit numbers, the same everywhere."""
    mixed = (splitmix64(np.arange(1, 2 * count + 1, dtype=np.uint64) * GOLDEN_RATIO) >> np.uint64(32)).astype(np.uint32)
    return mixed[:count] | np.uint32(1), mixed[count:]


def ngram_hashes(text: str, size: int) -> NDArray[np.uint64]:
    """A 64-bit hash of each word n-gram of a text, repeated ones as often as they occur."""
    return kernels.ngram_hashes(text.encode("utf-8", "replace"), size)


def signature(text: str, size: int, count: int) -> NDArray[np.uint32]:
    """The `count` minima over a text's n-grams; all NO_HASH for a text without words."""
    return kernels.minima(ngram_hashes(text, size), *functions(count))


def band_keys(signatures: NDArray[np.uint32], bands: int) -> NDArray[np.uint64]:
    """A key for each band of each signature, shape (pages, bands); equal only in the same band."""
    rows = signatures.shape[1] // bands
    keys = np.tile(np.arange(1, bands + 1, dtype=np.uint64) * GOLDEN_RATIO, (len(signatures), 1))
    cut = signatures.reshape(len(signatures), bands, rows)
    for row in range(rows):
        keys = splitmix64(keys ^ cut[:, :, row]) + GOLDEN_RATIO
    return keys


def agreement(left: NDArray[np.uint16], right: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Share of equal numbers of each pair of signatures, shape (pairs, functions): the estimated similarity."""
    return np.asarray((left == right).mean(axis=1))
