"""Texts to scores, calibrated probabilities and explanations by the weights of a model folder.

A model folder holds tokenizer.json, scorer.npz, model.json (the card) and model.bin (the fastText model that the
weights were collapsed from; not needed to score). A folder whose files are missing or do not match the card's
digests is refused. Loading needs neither fastText nor numba. A model ships with recall and is used where none is named;
tests/released_model trains it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recall import kernels
from recall.errors import BadInput, Damaged
from recall.kernels.hashing import token_hashes
from recall.model.features import Ids
from recall.model.scorer.card import FILE as CARD_FILE
from recall.model.scorer.card import ModelCard, label_of, parse_card
from recall.model.scorer.collapse import END_HASH, Weights, collapse, parse_weights
from recall.model.scorer.collapse import FILE as WEIGHTS_FILE
from recall.model.scorer.explain import Explanation, explain_line
from recall.model.scorer.topics import joint_scores, shares_of
from recall.model.tokens import FILE as TOKENIZER_FILE
from recall.model.tokens import Tokenizer

Floats = NDArray[np.float64]

FASTTEXT_FILE = "model.bin"
SCORER_FILES = (TOKENIZER_FILE, WEIGHTS_FILE, CARD_FILE)
"""Files that scoring needs: not model.bin, which may be gigabytes."""

_BATCH = 256

SHIPPED = "shipped"
"""Names the model that recall ships wherever a model can be named."""

SHIPPED_MODEL = Path(str(files("recall"))) / "data" / "model"
"""Its folder."""

PLAIN_MODEL = SHIPPED_MODEL / "plain.bin"
"""The same for anybody's fastText (`recall.model.plain`): what scores plain text without recall."""


