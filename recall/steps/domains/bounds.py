"""How much code a host holds, at least: its share of kept pages, corrected for the model's errors, as a lower bound.

In: pages and kept pages of a host, the model's share found and its share of other pages kept (both on held-out
families). Out: a lower confidence bound on the host's true share of code pages.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recall.config import DomainsSection
from recall.model.evaluate import wilson_interval
from recall.records import DomainTally
from recall.sites.hosts import registered_domain

LEAST_POWER = 0.05
"""Difference between share found and false positives below which a model says nothing about a host."""


@dataclass(frozen=True, slots=True)
class Errors:
    """A model's errors at its threshold. found: of code pages; false: share of other pages that it keeps."""

    found: float = 1.0
    false: float = 0.0


def errors_of(metrics: Mapping[str, float]) -> Errors:
    """The errors that a model card states."""
    return Errors(metrics.get("recall", 1.0), metrics.get("false_positive_rate", 0.0))


def lower_share(pages: int, kept: int, errors: Errors, confidence: float) -> float:
    """One-sided lower bound on the true share of code pages; 0 where the model tells too little.

    Wilson's bound on the share kept (1927), corrected as Rogan and Gladen do (1978): (kept - false) / (found - false).
    confidence 0.5 gives the corrected share itself.
    """
    power = errors.found - errors.false
    if not pages or power < LEAST_POWER:
        return 0.0
    low = wilson_interval(kept / pages, pages, confidence).low
    return min(1.0, max(0.0, (low - errors.false) / power))


def lower_shares(tallies: Iterable[DomainTally], settings: DomainsSection, errors: Errors) -> dict[str, float]:
    """The lower bound of each host with enough pages; small hosts of a family are counted as one.

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
