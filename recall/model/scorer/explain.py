"""A score taken apart: what each row of a page's token line adds to the logit, and where the row occurs in the text.

With two labels the logit is the margin, a mean over rows, so each row adds weight / rows. With more the logit is
-log(sum_j exp(-m_j)); each row's margins are then averaged with the labels' shares along the straight path from
margins 0 to the page's (Aumann-Shapley), so that contributions add up exactly as well, to the logit less its value at
margins 0, which is the `base`. With several topics the logit is that of all of them together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recall.kernels.hashing import line_rows
from recall.model.features import Ids
from recall.model.scorer.collapse import END_HASH, Weights
from recall.model.scorer.topics import joint_logit
from recall.model.tokens import Tokenizer

Floats = NDArray[np.float64]
Kind = Literal["token", "mark", "ngram", "end", "constant"]


@dataclass(frozen=True, slots=True)
class ScorePart:
    """One row of the line. name: token text or mark; contribution: what it adds to the logit.

    spans: [start, end) of every occurrence of the token in the original text (of an n-gram: the first of each of
    its tokens; none for marks, features, which are marks too, the end and the constants).
    """

    kind: Kind
    name: str
    weight: float
    contribution: float
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score and its parts: logit = base + sum of contributions, up to rounding. rows: what the mean is over."""

    score: float
    logit: float
    base: float
    rows: int
    parts: tuple[ScorePart, ...]


def explain_line(
    weights: Weights, line: Ids, tokenizer: Tokenizer, text: str, topics: Sequence[str] = ()
) -> Explanation:
    """Explain a text's token line. topics: the positive labels of a model with several."""
    ids = [int(token) for token in line]
    rows = line_rows(
        ids, [int(value) for value in weights.rolling], len(weights.buckets), int(weights.ngrams), END_HASH
    )
    known = [(index, bucket, _row(weights, ids, index, bucket)) for index, bucket in rows]
    known = [entry for entry in known if not np.isnan(entry[2][0])]
    count = int(weights.prefix_rows) + len(known)
    total = weights.prefix + np.sum([row for _, _, row in known], axis=0) if known else weights.prefix
    margins = total / count if count else np.zeros(weights.margins)
    inside = np.isin(weights.labels[1:], list(topics))
    mix = _path_mix(margins, inside)
    base = joint_logit(np.zeros(weights.margins), inside)
    where = _occurrences(tokenizer, text)
    parts = (
        [ScorePart("constant", "", float(weights.prefix @ mix), float(weights.prefix @ mix) / count)] if count else []
    )
    lengths: dict[int, int] = {}
    for index, bucket, row in known:
        weight = float(row @ mix)
        lengths[index] = 1 if bucket < 0 else lengths.get(index, 1) + 1
        members = range(index - lengths[index] + 1, index + 1)
        kind, name, spans = _describe(ids, members, tokenizer, where)
        parts.append(ScorePart(kind, name, weight, weight / count, spans))
    logit = base + sum(part.contribution for part in parts)
    return Explanation(float(1 / (1 + np.exp(-joint_logit(margins, inside)))), logit, base, count, tuple(parts))


def _row(weights: Weights, ids: list[int], index: int, bucket: int) -> Floats:
    own = weights.tokens[ids[index]] if index < len(ids) else weights.end[0]
    return np.asarray(own if bucket < 0 else weights.buckets[bucket], dtype=np.float64)


def _path_mix(margins: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Average over t in [0, 1] of the logit's gradient at margins t * m: each other label's share among the others.

    A label that is a topic too counts against it, by its share among the topics. margins @ mix = logit(margins) -
    logit(0) is made exact by adding the quadrature's remainder along the margins.
    """
    nodes, widths = np.polynomial.legendre.leggauss(64)
    path = -np.outer((nodes + 1) / 2, margins)
    gradient = np.zeros_like(path)
    gradient[:, ~inside] = _softmax(path[:, ~inside])
    gradient[:, inside] = -_softmax(np.column_stack([path[:, inside], np.zeros(len(path))]))[:, :-1]
    mix: Floats = (widths / 2) @ gradient
    if len(margins) > 1 and margins @ margins > 0:
        exact = joint_logit(margins, inside) - joint_logit(np.zeros_like(margins), inside)
        mix = mix + (exact - margins @ mix) / (margins @ margins) * margins
    return mix


def _softmax(logits: NDArray[Any]) -> Floats:
    powers: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _occurrences(tokenizer: Tokenizer, text: str) -> dict[int, list[tuple[int, int]]]:
    where: dict[int, list[tuple[int, int]]] = {}
    for token, start, end in tokenizer.spans(text):
        where.setdefault(token, []).append((start, end))
    return where


def _describe(
    ids: list[int], members: range, tokenizer: Tokenizer, where: dict[int, list[tuple[int, int]]]
) -> tuple[Kind, str, tuple[tuple[int, int], ...]]:
    """Kind, name and spans of the row made of the tokens at `members`; indices below 0 are constants."""
    if len(members) == 1:
        index = members[0]
        if index == len(ids):
            return "end", "</s>", ()
        token = ids[index]
        kind: Kind = "mark" if token >= tokenizer.vocabulary else "token"
        return kind, tokenizer.name(token), tuple(where.get(token, ()))
    inner = [ids[index] for index in members if 0 <= index < len(ids)]
    name = "".join(tokenizer.name(token) for token in inner)
    spans = tuple(where[token][0] for token in inner if token in where)
    return "ngram", name + ("</s>" if members[-1] == len(ids) else ""), spans
