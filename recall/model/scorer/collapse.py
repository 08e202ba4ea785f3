"""A fastText model collapsed: of every row only what the softmax needs.

The softmax of k labels depends on k - 1 differences: for each label j other than the positive, the margin
m_j = mean over the line's rows of row . (w_positive - w_j). So a row of `dim` numbers becomes k - 1 weights (one, with
two labels) and score = 1 / (1 + sum_j exp(-m_j)), exactly. The shrinkage constants, the same on every line, are summed
once into a prefix. Weights are float32 (they move a score by less than 1e-6), sums are float64.
"""

import io
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recall.errors import BadInput
from recall.kernels.hashing import fasttext_hash, ngram_hash, token_hashes
from recall.model.fasttext import END, Recipe, read_rows

FILE = "scorer.npz"
_CHUNK = 1 << 16
_LONGEST = 64
"""Tokens of the longest n-gram that a model may have."""

_TYPES = {
    "tokens": np.float32,
    "buckets": np.float32,
    "end": np.float32,
    "prefix": np.float64,
    "rolling": np.uint64,
    "prefix_rows": np.int64,
    "ngrams": np.int64,
}


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The numbers of a model; k labels, `margins` = k - 1 columns.

    labels: (k,) names, the positive first, then the others in the order of the columns.
    tokens: (ids, margins) float32 by token id, NaN where the dictionary has no such token.
    buckets: (buckets, margins) float32 by n-gram hash; no rows without n-grams.
    end: (1, margins) float32 of `</s>`, NaN where it is unknown.
    prefix: (margins,) float64, sum over the constants that start each line and over the n-grams among them.
    rolling: up to ngrams - 1 uint64, hashes of the n-grams of 1, 2, ... tokens that end at the last constant.
    prefix_rows: number of rows summed in `prefix`; ngrams: tokens of the longest n-gram.
    """

    labels: NDArray[np.str_]
    tokens: NDArray[np.float32]
    buckets: NDArray[np.float32]
    end: NDArray[np.float32]
    prefix: NDArray[np.float64]
    rolling: NDArray[np.uint64]
    prefix_rows: NDArray[np.int64]
    ngrams: NDArray[np.int64]

    @property
    def margins(self) -> int:
        """Weights in a row: labels less one."""
        return int(self.tokens.shape[1])

    def dump(self) -> bytes:
        """The arrays as an .npz file; the same numbers give the same bytes."""
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, **{item.name: getattr(self, item.name) for item in fields(self)})
        return stream.getvalue()


def parse_weights(data: bytes, path: Path) -> Weights:
    """Weights from the bytes of an .npz file; `path` names it in errors.

    Raises BadInput for what is none, and for arrays that do not fit together: compiled code trusts them. Nothing is
    unpickled, and arrays are stored as they are, so that memory is bounded by the file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as stored:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in stored.infolist()):
                raise ValueError
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            weights = Weights(**{item.name: arrays[item.name] for item in fields(Weights)})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError, MemoryError):
        raise BadInput(f"{path}: not the weights of this version of recall") from None
    if not _fits_together(weights):
        raise BadInput(f"{path}: not the weights of this version of recall: its arrays do not fit together")
    return weights


def _fits_together(weights: Weights) -> bool:
    """Whether every array has the type, shape and range that the compiled kernel takes for granted."""
    margins = len(weights.labels) - 1 if weights.labels.ndim == 1 else 0
    shapes = {"tokens": (-1, margins), "buckets": (-1, margins), "end": (1, margins), "prefix": (margins,)}
    shapes |= {"rolling": (-1,), "prefix_rows": (), "ngrams": ()}
    for name, shape in shapes.items():
        array = getattr(weights, name)
        like = len(array.shape) == len(shape)
        if not like or any(want not in (-1, size) for want, size in zip(shape, array.shape, strict=True)):
            return False
        if array.dtype != _TYPES[name]:
            return False
    ngrams, known = int(weights.ngrams), weights.tokens[~np.isnan(weights.tokens)]
    numbers = (known, weights.buckets, weights.prefix, weights.end[~np.isnan(weights.end)])
    return (
        margins >= 1
        and weights.labels.dtype.kind == "U"
        and len(weights.tokens) > 0
        and 1 <= ngrams <= _LONGEST
        and (ngrams == 1 or len(weights.buckets) > 0)
        and len(weights.rolling) < ngrams
        and int(weights.prefix_rows) >= 0
        and all(bool(np.isfinite(values).all()) for values in numbers)
    )


def collapse(path: Path, size: int, recipe: Recipe, positive: str) -> Weights:
    """Weights of a model file whose token ids are below `size`, followed by the recipe's shrinkage constants.

    Raises BadInput when the model does not know the label or holds words that are no token ids.
    """
    rows = read_rows(path)
    if positive not in rows.labels:
        raise BadInput(f"{path}: no label {positive!r} among {', '.join(rows.labels)}")
    others = [index for index, label in enumerate(rows.labels) if label != positive]
    output = rows.output.astype(np.float64)
    differences = output[rows.labels.index(positive)][None, :] - output[others]
    tokens = np.full((size + recipe.shrinkage, len(others)), np.nan)
    end = np.full((1, len(others)), np.nan)
    word_weights = _project(rows.input[: len(rows.words)], differences)
    for word, weight in zip(rows.words, word_weights, strict=True):
        if word == END:
            end[0] = weight
        elif word.isascii() and word.isdigit() and int(word) < len(tokens):
            tokens[int(word)] = weight
        else:
            raise BadInput(f"{path}: its word {word!r} is no token of this tokenizer")
    buckets = _project(rows.input[len(rows.words) :], differences)
    ngrams = rows.ngrams if len(buckets) else 1
    prefix, prefix_rows, rolling = _sum_constants(tokens[size:], buckets, size, ngrams)
    return Weights(
        labels=np.array([positive, *(rows.labels[index] for index in others)]),
        tokens=tokens[:size].astype(np.float32),
        buckets=buckets.astype(np.float32),
        end=end.astype(np.float32),
        prefix=prefix,
        rolling=rolling,
        prefix_rows=np.array(prefix_rows, dtype=np.int64),
        ngrams=np.array(ngrams, dtype=np.int64),
    )


def _project(matrix: NDArray[np.float32], differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """The product matrix @ differences.T in float64, in pieces, as the matrix may be larger than memory."""
    result = np.empty((len(matrix), len(differences)))
    for start in range(0, len(matrix), _CHUNK):
        result[start : start + _CHUNK] = matrix[start : start + _CHUNK].astype(np.float64) @ differences.T
    return result


def _sum_constants(
    constants: NDArray[np.float64], buckets: NDArray[np.float64], first: int, ngrams: int
) -> tuple[NDArray[np.float64], int, NDArray[np.uint64]]:
    """Sum and number of the rows that the constants bring, and the rolling hashes behind the last of them."""
    known = ~np.isnan(constants[:, 0]) if len(constants) else np.zeros(0, dtype=bool)
    total = constants[known].sum(axis=0)
    count = int(known.sum())
    rolling: list[int] = []
    for word_hash in token_hashes(first + len(constants))[first:].tolist():
        longer = [ngram_hash(shorter, word_hash) for shorter in rolling[: ngrams - 1]]
        for value in longer:
            total = total + buckets[value % len(buckets)]
            count += 1
        rolling = [word_hash, *longer][: ngrams - 1]
    return total, count, np.array(rolling, dtype=np.uint64)


END_HASH = fasttext_hash(END)