class Scorer:
    """A model ready to score; make one with `load`. digest: names tokenizer, weights and card together."""

    def __init__(self, tokenizer: Tokenizer, weights: Weights, card: ModelCard, digest: str) -> None:
        if len(weights.tokens) != tokenizer.size or tuple(weights.labels.tolist()) != card.labels:
            raise BadInput("model: tokenizer, weights and card do not belong together")
        self.tokenizer = tokenizer
        self.weights = weights
        self.card = card
        self.digest = digest

    @classmethod
    def load(cls, path: str | Path = SHIPPED) -> "Scorer":
        """Read a model folder, or the model that recall ships.

        Raises BadInput where a file is missing or not of this version, Damaged where its bytes are not the card's.
        """
        folder = SHIPPED_MODEL if path == SHIPPED else Path(path)
        card_bytes = _read(folder / CARD_FILE)
        card = parse_card(card_bytes.decode("utf-8", "replace"), folder / CARD_FILE)
        tokenizer_bytes = _read_checked(folder / TOKENIZER_FILE, card)
        weights_bytes = _read_checked(folder / WEIGHTS_FILE, card)
        tokenizer = Tokenizer(tokenizer_bytes.decode("utf-8"), str(folder / TOKENIZER_FILE))
        weights = parse_weights(weights_bytes, folder / WEIGHTS_FILE)
        if len(weights.tokens) != tokenizer.size:
            raise BadInput(
                f"{folder / WEIGHTS_FILE}: has weights of {len(weights.tokens)} tokens, not of the {tokenizer.size} "
                "that this version of recall tells apart: train again, or score with the version that trained it"
            )
        return cls(tokenizer, weights, card, hashlib.sha256(card_bytes).hexdigest())

    @property
    def labels(self) -> tuple[str, ...]:
        """The positive label first, then the others."""
        return self.card.labels

    @property
    def positive(self) -> str:
        """The label whose share `score` is; with several topics the first of them."""
        return self.card.positive

    @property
    def topics(self) -> tuple[str, ...]:
        """The positive labels, whose shares together are the score."""
        return tuple(sorted(self.card.topics)) or (self.card.positive,)

    @property
    def threshold(self) -> float:
        """A page is kept at or above this score."""
        return self.card.threshold

    def score(self, texts: Sequence[str] | Sequence[bytes]) -> Floats:
        """The positive label's softmax, or that of all topics together, for each scoring text; it may be UTF-8."""
        parts = [
            self.score_lines(self.tokenizer.lines(texts[start : start + _BATCH]))
            for start in range(0, len(texts), _BATCH)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def score_lines(self, lines: Sequence[Ids]) -> Floats:
        """The same for token lines of this model's tokenizer; BadInput for ids it does not have."""
        return score_with(self.weights, lines, self.topics)

    def score_topics(self, lines: Sequence[Ids]) -> tuple[Floats, list[str]]:
        """Scores of token lines, and for each the label of the topic with the largest weighted share."""
        if not self.card.topics:
            return self.score_lines(lines), [self.positive] * len(lines)
        shares = shares_of(margins_of(self.weights, lines), self.labels, self.topics)
        weights = np.array([self.card.topics[topic].weight for topic in self.topics])
        return joint_scores(shares), [self.topics[index] for index in (shares * weights).argmax(axis=1).tolist()]

    def score_texts(self, texts: Sequence[str] | Sequence[bytes]) -> tuple[Floats, list[str]]:
        """As `score`, and for each text the label of its topic, as `score_topics` has it."""
        if not self.card.topics:
            return self.score(texts), [self.positive] * len(texts)
        starts = range(0, len(texts), _BATCH)
        parts = [self.score_topics(self.tokenizer.lines(texts[start : start + _BATCH])) for start in starts]
        scores = np.concatenate([part for part, _ in parts]) if parts else np.zeros(0)
        return scores, [topic for _, topics in parts for topic in topics]

    def probability(self, texts: Sequence[str]) -> Floats:
        """Calibrated probability of the positive label: strictly rising in the score."""
        return self.calibrate(self.score(texts))

    def calibrate(self, scores: ArrayLike) -> Floats:
        """Calibrated probabilities of scores."""
        return self.card.calibration.apply(scores)

    def labels_of(self, texts: Sequence[str], *, bare: bool = False) -> list[str]:
        """What each scoring text is said to be, as `label_of` has it: TOO_SHORT where the model has no opinion.

        bare: they are text without marks, not pages.
        """
        scores, topics = self.score_texts(texts)
        scored = zip(scores.tolist(), texts, topics, strict=True)
        return [label_of(self.card, score, text, bare=bare, topic=topic) for score, text, topic in scored]

    def explain(self, text: str) -> Explanation:
        """What each token, mark and n-gram adds to the score's logit, and where it occurs in the text."""
        line = self.tokenizer.lines([text])[0]
        return explain_line(self.weights, line, self.tokenizer, text, self.topics)


def score_with(weights: Weights, lines: Sequence[Ids], topics: Sequence[str] = ()) -> Floats:
    """The positive label's softmax for each token line, float64; with several topics theirs together.

    Raises BadInput where a line holds ids that the weights have no row for.
    """
    margins = margins_of(weights, lines)
    if len(topics) > 1:
        return joint_scores(shares_of(margins, weights.labels.tolist(), topics))
    with np.errstate(over="ignore"):
        scores: Floats = 1.0 / (1.0 + np.exp(-margins).sum(axis=1))
    return scores


def margins_of(weights: Weights, lines: Sequence[Ids]) -> Floats:
    """(lines, labels - 1): by how much the positive label's logit exceeds that of each other label."""
    if not len(lines):
        return np.empty((0, weights.margins))
    starts = np.zeros(len(lines) + 1, dtype=np.int64)
    np.cumsum([len(line) for line in lines], out=starts[1:])
    ids = np.concatenate(lines)
    if ids.dtype != np.uint32:
        ids = ids.astype(np.int64)
    if len(ids) and (ids.max() >= len(weights.tokens) or ids.min() < 0):
        raise BadInput("token line: holds ids that this model's tokenizer does not have")
    ngrams = int(weights.ngrams)
    tables = kernels.Tables(
        weights.tokens,
        weights.buckets,
        weights.end,
        weights.prefix,
        weights.rolling,
        int(weights.prefix_rows),
        ngrams,
        token_hashes(len(weights.tokens)) if ngrams > 1 else np.zeros(0, dtype=np.uint64),
        np.uint64(END_HASH),
    )
    return kernels.line_margins(ids, starts, tables)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: a model folder needs this file: {error.strerror or error}") from None


def _read_checked(path: Path, card: ModelCard) -> bytes:
    data = _read(path)
    if hashlib.sha256(data).hexdigest() != card.digests.get(path.name):
        raise Damaged(f"{path}: its bytes are not those its model card names; copy the model folder anew")
    return data


def write_model(folder: Path, tokenizer: Tokenizer, fasttext_file: Path, card: ModelCard) -> Scorer:
    """Fill a model folder from a trained model file and a card, and load it.

    The card's labels are put in the order of the weights and its digests are filled in; it is written last.
    `fasttext_file` may already be the folder's model.bin.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = collapse(fasttext_file, tokenizer.size, card.recipe, card.positive)
    tokenizer.save(folder)
    (folder / WEIGHTS_FILE).write_bytes(weights.dump())
    if fasttext_file.resolve() != (folder / FASTTEXT_FILE).resolve():
        (folder / FASTTEXT_FILE).write_bytes(fasttext_file.read_bytes())
    names = (TOKENIZER_FILE, WEIGHTS_FILE, FASTTEXT_FILE)
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / CARD_FILE).write_text(
        replace(card, labels=tuple(weights.labels.tolist()), digests=digests).dump(), encoding="utf-8"
    )
    return Scorer.load(folder)
