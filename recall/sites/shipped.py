"""The URL prefixes that recall ships: public sites whose pages are mostly about code or about mathematics.

In: recall/data/code_prefixes.tsv, a prefix a line: kind of site, language, tag, source, checked, prefix and a URL that
lies under it, between tabs. Out: ShippedPrefix. Refuses a line that has another form, with its number.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from recall.errors import Damaged

SHIPPED_KINDS = ("qa", "docs", "forum", "blog", "tracker", "repository", "mail")
"""Kinds of site that the shipped prefixes have. API references and package pages lie among docs, courses among blog,
exercises with their solutions among qa."""

TAGS = ("Code", "Math")
"""What the pages of a shipped prefix are about, named as OpenCoder's `tag` is."""

SOURCES = {
    "opencoder": "OpenCoder, arXiv:2411.04905, table 14",
    "deepseek-coder": "DeepSeek-Coder-V2, arXiv:2406.11931, section 2",
    "deepseek-math": "DeepSeekMath, arXiv:2402.03300, section 2.1",
    "site": "what the site says that it is for",
}
"""Why a prefix is listed."""

UNSEEN = "unseen"
FILE = "data/code_prefixes.tsv"
COLUMNS = 7

_CHECKED = re.compile(r"(\d+)/(\d+)")
_LANGUAGE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class ShippedPrefix:
    """A prefix or template that recall ships. kind: one of SHIPPED_KINDS; language: ISO 639-1 of most of its pages.

    pages: labelled pages of real crawls that lie under it, 0 where none was seen; code: those of them that people
    called code; example: a URL that lies under it.
    """

    kind: str
    language: str
    tag: str
    source: str
    pages: int
    code: int
    prefix: str
    example: str

    @property
    def trusted(self) -> bool:
        """True where two pages or more were read and two thirds of them or more are code."""
        return self.pages >= 2 and 3 * self.code >= 2 * self.pages


def parse_shipped(text: str, source: str) -> tuple[ShippedPrefix, ...]:
    """Read a list of shipped prefixes; lines that start with # are comments. Raises Damaged with the line's number."""
    known = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        shipped = _parse_line(line)
        if shipped is None:
            kinds = ", ".join(SHIPPED_KINDS)
            raise Damaged(
                f"{source}:{number}: expected a kind ({kinds}), a language, {' or '.join(TAGS)}, a source "
                f"({', '.join(SOURCES)}), CODE/PAGES or {UNSEEN}, host/path and a URL under it, between tabs"
            )
        known.append(shipped)
    return tuple(known)


def _parse_line(line: str) -> ShippedPrefix | None:
    parts = line.split("\t")
    if len(parts) != COLUMNS:
        return None
    kind, language, tag, source, checked, prefix, example = parts
    counts = _CHECKED.fullmatch(checked)
    code, pages = map(int, counts.groups()) if counts else (0, 0)
    known = kind in SHIPPED_KINDS and tag in TAGS and source in SOURCES and _LANGUAGE.fullmatch(language)
    counted = checked == UNSEEN if not counts else 0 <= code <= pages and pages > 0
    if not (known and counted and "/" in prefix and "://" not in prefix and example.startswith("http")):
        return None
    return ShippedPrefix(kind, language, tag, source, pages, code, prefix, example)


@cache
def shipped_prefixes() -> tuple[ShippedPrefix, ...]:
    """The prefixes that recall ships, as FILE lists them."""
    return parse_shipped(files("recall").joinpath(FILE).read_text(encoding="utf-8"), FILE)
