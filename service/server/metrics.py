"""What is counted, for Prometheus: requests, latencies, batch sizes, scores and their drift, refusals by reason.

With several workers the numbers lie in files that all of them map (PROMETHEUS_MULTIPROC_DIR, set before this is
imported), so that any worker answers for all. Nothing here is labelled by what a caller sends.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from math import log

import numpy as np
from numpy.typing import NDArray
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

MEDIA = "text/plain; version=0.0.4; charset=utf-8"

SCORE_EDGES = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Upper edges of the score histogram's bins but the last, which ends at 1."""

DRIFT_SCORES = 100
"""Fewer scores than this say nothing about drift."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

REQUESTS = Counter("recall_requests", "Requests answered", ["route", "status"])
SECONDS = Histogram("recall_request_seconds", "Time to answer a request", ["route"], buckets=_SECONDS)
ITEMS = Counter("recall_items", "Pages scored, or not, by outcome", ["outcome"])
BATCHES = Histogram("recall_batch_items", "Pages scored together", buckets=_SIZES)
REFUSED = Counter("recall_refused", "Requests and items refused", ["reason"])


class _Scores(Histogram):
    """A histogram of scores that takes many at once: each on its own takes longer than to say its outcome."""

    def observe_all(self, scores: NDArray[np.float64]) -> None:
        """Count them all."""
        self._sum.inc(float(scores.sum()))
        for bucket, count in zip(self._buckets, bins(scores), strict=True):
            if count:
                bucket.inc(count)


SCORES = _Scores("recall_score", "Scores given", ["model"], buckets=SCORE_EDGES)
OPEN = Gauge("recall_requests_open", "Requests being worked on", multiprocess_mode="livesum")
SWAPS = Counter("recall_model_swaps", "Changes of the default version, in each worker", ["outcome"])


def count_scores(model: str, scores: NDArray[np.float64]) -> None:
    """Count a batch of scores of one model version."""
    BATCHES.observe(len(scores))
    ITEMS.labels("scored").inc(len(scores))
    SCORES.labels(model).observe_all(scores)


def count_failures(reasons: Sequence[str]) -> None:
    """Count items that got an error, by reason."""
    if reasons:
        ITEMS.labels("failed").inc(len(reasons))
        for reason in reasons:
            REFUSED.labels(reason).inc()


def bins(scores: NDArray[np.float64]) -> tuple[int, ...]:
    """How many scores lie in each bin of the score histogram."""
    places = np.searchsorted(np.array(SCORE_EDGES), scores)
    return tuple(np.bincount(places, minlength=len(SCORE_EDGES) + 1).tolist())


def drift(expected: Sequence[float], seen: Sequence[float]) -> float:
    """Population stability index of two histograms of the same bins; each is smoothed by half a count a bin.

    Customary reading: under 0.1 nothing, above 0.25 another population.
    """
    half = 0.5 * len(expected)
    total_expected, total_seen = sum(expected) + half, sum(seen) + half
    shares = [((e + 0.5) / total_expected, (s + 0.5) / total_seen) for e, s in zip(expected, seen, strict=True)]
    return sum((now - before) * log(now / before) for before, now in shares)


def _histograms(metrics: Iterable[Metric]) -> dict[str, list[float]]:
    """Scores in each bin by model version."""
    edges = {float(edge): place for place, edge in enumerate(SCORE_EDGES)}
    cumulated: dict[str, list[float]] = {}
    for metric in metrics:
        for sample in metric.samples if metric.name == "recall_score" else ():
            if sample.name == "recall_score_bucket":
                row = cumulated.setdefault(sample.labels["model"], [0.0] * (len(SCORE_EDGES) + 1))
                row[edges.get(float(sample.labels["le"]), len(SCORE_EDGES))] = sample.value
    return {model: np.diff(row, prepend=0.0).tolist() for model, row in cumulated.items()}


class _Drift:
    """Adds the drift of each version that brought its training scores."""

    def __init__(self, registry: CollectorRegistry, training: Mapping[str, Sequence[float]]) -> None:
        self._registry = registry
        self._training = training

    def collect(self) -> Iterable[Metric]:
        """The registry's metrics, and one more."""
        metrics = list(self._registry.collect())
        yield from metrics
        family = GaugeMetricFamily(
            "recall_score_drift", "Population stability index of the scores against training's", labels=["model"]
        )
        for model, seen in sorted(_histograms(metrics).items()):
            if model in self._training and sum(seen) >= DRIFT_SCORES:
                family.add_metric([model], drift(self._training[model], seen))
        yield family


def forget(pid: int) -> None:
    """Count no longer what a worker that has died held open. What it had counted stays: counters never fall."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(pid)  # type: ignore[no-untyped-call]


def render(training: Mapping[str, Sequence[float]]) -> bytes:
    """All metrics of all workers as Prometheus text. training: by version, how its training scores lie in the bins."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(_Drift(registry, training))
