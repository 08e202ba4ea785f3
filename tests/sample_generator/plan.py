"""The sample's world: which hosts there are, what stands under which path, and who may learn from it.

Read from the data files hosts_*.toml. uses: `seed` is what a run starts with, `pool` what annotators may be asked,
`measure` is held out; a host, and so its family, has one use.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from tests.sample_generator.bank import read_tables
from tests.sample_generator.frame import Site

Use = Literal["seed", "pool", "measure"]
USES: tuple[Use, ...] = get_args(Use)
_DECLARATIONS = ("both", "header", "none")


@dataclass(frozen=True, slots=True)
class Section:
    """Pages of one kind under one path. path: with {n}, {slug}, {year}, {month} to be filled; pages: how many."""

    path: str
    kind: str
    label: str
    topics: tuple[str, ...]
    pages: int


@dataclass(frozen=True, slots=True)
class Host:
    """One site. charset: what its bodies are encoded in; header: whether HTTP says so; snippets: its code languages."""

    site: Site
    use: Use
    charset: str
    header: bool
    code: str
    snippets: tuple[str, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A [[host]] table with its defaults."""

    name: str
    use: Use
    sections: list[dict[str, object]]
    language: str = "english"
    layout: str = "modern"
    code: str = "indented"
    charset: str = "utf-8"
    declare: str = "both"
    snippets: tuple[str, ...] = ()


@cache
def _rows() -> tuple[_Row, ...]:
    rows = tuple(_Row(**table) for table in read_tables("hosts_")["host"])
    for row in rows:
        if row.use not in USES or row.declare not in _DECLARATIONS:
            raise ValueError(f"{row.name}: use or declare is not one of {USES}, {_DECLARATIONS}")
    return rows


def _section(table: dict[str, object], scale: float) -> Section:
    topics = table["topics"]
    count = table["pages"]
    if not isinstance(topics, list) or not isinstance(count, int):
        raise TypeError(f"{table['path']}: topics must be a list and pages a number")
    return Section(
        str(table["path"]),
        str(table["kind"]),
        str(table["label"]),
        tuple(topics),
        max(1, round(count * scale)),
    )


def plan_hosts(pages: int) -> list[Host]:
    """All hosts, with their sections scaled so that the sample has about `pages` pages, one per section at least."""
    planned = sum(int(str(table["pages"])) for row in _rows() for table in row.sections)
    return [
        Host(
            Site(row.name, row.language, row.charset if row.declare == "both" else "", row.layout),
            row.use,
            row.charset,
            row.declare in {"both", "header"},
            row.code,
            tuple(row.snippets),
            tuple(_section(table, pages / planned) for table in row.sections),
        )
        for row in _rows()
    ]
