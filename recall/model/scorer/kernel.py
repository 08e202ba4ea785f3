"""Token lines to margins: the loop that runs for every page of a crawl, compiled, and its definition in plain Python.

fastText's rows of a line, in this order here: the constants (summed beforehand), then for each token its own row, if
the dictionary has it, and the n-grams that end at it; last `</s>` in the same way. An n-gram's row follows
fastText's `Dictionary::addWordNgrams`: FNV-1a of each token (32 bit, read as signed, widened to 64 bit), combined by
h = h * 116049371 + next, modulo the number of buckets. Sums are float64 in line order, without fastmath, so that
machines agree.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Tables(NamedTuple):
    """What the kernel reads besides the lines: the arrays of `collapse.Weights`, in a form that numba compiles.

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


@cache
def compiled() -> Callable[..., None]:
    """The compiled kernel; numba is loaded on first use."""
    import numba  # noqa: PLC0415 - a Scorer loads without it

    kernel: Callable[..., None] = numba.njit(_sum_lines, cache=True, nogil=True, fastmath=False)
    return kernel


@cache
def compiled_for_words() -> Callable[..., None]:
    """The same for the commonest models, of two labels and without n-grams."""
    import numba  # noqa: PLC0415 - see above

    kernel: Callable[..., None] = numba.njit(_sum_words, cache=True, nogil=True, fastmath=False)
    return kernel


def _sum_words(ids: Any, starts: Any, tables: Any, margins: Any) -> None:
    """`_sum_lines` for one margin and words alone: the same sum in the same order, without rows of arrays."""
    tokens, _, end, prefix, _, prefix_rows, _, _, _ = tables
    for line in range(len(starts) - 1):
        total, count = prefix[0], prefix_rows
        for place in range(starts[line], starts[line + 1]):
            weight = tokens[ids[place], 0]
            if not np.isnan(weight):  # the dictionary knows it
                total += weight
                count += 1
        if not np.isnan(end[0, 0]):
            total += end[0, 0]
            count += 1
        margins[line, 0] = total / count if count else 0.0


def _sum_lines(ids: Any, starts: Any, tables: Any, margins: Any) -> None:
    """Write into margins[i] the mean over the rows of line ids[starts[i] : starts[i + 1]]."""
    tokens, buckets, end, prefix, rolling, prefix_rows, ngrams, hashes, end_hash = tables
    columns = tokens.shape[1]
    history = np.zeros(max(ngrams, 1), dtype=np.uint64)
    factor = np.uint64(116049371)
    bucket_count = np.uint64(max(buckets.shape[0], 1))
    total = np.zeros(columns, dtype=np.float64)
    for line in range(len(starts) - 1):
        count = prefix_rows
        total[:] = prefix
        held = len(rolling)
        for place in range(held):
            history[place] = rolling[place]
        for place in range(starts[line], starts[line + 1] + 1):
            last = place == starts[line + 1]
            token = 0 if last else ids[place]
            row = end[0] if last else tokens[token]
            if row[0] == row[0]:  # not NaN: the dictionary knows it
                for column in range(columns):
                    total[column] += row[column]
                count += 1
            if ngrams > 1:
                word_hash = end_hash if last else hashes[token]
                for length in range(held):
                    history[length] = history[length] * factor + word_hash
                    bucket = history[length] % bucket_count
                    for column in range(columns):
                        total[column] += buckets[bucket, column]
                    count += 1
                held = min(held + 1, ngrams - 1)
                for length in range(held - 1, 0, -1):
                    history[length] = history[length - 1]
                history[0] = word_hash
        for column in range(columns):
            margins[line, column] = total[column] / count if count else 0.0
