"""What `recall score` and `recall extract` are given → portions, each the work of one task.

In: names of files, folders, archives (local, https, s3, hf), and lists. Out: portions in the order of the inputs: an
archive is one of its own; HTML files and rows of a list are taken together. Refuses, by name, a file that is not there,
a bucket's folder (nothing is ever listed) and a live page: recall reads archives, not sites.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recall.apply.page_lists import ListedPage
from recall.archive.manifest import crawl_of
from recall.archive.shards import TEXT_KINDS, is_text
from recall.errors import BadInput, printable
from recall.io import local_path
from recall.records import Shard

WARCS = (".warc.gz", ".warc", ".arc.gz", ".arc")
HTML = (".html", ".htm", ".xhtml", ".shtml")
ARCHIVES = (*WARCS, *TEXT_KINDS)
"""Endings of names that tell a file with many pages."""

FILES = 64
"""HTML files in a portion."""
ROWS = 1_000
"""Rows of a list in a portion: what is near each other among them is read with one request."""

UNKNOWN = "unknown_kind"
"""Why a file in a folder is no input."""

ColumnNames = tuple[str | None, str, str]
"""Of URL (None: `url`, where there is one), of HTML and of text, in Parquet and JSON lines."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file with one page. name: as it was given; skip: why it is passed over, "" for a page."""

    name: str
    url: str
    skip: str = ""


@dataclass(frozen=True, slots=True)
class ArchivePortion:
    """A file with many pages. columns: of Parquet and JSON lines."""

    number: int
    shard: Shard
    columns: ColumnNames

    @property
    def path(self) -> str:
        """Its name in messages."""
        return self.shard.path

    @property
    def names(self) -> tuple[str, ...]:
        """Of its inputs."""
        return (self.shard.path,)


@dataclass(frozen=True, slots=True)
class FilePortion:
    """Some HTML files."""

    number: int
    files: tuple[InputFile, ...]

    @property
    def path(self) -> str:
        """Its name in messages."""
        return self.files[0].name

    @property
    def names(self) -> tuple[str, ...]:
        """Of its inputs."""
        return tuple(file.name for file in self.files)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where pages of a list are read. base: of WARC paths; index, crawls: the URL index, the crawls in it."""

    base: str
    index: str
    crawls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListPortion:
    """Some rows of a list, one after the other."""

    number: int
    rows: tuple[ListedPage, ...]
    lookup: Lookup

    @property
    def path(self) -> str:
        """Its name in messages."""
        return self.rows[0].name

    @property
    def names(self) -> tuple[str, ...]:
        """Of its inputs."""
        return tuple(row.name for row in self.rows)


Portion = ArchivePortion | FilePortion | ListPortion
Input = Shard | InputFile | ListedPage


def portions_of(inputs: Iterable[Input], columns: ColumnNames, lookup: Lookup) -> list[Portion]:
    """Inputs as portions, in their order."""
    portions: list[Portion] = []
    for group in _runs(inputs):
        number, first = len(portions), group[0]
        if isinstance(first, Shard):
            portions.append(ArchivePortion(number, replace(first, number=number), columns))
            continue
        files = tuple(each for each in group if isinstance(each, InputFile))
        rows = tuple(each for each in group if isinstance(each, ListedPage))
        portions.append(FilePortion(number, files) if files else ListPortion(number, rows, lookup))
    return portions


def _runs(inputs: Iterable[Input]) -> Iterator[list[Input]]:
    """Neighbours of one kind, as many as a portion takes."""
    most = {Shard: 1, InputFile: FILES, ListedPage: ROWS}
    held: list[Input] = []
    for each in inputs:
        if held and (type(each) is not type(held[0]) or len(held) == most[type(each)]):
            yield held
            held = []
        held.append(each)
    if held:
        yield held


def inputs_named(names: Iterable[str], verb: str) -> Iterator[Input]:
    """Files, folders and archives by their names. verb: as errors call it. Raises BadInput as the module says."""
    for name in names:
        if name.endswith(ARCHIVES):
            _require(name)
            yield archive(name)
        elif name.lower().startswith(("http://", "https://")):
            raise BadInput(
                f"{verb}: {printable(name, 200)}: recall reads archives, not sites; name a file of pages "
                f"({', '.join((*WARCS, '.parquet', '.jsonl'))}), or put the URL in a list and give --list FILE "
                "--crawl ID: its capture is looked up in the crawl's URL index"
            )
        elif name.lower().startswith(("s3://", "hf://")):
            if not name.endswith(HTML):
                raise BadInput(f"{verb}: {name}: no file of pages that recall knows; remote folders are not listed")
            yield InputFile(name, name)
        elif local_path(name).is_dir():
            yield from _files_in(local_path(name), name.rstrip("/"))
        else:
            _require(name)
            yield InputFile(name, name)


def archive(name: str, url: str | None = None) -> Shard:
    """A file with many pages. url: where it is read, by default where its name says."""
    return Shard(0, crawl_of(name), name, name if url is None else url)


def _require(name: str) -> None:
    if "://" not in name and not Path(name).is_file():
        raise BadInput(f"{printable(name, 200)}: no such file or folder")


def _files_in(folder: Path, shown: str) -> Iterator[Input]:
    """Every file below a folder in the order of their names; hidden ones are passed over, links to folders too."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(root) / name
            below = f"{shown}/{path.relative_to(folder).as_posix()}"
            if name.endswith(ARCHIVES):
                yield archive(below, str(path))
            else:
                yield InputFile(below, str(path), "" if name.lower().endswith(HTML) else UNKNOWN)


def identity_of(portions: Sequence[Portion]) -> str:
    """A digest of what portions are, not of where they are read."""
    digest = hashlib.sha256()
    for portion in portions:
        told: object = portion
        if isinstance(portion, ArchivePortion):
            told = (portion.shard.path, portion.columns if is_text(portion.shard.url) else "")
        elif isinstance(portion, FilePortion):
            told = [(file.name, file.skip) for file in portion.files]
        digest.update(f"{portion.number} {told!r}\n".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()
