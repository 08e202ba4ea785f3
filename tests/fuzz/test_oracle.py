"""The oracle sees what a reader loses or changes, and nothing where the readers agree."""

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recall.archive.warc.fast_reader import FastReader
from recall.archive.warc.full_parser import FullParser
from recall.archive.warc.http_response import Record
from tests.fuzz.oracle import compare, plain_url

BLOCK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>page</p>"
NAMES = (b"WARC-Type: response", b"WARC-Target-URI: http://a.example/p", b"WARC-Date: 2026-01-31T23:59:59Z")
SIZE = b"Content-Length: %d" % len(BLOCK)
USUAL = b"\r\n".join((b"WARC/1.0", *NAMES, SIZE, b"", BLOCK, b"", b""))


def packed(path: Path, *records: bytes) -> Path:
    path.write_bytes(b"".join(gzip.compress(record, mtime=0) for record in records))
    return path


def test_readers_agree_on_what_crawlers_write(tmp_path: Path) -> None:
    assert compare(packed(tmp_path / "a.warc.gz", *[USUAL] * 5)) == ("", [])


@pytest.mark.parametrize(
    ("lossy", "said"),
    [
        ((FastReader,), "fast reader and full parser: response 2"),
        ((FastReader, FullParser), "warcio: response 2: .*; FastWARC: response 2: "),
    ],
    ids=["one of ours", "both of ours"],
)
def test_a_record_that_is_lost_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lossy: tuple[type, ...], said: str
) -> None:
    records = [USUAL.replace(b"/p\r", b"/%d\r" % number) for number in range(5)]
    path = packed(tmp_path / "a.warc.gz", *records)

    def without_third(reader: type) -> Callable[..., Iterator[Record]]:
        whole = reader.records  # type: ignore[attr-defined]

        def some(self: object, *given: int) -> Iterator[Record]:
            return (record for record in whole(self, *given) if getattr(record.outcome, "url", "")[-2:] != "/2")

        return some

    for reader in lossy:
        monkeypatch.setattr(reader, "records", without_third(reader))
    wrong, rules = compare(path)
    assert re.match(said, wrong), wrong
    assert rules == []


def test_a_block_that_is_changed_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "a.warc.gz", USUAL, USUAL)
    monkeypatch.setattr("tests.fuzz.oracle.BLOCK_LIMIT", len(BLOCK) - 1)
    assert compare(path) == ("", [])
    monkeypatch.setattr("tests.fuzz.oracle.by_warcio", lambda _: [("http://a.example/p", BLOCK)] * 2)
    assert compare(path)[0] == f"warcio: response 0: a block of {len(BLOCK) - 1} bytes, theirs of {len(BLOCK)}"


def test_a_difference_that_is_known_names_its_rule(tmp_path: Path) -> None:
    wrong, rules = compare(packed(tmp_path / "a.warc.gz", USUAL.replace(b"WARC-Type", b"warc-type"), USUAL))
    assert (wrong, [rule.partition(",")[0] for rule in rules]) == ("", ["FastWARC knows fields in one case"])


def test_addresses_are_compared_as_each_reader_may_write_them() -> None:
    assert plain_url(" <http://a.example/b c> ") == plain_url("http://a.example/b%20c")
    assert plain_url("http://a.example/é") == plain_url("http://a.example/Ã©")
    assert plain_url("http://a.example/a") != plain_url("http://a.example/b")
