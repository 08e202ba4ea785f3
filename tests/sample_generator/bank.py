"""The sample's raw material: sentences, words, code templates and the list of hosts, read from the folder `data`.

All of it was written for this project. Nothing here is random; what is drawn from the banks is decided in `prose` and
`snippets`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("english", "chinese", "russian", "german", "spanish", "japanese")


@dataclass(frozen=True, slots=True)
class Topic:
    """What a page may say about a subject. words: fillers by slot; snippets: programming languages that go with it."""

    titles: tuple[str, ...]
    sentences: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]
    snippets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Language:
    """Topics of a natural language, and the words that all of them share."""

    topics: Mapping[str, Topic]
    words: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class CodeLanguage:
    """Templates of a programming language; signature is "" where it has no references."""

    name: str
    comment: str
    keywords: frozenset[str]
    templates: tuple[str, ...]
    outputs: tuple[str, ...]
    signature: str


def read_tables(prefix: str) -> dict[str, Any]:
    """Top-level tables of every data file whose name starts with `prefix`, in order of file name; arrays are joined."""
    merged: dict[str, Any] = {}
    folder = Path(__file__).with_name("data")
    for name in sorted(entry.name for entry in folder.iterdir()):
        if name.startswith(prefix) and name.endswith(".toml"):
            for key, value in tomllib.loads((folder / name).read_text(encoding="utf-8")).items():
                merged[key] = [*merged.get(key, []), *value] if isinstance(value, list) else value
    return merged


def _fillers(words: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {slot: tuple(text.split("|")) for slot, text in words.items()}


@cache
def language(name: str) -> Language:
    """The bank of a natural language; one of LANGUAGES."""
    tables = read_tables(name)
    words = _fillers(tables.pop("words"))
    topics = {
        key: Topic(
            tuple(table.get("titles", ())),
            tuple(table.get("sentences", ())),
            _fillers(table.get("words", {})),
            tuple(table.get("snippets", ())),
        )
        for key, table in tables.items()
    }
    return Language(topics, words)


@cache
def code_languages() -> Mapping[str, CodeLanguage]:
    """All programming languages by name."""
    return {
        name: CodeLanguage(
            name,
            table["comment"],
            frozenset(table["keywords"].split()),
            tuple(text.strip("\n") for text in table["templates"]),
            tuple(text.strip("\n") for text in table.get("outputs", ())),
            table.get("signature", ""),
        )
        for name, table in read_tables("snippets").items()
    }


@cache
def identifiers() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Nouns and verbs that identifiers are made of."""
    tables = read_tables("identifiers")
    return tuple(tables["nouns"].split()), tuple(tables["verbs"].split())
