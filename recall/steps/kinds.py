"""Kinds of places, told by the URL alone: by the shipped prefixes, else by words in host and path."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.hosts import PrefixSet, prefix_key
from recall.model.scorer import Card
from recall.steps.known import known_prefixes

OTHER = "other"
WORDS = (
    ("mail", r"pipermail|mailman|mail-?archive|lists?\.|mailing"),
    ("tracker", r"/issues?/|/pull/|/tickets?/|bugzilla|bugs?[./]|show_bug|/browse/"),
    ("qa", r"/questions?/|/q/|answers?\.|/ask/|stackexchange|stackoverflow"),
    ("forum", r"forum|viewtopic|showthread|/threads?/|/topics?/|bbs|discuss|community"),
    ("repository", r"/blob/|/tree/|/commit/|github\.com|gitlab|gitee|gitweb|cgit|/src/"),
    ("reference", r"/api/|apidoc|javadoc|/reference/|/ref/|man/|/manpages?/|/classes/"),
    ("docs", r"docs?[./-]|/documentation|/manual|/guide|/handbook|readthedocs|/wiki/|help\."),
    ("blog", r"blog|/posts?/|/articles?/|tutorial|/\d{4}/\d{2}/"),
)
CATEGORIES = (*(name for name, _ in WORDS), OTHER)
"""mail: mailing lists; tracker: issues and changes under review; qa: questions and answers; forum; repository: files
and commits of source code; reference: of APIs; docs; blog: posts and tutorials; other."""


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in WORDS)


@cache
def _known() -> tuple[PrefixSet, Mapping[str, str]]:
    kinds = {known.prefix: known.kind for known in known_prefixes()}
    return PrefixSet(kinds), kinds


def kind_of(url: str) -> str:
    """What kind of place a URL leads to: one of CATEGORIES."""
    prefixes, kinds = _known()
    if (prefix := prefixes.match(url)) is not None:
        return kinds[prefix]
    key = prefix_key(url)
    return next((kind for kind, pattern in _patterns() if pattern.search(key)), OTHER)


def threshold_for(card: Card, url: str | None) -> float:
    """From which score on a page counts as positive: its kind of place's where the card has one, else the model's.

    Without a URL the model's.
    """
    return card.thresholds.get(kind_of(url), card.threshold) if card.thresholds and url else card.threshold


def kept_by(card: Card, scores: NDArray[Any], urls: Iterable[str], *, text: bool = False) -> NDArray[np.bool_]:
    """Which pages reach their threshold, as `threshold_for` has it; bare text that of the card for bare text.

    urls: of the pages, in their order; looked at for pages above the lowest threshold only.
    """
    if text or not card.thresholds:
        return np.asarray(scores >= card.threshold_for(text=text))
    lowest = min(card.threshold, *card.thresholds.values())
    kept = np.asarray(scores >= lowest)
    for row, url in enumerate(urls):
        if kept[row]:
            kept[row] = scores[row] >= threshold_for(card, url)
    return kept
