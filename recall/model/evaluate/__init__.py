"""The classifier in figures: curves, thresholds, folds by registered domain, calibration, intervals. NumPy only."""

from recall.model.evaluate.audit import (
    AuditEstimate,
    AuditSample,
    Cell,
    estimate_pooled,
    pooled_shares,
)
from recall.model.evaluate.base_rate import (
    average_precision_at,
    precision_at,
    recall_where_kept,
    recall_where_precise,
    weights_at,
)
from recall.model.evaluate.calibration import Calibration, expected_calibration_error, fit_calibration
from recall.model.evaluate.curves import (
    Curve,
    Threshold,
    average_precision,
    choose_threshold,
    precision_recall,
)
from recall.model.evaluate.folds import group_folds
from recall.model.evaluate.intervals import (
    Interval,
    bootstrap_interval,
    interval_over_groups,
    wilson_interval,
)
from recall.model.evaluate.prior_shift import (
    MIDDLES,
    Expectation,
    Reference,
    ShareEstimate,
    corrected,
    estimate_share,
    expected_at,
    expected_interval,
    expected_positives,
    expected_threshold,
    fit_reference,
    parse_reference,
    score_bins,
    score_histogram,
    shifted,
)
from recall.model.evaluate.ranks import border_of, mean_ranks, rank_correlation

__all__ = [
    "MIDDLES",
    "AuditEstimate",
    "AuditSample",
    "Calibration",
    "Cell",
    "Curve",
    "Expectation",
    "Interval",
    "Reference",
    "ShareEstimate",
    "Threshold",
    "average_precision",
    "average_precision_at",
    "bootstrap_interval",
    "border_of",
    "choose_threshold",
    "corrected",
    "estimate_pooled",
    "estimate_share",
    "expected_at",
    "expected_calibration_error",
    "expected_interval",
    "expected_positives",
    "expected_threshold",
    "fit_calibration",
    "fit_reference",
    "group_folds",
    "interval_over_groups",
    "mean_ranks",
    "parse_reference",
    "pooled_shares",
    "precision_at",
    "precision_recall",
    "rank_correlation",
    "recall_where_kept",
    "recall_where_precise",
    "score_bins",
    "score_histogram",
    "shifted",
    "weights_at",
    "wilson_interval",
]
