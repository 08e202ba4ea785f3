"""From a stored HTTP response to a page, or to the reason why it is none."""

import gzip
import zlib

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from recall.archive.warc.http_response import MAX_BODY, MAX_URL, Content, clean_url, join_chunks, read_response
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
        (["Content-Type: application/xhtml+xml;charset='Shift_JIS'"], "shift_jis"),
        (["Content-Type:text/html;charset="], None),
        (["Content-Type: text/html; charset=\xff\xfe"], None),
        (["Content-Type: image/png", "Content-Type: text/html"], None),
        ([], None),
        (["Content-Type: "], None),
        (["Content-Type: application/octet-stream"], None),
        (["Content-Type: html"], None),
    ],
)
def test_html_is_known_by_its_type_or_by_how_it_begins(fields: list[str], charset: str | None) -> None:
    assert read_response(block(HTML, *fields), cut=False) == Content(HTML, charset)


def test_fields_that_say_how_crawlers_may_use_a_page_are_kept() -> None:
    fields = ("X-Robots-Tag: noai", "Content-Type: text/html", "X-ROBOTS-TAG:  ccbot: noindex ", "tdm-reservation: 1")
    content = read_response(block(HTML, *fields), cut=False)
    assert content == Content(HTML, None, "x-robots-tag: noai\nx-robots-tag: ccbot: noindex\ntdm-reservation: 1")
    many = read_response(block(HTML, *["X-Robots-Tag: " + "a" * 2000] * 20), cut=False)
    assert isinstance(many, Content)
    assert len(many.robots) < 5000
    assert read_response(block(HTML, "Content-Type: text/html"), cut=False) == Content(HTML, None)


@pytest.mark.parametrize(
    "start", [b"<!DOCTYPE html>", b"\xef\xbb\xbf \n<HTML lang=en>", b"<!-- x -->", b"<p>", b"<a href=x>"]
)
def test_beginnings_that_are_html(start: bytes) -> None:
    assert isinstance(read_response(block(start + b"text"), cut=False), Content)


@pytest.mark.parametrize(
    "body", [b"words", b"<abbr>", b"<rss>", b"%PDF-1.4", b"\x89PNG", b"{}", b"<?xml version='1.0'?><rss>"]
)
def test_beginnings_that_are_not(body: bytes) -> None:
    assert read_response(block(body), cut=False) is Skip.NOT_HTML


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("HTTP/1.0 200", None),
        ("HTTP/2 200 OK", None),
        ("http/1.1 200 ok", None),
        ("HTTP/1.1 404 Not Found", Skip.STATUS),
        ("HTTP/1.1 301 Moved", Skip.STATUS),
        ("HTTP/1.1 2000 OK", Skip.BAD_HTTP),
        ("HTTP/1.1 OK", Skip.BAD_HTTP),
        ("SMTP 200", Skip.BAD_HTTP),
        ("", Skip.BAD_HTTP),
    ],
)
def test_only_answers_that_went_well_are_pages(status: str, expected: Skip | None) -> None:
    found = read_response(block(HTML, "Content-Type: text/html", status=status), cut=False)
    assert found is expected or (expected is None and isinstance(found, Content))


@pytest.mark.parametrize("stored", [b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n" + HTML, block(HTML, "X: \xff")])
def test_heads_with_bare_line_ends_or_other_bytes_are_read(stored: bytes) -> None:
    assert read_response(stored, cut=False) == Content(HTML, None)


@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
def test_a_page_without_content_is_empty(body: bytes) -> None:
    assert read_response(block(body, "Content-Type: text/html"), cut=False) is Skip.EMPTY
    assert read_response(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX: " + b"x" * 100_000, cut=False) is Skip.EMPTY


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
    assert read_response(block(stored, *fields), cut=False) == Content(HTML, None)
    both = block(chunked(stored, 100), *fields, "Transfer-Encoding: Chunked")
    assert read_response(both, cut=False) == Content(HTML, None)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("gzip", gzip.compress(HTML, mtime=0)[:-20]),
        ("gzip", gzip.compress(HTML, mtime=0)[:30] + b"xxxx" + gzip.compress(HTML, mtime=0)[34:]),
        ("deflate", b"words"),
        ("br", b"\xff\xffwords"),
        ("zstd", b"words"),
        ("nonsense", b"words"),
    ],
)
def test_what_cannot_be_decoded_is_skipped(name: str, stored: bytes) -> None:
    found = read_response(block(stored, "Content-Type: text/html", f"Content-Encoding: {name}"), cut=False)
    assert found is Skip.BAD_ENCODING


def test_a_page_cut_by_the_crawler_is_decoded_as_far_as_it_goes() -> None:
    fields = ("Content-Type: text/html", "Content-Encoding: gzip", "Transfer-Encoding: chunked")
    found = read_response(block(chunked(gzip.compress(HTML, mtime=0), 20)[:60], *fields), cut=True)
    assert isinstance(found, Content)
    assert HTML.startswith(found.body)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (b"5\r\nwords\r\n0\r\n\r\n", b"words"),
        (b"5;name=value\r\nwords\r\n0\r\nTrailer: x\r\n\r\n", b"words"),
        (b"5\nwords\n0\n\n", b"words"),
        (b"5 \r\nwords", b"words"),
        (b"never chunked", b"never chunked"),
        (b"<html>", b"<html>"),
        (b"", b""),
        (b"5\r\nwordsnonsense", Skip.BAD_ENCODING),
        (b"5\r\nwords\r\n-1\r\nx", Skip.BAD_ENCODING),
        (b"ffffffff\r\nwords", b"words"),
    ],
)
def test_chunks_are_joined(stored: bytes, expected: bytes | Skip) -> None:
    assert join_chunks(stored, cut=False) == expected


@pytest.mark.parametrize(
    ("name", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress), ("zstd", zstandard.compress)],
)
def test_a_body_that_grows_beyond_the_limit_is_too_large(name: str, pack: object) -> None:
    bomb = pack(b"<html>" + bytes(4 * MAX_BODY))  # type: ignore[operator]
    fields = ("Content-Type: text/html", f"Content-Encoding: {name}")
    assert read_response(block(bomb, *fields), cut=False) is Skip.TOO_LARGE


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
