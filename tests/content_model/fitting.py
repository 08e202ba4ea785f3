"""Fits the model of main content: weights of words by stochastic gradient descent, then trees over the features.

In: examples. Out: the model's arrays, the same bytes from the same examples. The trees see weights that were fitted
without the page's site, as they will later: each of `FOLDS` parts of the sites has its own.
"""

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from recall.kernels.decision_trees import Trees
from recall.page.markdown.content_model import ContentModel
from recall.page.markdown.opening_tags import TABLE_BITS
from recall.page.markdown.segment_features import columns_of, features, word_tokens
from tests.content_model.examples import Example, words_of

Array = npt.NDArray[Any]

FOLDS = 5
UNIT = 1024
"""Weights are whole numbers of 1 / UNIT."""

EPOCHS = 6
SHRINKAGE = {"markup": 3e-6, "words": 1e-5}
ROUNDS = 150
TREES: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.07,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "use_missing": False,
    "verbosity": -1,
    "num_threads": 1,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
}


def fold_of(example: Example, folds: int, salt: str = "") -> int:
    """The part of the sites that a page belongs to."""
    return zlib.crc32((salt + example.domain).encode()) % folds


@dataclass(frozen=True, slots=True)
class Prepared:
    """An example and what all fits take from it. rows: tokens of markup and of text, a row for each known segment."""

    example: Example
    rows: dict[str, Any]
    target: Array
    weight: Array


def prepare(example: Example) -> Prepared:
    """Look up the words of a page. A segment weighs as the root of its words; pages weigh as the root of theirs."""
    segments = example.segments
    around: list[frozenset[int]] = []
    for tag, parent in zip(segments.tags, segments.parents, strict=True):
        around.append(frozenset(tag.tokens) | (around[parent] if parent >= 0 else frozenset()))
    markup = {node: sorted(around[node]) for node in set(segments.nodes)}
    counts = np.array([len(words_of(text)) for text in segments.texts], dtype=np.float64)
    weight = np.where(np.isnan(example.labels), 0.0, np.sqrt(counts) / np.sqrt(max(counts.sum(), 1)))
    known = np.flatnonzero(weight > 0).tolist()
    rows = {
        "markup": _rows([markup[segments.nodes[index]] for index in known]),
        "words": _rows([word_tokens(segments.texts[index]) for index in known]),
    }
    return Prepared(example, rows, np.nan_to_num(example.labels) >= 0.5, weight)


def _rows(tokens: list[list[int]]) -> Any:
    """A sparse matrix with a row for each list of tokens."""
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *map(len, tokens)])
    indices = np.array([token for part in tokens for token in part], np.int32)
    return csr_matrix((np.ones(len(indices), np.float32), indices, ends), shape=(len(tokens), 1 << TABLE_BITS))


def fit_weights(pages: Sequence[Prepared], kind: str) -> Array:
    """The weight of each word of markup or of text, int16."""
    from scipy.sparse import vstack
    from sklearn.linear_model import SGDClassifier

    weights = np.concatenate([page.weight[page.weight > 0] for page in pages])
    targets = np.concatenate([page.target[page.weight > 0] for page in pages])
    rows = vstack([page.rows[kind] for page in pages], format="csr")
    model = SGDClassifier(loss="log_loss", alpha=SHRINKAGE[kind], max_iter=EPOCHS, tol=None, random_state=1)
    coefficients = model.fit(rows, targets, sample_weight=weights / weights.mean()).coef_[0]
    whole: Array = np.clip(np.rint(coefficients * UNIT), -(1 << 15), (1 << 15) - 1).astype(np.int16)
    return whole


def fit(pages: Sequence[Prepared]) -> ContentModel:
    """The model of some pages."""
    import lightgbm

    rows, targets, weights = [], [], []
    names: list[str] = []
    for fold in range(FOLDS):
        inside = [page for page in pages if fold_of(page.example, FOLDS, "weights") == fold]
        rest = [page for page in pages if fold_of(page.example, FOLDS, "weights") != fold]
        markup, words = (fit_weights(rest, kind).astype(np.int64) for kind in SHRINKAGE)
        for page in inside:
            if not page.example.segments.texts:
                continue
            names = names or list(columns_of(page.example.segments, markup, words))
            known = page.weight > 0
            rows.append(features(page.example.segments, markup, words)[known])
            targets.append(page.target[known])
            weights.append(page.weight[known])
    data = lightgbm.Dataset(
        np.concatenate(rows), np.concatenate(targets).astype(float), weight=np.concatenate(weights) * 30
    )
    booster = lightgbm.train(TREES, data, ROUNDS)
    whole = {kind: fit_weights(pages, kind).astype(np.int64) for kind in SHRINKAGE}
    return ContentModel(whole["markup"], whole["words"], as_trees(booster.dump_model()))


def as_trees(dump: dict[str, Any]) -> Trees:
    """LightGBM's trees as arrays."""
    roots: list[int] = []
    columns: list[int] = []
    thresholds: list[np.float32] = []
    children: list[list[int]] = []
    leaves: list[float] = []

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            leaves.append(node["leaf_value"])
            return ~(len(leaves) - 1)
        if node["decision_type"] != "<=":
            raise ValueError(f"a split by {node['decision_type']}, which the kernel does not know")
        number = len(columns)
        columns.append(node["split_feature"])
        thresholds.append(_at_most(node["threshold"]))
        children.append([0, 0])
        children[number] = [add(node["left_child"]), add(node["right_child"])]
        return number

    roots.extend(add(tree["tree_structure"]) for tree in dump["tree_info"])
    return Trees(
        np.array(roots, np.int32),
        np.array(columns, np.int32),
        np.array(thresholds, np.float32),
        np.array(children, np.int32).reshape(-1, 2),
        np.array(leaves, np.float64),
    )


def _at_most(threshold: float) -> np.float32:
    """The largest float32 that is no larger: features are float32, so they go the same way."""
    rounded = np.float32(threshold)
    return rounded if float(rounded) <= threshold else np.nextafter(rounded, np.float32(-np.inf))


def as_bytes(model: ContentModel) -> bytes:
    """The file of a model, without the time of its making."""
    arrays = {"markup": model.markup.astype(np.int16), "words": model.words.astype(np.int16)}
    arrays |= {field.name: getattr(model.trees, field.name) for field in fields(Trees)}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, values in arrays.items():
            part = io.BytesIO()
            np.save(part, values, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), part.getvalue())
    return target.getvalue()
