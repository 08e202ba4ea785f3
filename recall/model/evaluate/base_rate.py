"""Figures where positive pages are a given share of all, whatever their share among the labelled ones.

In: scores and truth of labelled pages, a share. Out: weights by which the positive pages are that share, and what
follows. A model's recall and false positive rate do not depend on the share; its precision does, and with it every
curve.
"""

import numpy as np

from recall.model.evaluate.curves import Bools, Floats, average_precision, choose_threshold, precision_recall


def weights_at(truth: Bools, share: float) -> Floats:
    """Weights by which the positive pages are a share of all."""
    return np.where(truth, share / max(1, truth.sum()), (1 - share) / max(1, (~truth).sum()))


def precision_at(share: float, kept: Bools, truth: Bools) -> float:
    """Share of the kept pages that are positive; 0 where none is kept."""
    weights = weights_at(truth, share)
    return float(weights[kept & truth].sum() / weights[kept].sum()) if kept.any() else 0.0


def average_precision_at(share: float, scores: Floats, truth: Bools) -> float:
    """Average precision, as `average_precision` has it."""
    return average_precision(scores, truth, weights_at(truth, share))


def recall_where_precise(precision: float, share: float, scores: Floats, truth: Bools) -> float:
    """Recall at the lowest threshold with at least this precision on these very pages; 0 where none has it."""
    chosen = choose_threshold(scores, truth, "precision", precision, weights_at(truth, share))
    return chosen.recall if chosen.reached else 0.0


def recall_where_kept(kept: float, share: float, scores: Floats, truth: Bools) -> float:
    """Recall where the best `kept` of all pages are kept.

    Of pages with equal scores as many are taken as fit, positive and other pages alike.
    """
    curve = precision_recall(scores, truth, weights_at(truth, share))
    taken = np.divide(curve.recall * share, curve.precision, out=np.zeros_like(curve.recall), where=curve.precision > 0)
    return float(np.interp(kept, np.append(0.0, taken), np.append(0.0, curve.recall)))
