"""From a stored HTTP response to a page, or to the reason why it is none."""

import gzip
import random
import time
import tracemalloc
import zlib

import brotli
import pytest
import zstandard

from recall.archive.warc.http_codings import MAX_BODY, Body, join_chunks
from recall.archive.warc.http_response import MAX_URL, Content, clean_url, read_response
from recall.records import Skip

HTML = b"<html><body>" + b"words and words " * 50 + b"</body></html>"


def block(body: bytes = HTML, *fields: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join((status, *fields, "", "")).encode("latin-1") + body


@pytest.mark.parametrize(
    ("fields", "charset"),
    [
        (["Content-Type: text/html"], None),
        (["content-type: TEXT/HTML ; charset=ISO-8859-1"], "iso-8859-1"),
        (['Content-Type: text/html; a=b; Charset="utf-8"'], "utf-8"),
        (['Content-Type: application/xhtml+xml;charset="Shift_JIS"'], "shift_jis"),
        (["Content-Type:text/html;charset="], None),
        (["Content-Type: text/html; charset=\xff\xfe"], None),
        (["Content-Type: image/png", "Content-Type: text/html"], None),
        ([], None),
        (["Content-Type: "], None),
        (["Content-Type: */*"], None),
        (["Content-Type: html"], None),
    ],
)
def test_html_is_known_by_its_type_or_by_how_it_begins(fields: list[str], charset: str | None) -> None:
    assert read_response(block(HTML, *fields)) == Content(HTML, charset)


def test_fields_that_say_how_crawlers_may_use_a_page_are_kept() -> None:
    fields = ("X-Robots-Tag: noai", "Content-Type: text/html", "X-ROBOTS-TAG:  ccbot: noindex ", "tdm-reservation: 1")
    content = read_response(block(HTML, *fields))
    assert content == Content(HTML, None, "x-robots-tag: noai\nx-robots-tag: ccbot: noindex\ntdm-reservation: 1")
    assert read_response(block(HTML, "Content-Type: text/html")) == Content(HTML, None)


DATES = "unavailable_after: 25 Jun 2030 15:00:00 PST, " * 14
DIRECTIVES = {
    "the ninth line": [*(f"X-Robots-Tag: bot{number}: noindex" for number in range(8)), "X-Robots-Tag: noai"],
    "the hundredth line": [*(f"X-Robots-Tag: bot{number}: noindex" for number in range(99)), "X-Robots-Tag: noai"],
    "behind 600 bytes": [f"X-Robots-Tag: {DATES}noai"],
    "behind a line of 200 KiB": [f"X-Robots-Tag: {'a, ' * 70_000}", "X-Robots-Tag: noai"],
    "behind the same line again and again": [*["X-Robots-Tag: noindex, nofollow"] * 2000, "X-Robots-Tag: ccbot: noai"],
    "a field of another name behind many": [
        *(f"X-Robots-Tag: {DATES}{number}" for number in range(20)),
        "TDM-Reservation: 1",
    ],
}


@pytest.mark.parametrize("fields", DIRECTIVES.values(), ids=DIRECTIVES)
def test_no_directive_is_lost_behind_others(fields: list[str]) -> None:
    content = read_response(block(HTML, *fields))
    assert isinstance(content, Content)
    name, _, value = fields[-1].partition(": ")
    assert content.robots.endswith(f"{name.lower()}: {value}")


def test_what_is_kept_of_hostile_directives_is_bounded() -> None:
    for length in (1, 40, 2000, 100_000):
        lines = [f"X-Robots-Tag: {number}{'a' * length}" for number in range(250_000 // (length + 25))]
        content = read_response(block(HTML, *lines))
        assert isinstance(content, Content)
        assert 8000 < len(content.robots) <= 8 << 10
        assert content == read_response(block(HTML, *lines))


@pytest.mark.parametrize("start", [b"<!DOCTYPE html>", b" \n<HTML lang=en>", b"<!-- x -->", b"<p>", b"<a href=x>"])
def test_beginnings_that_are_html(start: bytes) -> None:
    assert isinstance(read_response(block(start + b"text")), Content)


@pytest.mark.parametrize(
    "body", [b"words", b"<abbr>", b"<rss>", b"%PDF-1.4", b"\x89PNG", b"{}", b"<?xml version='1.0'?><rss>"]
)
def test_beginnings_that_are_not(body: bytes) -> None:
    assert read_response(block(body)) is Skip.NOT_HTML


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("HTTP/1.0 200", None),
        ("HTTP/2 200 OK", None),
        ("http/1.1 200 ok", None),
        ("HTTP/1.1 404 Not Found", Skip.STATUS),
        ("HTTP/1.1 301 Moved", Skip.STATUS),
        ("HTTP/1.1 2000 OK", Skip.STATUS),
        ("HTTP/1.1 OK", None),
        ("SMTP 200", Skip.BAD_HTTP),
        ("", Skip.BAD_HTTP),
    ],
)
def test_only_answers_that_went_well_are_pages(status: str, expected: Skip | None) -> None:
    found = read_response(block(HTML, "Content-Type: text/html", status=status))
    assert found is expected or (expected is None and isinstance(found, Content))


@pytest.mark.parametrize("stored", [b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n" + HTML, block(HTML, "X: \xff")])
def test_heads_with_bare_line_ends_or_other_bytes_are_read(stored: bytes) -> None:
    assert read_response(stored) == Content(HTML, None)


@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
def test_a_page_without_content_is_empty(body: bytes) -> None:
    assert read_response(block(body, "Content-Type: text/html")) is Skip.EMPTY
    assert read_response(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX: " + b"x" * 100_000) is Skip.EMPTY


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("gzip", gzip.compress(HTML, mtime=0)),
        ("x-gzip", gzip.compress(HTML[:50], mtime=0) + gzip.compress(HTML[50:], mtime=0)),
        ("gzip", gzip.compress(HTML, mtime=0) + b"rest"),
        ("deflate", zlib.compress(HTML)),
        ("deflate", zlib.compress(HTML)[2:-4]),
        ("br", brotli.compress(HTML)),
        ("zstd", zstandard.compress(HTML)),
        ("gzip, br", brotli.compress(gzip.compress(HTML, mtime=0))),
        ("identity", HTML),
        ("gzip", HTML),
        ("br", HTML),
        ("nonsense", HTML),
    ],
)
def test_content_encodings_are_undone_where_they_are(name: str, stored: bytes) -> None:
    fields = ("Content-Type: text/html", f"Content-Encoding: {name}")
    assert read_response(block(stored, *fields)) == Content(HTML, None)
    both = block(chunked(stored, 100), *fields, "Transfer-Encoding: Chunked")
    assert read_response(both) == Content(HTML, None)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("gzip", gzip.compress(HTML, mtime=0)[:10]),
        ("gzip", gzip.compress(HTML, mtime=0)[:30] + b"xxxx" + gzip.compress(HTML, mtime=0)[34:]),
        ("deflate", bytes(range(200))),
        ("br", b"\xff" + bytes(range(200))),
        ("zstd", bytes(range(200))),
        ("nonsense", bytes(range(200))),
    ],
)
def test_what_cannot_be_decoded_is_skipped(name: str, stored: bytes) -> None:
    found = read_response(block(stored, "Content-Type: text/html", f"Content-Encoding: {name}"))
    assert found is Skip.BAD_ENCODING


