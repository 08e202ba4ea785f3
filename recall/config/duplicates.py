"""The tables of config.toml for what build does between pages: duplicates, boilerplate lines, the mix."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from recall.config.sections import Positive, Section, Share

MIXED = ("host", "language", "category")
"""What caps and weights are given by."""

_ENTRY = re.compile(r"(host|language|category)(?::([^=\s]+))?\s*=\s*([0-9]+(?:\.[0-9]+)?)")


def parse_entry(entry: str) -> tuple[str, str, float]:
    """An entry's kind, its value ("" for each value of the kind) and its number. Raises ValueError for none."""
    found = _ENTRY.fullmatch(entry.strip())
    if found is None:
        raise ValueError(f'{entry!r}: expected for example "host=5000", "language:en=1000000" or "category:forum=0.5"')
    return found[1], found[2] or "", float(found[3])


class DuplicatesSection(Section):
    """[duplicates] Which pages are one page, and which of them stays."""

    urls: bool = True
    texts: bool = True
    near: bool = True
    keep: Literal["newest", "longest"] = "newest"
    threshold: Annotated[float, Field(ge=0.5, le=1.0)] = 0.75
    ngram: Annotated[int, Field(ge=1, le=20)] = 5
    bands: Annotated[int, Field(ge=1, le=256)] = 32
    rows: Annotated[int, Field(ge=1, le=32)] = 8


class BoilerplateSection(Section):
    """[boilerplate] Lines that repeat on the pages of a host."""

    enabled: bool = True
    pages: Annotated[int, Field(ge=2)] = 10
    share: Share = 0.2
    words: Positive = 5


class MixSection(Section):
    """[mix] Caps and weights by host, language and category."""

    enabled: bool = True
    caps: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()

    @field_validator("caps", "weights")
    @classmethod
    def _entries_name_a_kind(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            parse_entry(entry)
        return entries

    @field_validator("caps")
    @classmethod
    def _caps_are_counts(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            if parse_entry(entry)[2] % 1:
                raise ValueError(f"{entry!r}: a cap is a number of pages")
        return entries
