"""Three readers of WARC files beside one another: recall's, warcio and FastWARC.

In: a file. Out: what its response records are for each, URL and block, and where they differ without a rule that says
why. A reader that raises has refused the file; only what was read to its end is compared. recall's own two readers must
tell the same of every file.
"""

import io
import logging
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fastwarc.warc import ArchiveIterator as FastIterator
from fastwarc.warc import WarcRecordType
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from recall.archive.warc import reader, responses
from recall.archive.warc.fast_reader import FastReader
from recall.archive.warc.http_response import BLOCK_LIMIT, Content, Draft, Record
from recall.archive.warc.record_head import RecordFields
from recall.errors import ShardFailed
from recall.records import Capture, WarcRef

Seen = tuple[str, bytes]
"""URL and block of a response; of a block the first BLOCK_LIMIT bytes."""

LARGEST = 1 << 22
"""Larger files are not compared."""


def plain_url(url: str) -> str:
    """An address as each reader may give it: in angle brackets (wget), with spaces encoded (warcio), decoded or not."""
    url = url.strip().removeprefix("<").removesuffix(">").replace(" ", "%20")
    return re.sub(r"[^!-~]+", "?", url)


def ours(path: Path, *, fast: bool = True) -> tuple[list[Seen], str]:
    """The responses of a file as recall reads them, and the error that ended them. fast: with the fast reader."""
    seen: list[Seen] = []
    refs: set[WarcRef] = set()

    def keep(head: RecordFields, block: bytes | bytearray, start: int = 0, stop: int | None = None) -> Draft:
        url = plain_url((head.url or b"").decode("utf-8", "replace"))
        return Draft(url, Content(bytes(block[start:stop])[:BLOCK_LIMIT], None), "", None)

    def nothing(self: FastReader, start: int) -> Iterator[Record]:
        self.stopped = start
        return iter(())

    with ExitStack() as patches:
        patches.enter_context(patch.object(reader, "responses_of", lambda _types: {"response": keep}))
        if not fast:
            patches.enter_context(patch.object(FastReader, "records", nothing))
        try:
            for page in responses(str(path)):
                assert isinstance(page, Capture)
                seen.append((page.url, page.body))
                refs.add(page.ref)
        except ShardFailed as error:
            return seen, str(error)
    assert len(refs) == len(seen), "two pages have one reference"
    return seen, ""


def by_warcio(data: bytes) -> list[Seen] | None:
    """The same by warcio, None where it refuses the file, or fails over what is malformed: its errors are many."""
    logging.getLogger("warcio").setLevel(logging.ERROR)
    with redirect_stderr(io.StringIO()):
        return _by_warcio(data)


def _by_warcio(data: bytes) -> list[Seen] | None:
    seen: list[Seen] = []
    try:
        for record in ArchiveIterator(io.BytesIO(data), no_record_parse=True, arc2warc=True):
            if record.rec_type.lower() == "response":
                url = plain_url(record.rec_headers.get_header("WARC-Target-URI") or "")
                seen.append((url, _block(record.raw_stream)))
    except (ArchiveLoadFailed, ArithmeticError, AttributeError, EOFError, LookupError, OSError, ValueError, zlib.error):
        return None
    return seen


def _block(stream: Any) -> bytes:
    block = b""
    while piece := stream.read(1 << 20):
        block += piece[: BLOCK_LIMIT - len(block)]
    return block


def by_fastwarc(data: bytes) -> list[Seen] | None:
    """The same by FastWARC, None where it refuses the file; what stops its parser is no Exception and has no name."""
    seen: list[Seen] = []
    try:
        for record in FastIterator(io.BytesIO(data), parse_http=False):
            if record.record_type == WarcRecordType.response:
                url = record.headers.get_bytes(b"WARC-Target-URI") or b""
                block = bytes(record.reader.read(BLOCK_LIMIT))
                seen.append((plain_url(url.decode("utf-8", "replace")), block))
    except (OSError, ValueError):
        return None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return None
    return seen


