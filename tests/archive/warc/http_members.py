"""HTTP responses as archives hold them: each with what RFC 9110, RFC 9112, Fetch, MIME Sniffing or Chromium make of it.

`MEMBERS` is by kind. Where recall and Chromium differ, the member says why: `differs`.
"""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import brotli
import zstandard

from recall.archive.warc.http_response import Content
from recall.records import Skip

PAGE = b"<section><pre>x = 1\n  y = 2</pre></section>"
"""A page that is not known by how it begins."""

DOC = b"<html><head><title>t</title></head><body><pre>x = 1\n  y = 2</pre></body></html>"
LONG = (
    b"<html><body>" + b"".join(b"<p>line %d of text %d</p>\n" % (i, i * i) for i in range(20_000)) + b"</body></html>"
)
META = b"<meta charset=utf-8><title>t</title><pre>x = 1\n  y = 2</pre>"
WORDS = b"Plain words of a page that begins with no tag at all. <p>x = 1 &amp; y = 2 and some more words."
OK = b"HTTP/1.1 200 OK\r\n"
HTML = b"Content-Type: text/html\r\n"

NO_ERROR_PAGE = "Chromium shows an error page; the stored page is whole"
NOT_ENCODED = "Chromium fails to decode it; the crawler stored it decoded under the original header"
STANDARD = "the standard says otherwise than Chromium does"
HARMLESS = "Chromium refuses it or shows its source; nothing of the page is lost by reading it"
FIRST_ONLY = "Chromium shows the first member only; RFC 1952, 2.2 has them all"
LENGTH_OF_OTHER = "Chromium cuts at Content-Length; crawlers that decode bodies keep the length of what was sent"


@dataclass(frozen=True)
class Member:
    """A response block and what it holds. expected: the page, or why there is none; differs: why not as in Chromium."""

    kind: str
    name: str
    block: bytes
    expected: Content | Skip
    differs: str = ""


def page(body: bytes = PAGE, charset: str | None = None, robots: str = "", *, cut: bool = False) -> Content:
    return Content(body, charset, robots, cut)


WHOLE = page()


def gz(body: bytes = PAGE) -> bytes:
    return gzip.compress(body, mtime=0)


