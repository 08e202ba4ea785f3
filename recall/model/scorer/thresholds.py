"""From which score on a page is positive: the model's threshold, or that of the page's kind of site."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.model.scorer.card import ModelCard
from recall.sites.kinds import kind_of


def threshold_for(card: ModelCard, url: str | None) -> float:
    """From which score on a page counts as positive: its kind of site's where the card has one, else the model's.

    Without a URL the model's.
    """
    return card.thresholds.get(kind_of(url), card.threshold) if card.thresholds and url else card.threshold


def kept_by(card: ModelCard, scores: NDArray[Any], urls: Iterable[str], *, text: bool = False) -> NDArray[np.bool_]:
    """Which pages reach their threshold, as `threshold_for` has it; bare text that of the card for bare text.

    urls: of the pages, in their order; looked at for pages above the lowest threshold only.
    """
    if text or not card.thresholds:
        return np.asarray(scores >= card.threshold_for(text=text))
    least = min(card.threshold, *card.thresholds.values())
    kept = np.asarray(scores >= least)
    for row, url in enumerate(urls):
        if kept[row]:
            kept[row] = scores[row] >= threshold_for(card, url)
    return kept
