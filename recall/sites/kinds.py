"""Kinds of sites by the URL alone: by the shipped prefixes, else by words in host and path."""

import re
from collections.abc import Mapping
from functools import cache

from recall.sites.prefixes import PrefixSet, prefix_key
from recall.sites.shipped import shipped_prefixes

OTHER_KIND = "other"
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
"""mail: mailing lists; tracker: issues and changes under review; qa: questions and answers; forum; repository: files
and commits of source code; reference: of APIs; docs; blog: posts and tutorials; other."""


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in WORDS)


@cache
def _known() -> tuple[PrefixSet, Mapping[str, str]]:
    kinds = {known.prefix: known.kind for known in shipped_prefixes()}
    return PrefixSet(kinds), kinds


def kind_of(url: str) -> str:
    """The kind of site that a URL leads to: a name of WORDS, or OTHER_KIND."""
    prefixes, kinds = _known()
    if (prefix := prefixes.match(url)) is not None:
        return kinds[prefix]
    key = prefix_key(url)
    return next((kind for kind, pattern in _patterns() if pattern.search(key)), OTHER_KIND)
