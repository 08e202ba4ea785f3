"""The classifier as one weight per row: score, probability and explanation without fastText.

`Scorer.load(folder)` is the door; `write_model` fills such a folder from a trained fastText model.
"""

from recall.model.scorer.card import ModelCard, kept_by, label_of, threshold_for
from recall.model.scorer.collapse import Weights, collapse
from recall.model.scorer.explain import Explanation, ScorePart
from recall.model.scorer.model_folder import (
    PLAIN_MODEL,
    SCORER_FILES,
    SHIPPED,
    SHIPPED_MODEL,
    Scorer,
    score_with,
    write_model,
)

__all__ = [
    "PLAIN_MODEL",
    "SCORER_FILES",
    "SHIPPED",
    "SHIPPED_MODEL",
    "Explanation",
    "ModelCard",
    "ScorePart",
    "Scorer",
    "Weights",
    "collapse",
    "kept_by",
    "label_of",
    "score_with",
    "threshold_for",
    "write_model",
]
