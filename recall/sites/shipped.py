"""The prefixes that recall ships: places whose pages are mostly about code, in many languages, of every kind.

In: recall/data/code_prefixes.tsv. Out: KnownPrefix. Refuses a line that is not kind, language and prefix.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from recall.errors import Damaged

KINDS = ("qa", "docs", "forum", "blog", "tracker", "repository", "mail")
FILE = "data/code_prefixes.tsv"


@dataclass(frozen=True, slots=True)
class KnownPrefix:
    """A prefix or template. kind: one of KINDS; language: ISO 639-1 of most of its pages."""

    kind: str
    language: str
    prefix: str


def parse_prefixes(text: str, source: str) -> tuple[KnownPrefix, ...]:
    """Read a list: kind, language and prefix between tabs; lines that start with # say something else."""
    known = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 3 or parts[0] not in KINDS or "/" not in parts[2] or "://" in parts[2]:
            raise Damaged(f"{source}:{number}: expected kind, language and prefix between tabs")
        known.append(KnownPrefix(*parts))
    return tuple(known)


@cache
def known_prefixes() -> tuple[KnownPrefix, ...]:
    """The list that recall ships."""
    return parse_prefixes(files("recall").joinpath(FILE).read_text(encoding="utf-8"), FILE)
