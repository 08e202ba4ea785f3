"""Records that rooms pass to each other: small frozen dataclasses and the values of their fields.

Nothing here reads or writes. A page is identified by its `WarcRef`; it can be skipped, rejected or kept with a reason,
never lost: `ShardReport` refuses to exist unless its counts add up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

__all__ = [
    "BLOCK_BYTES",
    "CODED",
    "JUDGE",
    "MARK",
    "MARKS",
    "MARK_BUCKETS",
    "MARK_KINDS",
    "OTHER_BODIES",
    "OTHER_LABEL",
    "PLAIN_TEXT",
    "TOO_SHORT",
    "BodyKind",
    "Candidate",
    "Capture",
    "DomainTally",
    "Done",
    "Label",
    "LabelKind",
    "LabelSource",
    "LabelUse",
    "OtherPages",
    "Output",
    "PrefixValue",
    "Shard",
    "ShardReport",
    "Skip",
    "TaskUse",
    "Waiting",
    "WarcRef",
    "plain_text",
]

OTHER_LABEL = "other"
"""Label of every page that has not the positive one."""

JUDGE = "judge"
"""Annotator of a language model's answers, and source of seed examples that it labelled."""

TOO_SHORT = "too short"
"""Said instead of OTHER_LABEL of a text of which the model has no opinion. Nobody trains on it."""

MARK = "\ue000"
"""Introduces a structure mark in a scoring text. Page text never holds it: it is dropped there."""

MARK_KINDS = ("pre", "code", "highlight", "block")
MARK_BUCKETS = 8
BLOCK_BYTES = 16
MARKS = tuple(f"{kind}{bucket}" for kind in MARK_KINDS for bucket in range(1, MARK_BUCKETS + 1))
"""All structure marks. `pre3` says that the page has 4 to 7 `<pre>` (bucket b: 2^(b-1) <= n < 2^b, the last open);
block counts BLOCK_BYTES of text inside `<pre>`.

A scoring text is the page's text; then, where there is text inside `<pre>` or `<code>`, `MARK + CODED` and the first of
that once more; then `MARK + name` for each mark that holds, in the order of MARKS.
"""
CODED = "in code: "


@dataclass(frozen=True, slots=True, order=True)
class WarcRef:
    """Byte range of a WARC record: the identity of a page.

    path: the WARC as its manifest lists it (Common Crawl's `warc_filename`), or the URL it was opened by.
    offset, length: bytes in the stored (compressed) file, of exactly one record. One that shares its gzip member with
    others has no bytes of its own: offset is a member's that begins with a record, and it is number -length from there.
    """

    path: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """An input file of a run. number: its line in shards.txt, from 0; url: where it is read; path: its name in lineage.

    columns: of URL and text, where it is Parquet or JSON lines; "" without a URL column.
    """

    number: int
    crawl: str
    path: str
    url: str
    columns: tuple[str, str] = ("url", "text")


class BodyKind(StrEnum):
    """What the body of a response is. All but HTML are pages of a kind of their own, which a caller must ask for."""

    HTML = "html"
    TEXT = "text"
    MARKDOWN = "markdown"
    SOURCE = "source"
    NOTEBOOK = "notebook"


OTHER_BODIES = tuple(kind for kind in BodyKind if kind is not BodyKind.HTML)


@dataclass(frozen=True, slots=True)
class Capture:
    """A response as the server sent it, transfer and content encodings undone: HTML, unless others were asked for.

    charset: from the HTTP header, lower case, unverified. fetched: WARC-Date. truncated: WARC-Truncated or None.
    robots: header fields that say how crawlers may use the page (X-Robots-Tag and its like), `name: value` a line.
    record_id: WARC-Record-ID in its angle brackets, "" where there is none. dump, file_path: crawl and WARC file of a
    row of a table; with record_id its columns `dump`, `file_path` and `id`, as FineWeb names them. language: the
    word for the fence of a source file.
    """

    ref: WarcRef
    url: str
    body: bytes
    charset: str | None
    fetched: str
    truncated: str | None = None
    robots: str = ""
    record_id: str = ""
    dump: str = ""
    file_path: str = ""
    kind: BodyKind = BodyKind.HTML
    language: str = ""


PLAIN_TEXT = b"<plaintext>"
"""HTML's element after which nothing is markup any more: before a text, it makes the page that shows just that text."""


