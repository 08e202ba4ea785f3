"""A record's head as WARC 1.1 (ISO 28500:2017) writes it: sections 4 (fields), 5 (named fields), annex C (grammar)."""

import gzip
from pathlib import Path

import pytest

from recall.archive.warc import captures, conversions, read_at, responses
from recall.archive.warc.record_head import BadHead, RecordHead, read_arc_head, read_warc_head
from recall.errors import ShardCorrupt
from recall.records import Capture, Skip

URL, DATE = "http://a.example/p", "2026-01-31T23:59:59Z"
HTML = b"<html><body><pre>x = 1\n  y = 2</pre></body></html>"
BLOCK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML
SIZE = len(BLOCK)
NAMES = (b"WARC-Type: response", b"WARC-Target-URI: " + URL.encode(), b"WARC-Date: " + DATE.encode())
LENGTH = b"Content-Length: %d" % SIZE


def head(*lines: bytes, version: bytes = b"WARC/1.0", end: bytes = b"\r\n") -> bytes:
    return end.join([version, *lines, b"", b""])


def pages(path: Path, *heads: bytes, plain: bool = False) -> list[Capture | Skip]:
    """Responses of a file whose records have these heads and the same block."""
    records = [each + BLOCK + b"\r\n\r\n" for each in heads]
    path.write_bytes(b"".join(records if plain else [gzip.compress(each, mtime=0) for each in records]))
    return list(responses(str(path)))


SAME = {
    "lower case": [b":".join([line.split(b":")[0].lower(), *line.split(b":")[1:]]) for line in (*NAMES, LENGTH)],
    "upper case": [b":".join([line.split(b":")[0].upper(), *line.split(b":")[1:]]) for line in (*NAMES, LENGTH)],
    "mixed case": [b"wArC-tYpE: response", b"Warc-Target-Uri: " + URL.encode(), b"warc-DATE: " + DATE.encode(), LENGTH],
    "type in upper case": [b"WARC-Type: RESPONSE", *NAMES[1:], LENGTH],
    "type in mixed case": [b"warc-type: Response", *NAMES[1:], LENGTH],
    "leading zeros": [*NAMES, b"Content-Length: 000000%d" % SIZE],
    "five thousand leading zeros": [*NAMES, b"Content-Length: " + b"0" * 5000 + b"%d" % SIZE],
    "no white space": [line.replace(b": ", b":") for line in (*NAMES, LENGTH)],
    "tabs and spaces": [line.replace(b": ", b":\t  ") + b" \t" for line in (*NAMES, LENGTH)],
    "white space before the colon": [*NAMES, LENGTH.replace(b":", b" :")],
    "folded length": [*NAMES, b"Content-Length:\r\n  %d" % SIZE],
    "folded type": [b"WARC-Type:\r\n\tresponse", *NAMES[1:], LENGTH],
    "folded note": [*NAMES, b"X-Note: a\r\n content-length: 5\r\n\tb", LENGTH],
    "the same length twice": [*NAMES, LENGTH, LENGTH.lower()],
    "the same type twice": [*NAMES, b"warc-type: RESPONSE", LENGTH],
    "two URLs, of which the first counts": [*NAMES, b"WARC-Target-URI: http://b.example/", LENGTH],
    "a line without a colon": [*NAMES, b"nothing", LENGTH],
    "UTF-8 in a note": [*NAMES, "X-Note: naïve «日本»".encode(), LENGTH],
    "empty fields": [*NAMES, LENGTH, b"WARC-Truncated:", b"WARC-Segment-Number: ", b"Content-Type:"],
    "content type in mixed case": [*NAMES, LENGTH, b"content-type: Application/HTTP;msgtype=response"],
}


