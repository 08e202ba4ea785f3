"""The classifier in figures: curves, thresholds, folds by family, calibration, intervals. NumPy only."""

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
from recall.model.evaluate.intervals import AuditEstimate, Interval, bootstrap_interval, estimate_audit

__all__ = [
    "AuditEstimate",
    "Calibration",
    "Curve",
    "Interval",
    "Metrics",
    "Threshold",
    "average_precision",
    "bootstrap_interval",
    "choose_threshold",
    "estimate_audit",
    "expected_calibration_error",
    "fit_calibration",
    "group_folds",
    "metrics_at",
    "precision_recall",
]
