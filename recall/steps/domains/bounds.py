"""Lower confidence bounds on the true share of code pages of hosts.

In: pages and kept pages of a host, the model's recall and false positive rate (both on held-out families). Out: a lower
bound on the host's share of code pages, corrected for the model's errors. Hosts with too few pages have none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recall.config import DomainsSection
from recall.model.evaluate import wilson_interval
from recall.records import DomainTally
from recall.sites.hosts import registered_domain

LEAST_POWER = 0.05
"""Difference between recall and false positive rate below which a model says nothing about a host."""


@dataclass(frozen=True, slots=True)
class ModelErrors:
    """A model's recall and false positive rate at its threshold."""

    recall: float = 1.0
    false_positive_rate: float = 0.0


def model_errors(metrics: Mapping[str, float]) -> ModelErrors:
    """The errors that a model card states, or that a crawl's own threshold is expected to make."""
    return ModelErrors(metrics.get("recall", 1.0), metrics.get("false_positive_rate", 0.0))


def lower_share(pages: int, kept: float, errors: ModelErrors, confidence: float) -> float:
    """One-sided lower bound on the true share of code pages; 0 where the model says too little.

    Wilson's bound on the share kept (1927), corrected as Rogan and Gladen do (1978): with the false positive rate fpr,
    (kept - fpr) / (recall - fpr).
    confidence 0.5 gives the corrected share itself.
    """
    power = errors.recall - errors.false_positive_rate
    if not pages or power < LEAST_POWER:
        return 0.0
    low = wilson_interval(kept / pages, pages, confidence).low
    return min(1.0, max(0.0, (low - errors.false_positive_rate) / power))


def lower_shares(tallies: Iterable[DomainTally], settings: DomainsSection, errors: ModelErrors) -> dict[str, float]:
    """The lower bound of each host with enough pages; small hosts of a registered domain count as one.

    By registered domain, private suffixes included: a.github.io and b.github.io are two. Hosts with too few pages have
    no bound.
    """
    bounds: dict[str, float] = {}
    small: dict[str, list[DomainTally]] = defaultdict(list)
    for tally in tallies:
        if tally.pages >= settings.min_pages:
            bounds[tally.host] = lower_share(tally.pages, tally.kept, errors, settings.confidence)
        else:
            small[registered_domain(tally.host)].append(tally)
    for members in small.values():
        pages, kept = sum(tally.pages for tally in members), sum(tally.kept for tally in members)
        if pages >= settings.min_pages and len(members) > 1:
            bound = lower_share(pages, kept, errors, settings.confidence)
            bounds.update({tally.host: bound for tally in members})
    return bounds