@pytest.mark.parametrize("plain", [False, True], ids=["gzip", "plain"])
@pytest.mark.parametrize("name", SAME)
def test_what_the_standard_calls_the_same_gives_the_same_page(tmp_path: Path, name: str, plain: bool) -> None:
    usual = head(*NAMES, LENGTH)
    found = pages(tmp_path / "a.warc", usual, head(*SAME[name]), usual, plain=plain)
    assert [page.url for page in found if isinstance(page, Capture)] == [URL] * 3
    for page in found:
        assert isinstance(page, Capture)
        assert (page.body, page.fetched, page.truncated) == (HTML, DATE, None)
        assert read_at(page.ref) == page


@pytest.mark.parametrize(
    "version", [b"WARC/0.17", b"WARC/0.18", b"WARC/1.0", b"WARC/1.1", b"WARC/1.2", b"warc/1.1", b"WARC/1.0 "]
)
def test_every_version_with_named_fields_is_read(tmp_path: Path, version: bytes) -> None:
    assert len(pages(tmp_path / "a.warc", head(*NAMES, LENGTH, version=version))) == 1


@pytest.mark.parametrize("version", [b"WARC/0.9 10 response http://a.example/", b"WARC/2.0", b"WARC/1", b"WARC/1.x"])
def test_other_versions_are_refused_by_name(tmp_path: Path, version: bytes) -> None:
    line = rf"a.warc: byte 0: a record's first line is '{version.decode()[:20]}.*no known WARC version"
    with pytest.raises(ShardCorrupt, match=line):
        pages(tmp_path / "a.warc", head(*NAMES, LENGTH, version=version))


@pytest.mark.parametrize("plain", [False, True], ids=["gzip", "plain"])
def test_lines_that_end_with_a_line_feed_alone_are_read(tmp_path: Path, plain: bool) -> None:
    heads = [head(*NAMES, LENGTH, end=b"\n"), head(*NAMES, LENGTH), head(*NAMES[:2], LENGTH, end=b"\n")]
    assert len(pages(tmp_path / "a.warc", *heads, plain=plain)) == 3


def test_dates_and_addresses_are_handed_on_as_they_are(tmp_path: Path) -> None:
    dates = ("2026", "2026-01-31T23:59:59", "2026-01-31T23:59:59.123456789Z", "20260131235959", "yesterday", "")
    heads = [head(*NAMES[:2], b"WARC-Date: " + date.encode(), LENGTH) for date in dates]
    found = pages(tmp_path / "a.warc", *heads)
    assert [page.fetched for page in found if isinstance(page, Capture)] == list(dates)
    url = "http://a.example/日本語?q=é"
    (page,) = pages(tmp_path / "b.warc", head(NAMES[0], b"WARC-Target-URI: " + url.encode(), LENGTH))
    assert isinstance(page, Capture)
    assert page.url == url


@pytest.mark.parametrize(
    ("fields", "truncated"),
    [
        ([b"WARC-Truncated: length"], "length"),
        ([b"warc-truncated:time "], "time"),
        ([b"WARC-TRUNCATED: disconnect", b"WARC-Segment-Number: 1"], "disconnect"),
        ([b"warc-segment-number: 1"], "segment"),
        ([b"WARC-Truncated: ", b"WARC-Segment-Number: 1"], "segment"),
    ],
)
def test_a_page_that_was_cut_says_so(tmp_path: Path, fields: list[bytes], truncated: str) -> None:
    (page,) = pages(tmp_path / "a.warc", head(*NAMES, LENGTH, *fields))
    assert isinstance(page, Capture)
    assert page.truncated == truncated


