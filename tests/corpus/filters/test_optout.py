"""Lists and pages decide who is left out."""

import codecs
import gzip
import time
from pathlib import Path

import pytest

from recall.config import AccessSection
from recall.corpus.filters.optout import HEAD, OptOut, noai, parse_hosts
from recall.corpus.signals import signals
from recall.errors import BadInput


@pytest.mark.parametrize(
    "line",
    ["A.org", "a.org.", "*.a.org", ".a.org", "https://user@a.org:8443/x", "ａ.org", "a.org\t# asked", "%61.org"],
)
def test_a_host_opts_out_however_it_is_written(line: str) -> None:
    lists = OptOut(hosts=parse_hosts([line], "f"))
    assert lists.reason("http://www.a.org./x") == "a.org"
    assert lists.reason("HTTPS://user@A.ORG:8080") == "a.org"
    assert lists.reason("http://ba.org/") == ""


@pytest.mark.parametrize("line", ["a.org/x", "127.0.0.1 a.org", "*", "*.", "a..org", "https://", "user@a.org", "xn--a"])
def test_a_host_that_is_none_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(BadInput, match=r"^f:2: expected a host, found "):
        parse_hosts(["a.org", line], "f")


MARKED = {
    "UTF-8 mark": b"\xef\xbb\xbfa.org%s\r\n",
    "CRLF": b"a.org%s\r\n# more\r\n",
    "CR": b"a.org%s\r# more\r",
    "no-break space": b"\xc2\xa0a.org%s\xc2\xa0\n",
    "zero width space": b"a.org%s\xe2\x80\x8b\n",
    "zeros": b"a.org%s\n\0\0\0",
}


@pytest.mark.parametrize("data", MARKED.values(), ids=MARKED)
def test_a_mark_or_a_blank_takes_no_line_away(tmp_path: Path, data: bytes) -> None:
    hosts, patterns = tmp_path / "hosts", tmp_path / "patterns"
    for pack in (bytes, gzip.compress, lambda text: codecs.BOM_UTF16_LE + text.decode("utf-8-sig").encode("utf-16-le")):
        hosts.write_bytes(pack(data % b""))
        patterns.write_bytes(pack(data % b"/x"))
        assert OptOut.load("", str(patterns), AccessSection()).reason("http://a.org/xy") == "a.org/x"
        assert OptOut.load(str(hosts), "", AccessSection()).reason("http://a.org/xy") == "a.org"


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc2\xa0\n\0\0"])
def test_an_empty_list_is_refused_unless_a_comment_says_why(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "list"
    for hosts, patterns in ((str(path), ""), ("", str(path))):
        path.write_bytes(data)
        with pytest.raises(BadInput, match="list: an empty list opts nobody out"):
            OptOut.load(hosts, patterns, AccessSection())
        path.write_bytes(b"# nobody asked yet\n")
        assert OptOut.load(hosts, patterns, AccessSection()).reason("http://a.org/") == ""


def test_lists_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("a.org  # asked by mail\n*.b.net\n")
    (tmp_path / "patterns").write_text("c.com/x\n")
    lists = OptOut.load(str(tmp_path / "hosts"), str(tmp_path / "patterns"), AccessSection())
    assert [lists.reason(url) for url in ("http://w.a.org/", "http://b.net/", "http://c.com/xy", "http://d.org/")] == [
        *("a.org", "b.net", "c.com/x", "")
    ]
    with pytest.raises(BadInput, match=r"f:1: expected a host"):
        parse_hosts(["a b"], "f")


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (b"<meta content='index, NOAI' name=Robots>", "", "noai"),
        (b'<meta name="CCBot" content="noml">', "", "noml"),
        (b'<meta name="tdm-reservation" content="1">', "", "tdm-reservation"),
        (b'<meta name="tdm-reservation" content="0">', "", ""),
        (b'<meta name="description" content="noai">', "", ""),
        (b"<p>noai", "", ""),
        (b"", "x-robots-tag: noindex\nx-robots-tag: noai", "noai"),
        (b"", "tdm-reservation: 1", "tdm-reservation"),
        (b"", "content-usage: train-ai=n", "train-ai"),
        (b"", "content-usage: train-ai=y", ""),
    ],
)
def test_pages_say_it_themselves(body: bytes, headers: str, said: str) -> None:
    assert noai(body, headers) == said


ROBOTS = '<html><head><meta name="robots" content="noai">'
TAGS = {
    "UTF-16-LE": codecs.BOM_UTF16_LE + ROBOTS.encode("utf-16-le"),
    "UTF-16-BE": codecs.BOM_UTF16_BE + ROBOTS.encode("utf-16-be"),
    "UTF-16 cut in a character": codecs.BOM_UTF16_LE + ROBOTS.encode("utf-16-le") + b"\0\xd8<",
    "UTF-8 with its mark": codecs.BOM_UTF8 + ROBOTS.encode(),
    "mixed case": b'<mEtA nAmE="RoBoTs" cOnTeNt="NoAi">',
    "a > in another attribute": b'<meta title="a>b" name="robots" content="noai">',
    "a > in single quotes": b"<meta title='a>b' name=robots content=noai>",
    "a < in another attribute": b'<meta title="a<b" name="robots" content="noai">',
    "a > in the content": b'<meta name="robots" content="max-snippet: >1, noai">',
    "quotes in quotes": b"""<meta title='"' name="robots" content="noai">""",
    "a quote in an unquoted value": b"""<meta title=a"b name=robots content=noai>""",
    "a slash behind the name": b'<meta/name="robots"/content="noai"/>',
    "line ends": b'<meta\n\tname\n=\n"robots"\r\ncontent="noai"\n>',
    "a long content": b'<meta name="robots" content="%snoai">' % (b"max-snippet:1, " * 400),
    "a long attribute": b'<meta data-x="%s" name="robots" content="noai">' % (b"x" * 9000),
    "behind a quote without end": b'<meta title="><meta name="robots" content="noai">',
    "entities": b'<meta name="robots" content="no&#97;i">',
}


@pytest.mark.parametrize("body", TAGS.values(), ids=TAGS)
def test_a_meta_tag_is_read_however_it_is_written(body: bytes) -> None:
    assert noai(body) == "noai"


@pytest.mark.parametrize(
    "body",
    [b'<metal name="robots" content="noai">', b"<meta name=robots>noai", b'<meta name="x" content="robots=noai">'],
)
def test_what_is_no_directive_is_none(body: bytes) -> None:
    assert noai(body) == ""


@pytest.mark.parametrize(
    "part", [b"<meta ", b'<meta a="', b"<meta =", b"<meta a='\"", b"a=", b"<meta &", b"<meta a=' "]
)
def test_hostile_tags_are_read_in_linear_time(part: bytes) -> None:
    started = time.process_time()
    noai((b"<meta " + part * HEAD)[:HEAD])
    assert time.process_time() - started < 3


def test_code_moves_no_signal_of_prose() -> None:
    page = "Some words about a function that returns the sum of its two arguments.\n\n```c\n%s\n```\n"
    plain, braces = signals(page % "x"), signals(page % ("{\n\t{\n}\n}\n;\n" * 50))
    prose = ["words", "alphabetic_share", "symbol_share", "digit_share", "uppercase_share", "stop_word_share"]
    prose += ["unique_word_share", "mean_word_length", "duplicate_line_share"]
    assert {name: plain[name] for name in prose} == {name: braces[name] for name in prose}
    assert signals("") == dict.fromkeys(signals(""), 0)
