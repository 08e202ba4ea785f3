"""The tables of config.toml for build: tags, quality, privacy, contamination, opt-out, duplicates, boilerplate, mix."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from recall.config.sections import Positive, Section, Share

SIGNALS: Mapping[str, str] = {
    "chars": "int32",
    "lines": "int32",
    "words": "int32",
    "code_blocks": "int32",
    "code_lines": "int32",
    "code_share": "float64",
    "alphabetic_share": "float64",
    "symbol_share": "float64",
    "digit_share": "float64",
    "uppercase_share": "float64",
    "stop_word_share": "float64",
    "unique_word_share": "float64",
    "mean_word_length": "float64",
    "link_share": "float64",
    "duplicate_line_share": "float64",
    "mean_line_length": "float64",
    "max_line_length": "int32",
    "entropy": "float64",
}
"""Quality signals that rules may name, each a column of the corpus with its type; docs/corpus.md defines them."""

CODE_SIGNALS: Mapping[str, str] = {
    "code_parse_share": "float64",
    "code_comment_share": "float64",
    "code_string_share": "float64",
    "code_hex_share": "float64",
    "code_identifiers": "int32",
    "code_longest_line": "int32",
    "code_mean_line": "float64",
    "code_generated": "int32",
    "code_comment_only": "int32",
    "code_output_only": "int32",
    "code_definitions": "int32",
}
"""Signals of a page's fenced blocks, null on a page without any; rules may name them too."""

QUALITY = "quality"
"""What a ranker gives a page, where one is named; rules may name it too."""

_RULE = re.compile(r"\s*([a-z_0-9]+)\s*(>=|<=)\s*([0-9]+(?:\.[0-9]+)?)\s*")


def parse_rule(rule: str) -> tuple[str, str, float]:
    """A rule's signal, its relation (">=" or "<=") and its bound. Raises ValueError for what is no rule."""
    found = _RULE.fullmatch(rule)
    if found is None:
        raise ValueError(f'{rule!r} is no rule; expected for example "words >= 20" or "link_share <= 0.9"')
    if found[1] not in (*SIGNALS, *CODE_SIGNALS, QUALITY):
        raise ValueError(f"{found[1]!r} is no signal; expected one of {', '.join((*SIGNALS, *CODE_SIGNALS, QUALITY))}")
    return found[1], found[2], float(found[3])


class TagsSection(Section):
    """[tags] Language and category of each page; tokenizer: a tokenizer.json that texts are counted by."""

    enabled: bool = True
    tokenizer: str = ""


class QualitySection(Section):
    """[quality] Signals as columns, and rules that a page must meet: one's own, and those of a preset.

    ranker: the folder of one, by which pages get a quality; best_tokens: of what is kept, 0 for all.
    """

    enabled: bool = True
    keep: tuple[str, ...] = ()
    preset: Literal["none", "refinecode", "fineweb-code"] = "none"
    ranker: str = ""
    best_tokens: Annotated[int, Field(ge=0)] = 0

    @property
    def ranked(self) -> bool:
        """Whether pages get a quality."""
        return self.enabled and bool(self.ranker)

    @field_validator("keep")
    @classmethod
    def _rules_name_signals(cls, rules: tuple[str, ...]) -> tuple[str, ...]:
        for rule in rules:
            parse_rule(rule)
        return rules

    @model_validator(mode="after")
    def _quality_comes_of_a_ranker(self) -> "QualitySection":
        asked = [rule for rule in self.keep if parse_rule(rule)[0] == QUALITY]
        asked += [f"best_tokens = {self.best_tokens}"] if self.best_tokens else []
        if asked and not self.ranker:
            raise ValueError(f"{asked[0]} needs [quality] ranker: the folder that `recall quality train` wrote")
        return self


PrivateKind = Literal["email", "phone", "ip", "key", "password"]


class PrivacySection(Section):
    """[privacy] What is masked."""

    enabled: bool = True
    kinds: tuple[PrivateKind, ...] = ("email", "phone", "ip", "key", "password")
    leave: tuple[str, ...] = ()


class ContaminationSection(Section):
    """[contamination] Benchmarks whose items must not stand in the corpus."""

    enabled: bool = True
    benchmarks: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    ngram: Annotated[int, Field(ge=4, le=100)] = 10
    drop: bool = True


class OptoutSection(Section):
    """[optout] Sites and pages that do not want to be in a corpus."""

    enabled: bool = True
    hosts: str = ""
    patterns: str = ""
    directives: tuple[str, ...] = ("noai", "noimageai", "noml", "tdm-reservation", "train-ai")


MIXED = ("host", "language", "category")
"""What caps and weights are given by; weights by QUALITY too."""

_ENTRY = re.compile(r"(host|language|category|quality)(?::([^=\s]+))?\s*=\s*([0-9]+(?:\.[0-9]+)?)")
_LEAST = re.compile(r"[0-5](?:\.[0-9]+)?")


def parse_entry(entry: str) -> tuple[str, str, float]:
    """An entry's kind, its value ("" for each value of the kind) and its number. Raises ValueError for none."""
    found = _ENTRY.fullmatch(entry.strip())
    if found is None:
        raise ValueError(f'{entry!r}: expected for example "host=5000", "language:en=1000000" or "category:forum=0.5"')
    if found[1] == QUALITY and found[2] and not (_LEAST.fullmatch(found[2]) and float(found[2]) <= 5):
        raise ValueError(f'{entry!r}: a quality is a number from 0 to 5, for example "quality:3.5=2"')
    return found[1], found[2] or "", float(found[3])


class DuplicatesSection(Section):
    """[duplicates] Which pages are one page, and which of them stays.

    against: earlier corpora or their signatures; earlier: what becomes of pages that they hold.
    """

    urls: bool = True
    texts: bool = True
    near: bool = True
    keep: Literal["newest", "longest"] = "newest"
    threshold: Annotated[float, Field(ge=0.5, le=1.0)] = 0.75
    ngram: Annotated[int, Field(ge=1, le=20)] = 5
    bands: Annotated[int, Field(ge=1, le=256)] = 32
    rows: Annotated[int, Field(ge=1, le=32)] = 8
    against: tuple[str, ...] = ()
    earlier: Literal["drop", "mark"] = "drop"


class BoilerplateSection(Section):
    """[boilerplate] Lines that repeat on the pages of a host."""

    enabled: bool = True
    pages: Annotated[int, Field(ge=2)] = 10
    share: Share = 0.2
    words: Positive = 5


class MixSection(Section):
    """[mix] Caps and weights by host, language and category; weights by quality too."""

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
            if parse_entry(entry)[0] == QUALITY:
                raise ValueError(f"{entry!r}: pages of a quality have weights and no cap; see [quality] best_tokens")
        return entries
