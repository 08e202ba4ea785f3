"""Token lines: each id once, the sum of a line's weights, its sketch. All run for every page of a crawl.

In: token ids, and the weights of a collapsed fastText model. Out: ids without repeats; margins; sketches. fastText's
rows of a line, in this order here: the constants (summed beforehand), then for each token its own row, if the
dictionary has it, and the n-grams that end at it; last `</s>` in the same way (`hashing.line_rows`). Sums are float64
in line order, without fastmath, so that machines agree. Ids must be below the number of rows: compiled code does not
look.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.kernels.hashing import NGRAM_FACTOR, splitmix64
from recall.kernels.native import compiled, inlined, pointer
from recall.kernels.plain_twins import SKETCH_OFFSETS, SKETCH_SCALES, Floats, Ids, Tables

_mixed: Any = inlined(splitmix64)


class UniqueIds:
    """Each id of a line once, in order of first occurrence, and what comes behind them. size: ids there are."""

    def __init__(self, size: int) -> None:
        self._seen = np.zeros(size, dtype=np.uint8)  # a byte an id, so that all of it stays in the nearest cache
        self._stamp = 0
        self._out: Ids = np.empty(4096, dtype=np.uint32)

    def __call__(self, ids: Ids, *tails: Ids) -> Ids:
        """The ids of one line, then the tails as they are."""
        if self._stamp == 255:
            self._seen[:] = self._stamp = 0
        self._stamp += 1
        most = len(ids) + sum(map(len, tails))
        if len(self._out) < most:
            self._out = np.empty(most, dtype=np.uint32)
        end = _write_unique(ids, self._seen, self._stamp, self._out)
        for tail in tails:
            start, end = end, end + len(tail)
            self._out[start:end] = tail
        return self._out[:end].copy()


@compiled
def _write_unique(ids: Any, seen: Any, stamp: int, room: Any) -> int:
    """Write every id and go on to the next index only if it is new: no branch to mispredict."""
    source, stamps, out = pointer(ids), pointer(seen), pointer(room)
    count = 0
    for index in range(len(ids)):
        token = source[index]
        out[count] = token
        count += stamps[token] != stamp
        stamps[token] = stamp
    return count


def line_margins(ids: NDArray[Any], starts: NDArray[np.int64], tables: Tables) -> Floats:
    """(lines, margins): the mean over the rows of each line ids[starts[i] : starts[i + 1]]."""
    margins = np.empty((len(starts) - 1, tables.tokens.shape[1]))
    words_alone = margins.shape[1] == 1 and tables.ngrams <= 1
    (_sum_words if words_alone else _sum_lines)(ids, starts, tables, margins)
    return margins


@compiled
def _sum_words(ids: Any, starts: Any, tables: Any, margins: Any) -> None:
    """`_sum_lines` for one margin and words alone: the same sum in the same order, without rows of arrays."""
    tokens, _, end, prefix, _, prefix_rows, _, _, _ = tables
    for line in range(len(starts) - 1):
        total, count = prefix[0], prefix_rows
        for index in range(starts[line], starts[line + 1]):
            weight = tokens[ids[index], 0]
            if not np.isnan(weight):  # the dictionary knows it
                total += weight
                count += 1
        if not np.isnan(end[0, 0]):
            total += end[0, 0]
            count += 1
        margins[line, 0] = total / count if count else 0.0


@compiled
def _sum_lines(ids: Any, starts: Any, tables: Any, margins: Any) -> None:
    """Write into margins[i] the mean over the rows of line ids[starts[i] : starts[i + 1]]."""
    tokens, buckets, end, prefix, rolling, prefix_rows, ngrams, hashes, end_hash = tables
    columns = tokens.shape[1]
    history = np.zeros(max(ngrams, 1), dtype=np.uint64)
    factor = np.uint64(NGRAM_FACTOR)
    bucket_count = np.uint64(max(buckets.shape[0], 1))
    total = np.zeros(columns, dtype=np.float64)
    for line in range(len(starts) - 1):
        count = prefix_rows
        total[:] = prefix
        held = len(rolling)
        for index in range(held):
            history[index] = rolling[index]
        for index in range(starts[line], starts[line + 1] + 1):
            last = index == starts[line + 1]
            token = 0 if last else ids[index]
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


def line_sketches(ids: NDArray[Any], starts: NDArray[np.int64], vocabulary: int) -> NDArray[np.uint64]:
    """The sketch of each line ids[starts[i] : starts[i + 1]]: 16 minima of its runs of three tokens, 4 bits of each.

    Read are the ids up to the first that is not below `vocabulary` (at most 2^21 - 1). Two lines agree in a minimum as
    often as their sets of runs are alike (MinHash, Broder 1997; bits of a minimum, Li and König 2010), else by chance
    once in 16. A line without such ids has the sketch 0.
    """
    sketches = np.zeros(len(starts) - 1, np.uint64)
    _write_sketches(ids, starts, vocabulary, SKETCH_SCALES, SKETCH_OFFSETS, sketches)
    return sketches


@compiled
def _write_sketches(ids: Any, starts: Any, vocabulary: int, scale: Any, offset: Any, sketches: Any) -> None:
    least = np.empty(len(scale), np.uint32)
    for line in range(len(starts) - 1):
        first, stop = starts[line], starts[line]
        while stop < starts[line + 1] and ids[stop] < vocabulary:
            stop += 1
        if stop == first:
            continue
        least[:] = np.uint32(0xFFFFFFFF)
        for at in range(first, max(first + 1, stop - 2)):
            run = np.uint64(0)
            for index in range(at, min(at + 3, stop)):
                run = (run << np.uint64(21)) | np.uint64(ids[index] + 1)
            half = np.uint32(_mixed(run) >> np.uint64(32))
            for part in range(len(scale)):
                value = np.uint32(scale[part] * half + offset[part])
                least[part] = value if value < least[part] else least[part]
        sketch = np.uint64(0)
        for part in range(len(scale)):
            sketch = (sketch << np.uint64(4)) | np.uint64(least[part] & np.uint32(15))
        sketches[line] = sketch