def test_a_page_cut_by_the_crawler_is_decoded_as_far_as_it_goes() -> None:
    fields = ("Content-Type: text/html", "Content-Encoding: gzip", "Transfer-Encoding: chunked")
    found = read_response(block(chunked(gzip.compress(HTML, mtime=0), 20)[:60], *fields))
    assert isinstance(found, Content)
    assert found.cut
    assert HTML.startswith(found.body)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (b"5\r\nwords\r\n0\r\n\r\n", Body(b"words")),
        (b"5;name=value\r\nwords\r\n0\r\nTrailer: x\r\n\r\n", Body(b"words")),
        (b"5\nwords\n0\n\n", Body(b"words")),
        (b"5 \r\nwords", Body(b"words", whole=False)),
        (b"never chunked", Body(b"never chunked")),
        (b"<html>", Body(b"<html>")),
        (b"", Body(b"")),
        (b"5\r\nwordsnonsense", Skip.BAD_ENCODING),
        (b"5\r\nwords\r\n-1\r\nx", Body(b"words", whole=False)),
        (b"ffffffff\r\nwords", Body(b"words", whole=False)),
    ],
)
def test_chunks_are_joined(stored: bytes, expected: Body | Skip) -> None:
    assert join_chunks(stored) == expected


@pytest.mark.parametrize(
    ("name", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress), ("zstd", zstandard.compress)],
)
def test_a_body_that_grows_beyond_the_limit_is_too_large(name: str, pack: object) -> None:
    bomb = pack(b"<html>" + bytes(4 * MAX_BODY))  # type: ignore[operator]
    fields = ("Content-Type: text/html", f"Content-Encoding: {name}")
    assert read_response(block(bomb, *fields)) is Skip.TOO_LARGE


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        (b"https://example.org/a?b#c", "https://example.org/a?b#c"),
        (b" <HTTP://example.org> ", "HTTP://example.org"),
        ("https://例え.jp/道".encode(), "https://例え.jp/道"),
        (b"https://example.org/McLean VA/", "https://example.org/McLean VA/"),
        (None, None),
        (b"", None),
        (b"https://", None),
        (b"https:///path", None),
        (b"ftp://example.org/", None),
        (b"javascript:alert(1)", None),
        (b"dns:example.org", None),
        (b"https://example.org/\x00", None),
        (b"https://example.org/a\r\nb", None),
        (b"https://example.org/\x1b[31m", None),
        ("https://example.org/\x85".encode(), None),
        ("https://example.org/\u2028".encode(), None),
        (b"https://example.org/\xff", None),
        (b"https://example.org/\xed\xa0\x80", None),
        (b"https://example.org/" + b"a" * MAX_URL, None),
    ],
)
def test_only_clean_http_urls_are_taken(raw: bytes | None, url: str | None) -> None:
    assert clean_url(raw) == url


