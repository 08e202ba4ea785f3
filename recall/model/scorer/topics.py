"""Several positive labels in one model: each is a topic with a tag and a threshold of its own.

The score of a page is the share of all topics together, so that one floor, one calibration and one order serve them.
A page's topic is the one with the largest weighted share; the page is kept when its score reaches the threshold of its
topic. Weights make up for topics with few examples, which the softmax hardly ever prefers.
With one positive label the score is that label's softmax, as ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PASSES = 10
_LEAST = 1e-9
"""Share below which a topic is not told from none."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A positive label. tag: its name in the corpus; threshold: of the score of pages whose topic it is.

    weight: what its share counts when topics are compared.
    metrics, on held-out registered domains: pages with the label, `precision` (share of the pages kept as this topic
    that have any positive label), `tag_precision` (share that have this one), `recall` (share of the label's pages that
    are kept, whatever their tag).
    """

    tag: str
    threshold: float
    weight: float = 1.0
    metrics: Mapping[str, float] = field(default_factory=dict)


def parse_topic(values: Mapping[str, Any]) -> Topic:
    """A topic from its JSON. Raises KeyError, TypeError or ValueError."""
    metrics = {str(name): float(figure) for name, figure in values["metrics"].items()}
    return Topic(str(values["tag"]), float(values["threshold"]), float(values["weight"]), metrics)


def shares_of(margins: Floats, labels: Sequence[str], topics: Sequence[str]) -> Floats:
    """(lines, topics): the softmax of each topic, from margins to the first of the labels; 0 of one it has not."""
    logits = np.concatenate([np.zeros((len(margins), 1)), -margins], axis=1)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = np.zeros((len(margins), len(topics)))
    known = [number for number, topic in enumerate(topics) if topic in labels]
    columns = [list(labels).index(topics[number]) for number in known]
    shares[:, known] = powers[:, columns] / powers.sum(axis=1, keepdims=True)
    return shares


def fit_weights(shares: Floats, numbers: NDArray[np.intp]) -> Floats:
    """(topics,): weights with which each topic is the largest on as many lines as are labelled so; the first's is 1.

    shares: (lines, topics), of lines with a positive label; numbers: of the topic that each is labelled with. A topic
    that no line or every line is labelled with has the weight 1. Several passes, as each weight moves others' lines.
    """
    weights = np.ones(shares.shape[1])
    counts = np.bincount(numbers, minlength=len(weights))
    for _ in range(_PASSES):
        for topic in range(1, len(weights)):
            if 0 < counts[topic] < len(shares):
                others = np.delete(shares * weights, topic, axis=1).max(axis=1)
                needed = np.sort(others / np.maximum(shares[:, topic], _LEAST))
                weights[topic] = (needed[counts[topic] - 1] + needed[counts[topic]]) / 2
    return weights.round(6)


def joint_scores(shares: Floats) -> Floats:
    """(lines,): the share of all topics together; rounding never takes it above 1."""
    return np.asarray(np.minimum(shares.sum(axis=1), 1.0))


def joint_logit(margins: Floats, inside: NDArray[np.bool_]) -> float:
    """The logit of all topics together. inside: which margins are to a label that is a topic too."""
    return _log_sum(np.append(-margins[inside], 0.0)) - _log_sum(-margins[~inside])


def _log_sum(logits: Floats) -> float:
    largest = float(logits.max())
    return largest + float(np.log(np.exp(logits - largest).sum()))


def thresholds_of(topics: Mapping[str, Topic], labels: Sequence[str]) -> Floats:
    """The threshold of each page, by the label of its topic."""
    return np.array([topics[label].threshold for label in labels], dtype=np.float64)