BROKEN = {
    "no length": ([*NAMES], "without a valid Content-Length: ''"),
    "empty length": ([*NAMES, b"Content-Length: "], "without a valid Content-Length: ''"),
    "sign": ([*NAMES, b"Content-Length: +5"], "without a valid Content-Length: '[+]5'"),
    "negative": ([*NAMES, b"Content-Length: -1"], "without a valid Content-Length: '-1'"),
    "hexadecimal": ([*NAMES, b"Content-Length: 0x10"], "without a valid Content-Length: '0x10'"),
    "other digits": ([*NAMES, "Content-Length: ٣".encode()], "without a valid Content-Length"),
    "list": ([*NAMES, LENGTH + b", " + LENGTH[16:]], "without a valid Content-Length"),
    "too many digits": ([*NAMES, b"Content-Length: " + b"9" * 5000], "Content-Length: a number of 5000 digits"),
    "two lengths": ([*NAMES, LENGTH, b"content-length: 5"], "two values of content-length"),
    "two types": ([*NAMES, b"WARC-Type: request", LENGTH], "two values of warc-type"),
    "no type": ([*NAMES[1:], LENGTH], "without a WARC-Type"),
    "empty type": ([b"WARC-Type: ", *NAMES[1:], LENGTH], "without a WARC-Type"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_leaves_a_record_open_is_refused(tmp_path: Path, name: str) -> None:
    fields, reason = BROKEN[name]
    usual = head(*NAMES, LENGTH)
    start = len(gzip.compress(usual + BLOCK + b"\r\n\r\n", mtime=0))
    with pytest.raises(ShardCorrupt, match=f"a.warc: byte {start}: record header .*{reason}"):
        pages(tmp_path / "a.warc", usual, head(*fields))


@pytest.mark.parametrize("plain", [False, True], ids=["gzip", "plain"])
@pytest.mark.parametrize("kind", [b"tomorrow", b"resp0nse", b"x" * 100, b"response;", b"unknown"])
def test_a_file_of_unknown_types_alone_is_refused(tmp_path: Path, kind: bytes, plain: bool) -> None:
    strange = head(b"WARC-Type: " + kind, *NAMES[1:], LENGTH)
    with pytest.raises(
        ShardCorrupt, match=f"a.warc: byte 0: no record of a known WARC-Type, only such as '{kind[:4].decode()}"
    ):
        pages(tmp_path / "a.warc", strange, strange, plain=plain)


@pytest.mark.parametrize("kind", ["warcinfo", "Request", "metadata", "REVISIT", "resource", "continuation"])
def test_a_file_without_responses_is_whole_and_has_no_page(tmp_path: Path, kind: str) -> None:
    assert pages(tmp_path / "a.warc", head(b"WARC-Type: " + kind.encode(), *NAMES[1:], LENGTH)) == []


def test_records_of_unknown_types_are_passed_over_between_others(tmp_path: Path) -> None:
    strange, usual = head(b"WARC-Type: tomorrow", *NAMES[1:], LENGTH), head(*NAMES, LENGTH)
    assert len(pages(tmp_path / "a.warc", strange, usual, strange, usual, strange)) == 2


def test_text_of_a_wet_file_is_read_in_any_case_too(tmp_path: Path) -> None:
    pages(tmp_path / "a.wet.gz", head(b"warc-type: Conversion", NAMES[1].lower(), LENGTH.upper()))
    assert [page.url for page in conversions(str(tmp_path / "a.wet.gz")) if isinstance(page, Capture)] == [URL]
    assert list(captures(str(tmp_path / "a.wet.gz"))) == []


@pytest.mark.parametrize("packed", ["records of their own", "compressed whole", "pairs in a member", "plain"])
def test_every_text_of_a_wet_file_is_found_again_by_its_reference(tmp_path: Path, packed: str) -> None:
    record = head(b"WARC-Type: conversion", *NAMES[1:], LENGTH) + BLOCK + b"\r\n\r\n"
    size = {"records of their own": 1, "compressed whole": 4, "pairs in a member": 2, "plain": 0}[packed]
    records = [record] * 4
    members = [gzip.compress(b"".join(records[at : at + size])) for at in range(0, 4, size)] if size else records
    path = tmp_path / "a.wet.gz"
    path.write_bytes(b"".join(members))
    found = [page for page in conversions(str(path)) if isinstance(page, Capture)]
    assert len(found) == 4
    assert [read_at(page.ref) for page in found] == found


def test_a_head_of_folds_or_carriage_returns_costs_no_more_than_its_length() -> None:
    """At most 64 KiB; a time-out would end the test."""
    for filler in (b"\r" * 60_000, b"\r\n " * 20_000, b"a" * 60_000, b": " * 30_000, b"a:\r\n" * 15_000):
        read_warc_head(head(*NAMES, LENGTH, b"X: " + filler))
        with pytest.raises(BadHead):
            read_arc_head(filler)


ARC = {
    "version 1": (b"http://a.example/p 192.0.2.1 20260131235959 text/html 10", URL, DATE, 10),
    "version 2": (
        b"http://a.example/p 192.0.2.1 20260131235959 text/html 200 abc - 1234567890 f.arc 10",
        URL,
        DATE,
        10,
    ),
    "IPv6": (b"http://a.example/p 2001:db8::1 20260131235959 text/html 10", URL, DATE, 10),
    "space in the URL": (b"http://a.example/p q 192.0.2.1 20260131235959 text/html 10", f"{URL} q", DATE, 10),
    "space in the type": (b"http://a.example/p 192.0.2.1 20260131235959 text/html; charset=x 10", URL, DATE, 10),
    "no type": (b"http://a.example/p 192.0.2.1 20260131235959  10", URL, DATE, 10),
    "no address": (b"http://a.example/p - 20260131235959 text/html 10", URL, DATE, 10),
    "carriage return": (b"http://a.example/p 192.0.2.1 20260131235959 text/html 010\r", URL, DATE, 10),
    "short date": (b"http://a.example/p 192.0.2.1 2026013123 text/html 0", URL, "2026-01-31T23:00:00Z", 0),
    "long date": (b"http://a.example/p 192.0.2.1 2026013123595900 text/html 0", URL, DATE, 0),
    "no date": (b"http://a.example/p 192.0.2.1 a0d1fd text/html 0", URL, "", 0),
}


@pytest.mark.parametrize("name", ARC)
def test_an_arc_line_gives_url_date_and_length(name: str) -> None:
    line, url, date, length = ARC[name]
    found = read_arc_head(line + b"\n")
    assert (found.kind, found.fields.url, found.fields.date, found.fields.length) == (
        "response",
        url.encode(),
        date,
        length,
    )


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"http://a.example/",
        b"http://a.example/ 192.0.2.1 20260131235959 text/html -1",
        b"http://a.example/ 192.0.2.1 20260131235959 text/html abc",
        b"words and more words in a line 5",
        b"http://a.example/ 192.0.2.1 20260131235959 text/html " + b"9" * 40,
    ],
)
def test_other_lines_are_no_arc_records(line: bytes) -> None:
    with pytest.raises(BadHead):
        read_arc_head(line + b"\n")