@dataclass(frozen=True, slots=True)
class File:
    """What rules look at. arc: an ARC; usual: every head is as crawlers write it; blank: empty members or padding.

    shared: a gzip member holds several records.
    """

    arc: bool
    usual: bool
    blank: bool
    shared: bool

    @classmethod
    def of(cls, data: bytes) -> "File":
        """Look at a file, at most LARGEST bytes of what it holds."""
        pieces, blank = unpack(data) if data.startswith(b"\x1f\x8b") else ([data], False)
        unpacked = b"".join(pieces)
        arc = not unpacked.lstrip()[:5].upper().startswith(b"WARC/")
        usual = all(map(_USUAL.fullmatch, _HEADS.findall(unpacked)))
        shared = len(pieces) > 1 and any(len(_HEADS.findall(piece)) > 1 for piece in pieces)
        return cls(arc, usual, blank, shared)


def unpack(data: bytes) -> tuple[list[bytes], bool]:
    """What gzip members hold, at most LARGEST bytes; and whether some are empty or padding lies between them."""
    pieces: list[bytes] = []
    blank, size = False, 0
    while data and size < LARGEST:
        inflater = zlib.decompressobj(31)
        try:
            piece = inflater.decompress(data, LARGEST)
        except zlib.error:
            data, blank = data[1:], True
            continue
        blank |= not piece.strip()
        size += len(piece)
        pieces.append(piece)
        data = inflater.unused_data
    return pieces, blank


_HEADS = re.compile(rb"(?is)WARC/[0-9.]+[ \t]*\r?\n.{0,65536}?\n\r?\n")
_ASKED = rb"(?i:WARC-Type|Content-Length|WARC-Target-URI)"
_USUAL = re.compile(
    rb"WARC/(?:0\.1[78]|1\.[01])\r\n(?:(?!" + _ASKED + rb"[ \t]*:)[!-9;-~]+:[^\r\n]*\r\n|WARC-Type: [a-z]+\r\n"
    rb"|Content-Length: (?:0|[1-9][0-9]*)\r\n|WARC-Target-URI: [^\r\n]+\r\n)+\r\n"
)

Rule = Callable[[File], bool]
WARCIO: dict[str, Rule] = {
    "takes every record of an ARC for a response, and the fields of its lines from their ends": lambda file: file.arc,
    "stops at a member with several records": lambda file: file.shared,
    "ends a head at a line of white space, and reads other odd heads its own way": lambda file: not file.usual,
}
FASTWARC: dict[str, Rule] = {
    "knows fields in one case, lines that end with CR LF, no folds": lambda file: not file.usual,
    "stops at empty members and padding": lambda file: file.blank,
}
"""Why a reader may differ from ours, and how a file shows it."""


def compare(path: Path) -> tuple[str, list[str]]:
    """What differs without a rule that says why, "" for nothing; and the rules that were needed."""
    if path.stat().st_size > LARGEST:
        return "", []
    mine, error = ours(path)
    slow, slow_error = ours(path, fast=False)
    if (mine, error) != (slow, slow_error):
        reason = difference(mine, slow) if error == slow_error else f"{error or 'no error'}, then {slow_error}"
        return f"fast reader and full parser: {reason}", []
    if error:
        return "", []
    data = path.read_bytes()
    wrong: list[str] = []
    used: list[str] = []
    for name, theirs, rules in (("warcio", by_warcio(data), WARCIO), ("FastWARC", by_fastwarc(data), FASTWARC)):
        if theirs is None or theirs == mine:
            continue
        file = File.of(data)
        if reasons := [f"{name} {reason}" for reason, holds in rules.items() if holds(file)]:
            used.append(reasons[0])
        else:
            wrong.append(f"{name}: {difference(mine, theirs)}")
    return "; ".join(wrong), used


def difference(mine: Sequence[Seen], theirs: Sequence[Seen]) -> str:
    """The first difference in words."""
    for number, (one, other) in enumerate(zip(mine, theirs, strict=False)):
        if one[0] != other[0]:
            return f"response {number}: URL {one[0][:80]!r}, theirs {other[0][:80]!r}"
        if one[1] != other[1]:
            return f"response {number}: a block of {len(one[1])} bytes, theirs of {len(other[1])}"
    return f"{len(mine)} responses, theirs {len(theirs)}"