def raw_deflate(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


def windowed(body: bytes, log: int) -> bytes:
    """A zstd frame that asks for a window of 2 ** log bytes."""
    parameters = zstandard.ZstdCompressionParameters(window_log=log)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return stream.compress(body) + stream.flush()


def inflated(stored: bytes) -> bytes:
    """What a gzip member that is cut holds."""
    return zlib.decompressobj(31).decompress(stored)


def unpacked(stored: bytes) -> bytes:
    """What a brotli stream that is cut holds."""
    decoder = brotli.Decompressor()
    pieces = [decoder.process(stored, output_buffer_limit=1 << 16)]
    while pieces[-1] or not decoder.can_accept_more_data():
        pieces.append(decoder.process(b"", output_buffer_limit=1 << 16))
    return b"".join(pieces)


def chunks(body: bytes, size: int = 20, end: bytes = b"0\r\n\r\n") -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


def typed(*types: bytes, body: bytes = PAGE, more: bytes = b"") -> bytes:
    return OK + b"".join(b"Content-Type: %s\r\n" % each for each in types) + more + b"\r\n" + body


def coded(coding: bytes, body: bytes, field: bytes = b"Content-Encoding") -> bytes:
    return b"%s%s%s: %s\r\n\r\n%s" % (OK, HTML, field, coding, body)


def chunked(body: bytes, coding: bytes = b"chunked", more: bytes = b"") -> bytes:
    return b"%s%sTransfer-Encoding: %s\r\n%s\r\n%s" % (OK, HTML, coding, more, body)


def sized(*lengths: bytes, body: bytes = PAGE, more: bytes = b"") -> bytes:
    return OK + HTML + more + b"".join(b"Content-Length: %s\r\n" % each for each in lengths) + b"\r\n" + body


def _folded() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    yield "type", OK + b"Content-Type:\r\n text/html\r\n\r\n" + PAGE, WHOLE, ""
    yield "parameter", OK + b"Content-Type: text/html;\r\n\t charset=koi8-r\r\n\r\n" + PAGE, page(charset="koi8-r"), ""
    yield "LF", OK + b"Content-Type:\n\ttext/html\n\n" + PAGE, WHOLE, ""
    yield (
        "several",
        OK + b"Content-Type: text/html\r\n ;\r\n \r\n charset=koi8-r\r\n\r\n" + PAGE,
        page(charset="koi8-r"),
        "",
    )
    yield "coding", OK + HTML + b"Content-Encoding:\r\n gzip\r\n\r\n" + gz(), WHOLE, ""
    yield "chunked", OK + HTML + b"Transfer-Encoding: \r\n chunked\r\n\r\n" + chunks(PAGE), WHOLE, ""
    yield "first line", OK + b" X: y\r\n" + HTML + b"\r\n" + PAGE, WHOLE, ""
    yield "type in first line", OK + b" Content-Type: text/html\r\n\r\n" + PAGE, Skip.NOT_HTML, ""
    yield "behind no field", OK + b"nothing\r\n Content-Type: image/png\r\n" + HTML + b"\r\n" + PAGE, WHOLE, ""
    yield "a type inside", OK + b"X: y\r\n Content-Type: image/png\r\n" + HTML + b"\r\n" + PAGE, WHOLE, ""
    robots = OK + HTML + b"X-Robots-Tag: ccbot:\r\n noindex\r\nx-robots-tag: noai\r\n\r\n" + PAGE
    yield "robots", robots, page(robots="x-robots-tag: ccbot: noindex\nx-robots-tag: noai"), ""


def _line_ends() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    html = b"Content-Type: text/html"
    yield "LF", b"HTTP/1.1 200 OK\n" + html + b"\n\n" + PAGE, WHOLE, ""
    yield "LF then CRLF", b"HTTP/1.1 200 OK\n" + html + b"\n\r\n" + PAGE, WHOLE, ""
    yield "CRLF then LF", OK + HTML + b"\n" + PAGE, WHOLE, ""
    yield "status with LF", b"HTTP/1.1 200 OK\n" + HTML + b"\r\n" + PAGE, WHOLE, ""
    yield "one with LF", OK + b"X: y\n" + HTML + b"\r\n" + PAGE, WHOLE, ""
    yield "CRCRLF, CRLF", b"HTTP/1.1 200 OK\r\r\n" + html + b"\r\r\n\r\n" + PAGE, WHOLE, ""
    mangled = "Chromium finds no end of this head; the file's line ends were turned from LF to CRLF twice"
    yield "CRCRLF", b"HTTP/1.1 200 OK\r\r\n" + html + b"\r\r\n\r\r\n" + PAGE, WHOLE, mangled
    yield "CR", b"HTTP/1.1 200 OK\r" + html + b"\r\n\r\n" + PAGE, WHOLE, ""
    yield (
        "LF, body with CRLF",
        b"HTTP/1.1 200 OK\n" + html + b"\n\n" + PAGE + b"\r\n\r\nz",
        page(PAGE + b"\r\n\r\nz"),
        "",
    )
    yield "a line of blanks", OK + HTML + b" \r\n\r\n" + PAGE, WHOLE, ""
    yield "no end", OK + HTML, Skip.EMPTY, ""
    yield "status alone", b"HTTP/1.1 200 OK", Skip.EMPTY, ""


def _before_status() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    final = OK + HTML + b"\r\n" + PAGE
    yield "100", b"HTTP/1.1 100 Continue\r\n\r\n" + final, WHOLE, ""
    yield "100 with LF", b"HTTP/1.1 100 Continue\n\n" + final, WHOLE, ""
    yield "102", b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\n" + final, WHOLE, ""
    yield "103", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Type: image/png\r\n\r\n" + final, WHOLE, ""
    several = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nA: b\r\n\r\n"
    yield "several", several + final, WHOLE, ""
    yield "100, then an error", b"HTTP/1.1 100 Continue\r\n\r\n" + final.replace(b"200", b"404"), Skip.STATUS, ""
    yield "100, then a blank line", b"HTTP/1.1 100 Continue\r\n\r\n\r\n" + final, WHOLE, ""
    yield "100 without an end", b"HTTP/1.1 100 Continue\r\n" + final, Skip.BAD_HTTP, ""
    yield "100, then no head", b"HTTP/1.1 100 Continue\r\n\r\n" + PAGE, Skip.BAD_HTTP, ""
    yield "100 alone", b"HTTP/1.1 100 Continue\r\n\r\n", Skip.BAD_HTTP, ""
    yield "CRLF", b"\r\n" + final, WHOLE, ""
    yield "LF", b"\n" + final, WHOLE, ""
    yield "two CRLF", b"\r\n\r\n" + final, WHOLE, ""
    yield "four bytes", b"abcd" + final, WHOLE, ""
    yield "five bytes", b"abcde" + final, Skip.BAD_HTTP, ""
    yield "byte order mark", b"\xef\xbb\xbf" + final, WHOLE, ""


def _status_line() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    well = "HTTP/1.1 200|HTTP/1.1 200 |HTTP/2 200|HTTP/2 200 OK|HTTP/1.1  200 OK|HTTP/1.1\t200 OK|http/1.1 200 ok"
    well += "|HTTP/1.0 200 OK|HTTP/0.9 200 OK|HTTP/1.1 200OK|HTTP 200 OK|HTTP/1.1 OK|HTTP/1.1|HTTP/1.1 0200 OK"
    well += "|HTTPS/1.1 200"
    for line in well.split("|"):
        yield line, line.encode() + b"\r\n" + HTML + b"\r\n" + PAGE, WHOLE, ""
    for line in ("HTTP/1.1 2000 OK", "HTTP/1.1 20 OK", "HTTP/1.1 404 OK", "HTTP/1.1 000 OK", "HTTP/1.1 600 OK"):
        yield line, line.encode() + b"\r\n" + HTML + b"\r\n" + PAGE, Skip.STATUS, ""
    for line in ("HTTP/1.1 204 No Content", "HTTP/1.1 205 Reset", "HTTP/1.1 304 Not Modified", "HTTP/1.1 206 Partial"):
        yield line, line.encode() + b"\r\n" + HTML + b"\r\n" + PAGE, Skip.STATUS, ""
    tab = "Chromium looks for a space only and takes the status for 200; RFC 9112, 4 allows any white space"
    yield "HTTP/1.1<tab>404", b"HTTP/1.1\t404 No\r\n" + HTML + b"\r\n" + PAGE, Skip.STATUS, tab
    yield "ICY 200 OK", b"ICY 200 OK\r\n" + HTML + b"\r\n" + PAGE, Skip.BAD_HTTP, ""
    yield "HTTP/0.9, HTML", DOC, page(DOC), ""
    yield "HTTP/0.9, no HTML", PAGE, Skip.BAD_HTTP, ""
    yield "HTTP/0.9, text", b"hello", Skip.BAD_HTTP, ""
    yield "HTTP/0.9, comment", b"<!-- x -->" + PAGE, page(b"<!-- x -->" + PAGE), ""


def _head() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    for size in (70_000, 250_000):
        yield f"one field of {size} bytes", OK + b"X: " + b"x" * size + b"\r\n" + HTML + b"\r\n" + PAGE, WHOLE, ""
    yield "many fields", OK + b"X: y\r\n" * 20_000 + HTML + b"\r\n" + PAGE, WHOLE, ""
    yield "300,000 bytes", OK + HTML + b"X: " + b"x" * 300_000 + b"\r\n\r\n" + PAGE, Skip.EMPTY, ""
    yield "no colon", OK + b"nothing\r\n" + HTML + b"\r\n" + PAGE, WHOLE, ""
    yield "no name", OK + b": image/png\r\n" + HTML + b"\r\n" + PAGE, WHOLE, ""
    yield "blank before the colon", OK + b"Content-Type : text/html\r\n\r\n" + PAGE, WHOLE, ""
    yield "tabs around the colon", OK + b"Content-Type\t:\ttext/html\t\r\n\r\n" + PAGE, WHOLE, ""
    yield "upper case", OK + b"CONTENT-TYPE:TEXT/HTML\r\nCONTENT-ENCODING:GZIP\r\n\r\n" + gz(), WHOLE, ""
    yield "bytes above 127", OK + b"X\xff: \xfe\xff\r\n" + HTML + b"\r\n" + PAGE, WHOLE, ""
    nul = "Chromium refuses NUL; RFC 9110, 5.5 allows to read it as a space, which loses no page"
    yield "NUL", OK + b"X: a\0b\r\n" + HTML + b"\r\n" + PAGE, WHOLE, nul
    yield (
        "NUL in a value",
        OK + b"Content-Type: text/html\0; charset=koi8-r\r\n\r\n" + PAGE,
        page(charset="koi8-r"),
        nul,
    )
    yield "name with a blank", OK + b"Content Type: text/html\r\n\r\n" + PAGE, Skip.NOT_HTML, ""


def _types() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    html = b"text/html|TEXT/HTML|text/html;| text/html |text/html,|,text/html|text/plain, text/html|text/html ;"
    html += b"|text/html charset=koi8-r|text/html charset=koi8-r; x=y|text/html (a comment)"
    for each in html.split(b"|"):
        yield repr(each), typed(each), WHOLE, ""
    known = (b"text/html;charset=koi8-r, text/html", b"text/html\t; charset=koi8-r", b", text/html;charset=koi8-r,")
    for each in known:
        yield each.decode(), typed(each), page(charset="koi8-r"), ""
    for other in (b"text/plain", b"text/htm", b"application/html", b"text/html+x", b"text/xml", b"application/xml"):
        yield other.decode(), typed(other, body=DOC), Skip.NOT_HTML, ""
    for other in (b"image/png", b"application/json", b"application/octet-stream"):
        yield other.decode(), typed(other, body=DOC), Skip.NOT_HTML, ""
    xhtml = b'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body>a</body></html>'
    yield "application/xhtml+xml", typed(b"application/xhtml+xml; charset=utf-8", body=xhtml), page(xhtml, "utf-8"), ""
    for none in (b"text/ html", b"text/", b"/html", b'"text/html"', b"text/html/x", b"text/html:"):
        yield f"{none!r}, HTML", typed(none, body=DOC), page(DOC), STANDARD
        yield f"{none!r}, no HTML", typed(none), Skip.NOT_HTML, ""
    for none in (
        b"",
        b"*/*",
        b"html",
        b"unknown",
        b"unknown/unknown",
        b"application/unknown",
        b"Content-Type: text/html",
    ):
        yield f"{none!r}, HTML", typed(none, body=DOC), page(DOC), ""
        yield f"{none!r}, no HTML", typed(none), Skip.NOT_HTML, ""


def _repeated() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    koi = b"text/html;charset=koi8-r"
    yield "type, the last", typed(b"text/plain", b"text/html"), WHOLE, ""
    yield "type, the last is another", typed(b"text/html", b"text/plain"), Skip.NOT_HTML, ""
    yield "type, image first", typed(b"image/png", b"text/html"), WHOLE, ""
    yield "charset goes over", typed(koi, b"text/html"), page(charset="koi8-r"), ""
    yield "charset, the last", typed(koi, b"text/html;charset=big5"), page(charset="big5"), ""
    yield "charset of another type", typed(b"text/plain;charset=koi8-r", b"text/html"), WHOLE, ""
    for ignored in (b"*/*", b"", b"words"):
        yield f"then {ignored!r}", typed(koi, ignored), page(charset="koi8-r"), ""
    yield "then no type", typed(koi, b"text/"), page(charset="koi8-r"), STANDARD
    gzip_br = gz(brotli.compress(PAGE))
    yield "encoding lines", coded(b"br\r\nContent-Encoding: gzip", gzip_br), WHOLE, ""
    yield "encoding list", coded(b"br, gzip", gzip_br), WHOLE, ""
    yield "encoding list and line", coded(b"br, gzip\r\nContent-Encoding: gzip", gz(gzip_br)), WHOLE, ""
    yield "gzip, br", coded(b"gzip, br", brotli.compress(gz())), WHOLE, ""
    yield "gzip twice", coded(b"gzip, gzip", gz(gz())), WHOLE, ""
    yield "gzip claimed twice", coded(b"gzip, gzip", gz()), WHOLE, NOT_ENCODED
    yield "transfer lines", chunked(chunks(PAGE), b"chunked\r\nTransfer-Encoding: chunked"), WHOLE, ""
    yield "length lines", sized(b"43", b"43"), WHOLE, ""
    yield "length list", sized(b"43, 43"), WHOLE, ""
    yield "lengths that differ", sized(b"43", b"13"), WHOLE, NO_ERROR_PAGE


def _charsets() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    koi = (
        b'charset="koi8-r"|charset= koi8-r|CHARSET=KOI8-R|charset=koi8-r; charset=big5|charset="koi8-r|a;charset=koi8-r'
    )
    koi += (
        b'|charset="koi8\\-r"|charset="koi8-r"x|charset=koi8-r, x=y|x="a;charset=big5";charset=koi8-r|;charset=koi8-r'
    )
    koi += b'|charset="koi8-r "|charset=" koi8-r"|charset=koi8-r ;|charset=;charset=koi8-r'
    koi += b'|x="\\";charset=big5";charset=koi8-r'
    for each in koi.split(b"|"):
        yield each.decode(), typed(b"text/html;" + each), page(charset="koi8-r"), ""
    none = b"charset='koi8-r'|charset =koi8-r| charset = koi8-r|charset=koi8-r x|charset:koi8-r|charset koi8-r"
    none += b'|charset=""|charset=koi8-r\xff|charset=(koi8-r)|xcharset=koi8-r|charset=koi8-r\'|charset=koi8-r"|charset'
    none += b"|charset="
    for each in none.split(b"|"):
        yield repr(each), typed(b"text/html;" + each), WHOLE, ""
    for unknown in (b"unknown-x", b"none", b"unknown;charset=big5"):
        name = unknown.partition(b";")[0].decode()
        yield unknown.decode(), typed(b"text/html;charset=" + unknown), page(charset=name), ""
    yield "utf8", typed(b"text/html;charset=utf8"), page(charset="utf8"), ""


def _sniffed() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    for html in (
        DOC,
        b" \t\r\n" + DOC,
        b"\x0c" + DOC,
        b"<!DOCTYPE html><p>a",
        b"<!-- x -->a",
        b"<P>a",
        b"<a\thref=x>a",
        b"<h1\nx>a",
    ):
        yield f"{html[:20]!r}", typed(body=html), page(html), ""
    for text in (
        b"words",
        b"words <html>",
        b"<section>",
        b"<!doctypehtml>",
        b"<meta charset=utf-8>",
        b"%PDF-1.4 a",
    ):
        yield f"{text!r}", typed(body=text), Skip.NOT_HTML, ""
    for mark, codec in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        yield f"mark of {codec}", typed(body=mark + DOC.decode().encode(codec)), Skip.NOT_HTML, ""
    yield "another tag", typed(body=b"<abbr>a"), Skip.NOT_HTML, STANDARD
    yield "no tag end", typed(body=b"<html"), Skip.NOT_HTML, STANDARD
    yield "slash", typed(body=b"<body/>a"), Skip.NOT_HTML, STANDARD
    yield "after 1,445 bytes", typed(body=b" " * 1445 + DOC), Skip.NOT_HTML, ""
    xhtml = b"<?xml version='1.0'?>\n<html xmlns='http://www.w3.org/1999/xhtml'><body>a</body></html>"
    yield "XHTML", typed(body=xhtml), page(xhtml), "Chromium reads it as XML and shows the same page"
    yield "feed", typed(body=b"<?xml version='1.0'?><rss></rss>"), Skip.NOT_HTML, ""
    for option in (b"nosniff", b"NoSniff ", b"nosniff, x"):
        yield option.decode(), typed(body=DOC, more=b"X-Content-Type-Options: %s\r\n" % option), Skip.NOT_HTML, ""
    for option in (b"none", b"x, nosniff"):
        yield option.decode(), typed(body=DOC, more=b"X-Content-Type-Options: %s\r\n" % option), page(DOC), ""
    yield "nosniff, named", typed(b"text/html", more=b"X-Content-Type-Options: nosniff\r\n"), WHOLE, ""


def _untrue() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    for unknown in (
        b"utf-8",
        b"nonsense",
        b"none",
        b"identity",
        b"compress",
        b"text/html",
        b"8bit",
        b"",
        b"identity, none",
    ):
        yield f"{unknown.decode()!r}", coded(unknown, PAGE), WHOLE, ""
    yield "compress, compressed", coded(b"compress", b"\x1f\x9d\x90" + bytes(range(256))), Skip.BAD_ENCODING, "no page"
    for named in (b"gzip, utf-8", b"utf-8, gzip", b"gzip, identity", b"gzip,", b",gzip"):
        yield (
            named.decode(),
            coded(named, gz()),
            WHOLE,
            "Chromium shows bytes; the coding that is known is what they have",
        )
    utf16 = "<title>t</title><p>größe".encode("utf-16-le")
    for body in (
        PAGE,
        META,
        WORDS,
        b"<!-- x -->" + PAGE,
        utf16,
        b"\xff\xfe" + utf16,
        "größe <p>日本".encode(),
        b"Hj, world <p>x",
        b"x^2 <p>y",
    ):
        for coding in (b"gzip", b"deflate", b"br", b"zstd"):
            yield f"{coding.decode()} decoded {body[:12]!r}", coded(coding, body), page(body), NOT_ENCODED
    for coding in (b"gzip", b"br", b"zstd"):
        other = zlib.compress(LONG)[:3000]
        yield f"{coding.decode()}, zlib", coded(coding, other), Skip.BAD_ENCODING, ""


def _gzip() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    whole = gz()
    for name in (b"gzip", b"x-gzip", b"GZIP", b"X-Gzip"):
        yield name.decode(), coded(name, whole), WHOLE, ""
    yield "no trailer", coded(b"gzip", whole[:-8]), WHOLE, ""
    yield "half a trailer", coded(b"gzip", whole[:-4]), WHOLE, ""
    yield "other checksum", coded(b"gzip", whole[:-8] + b"abcd" + whole[-4:]), WHOLE, ""
    yield "other length", coded(b"gzip", whole[:-4] + b"abcd"), WHOLE, ""
    yield "garbage behind", coded(b"gzip", whole + b"garbage <p>"), WHOLE, ""
    yield "zeros behind", coded(b"gzip", whole + bytes(100)), WHOLE, ""
    yield "half a member behind", coded(b"gzip", whole + b"\x1f\x8b\x08"), page(cut=True), ""
    yield "members", coded(b"gzip", gz(PAGE[:20]) + gz(PAGE[20:])), WHOLE, FIRST_ONLY
    named = whole[:3] + b"\x1e" + whole[4:10] + b"\x02\0ab" + b"name\0" + b"a comment\0" + b"cc" + whole[10:]
    yield "all header fields", coded(b"gzip", named), WHOLE, ""
    yield "broken", coded(b"gzip", gz()[:10] + b"\0\4\0\xfb\xff<p>x" + b"\7" * 40), Skip.BAD_ENCODING, ""
    yield "header alone", coded(b"gzip", whole[:10]), Skip.BAD_ENCODING, ""
    yield "empty page", coded(b"gzip", gz(b"")), Skip.EMPTY, ""


def _codings() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    packed = zlib.compress(PAGE)
    yield "deflate", coded(b"deflate", packed), WHOLE, ""
    yield "raw deflate", coded(b"deflate", raw_deflate(PAGE)), WHOLE, ""
    yield "deflate, no checksum", coded(b"deflate", packed[:-4]), WHOLE, ""
    yield "deflate, other checksum", coded(b"deflate", packed[:-4] + b"abcd"), WHOLE, NO_ERROR_PAGE
    yield "br", coded(b"br", brotli.compress(PAGE)), WHOLE, ""
    yield "br, large window", coded(b"br", brotli.compress(LONG, lgwin=24)), page(LONG), ""
    yield "br, garbage behind", coded(b"br", brotli.compress(PAGE) + b"garbage"), WHOLE, ""
    yield "br, much garbage", coded(b"br", brotli.compress(LONG, quality=3) + b"garbage" * 999), page(LONG), ""
    yield "br of text alone", coded(b"br", brotli.compress(WORDS, quality=0)), page(WORDS), ""
    yield "zstd", coded(b"zstd", zstandard.compress(PAGE)), WHOLE, ""
    yield "zstd, garbage behind", coded(b"zstd", zstandard.compress(PAGE) + b"garbage"), WHOLE, ""
    frames = zstandard.compress(PAGE[:20]) + b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstandard.compress(PAGE[20:])
    yield "zstd frames", coded(b"zstd", frames), WHOLE, ""
    yield "zstd, largest window", coded(b"zstd", windowed(PAGE, 23)), WHOLE, ""
    yield "zstd, larger window", coded(b"zstd", windowed(PAGE, 24)), Skip.BAD_ENCODING, ""


def _cut() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    at = 20_000
    packed = {
        b"gzip": gz(LONG)[:at],
        b"deflate": zlib.compress(LONG)[:at],
        b"br": brotli.compress(LONG, quality=5)[:at],
    }
    held = {b"gzip": inflated(packed[b"gzip"]), b"deflate": zlib.decompressobj().decompress(packed[b"deflate"])}
    held[b"br"] = unpacked(packed[b"br"])
    for coding, stored in packed.items():
        yield coding.decode(), coded(coding, stored), page(held[coding], cut=True), ""
    small = zstandard.compress(LONG[:200_000])
    yield "zstd", coded(b"zstd", small[:-20]), page(LONG[: 128 << 10], cut=True), ""
    yield "zstd, nothing held", coded(b"zstd", small[:50]), Skip.BAD_ENCODING, ""
    stored = chunks(packed[b"gzip"], 999, b"")
    yield "gzip in chunks", chunked(stored, more=b"Content-Encoding: gzip\r\n"), page(held[b"gzip"], cut=True), ""
    yield "two codings", coded(b"gzip, gzip", gz(gz(LONG)[:at])), page(held[b"gzip"], cut=True), ""
    broken = "Chromium shows what came before"
    yield "zstd, broken", coded(b"zstd", small[:-20] + b"garbage" * 9), Skip.BAD_ENCODING, broken
    yield "gzip, broken", coded(b"gzip", gz()[:10] + b"\0\4\0\xfb\xff<p>x" + b"\7" * 40), Skip.BAD_ENCODING, ""


def _chunked() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    size = len(PAGE)
    for name, line in {"16 digits": b"%016x", "40 digits": b"%040x", "upper case": b"%X", "blanks": b"%x  "}.items():
        yield name, chunked(line % size + b"\r\n" + PAGE + b"\r\n0\r\n\r\n"), WHOLE, ""
    for name, line in {
        "extension": b"%x;a=b",
        "extensions": b'%x;a=b;c="d"',
        "long extension": b"%x;" + b"a" * 5000,
    }.items():
        yield name, chunked(line % size + b"\r\n" + PAGE + b"\r\n0\r\n\r\n"), WHOLE, ""
    yield "many", chunked(chunks(PAGE, 1)), WHOLE, ""
    yield "LF", chunked(b"%x\n%s\n0\n\n" % (size, PAGE)), WHOLE, ""
    yield "trailers", chunked(chunks(PAGE, end=b"0\r\nContent-Type: image/png\r\n\r\n")), WHOLE, ""
    yield "garbage behind", chunked(chunks(PAGE) + b"garbage"), WHOLE, ""
    yield "zeros at the end", chunked(chunks(PAGE, end=b"0000000000\r\n\r\n")), WHOLE, ""
    yield "upper-case coding", chunked(chunks(PAGE), b"Chunked"), WHOLE, ""
    yield "with a length", chunked(chunks(PAGE), more=b"Content-Length: 5\r\n"), WHOLE, ""
    yield "chunked, chunked", chunked(chunks(PAGE), b"chunked, chunked"), WHOLE, ""
    twice = chunks(PAGE)
    yield "chunked, chunked, twice", chunked(chunks(twice), b"chunked, chunked"), page(twice), ""
    yield "identity", chunked(PAGE, b"identity"), WHOLE, ""
    yield "identity, chunked", chunked(chunks(PAGE), b"identity, chunked"), WHOLE, ""
    undone = "Chromium undoes chunked only; RFC 9112, 7.2 defines gzip too"
    for coding in (b"gzip, chunked", b"chunked, gzip", b"x-gzip,chunked"):
        yield coding.decode(), chunked(chunks(gz()), coding), WHOLE, undone
    yield "gzip alone", chunked(gz(), b"gzip"), WHOLE, undone
    yield "gzip, chunked, no gzip", chunked(chunks(PAGE), b"gzip, chunked"), WHOLE, ""
    yield "parameter", chunked(chunks(PAGE), b"chunked;q=1"), WHOLE, HARMLESS
    old = b"HTTP/1.0 200 OK\r\n" + HTML + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(PAGE)
    yield "HTTP/1.0", old, WHOLE, HARMLESS
    for name, body in {"joined": PAGE, "hex digits": b"face the music <p>", "a hex line": b"add\n<p>hello</p>"}.items():
        yield f"joined: {name}", chunked(body), page(body), NO_ERROR_PAGE
    yield "joined: a zero less", chunked(b"a\n<p>hello, hello"), page(b"a\n<p>hello, hello"), NO_ERROR_PAGE
    for joined in (b"0\n<p>hello", b"5\nhello\nmore <p>text", b"5\nhello\n5\nmore <p>text", b"5\nhello, hello"):
        yield f"joined: {joined!r}", chunked(joined), page(joined), NO_ERROR_PAGE
    yield "LF, no last chunk", chunked(b"%x\n%s\n" % (size, PAGE)), page(cut=True), ""
    yield "no chunk but the last", chunked(b"0\r\n\r\n"), Skip.EMPTY, ""
    yield "no last chunk", chunked(chunks(PAGE, end=b"")), page(cut=True), ""
    yield "no last line end", chunked(chunks(PAGE, end=b"")[:-2]), page(cut=True), ""
    yield "a short chunk", chunked(chunks(PAGE, end=b"")[:-4]), page(PAGE[:-2], cut=True), ""
    yield "a long size", chunked(b"ffffffff\r\n" + PAGE), page(cut=True), ""
    yield "a size beyond 64 bits", chunked(chunks(PAGE, end=b"ffffffffffffffff\r\nabc")), page(cut=True), NO_ERROR_PAGE
    yield "a size near 64 bits", chunked(chunks(PAGE, end=b"fffffffffffffff\r\nabc")), page(PAGE + b"abc", cut=True), ""
    yield "wrong size at the end", chunked(chunks(PAGE, end=b"ffff\r\nabc")), page(PAGE + b"abc", cut=True), ""
    yield "no size at the end", chunked(chunks(PAGE, end=b"zz\r\nabc")), page(cut=True), NO_ERROR_PAGE
    yield "size too small", chunked(b"14\r\n" + PAGE + b"\r\n0\r\n\r\n"), Skip.BAD_ENCODING, ""
    yield "no line end between", chunked(b"%x\r\n%s0\r\n\r\n" % (size, PAGE)), Skip.BAD_ENCODING, ""


def _lengths() -> Iterator[tuple[str, bytes, Content | Skip, str]]:
    for true in (b"43", b"43 ", b"0043", b"-1", b"+13", b"x13", b"13x", b"", b"13.0", b"99999999999999999999999"):
        yield f"{true.decode()!r}", sized(true), WHOLE, ""
    yield "longer", sized(b"9999"), WHOLE, ""
    yield "next response", sized(b"43", body=PAGE + OK + HTML + b"\r\nsecond"), WHOLE, ""
    yield "next response, CRLF", sized(b"43", body=PAGE + b"\r\nHTTP/1.1 404 No\r\n\r\nsecond"), WHOLE, ""
    yield "garbage behind the page", sized(b"%d" % len(DOC), body=DOC + b"\0garbage"), page(DOC), ""
    yield "page and line end", sized(b"%d" % (len(DOC) + 1), body=DOC + b"\ngarbage"), page(DOC + b"\n"), ""
    yield "shorter", sized(b"13"), WHOLE, LENGTH_OF_OTHER
    yield "zero", sized(b"0"), WHOLE, LENGTH_OF_OTHER
    yield "decoded", sized(b"13", body=META, more=b"Content-Encoding: gzip\r\n"), page(META), NOT_ENCODED
    yield "gzip, longer", sized(b"9999", body=gz(), more=b"Content-Encoding: gzip\r\n"), WHOLE, ""
    yield "next response, no length", OK + HTML + b"\r\n" + PAGE + OK + b"\r\n", page(PAGE + OK + b"\r\n"), ""


_KINDS = {
    "folded": _folded,
    "line ends": _line_ends,
    "before the status": _before_status,
    "status line": _status_line,
    "head": _head,
    "type": _types,
    "repeated": _repeated,
    "charset": _charsets,
    "sniffed": _sniffed,
    "untrue encoding": _untrue,
    "gzip": _gzip,
    "codings": _codings,
    "cut": _cut,
    "chunked": _chunked,
    "length": _lengths,
}
MEMBERS = [Member(kind, *member) for kind, members in _KINDS.items() for member in members()]