@pytest.mark.parametrize("url", ["dns:a.example", "ftp://a.example/x", "filedesc://f.arc", "whois:a"])
def test_what_was_not_fetched_by_http_is_no_response_of_an_arc(url: str) -> None:
    found = read_arc_head(f"{url} 192.0.2.1 20260131235959 text/plain 5\n".encode())
    assert isinstance(found, RecordHead)
    assert found.kind == "resource"


IDS = {
    "as Common Crawl writes it": (b"WARC-Record-ID: <urn:uuid:4fb5cdd3-b6e8>", "<urn:uuid:4fb5cdd3-b6e8>"),
    "in lower case": (b"warc-record-id: <urn:uuid:1>", "<urn:uuid:1>"),
    "without brackets": (b"WARC-Record-ID: urn:x:1", "urn:x:1"),
    "no UTF-8": (b"WARC-Record-ID: <urn:\xff>", "<urn:\ufffd>"),
    "empty": (b"WARC-Record-ID: ", ""),
    "too long": (b"WARC-Record-ID: <urn:" + b"x" * 600 + b">", ""),
    "none": (b"X-Note: 1", ""),
}


@pytest.mark.parametrize("name", IDS)
def test_a_page_has_the_id_of_its_record(tmp_path: Path, name: str) -> None:
    line, expected = IDS[name]
    (page,) = pages(tmp_path / "a.warc", head(*NAMES, line, LENGTH))
    assert isinstance(page, Capture)
    assert page.record_id == expected
    assert read_at(page.ref) == page