LARGE = b"<html>" + bytes(4 * MAX_BODY)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("coding", "stored"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(LARGE, mtime=0), mtime=0)),
        ("br, zstd", zstandard.compress(brotli.compress(LARGE))),
        ("gzip, br, zstd, deflate", zlib.compress(zstandard.compress(brotli.compress(gzip.compress(LARGE, mtime=0))))),
        ("gzip", gzip.compress(b"x", mtime=0) * 300_000),
        ("gzip", b"\x1f\x8b\x08\x08" + b"x" * MAX_BODY),
        ("zstd", zstandard.compress(b"x") * 300_000),
        ("zstd", b"\x50\x2a\x4d\x18\0\0\0\0" * 500_000),
        ("br", brotli.compress(LARGE) + b"x" * MAX_BODY),
        ("br", brotli.compress(random.Random(1).randbytes(4 << 20), quality=0) + b"x" * 1000),
        ("deflate", b"\x78\x9c" + b"\0\0\0\xff\xff" * 1_000_000),
        (", ".join(["gzip"] * 9), gzip.compress(HTML, mtime=0)),
        (", " * 100_000 + "br", brotli.compress(HTML)),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else str(len(value)),
)
def test_hostile_codings_end_soon_in_little_memory(coding: str, stored: bytes) -> None:
    stored = block(stored, "Content-Type: text/html", f"Content-Encoding: {coding}")
    tracemalloc.start()
    try:
        read_response(stored)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * MAX_BODY


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: text/html" + b"\r\n ;" * 80_000,
        b"Content-Type: text/html" + b"\r\n " * 80_000,
        b"Content-Type: text/html\r\n" + b"Content-Type: a\r\n" * 15_000,
        b"Content-Type: " + b'"' * 250_000,
        b"Content-Type: " + b'"\\' * 120_000,
        b"Content-Type: text/html" + b";" * 250_000,
        b"Content-Type: text/html;" + b'x="' * 80_000,
        b"Content-Type: text/html" + b",text/html" * 25_000,
        b"Content-Type:" + b" " * 250_000,
        b"Content-Encoding: " + b"gzip," * 50_000,
        b"Content-Encoding: br\r\n" * 12_000,
        b"Content-Length: 1\r\n" * 13_000,
        b"Transfer-Encoding: chunked;" + b"," * 200_000,
        b"x-robots-tag: noindex\r\n" * 11_000,
        b"X\r" * 120_000,
        b"X\n\r\r" * 60_000,
        b"\r\r\r\r" * 60_000,
        b":\r\n" * 80_000,
        b"\0" * 250_000,
    ],
    ids=lambda head: repr(head[:40]),
)
def test_a_head_takes_time_linear_in_its_length(head: bytes) -> None:
    stored = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + HTML
    began = time.process_time()
    for _ in range(3):
        read_response(stored)
    assert time.process_time() - began < 5


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "size", [b"0" * 4_000_000, b"1;" + b"x" * 4_000_000, b" " * 4_000_000, b"1\r\nx\r\n" * 600_000]
)
def test_chunks_take_time_linear_in_their_length(size: bytes) -> None:
    join_chunks(size)
    join_chunks(size + b"\r\n")


def test_interim_responses_without_end_are_no_page() -> None:
    stored = b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000
    assert read_response(stored) is Skip.STATUS


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("seed", range(5))
def test_compressed_pages_are_never_taken_for_text(coding: str, seed: int) -> None:
    chance = random.Random(seed)
    words = [chance.randbytes(chance.randrange(1, 9)).hex() for _ in range(400)]
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstandard.compress}[coding]
    for count in (1, 3, 10, 40, 150, 1000):
        page = "<p>".join(chance.choices(words, k=count)).encode()
        found = read_response(block(pack(page), "Content-Type: text/html", f"Content-Encoding: {coding}"))
        assert found == Content(page, None)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, br", "br, gzip, deflate"])
@pytest.mark.parametrize("seed", range(5))
def test_text_is_never_taken_for_a_compressed_page(coding: str, seed: int) -> None:
    chance = random.Random(seed)
    letters = "abc xyz<>&;!\n\t09Hh8XxO~" + ("éß日本" if seed % 2 else "")
    for count in (8, 20, 60, 400, 3000):  # of fewer bytes nobody can tell
        page = ("x" + "".join(chance.choices(letters, k=count))).encode()
        found = read_response(block(page, "Content-Type: text/html", f"Content-Encoding: {coding}"))
        assert found == Content(page, None)
