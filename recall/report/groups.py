"""Figures by kind of place and by language, so that one that is starved by the threshold can be seen.

In: judged pages with their scores. Out: Share by group. A kind is told by the URL alone: by the shipped prefixes, else
by words in host and path; a language by the text.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.hosts import PrefixSet, prefix_key
from recall.report.rounds import Share, share
from recall.steps.seed.prefixes import known_prefixes

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
OTHER = "other"


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in WORDS)


@cache
def _known() -> tuple[PrefixSet, Mapping[str, str]]:
    kinds = {known.prefix: known.kind for known in known_prefixes()}
    return PrefixSet(kinds), kinds


def kind_of(url: str) -> str:
    """What kind of place a URL leads to: one of the kinds in WORDS or of the shipped prefixes, or OTHER."""
    prefixes, kinds = _known()
    if (prefix := prefixes.match(url)) is not None:
        return kinds[prefix]
    key = prefix_key(url)
    return next((kind for kind, pattern in _patterns() if pattern.search(key)), OTHER)


def shares_by(groups: Sequence[str], kept: NDArray[Any], truth: NDArray[Any]) -> dict[str, Share]:
    """Precision and share found of each group, the largest first."""
    names = np.array(groups, dtype=object)
    counted = sorted(set(groups), key=lambda name: (-int((names == name).sum()), name))
    return {name: share(kept[names == name], truth[names == name]) for name in counted}
