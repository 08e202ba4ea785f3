"""The card of a model folder, as canonical JSON in model.json: what the model is, and from which score a page is kept.

In: JSON, or what training learned. Out: a ModelCard; which pages reach their threshold, the model's or that of their
kind of site. Refuses a card that is missing a key, has one too many or values of another type with one line.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recall.errors import BadInput
from recall.model.evaluate import Calibration, Reference, parse_reference
from recall.model.fasttext import Recipe
from recall.model.scorer.topics import Topic, parse_topic, thresholds_of
from recall.records import MARK, OTHER_LABEL, TOO_SHORT
from recall.sites.kinds import kind_of

FILE = "model.json"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model described. labels: in the order of the weights' columns; input: what the model was trained to read.

    text_threshold: for pages read as bare text, without marks; None where it is not known and `threshold` serves.
    thresholds: of kinds of sites that have one of their own, by name; `threshold` is that of all others.
    least_characters: of a text that the model has an opinion of: code as bare text is told half of the time from 150
    characters on, three times of four from 300 on (shipped model, out-of-fold; tests/released_model/short_texts.py).
    reference, text_reference: what scores of pages and of bare text meant where the model was measured, by which its
    threshold follows on other crawls (`recall.model.evaluate.prior_shift`); None in cards of earlier versions.
    topics: of a model with several positive labels, by label; `threshold` is then that of all together.
    metrics: figures on held-out registered domains by name; digests: SHA-256 of the folder's other files by name.
    """

    labels: tuple[str, ...]
    positive: str
    input: Literal["html", "text"]
    recipe: Recipe
    threshold: float
    text_threshold: float | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    least_characters: int = 150
    topics: Mapping[str, Topic] = field(default_factory=dict)
    calibration: Calibration = field(default_factory=Calibration)
    reference: Reference | None = None
    text_reference: Reference | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.positive not in self.labels:
            raise BadInput(f"model card: positive label {self.positive!r} is none of {', '.join(self.labels)}")
        if self.topics and not {self.positive} <= set(self.topics) < set(self.labels):
            raise BadInput(f"model card: topics {', '.join(self.topics)} are not some of {', '.join(self.labels)}")

    def threshold_for(self, *, text: bool) -> float:
        """Where a page counts as positive, read as HTML or as bare text."""
        return self.text_threshold if text and self.text_threshold is not None else self.threshold

    def reference_for(self, *, text: bool) -> Reference | None:
        """What scores of pages, or of bare text, meant where the model was measured."""
        return self.text_reference if text else self.reference

    def floor_for(self, *, text: bool) -> float:
        """Where a page is worth keeping for later rounds; never above the threshold."""
        own = (*self.thresholds.values(), *(topic.threshold for topic in self.topics.values()))
        html = min([self.metrics.get("floor", self.threshold), *own])
        return min(self.metrics.get("text_floor", html) if text else html, self.threshold_for(text=text))

    def dump(self) -> str:
        """Canonical JSON: sorted keys, indented, one final newline; topics and references only where there are any."""
        values = asdict(self)
        for name in ("topics", "reference", "text_reference"):
            if not values[name]:
                del values[name]
        return json.dumps(values, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def parse_card(text: str, path: Path) -> ModelCard:
    """A card from its JSON; `path` names it in errors. Raises BadInput."""
    try:
        values: dict[str, Any] = json.loads(text)
        values["labels"] = tuple(map(str, values["labels"]))
        values["recipe"] = Recipe(**values["recipe"])
        values["calibration"] = Calibration(**values["calibration"])
        values["threshold"] = float(values["threshold"])
        if values.get("text_threshold") is not None:
            values["text_threshold"] = float(values["text_threshold"])
        own = values.get("thresholds", {})
        values["thresholds"] = {str(kind): float(threshold) for kind, threshold in own.items()}
        values["topics"] = {str(label): parse_topic(topic) for label, topic in values.get("topics", {}).items()}
        for name in ("reference", "text_reference"):
            if name in values:
                values[name] = parse_reference(values[name])
        values["metrics"] = {str(name): float(figure) for name, figure in values["metrics"].items()}
        values["digests"] = {str(name): str(digest) for name, digest in values["digests"].items()}
        return ModelCard(**values)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BadInput(f"{path}: not a model card of this version of recall") from None


def threshold_for(card: ModelCard, url: str | None, *, bare: bool = False, topic: str = "") -> float:
    """From which score on a page counts as positive: its kind of site's where the card has one, else the model's.

    Without a URL the model's. bare: it was read as text, without marks; the card's threshold for that, if it has one.
    topic: of a model with several, the label of the page's, whose threshold it must reach.
    """
    if bare and card.text_threshold is not None:
        return card.text_threshold
    if topic in card.topics:
        return card.topics[topic].threshold
    return card.thresholds.get(kind_of(url), card.threshold) if card.thresholds and url else card.threshold


def label_of(
    card: ModelCard, score: float, text: str | bytes, url: str | None = None, *, bare: bool = False, topic: str = ""
) -> str:
    """What a page is said to be: the positive label from its threshold on; below it OTHER_LABEL or TOO_SHORT.

    text: the scoring text, in UTF-8 where it is bytes. url: of a page whose kind of site may have its own threshold.
    bare: it was read as text, without marks. topic: of a model with several, the label of the page's.
    """
    if score >= threshold_for(card, url, bare=bare, topic=topic):
        return topic or card.positive
    return TOO_SHORT if _characters(text, card.least_characters) < card.least_characters else OTHER_LABEL


def _characters(text: str | bytes, enough: int) -> int:
    """Characters of the page's own text, before code and marks; of a long one at least `enough`."""
    if isinstance(text, bytes):
        text = text[: 4 * enough].decode("utf-8", "ignore")  # a character has at most four bytes
    return len(text.partition(MARK)[0].strip())


def kept_by(
    card: ModelCard,
    scores: NDArray[Any],
    urls: Iterable[str],
    topics: Sequence[str] = (),
    *,
    text: bool = False,
) -> NDArray[np.bool_]:
    """Which pages reach their threshold, as `threshold_for` has it; bare text that of the card for bare text.

    urls: of the pages, in their order; looked at for pages above the lowest threshold only. topics: of a model with
    several, the label of each page's topic, whose threshold it must reach.
    """
    if card.topics and not text:
        return np.asarray(scores >= thresholds_of(card.topics, topics))
    if text or not card.thresholds:
        return np.asarray(scores >= card.threshold_for(text=text))
    least = min(card.threshold, *card.thresholds.values())
    kept = np.asarray(scores >= least)
    for row, url in enumerate(urls):
        if kept[row]:
            kept[row] = scores[row] >= threshold_for(card, url)
    return kept
