"""MinHash signatures of texts: minima over word n-grams, their bands, and how far two agree.

In: a text, the size of its n-grams, the number of hash functions. Out: signatures as bytes and arrays (Broder 1997),
the same on every machine.
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


def packed_signature(text: str, size: int, count: int) -> bytes:
    """The low 16 bits of each minimum, as SIGNED has them; empty for a text without words."""
    minima = signature(text, size, count) if text else np.full(1, NO_HASH)
    return b"" if minima[0] == NO_HASH else minima.astype(np.uint16).tobytes()


def band_keys(signatures: NDArray[np.uint16], bands: int) -> NDArray[np.uint64]:
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
