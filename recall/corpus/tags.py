"""What a page is: the language of its prose, the languages of its code, its category.

In: URL, Markdown and what the page declares of itself. Out: an ISO 639-1 code, the words its fences say, one of
CATEGORIES. Nothing is refused; what cannot be told is "" or OTHER_KIND.
"""

import re
from collections import Counter
from collections.abc import Mapping

from recall.corpus.fences import blocks, prose
from recall.page.text.prose_language import language_of
from recall.sites.kinds import CATEGORIES, OTHER_KIND, kind_of

__all__ = ["CATEGORIES", "COLUMNS", "OTHER_KIND", "category", "code_languages", "declared_language", "language", "tags"]

COLUMNS: Mapping[str, str] = {"language": "string", "category": "string", "code_languages": "list<string>"}

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


def category(url: str, text: str = "") -> str:  # noqa: ARG001 - the text will decide where the URL says nothing
    """What kind of place a URL leads to: one of CATEGORIES."""
    return kind_of(url)


def tags(url: str, text: str, declared: str = "") -> dict[str, object]:
    """All of COLUMNS for a page."""
    return {
        "language": language(text, declared),
        "category": category(url, text),
        "code_languages": code_languages(text),
    }
