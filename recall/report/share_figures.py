"""A round's model at the crawl's own share of code: precision, and recall against the share of pages kept.

In: scores and labels of held-out pages; the share, given or estimated: from the round's audit sample, else from the
scan's scores. Out: AtShare with 95 % intervals, drawn over registered domains. A labels file holds more code than the
crawl, so that precision at its mix is not the crawl's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.labels.audit_estimates import Audited
from recall.labels.shifted_threshold import estimated_share
from recall.model.evaluate import (
    Interval,
    average_precision_at,
    bootstrap_interval,
    precision_at,
    recall_where_kept,
    recall_where_precise,
)
from recall.report.contents import FigureData
from recall.run.own_threshold import OwnThreshold
from recall.run.rounds import Round
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of

KEPT = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
"""Shares of the pages that are kept."""

DRAWS = 200
GIVEN, BY_AUDIT, BY_SCORES = "given", "audit sample", "scores of the crawl"
SCHEMA = {
    "round": "int32",
    "share": "float64",
    "share_by": "string",
    "figure": "string",
    "value": "float64",
    "low": "float64",
    "high": "float64",
}


@dataclass(frozen=True, slots=True)
class CodeShare:
    """The share of code pages in a crawl, and where it is known from (GIVEN, BY_AUDIT, BY_SCORES)."""

    share: Interval
    known_by: str


@dataclass(frozen=True, slots=True)
class AtShare:
    """Figures on held-out pages where code is a share of all. recall_where_kept: (share of pages kept, recall)."""

    code: CodeShare
    precision: Interval
    recall: Interval
    average_precision: Interval
    found_at_90: Interval
    recall_where_kept: tuple[tuple[float, Interval], ...]


def code_share(round_: Round, given: float | None, audited: Audited | None) -> CodeShare | None:
    """The share of code in a scanned round's crawl; None where neither audit nor scores tell it."""
    if given is not None:
        return CodeShare(Interval(given, given, given), GIVEN)
    if audited is not None and audited.pages and audited.model.positives.value:
        ends = audited.model.positives
        return CodeShare(Interval(*(end / audited.pages for end in (ends.value, ends.low, ends.high))), BY_AUDIT)
    estimate = estimated_share(round_)
    return CodeShare(estimate.share, BY_SCORES) if estimate is not None and estimate.identified else None


def at_share(
    code: CodeShare | None, scores: NDArray[Any], kept: NDArray[Any], truth: NDArray[Any], urls: Sequence[str]
) -> AtShare | None:
    """Figures of labelled pages at a share; None where it is not known or one kind of page is missing."""
    if code is None or truth.all() or not truth.any():
        return None
    share, groups = code.share.value, [registered_domain(host_of(url)) for url in urls]
    decided = kept.astype(np.float64)

    def interval(figure: Any, values: NDArray[Any] = scores) -> Interval:
        return bootstrap_interval(figure, values, truth, groups, DRAWS)

    return AtShare(
        code=code,
        precision=interval(lambda values, right: precision_at(share, values > 0, right), decided),
        recall=interval(lambda values, right: float(values[right].mean()), decided),
        average_precision=interval(partial(average_precision_at, share)),
        found_at_90=interval(partial(recall_where_precise, 0.9, share)),
        recall_where_kept=tuple((pages, interval(partial(recall_where_kept, pages, share))) for pages in KEPT),
    )


def threshold_text(own: OwnThreshold) -> str:
    """What a round's own threshold keeps and is expected to give, in a line."""
    figures = own.figures
    parts = [f"threshold {own.value:.3f} by the crawl's own scores"]
    if "kept" in figures and figures["scanned"]:
        counted = "pages" if "audited" in figures else "captures"  # repeats are known after the scan
        parts.append(f"keeps {figures['kept'] / figures['scanned']:.2%} of {figures['scanned']:,.0f} {counted}")
    if "tokens" in figures:
        parts.append(f"about {figures['tokens']:,.0f} tokens")
    if "share" in figures:
        parts.append(f"code {_with_ends('share', figures)}")
    parts += [f"expected {name} {_with_ends(name, figures)}" for name in ("precision", "recall") if name in figures]
    if "audited" in figures:
        parts.append(f"corrected by {figures['audited']:.0f} audited pages")
    elif not own.identified:
        parts.append("the scores do not tell the share of code, so the model's own threshold stands: audit the crawl")
    if not own.reached and own.identified:
        parts.append("the target is out of reach")
    return ", ".join(parts)


def _with_ends(name: str, figures: Mapping[str, float]) -> str:
    ends = f" ({figures[f'{name}_low']:.3f} to {figures[f'{name}_high']:.3f})" if f"{name}_low" in figures else ""
    return f"{figures[name]:.3f}{ends}"


def share_figure(rounds: Sequence[tuple[int, AtShare | None]]) -> FigureData:
    """A table of several rounds' figures at the crawl's share of code; empty where none is known."""
    rows: list[tuple[Any, ...]] = []
    for number, figures in rounds:
        if figures is not None:
            named = {
                "precision": figures.precision,
                "recall": figures.recall,
                "average precision": figures.average_precision,
                "recall at precision 0.90": figures.found_at_90,
                **{f"recall where {pages:.0%} is kept": recall for pages, recall in figures.recall_where_kept},
            }
            code = (figures.code.share.value, figures.code.known_by)
            rows += [(number, *code, name, each.value, each.low, each.high) for name, each in named.items()]
    return FigureData(
        "at_share",
        "At the crawl's share of code",
        "Held-out pages weighted so that code is as frequent among them as in the crawl: precision and recall at the "
        "model's threshold, and recall where a share of all pages is kept, those with the highest scores.",
        SCHEMA,
        rows,
        "95 % intervals by drawing registered domains; what is not known of the share itself is not in them.",
    )
