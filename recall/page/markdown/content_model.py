"""The model of main content: how probable it is that each segment of a page is content.

In: segments. Out: probabilities. The model lies in recall/data/content_model.npz: weights of markup words, and decision
trees over `segment_features`; tests/content_model says how it is trained.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from recall.kernels.decision_trees import Trees, leaf_sums
from recall.page.markdown.segment_features import features
from recall.page.markdown.segments import Segments

FILE: Final = "data/content_model.npz"


@dataclass(frozen=True, slots=True)
class ContentModel:
    """weights: of markup words by hash, shape (1 << TABLE_BITS,); trees: their sum is the logit of a row."""

    weights: npt.NDArray[Any]
    trees: Trees

    def probabilities(self, segments: Segments) -> npt.NDArray[Any]:
        """Shape (segments,), float64."""
        if not segments.texts:
            return np.zeros(0)
        rows = np.ascontiguousarray(features(segments, self.weights))
        return 1 / (1 + np.exp(-leaf_sums(rows, self.trees)))


@cache
def content_model() -> ContentModel:
    """The model that recall ships."""
    with files("recall").joinpath(FILE).open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        trees = Trees(*(arrays[name] for name in ("roots", "columns", "thresholds", "children", "leaves")))
        return ContentModel(arrays["weights"].astype(np.float64), trees)
