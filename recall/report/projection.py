"""A map of the corpus: sampled pages as points, near each other where their tokens are alike.

In: the survey's sample, the tokenizer of the last model. Out: coordinates. A page is the set of its tokens and of its
pairs of neighbouring tokens, weighted by rarity (tf-idf), as 40 numbers (truncated SVD, "latent semantic analysis",
Deerwester 1990), laid out in the plane by t-SNE (van der Maaten 2008). The classifier's own vectors would not do: with
two labels they lie on one line, that of the score. Same sample, same coordinates: one thread, fixed seed. Two corpora
are also laid out by principal components, a plane in which distances mean something.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from recall.corpus import SampledPage
from recall.model.tokens import Tokenizer
from recall.report.contents import FigureData
from recall.run.round_model import model_folder
from recall.run.rounds import Round

MAP = {
    "x": "float64",
    "y": "float64",
    "url": "string",
    "category": "string",
    "language": "string",
    "round": "int32",
    "score": "float64",
    "reason": "string",
    "bytes": "int64",
    "text": "string",
}
HASHES = 1 << 16
DIMENSIONS = 40
PERPLEXITY = 30
FEWEST = 8
"""Pages below which there is no map."""

WORDS = 160
"""Characters of a page that are shown when it is pointed at."""

DIGITS = 3


def map_of(round_: Round, sample: Sequence[SampledPage]) -> FigureData:
    """The sample laid out in the plane; no rows where it is too small."""
    rows: list[tuple[Any, ...]] = []
    if len(sample) >= FEWEST:
        key = f"{model_folder(round_)}/tokenizer.json"
        tokenizer = Tokenizer(round_.run.store.read(key).decode(), round_.run.store.url(key))
        coordinates = project(tokenizer, [page.text for page in sample], round_.run.config.run.seed)
        for page, (x, y) in zip(sample, coordinates.tolist(), strict=True):
            known = (page.url, page.category, page.language, page.round, page.score, page.reason, page.bytes)
            rows.append((x, y, *known, " ".join(page.text[: 4 * WORDS].split())[:WORDS]))
    return FigureData(
        "map",
        "Map of the corpus",
        f"{len(rows):,} pages drawn by the run's seed. Pages that share rare tokens and pairs of tokens lie near each "
        "other; directions and distances between groups mean nothing.",
        MAP,
        rows,
        "tf-idf of the model's tokens and token pairs, 40 dimensions by SVD, laid out by t-SNE. The classifier's own "
        "two-label vectors are no map: they all lie on the line of the score.",
    )


def project(tokenizer: Tokenizer, texts: Sequence[str], seed: int) -> NDArray[np.float64]:
    """Coordinates (pages, 2) between -1 and 1 of at least FEWEST texts, rounded to DIGITS."""
    return lay_out(embed(tokenizer, texts, seed), seed)


def embed(tokenizer: Tokenizer, texts: Sequence[str], seed: int) -> NDArray[np.float64]:
    """The numbers of each text, (texts, at most DIMENSIONS)."""
    counts = features(tokenizer, texts)
    with threadpool_limits(limits=1):
        weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
        size = min(DIMENSIONS, len(texts) - 1)
        return signed(TruncatedSVD(size, algorithm="arpack", random_state=seed).fit_transform(weighted))


def lay_out(dense: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Coordinates by t-SNE of what `embed` gives."""
    with threadpool_limits(limits=1):
        perplexity = min(PERPLEXITY, (len(dense) - 1) / 3)
        layout = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(dense.astype(np.float32))
    layout = layout - (layout.max(axis=0) + layout.min(axis=0)) / 2
    scaled: NDArray[np.float64] = np.round(layout.astype(np.float64) / max(1e-9, float(np.abs(layout).max())), DIGITS)
    return scaled + 0.0  # no -0.0


def signed(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns in the one of two directions in which the number furthest from zero is positive."""
    flipped: NDArray[np.float64] = columns * np.sign(columns[np.abs(columns).argmax(axis=0), range(columns.shape[1])])
    return flipped


def of_unit_length(dense: NDArray[np.float64]) -> NDArray[np.float64]:
    """What `embed` gives, each text of length 1, so that near means of the same kind; one without tokens stays 0."""
    scaled: NDArray[np.float64] = dense / np.maximum(1e-9, np.sqrt((dense * dense).sum(axis=1, keepdims=True)))
    return scaled


def principal_plane(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Coordinates (rows, 2) by the first two principal components, rounded to DIGITS, and each one's share of variance.

    They do not change with the basis in which the rows are given, and rounding hides the last bits of a machine's own
    linear algebra.
    """
    centred = rows - rows.mean(axis=0)
    with threadpool_limits(limits=1):
        values, vectors = np.linalg.eigh(centred.T @ centred)
        plane = np.round(signed(centred @ vectors[:, [-1, -2]]), DIGITS) + 0.0
    whole = max(1e-9, float(values.sum()))
    return plane, (round(float(values[-1]) / whole, DIGITS), round(float(values[-2]) / whole, DIGITS))


def nearest_distances(rows: NDArray[np.float64], others: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The distance from each row to the `count`-th nearest of the others, rounded to 2 * DIGITS."""
    with threadpool_limits(limits=1):
        squares = (rows * rows).sum(axis=1)[:, None] + (others * others).sum(axis=1) - 2 * (rows @ others.T)
    kth = np.partition(squares, count - 1, axis=1)[:, count - 1]
    distances: NDArray[np.float64] = np.round(np.sqrt(np.maximum(0, kth)), 2 * DIGITS)
    return distances


def features(tokenizer: Tokenizer, texts: Sequence[str]) -> Any:
    """Sparse (texts, HASHES) counts of tokens and of neighbouring pairs, hashed as fastText hashes bigrams."""
    columns: list[NDArray[np.int64]] = []
    for line in tokenizer.lines(texts):
        ids = line.astype(np.uint64)
        pairs = ids[:-1] * np.uint64(116_049_371) + ids[1:]
        columns.append((np.concatenate([ids, pairs]) % np.uint64(HASHES)).astype(np.int64))
    starts = np.concatenate([[0], np.cumsum([len(column) for column in columns])])
    joined = np.concatenate(columns)
    matrix = csr_matrix((np.ones(len(joined)), joined, starts), shape=(len(texts), HASHES))
    matrix.sum_duplicates()
    return matrix
