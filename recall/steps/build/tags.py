"""What a page is: the language of its prose, the languages of its code, its category.

In: URL, Markdown and what the page declares of itself. Out: an ISO 639-1 code, the words its fences say, one of
CATEGORIES. Nothing is refused; what cannot be told is "" or OTHER.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache

from recall.hosts import PrefixSet, prefix_key
from recall.page.text.language import language_of
from recall.steps.build.fences import blocks, prose
from recall.steps.seed.prefixes import known_prefixes

COLUMNS: Mapping[str, str] = {"language": "string", "category": "string", "code_languages": "list<string>"}

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

_DECLARED = re.compile(rb"(?i)<html\b[^>]{0,1000}?\b(?:xml:)?lang\s*=\s*[\"']?\s*([a-z]{2,3})(?![a-z])")
_HEAD = 8_192


def declared_language(body: bytes) -> str:
    """The language that a page's `<html lang>` names, "" where it names none."""
    found = _DECLARED.search(body, 0, _HEAD)
    return found[1].decode("ascii").lower() if found else ""


def language(text: str, declared: str = "") -> str:
    """ISO 639-1 code of a Markdown page's prose, "" when there is too little to tell.

    declared: what the page says of itself, as `declared_language` gives it; believed only where the text is silent.
    """
    found = language_of(prose(text).lstrip("`~ \n"))
    return found or declared


def code_languages(text: str) -> list[str]:
    """The words that a page's fences name their languages by, the one with the most characters first."""
    sizes: Counter[str] = Counter()
    for block in blocks(text):
        if block.language:
            sizes[block.language] += block.end - block.start
    return sorted(sizes, key=lambda word: (-sizes[word], word))


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in WORDS)


@cache
def _known() -> tuple[PrefixSet, Mapping[str, str]]:
    kinds = {known.prefix: known.kind for known in known_prefixes()}
    return PrefixSet(kinds), kinds


def category(url: str, text: str = "") -> str:  # noqa: ARG001 - the text will decide where the URL says nothing
    """What kind of page a URL leads to: one of CATEGORIES, by the shipped prefixes, else by words in host and path."""
    prefixes, kinds = _known()
    if (prefix := prefixes.match(url)) is not None:
        return kinds[prefix]
    key = prefix_key(url)
    return next((kind for kind, pattern in _patterns() if pattern.search(key)), OTHER)


def tags(url: str, text: str, declared: str = "") -> dict[str, object]:
    """All of COLUMNS for a page."""
    return {
        "language": language(text, declared),
        "category": category(url, text),
        "code_languages": code_languages(text),
    }
