"""Standard input as a file: spooled, its kind told by its first bytes or by the caller.

In: a stream of bytes. Out: an archive or a page called `-`, and the digest of its bytes. A gzip stream is looked into.
"""

import hashlib
import zlib
from pathlib import Path
from typing import BinaryIO

from recall.apply.portions import InputFile, archive
from recall.errors import BadInput
from recall.records import Shard

NAME = "-"
KINDS = {"html": ".html", "warc": ".warc.gz", "wet": ".warc.wet.gz", "jsonl": ".jsonl", "parquet": ".parquet"}
"""Kinds of input and the ending by which their readers know them; the readers look themselves whether it is packed."""

_PIECE = 1 << 20
_HEAD = 1 << 16


def spool(stream: BinaryIO, folder: Path, kind: str = "") -> tuple[Shard | InputFile, str]:
    """The input that a stream is, in a folder, and the SHA-256 of its bytes. kind: of KINDS; "" looks at the bytes."""
    path = folder / "stdin"
    digest = hashlib.sha256()
    with path.open("wb") as copy:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            copy.write(piece)
    with path.open("rb") as start:
        kind = kind or kind_of_bytes(start.read(_HEAD))
    named = path.with_name(f"stdin{KINDS[kind]}")
    path.rename(named)
    given = InputFile(NAME, str(named)) if kind == "html" else archive(NAME, str(named))
    return given, digest.hexdigest()


def kind_of_bytes(head: bytes) -> str:
    """What a file is that begins so: a kind of KINDS. Raises BadInput for gzip that is broken from the start."""
    if head.startswith(b"\x1f\x8b"):
        try:
            head = zlib.decompressobj(31).decompress(head, _HEAD)
        except zlib.error:
            raise BadInput("standard input: starts as gzip but is none; say what it is by --as") from None
    shown = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if shown.startswith((b"WARC/", b"filedesc://")):
        return "wet" if b"WARC-Type: conversion" in head else "warc"
    if head.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if shown.startswith(b"{") else "html"
