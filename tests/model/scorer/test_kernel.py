import numpy as np
import pytest
from numpy.typing import NDArray

from recall.kernels.hashing import fasttext_hash, line_rows
from recall.model.scorer.collapse import END_HASH, Weights
from recall.model.scorer.scorer import margins_of


def mean_of_rows(weights: Weights, line: list[int]) -> NDArray[np.float64]:
    """The definition: constants, then the known rows of the line, over their number."""
    total, count = weights.prefix.copy(), int(weights.prefix_rows)
    rolling = [int(value) for value in weights.rolling]
    for place, bucket in line_rows(line, rolling, len(weights.buckets), int(weights.ngrams), END_HASH):
        own = weights.tokens[line[place]] if place < len(line) else weights.end[0]
        row = own if bucket < 0 else weights.buckets[bucket]
        if not np.isnan(row[0]):
            total += row
            count += 1
    return total / count if count else total * 0


@pytest.mark.parametrize("margins", [1, 3])
@pytest.mark.parametrize("ngrams", [1, 2, 3, 4])
@pytest.mark.parametrize("constants", [0, 1, 5])
def test_the_compiled_kernel_equals_its_definition(margins: int, ngrams: int, constants: int) -> None:
    random = np.random.default_rng(ngrams)
    tokens = random.normal(size=(40, margins)).astype(np.float32)
    tokens[random.permutation(40)[:10]] = np.nan
    weights = Weights(
        labels=np.array(["C", "N", "A", "J"][: margins + 1]),
        tokens=tokens,
        buckets=random.normal(size=(97 if ngrams > 1 else 0, margins)).astype(np.float32),
        end=np.full((1, margins), np.nan, dtype=np.float32) if constants == 1 else tokens[:1],
        prefix=random.normal(size=margins) * bool(constants),
        rolling=np.array([fasttext_hash(str(i)) for i in range(constants)][: ngrams - 1], dtype=np.uint64),
        prefix_rows=np.array(constants),
        ngrams=np.array(ngrams),
    )
    lines = [random.integers(0, 40, length).astype(np.uint32) for length in (0, 1, 2, 3, 30, 0)]
    expected = [mean_of_rows(weights, line.tolist()) for line in lines]
    np.testing.assert_allclose(margins_of(weights, lines), expected, rtol=1e-12, atol=1e-12)