def plain_text(body: bytes) -> str | None:
    """The text of a page that was made from one (`PLAIN_TEXT` and the text in UTF-8), None for any other page."""
    return body[len(PLAIN_TEXT) :].decode("utf-8", "replace") if body.startswith(PLAIN_TEXT) else None


class Skip(StrEnum):
    """Why a response record is no HTML page. A value that is counted, never an exception.

    Those named as a BodyKind are pages of that kind, where [scan] types asks for them.
    """

    NOT_HTTP = "not_http"
    BAD_HTTP = "bad_http"
    STATUS = "status"
    NOT_HTML = "not_html"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"
    BAD_URL = "bad_url"
    NO_TEXT = "no_text"
    NOT_INDEXED = "not_indexed"
    NO_WET = "no_wet"
    TEXT = "text"
    MARKDOWN = "markdown"
    SOURCE = "source"
    NOTEBOOK = "notebook"
    BINARY = "binary"
    BROKEN_NOTEBOOK = "broken_notebook"


@dataclass(frozen=True, slots=True)
class Output:
    """A published file of a step. file: relative to the step's folder; rows: None where it is no table."""

    file: str
    sha256: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class OtherPages:
    """Pages of a kind that is no HTML, by what became of them."""

    kept: int
    rejected: int


@dataclass(frozen=True, slots=True)
class ShardReport:
    """Counts of every response record of one shard, by what became of it.

    rejected, kept: HTML pages; others: what became of those skipped as no HTML whose kind was asked for, by BodyKind.
    Raises ValueError unless read = skipped + rejected + kept, and skipped of a kind = its kept + rejected.
    """

    shard: int
    path: str
    model: str
    read: int
    skipped: Mapping[Skip, int]
    rejected: int
    kept: int
    candidates: int
    files: tuple[Output, ...] = field(default=())
    others: Mapping[str, OtherPages] = field(default_factory=dict)

    def __post_init__(self) -> None:
        accounted = sum(self.skipped.values()) + self.rejected + self.kept
        if self.read != accounted:
            raise ValueError(f"{self.path}: read {self.read} responses but accounted for {accounted}")
        for kind, pages in self.others.items():
            if (seen := self.skipped.get(Skip(kind), 0)) != pages.kept + pages.rejected:
                raise ValueError(f"{self.path}: read {seen} of {kind} but accounted for {pages.kept + pages.rejected}")


@dataclass(frozen=True, slots=True)
class DomainTally:
    """Pages seen and kept on one host."""

    host: str
    pages: int
    kept: int

    @property
    def share(self) -> float:
        """Share of the host's pages that the model keeps."""
        return self.kept / self.pages if self.pages else 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A URL prefix that annotators are asked about. prefix: host and path, without scheme; host: `*` of a pattern.

    added: code pages that accepting it would add, estimated, with a 95 % interval from low to high; gain: what asking
    about it brings on average, as people accept only what is mostly code.
    """

    prefix: str
    host: str
    pages: int
    kept: int
    added: float = 0.0
    low: float = 0.0
    high: float = 0.0
    gain: float = 0.0


LabelKind = Literal["page", "prefix"]
LabelUse = Literal["train", "audit"]
TaskUse = Literal["train", "audit", "gold"]
"""The purpose of a page task; gold: measures annotators, as its label is known from elsewhere."""

PrefixValue = Literal["accept", "reject", "split", "unsure"]
"""split: neither, but longer prefixes under it are worth asking about."""

LabelSource = Literal["vote", "decision", "gold", "file"]
"""Source of a label: votes, an adjudicator's decision where annotators disagreed, a gold task, a labels file."""


@dataclass(frozen=True, slots=True)
class Label:
    """The label of a page or prefix. target: a URL or a prefix; value: a label name (page) or a PrefixValue.

    annotators: whose votes or decision it rests on; agreement: share of the votes for `value`. use: audit labels never
    train. category: the most frequent category among the annotators who gave `value`, "" without one. error_chance:
    that it is wrong, by the votes alone, where a judge's is among them; None: by its annotators' error rates.
    """

    target: str
    kind: LabelKind
    value: str
    annotators: tuple[str, ...]
    agreement: float
    use: LabelUse
    source: LabelSource = "vote"
    category: str = ""
    error_chance: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A step ended. counts: figures that `recall status` shows."""

    counts: Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step waits for annotators. count: open tasks; url: where they are answered."""

    count: int
    url: str
