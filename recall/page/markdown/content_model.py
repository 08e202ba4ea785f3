"""The model of main content: how probable it is that each segment of a page is content.

In: segments. Out: probabilities. The model lies in recall/data/content_model.npz: weights of the words of markup and
of text, and decision trees over `segment_features`; `tests/content_model` trains it.
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
DECIMALS: Final = 6
"""Of a probability: the last bits of an exponential differ between processors."""


@dataclass(frozen=True, slots=True)
class ContentModel:
    """markup, words: whole weights of words by hash, shape (1 << TABLE_BITS,); trees: their sum is a row's logit."""

    markup: npt.NDArray[Any]
    words: npt.NDArray[Any]
    trees: Trees

    def probabilities(self, segments: Segments) -> npt.NDArray[Any]:
        """Shape (segments,), float64."""
        if not segments.texts:
            return np.zeros(0)
        logits = leaf_sums(features(segments, self.markup, self.words), self.trees)
        return np.round(1 / (1 + np.exp(-logits)), DECIMALS)


@cache
def content_model() -> ContentModel:
    """The model that recall ships."""
    with files("recall").joinpath(FILE).open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        trees = Trees(*(arrays[name] for name in ("roots", "columns", "thresholds", "children", "leaves")))
        return ContentModel(arrays["markup"].astype(np.int64), arrays["words"].astype(np.int64), trees)
