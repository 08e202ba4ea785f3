"""Text that others extracted, as captures: WET files, Parquet and JSON lines (FineWeb, SkyPile, AutoMathText ...).

In: a shard's URL; its kind is told by the name, whether it is packed by its first bytes. Out: in file order, a Capture
or the Skip that says why there is none. A text becomes the HTML page that shows it unchanged (`PLAIN_TEXT` before it),
so that later steps see pages; it has no structure marks. References into WET are byte ranges; in the other files the
offset is the record's number and the length 1.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import repeat
from urllib.parse import quote

from recall.archive.ranges import read_many
from recall.archive.warc import clean_url, conversions
from recall.config import AccessSection
from recall.errors import BadInput, ShardCorrupt, printable
from recall.io import Readahead, Stream, json_lines, open_readahead
from recall.io.parquet import ParquetReader
from recall.io.parquet.text_columns import find_column, is_column, text_values
from recall.records import PLAIN_TEXT, Capture, Skip, WarcRef

MAX_TEXT = 8 << 20
COLUMNS = ("url", "text")
LINES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".json.gz", ".ndjson")
WET = (".wet.gz", ".wet")

MADE_UP = "http://text.invalid/"
"""Before the file's path and the record's number it makes the URL of a record that has none (RFC 2606: no site's)."""
NO_URL = object()
"""In place of a URL where the file has no column of them."""

ORIGIN = ("id", "dump", "file_path")
"""Columns or keys that say where a row's page came from, as FineWeb has them; kept where they are text."""
MAX_ORIGIN = 1_000
"""Characters of each that are kept."""

_ANYONE = AccessSection()
_ROWS = 256
_BLOCK = 1 << 16
_SHOWN = 200
"""Characters of a file's columns that an error shows."""


def wet_of(path: str) -> str:
    """The path of the WET file of a WARC. Raises BadInput for a path that is not laid out that way."""
    folder, slash, name = path.rpartition("/warc/")
    if not slash or not name.endswith(".warc.gz"):
        raise BadInput(f'{path}: has no WET file; [scan] input = "wet" needs paths in Common Crawl\'s layout')
    return f"{folder}/wet/{name.removesuffix('.gz')}.wet.gz"


def texts(
    url: str,
    access: AccessSection = _ANYONE,
    path: str | None = None,
    columns: tuple[str, str] = COLUMNS,
    *,
    html: bool = False,
    urls_needed: bool = True,
) -> Iterator[Capture | Skip]:
    """Every record of a text shard. columns: those of URL and text in Parquet and JSON lines; "" for no URLs.

    `a.b` is the field b of the column or object a. html: what the column holds is the source of pages, not their text.
    urls_needed: a record without a URL is a Skip, or an error where JSON lines lack the key; else one is made up.

    Raises BadInput for a file of another kind or without the columns, ShardUnreadable, ShardCorrupt.
    """
    if url.endswith(WET):
        yield from conversions(url, access, path)
        return
    name = url if path is None else path
    for number, row in enumerate(_rows(url, access, columns, urls_needed=urls_needed)):
        known = replace(row, url=NO_URL) if row.url is None and not urls_needed else row
        yield _capture(known, WarcRef(name, number, 1), b"" if html else PLAIN_TEXT)


def content_columns(
    url: str, access: AccessSection, names: tuple[str | None, str | None, str]
) -> tuple[tuple[str, str], bool]:
    """Which columns of a Parquet or JSON-lines file hold URL and content, and whether that is HTML.

    names: of the URL (None: `url` where there is one), of HTML (None: text alone is asked for) and of text; HTML goes
    first where a file has both. JSON lines are told by their first object. Raises BadInput for a file with neither, or
    without the URLs that are named.
    """
    if url.endswith(".parquet"):
        schema = ParquetReader(url, access).schema
        listed: Iterable[str] = schema.names

        def has(name: str) -> bool:
            return is_column(schema, name)
    else:
        with open_readahead(url, access) as stream:
            _, row = next(json_lines(_blocks(stream), url, "a JSON object", ShardCorrupt, 4 * MAX_TEXT, ()), (0, None))
        if row is None:
            return ("", names[2]), False
        listed = row

        def has(name: str) -> bool:
            with suppress(KeyError):
                _value(row, name)
                return True
            return False

    asked, html, text = names
    if asked is not None and not has(asked):
        raise BadInput(f"{url}: has no column {asked!r} of URLs, but {printable(', '.join(listed), _SHOWN)}")
    where = asked or ("url" if has("url") else "")
    for name in (html, text):
        if name is not None and has(name):
            return (where, name), name == html
    lacks = f"no column {text!r} of text" if html is None else f"neither a column {html!r} of HTML nor {text!r} of text"
    raise BadInput(f"{url}: has {lacks}, but {printable(', '.join(listed), _SHOWN)}; name the right one")


def read_texts(
    refs: Collection[WarcRef], url: str, access: AccessSection = _ANYONE, columns: tuple[str, str] = COLUMNS
) -> Iterator[Capture]:
    """The captures of some references into one text shard. Raises ShardCorrupt when one is gone."""
    if url.endswith(WET):
        yield from read_many(refs, lambda _path: url, access)
        return
    wanted = {ref.offset: ref for ref in refs}
    for number, row in enumerate(_rows(url, access, columns)):
        ref = wanted.pop(number, None)
        found = None if ref is None else _capture(row, ref)
        if isinstance(found, Skip):
            raise ShardCorrupt(f"{url}: record {number} holds no text any more: {found.value}")
        if found is not None:
            yield found
        if not wanted:
            return
    raise ShardCorrupt(f"{url}: has no record {min(wanted)}")


@dataclass(frozen=True, slots=True)
class _Row:
    """Values of a record, whatever they are. origin: of ORIGIN."""

    url: object
    text: object
    origin: tuple[object, ...]


def _rows(url: str, access: AccessSection, columns: tuple[str, str], *, urls_needed: bool = True) -> Iterator[_Row]:
    if url.endswith(".parquet"):
        yield from _parquet_rows(url, access, columns)
    elif url.endswith(LINES):
        with open_readahead(url, access) as stream:
            yield from _json_rows(stream, columns, urls_needed=urls_needed)
    else:
        raise BadInput(f"{url}: not a text shard; expected a name that ends in .parquet or {', '.join((*LINES, *WET))}")


def _capture(row: _Row, ref: WarcRef, before: bytes = PLAIN_TEXT) -> Capture | Skip:
    url, text = row.url, row.text
    if url is NO_URL:
        url = f"{MADE_UP}{quote(ref.path)}/{ref.offset}"
    cleaned = clean_url(url.encode("utf-8", "replace")) if isinstance(url, str) else None
    if cleaned is None:
        return Skip.BAD_URL
    if isinstance(text, bytes):
        return Skip.BAD_ENCODING
    if not isinstance(text, str) or not text or text.isspace():
        return Skip.EMPTY
    body = before + text.encode("utf-8", "replace")
    if len(body) > MAX_TEXT:
        return Skip.TOO_LARGE
    record, dump, file = (value[:MAX_ORIGIN] if isinstance(value, str) else "" for value in row.origin)
    return Capture(ref, cleaned, body, "utf-8", "", record_id=record, dump=dump, file_path=file)


def _parquet_rows(url: str, access: AccessSection, columns: tuple[str, str]) -> Iterator[_Row]:
    parquet = ParquetReader(url, access)
    for key, name in zip(("url_column", "text_column"), columns, strict=True):
        try:
            if name:
                find_column(parquet.schema, name, url)
        except BadInput as error:
            raise BadInput(f"{error}; name the right one in [crawl] {key}") from None
    known = [name for name in ORIGIN if parquet.names.count(name) == 1 and is_column(parquet.schema, name)]
    wanted = [name for name in columns if name]
    for table in parquet.batches([*wanted, *(name for name in known if name not in wanted)], _ROWS):
        *urls, texts_ = (text_values(table, name, url) for name in wanted)
        said = [table.column(name).to_pylist() if name in known else repeat("") for name in ORIGIN]
        rows = zip(urls[0] if urls else repeat(NO_URL), texts_, *said, strict=False)
        yield from (_Row(where, text, tuple(origin)) for where, text, *origin in rows)


def _json_rows(stream: Stream | Readahead, columns: tuple[str, str], *, urls_needed: bool) -> Iterator[_Row]:
    wanted = [name for name in columns if name]
    keys = "[crawl] url_column and text_column name them"
    expected = f"a JSON object with {' and '.join(map(repr, wanted))}; {keys}"
    read = {*wanted, *(name.partition(".")[0] for name in wanted)}
    named, held = columns
    look = _value if urls_needed else _value_or_none
    for number, row in json_lines(_blocks(stream), stream.url, expected, ShardCorrupt, 4 * MAX_TEXT, read):
        try:
            where, text = (look(row, named) if named else NO_URL), _value(row, held)
        except KeyError:
            raise ShardCorrupt(f"{stream.url}:{number}: not {expected}") from None
        yield _Row(where, text, tuple(row.get(name) for name in ORIGIN))


def _value_or_none(row: Mapping[str, object], name: str) -> object:
    with suppress(KeyError):
        return _value(row, name)
    return None


def _value(row: Mapping[str, object], name: str) -> object:
    """The value of a key, or, for `a.b`, that of b in the object a. Raises KeyError."""
    first, dot, rest = name.partition(".")
    if name in row or not dot:
        return row[name]
    inner = row[first]
    if not isinstance(inner, dict):
        raise KeyError(name)
    return _value(inner, rest)


def _blocks(stream: Stream | Readahead) -> Iterator[bytes]:
    return iter(lambda: stream.read(_BLOCK), b"")
