"""The classifier in figures: curves, thresholds, folds by family, calibration, intervals. NumPy only."""

from recall.model.evaluate.audit import (
    AuditEstimate,
    AuditSample,
    Cell,
    estimate_audit,
    estimate_pooled,
    pooled_shares,
)
from recall.model.evaluate.calibration import Calibration, expected_calibration_error, fit_calibration
from recall.model.evaluate.curves import (
    Curve,
    Metrics,
    Threshold,
    average_precision,
    choose_threshold,
    metrics_at,
    precision_recall,
)
from recall.model.evaluate.folds import group_folds
from recall.model.evaluate.intervals import Interval, bootstrap_difference, bootstrap_interval, wilson_interval

__all__ = [
    "AuditEstimate",
    "AuditSample",
    "Calibration",
    "Cell",
    "Curve",
    "Interval",
    "Metrics",
    "Threshold",
    "average_precision",
    "bootstrap_difference",
    "bootstrap_interval",
    "choose_threshold",
    "estimate_audit",
    "estimate_pooled",
    "expected_calibration_error",
    "fit_calibration",
    "group_folds",
    "metrics_at",
    "pooled_shares",
    "precision_recall",
    "wilson_interval",
]
