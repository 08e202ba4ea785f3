"""The classifier in figures: curves, thresholds, folds by registered domain, calibration, intervals. NumPy only."""

from recall.model.evaluate.audit import (
    AuditEstimate,
    AuditSample,
    Cell,
    estimate_pooled,
    pooled_shares,
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
from recall.model.evaluate.intervals import Interval, bootstrap_interval, wilson_interval

__all__ = [
    "AuditEstimate",
    "AuditSample",
    "Calibration",
    "Cell",
    "Curve",
    "Interval",
    "Threshold",
    "average_precision",
    "bootstrap_interval",
    "choose_threshold",
    "estimate_pooled",
    "expected_calibration_error",
    "fit_calibration",
    "group_folds",
    "pooled_shares",
    "precision_recall",
    "wilson_interval",
]
