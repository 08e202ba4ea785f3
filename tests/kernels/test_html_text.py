"""The compiled reading and the plain one are the same definition, whatever the page."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recall.archive.warc import captures
from recall.errors import ShardFailed
from recall.kernels.html_text import read_html
from recall.kernels.native import WIDTH
from recall.page.text import definition
from recall.page.text.charset import MAX_SCORED, as_utf8, decode

NAMES = tuple(
    re.findall(
        r"\S+",
        "p b div td br pre code title textarea script style noscript template svg math xmp plaintext iframe option"
        " listing SCRIPT Title sVg x-y h1 a",
    )
)
PIECES = [
    *(f"<{name}>" for name in NAMES),
    *(f"</{name}>" for name in NAMES),
    *(f"<{name}/>" for name in ("svg", "template", "script", "br", "p")),
    *(
        "<p class=hljs>",
        "<p class='a language-c'>",
        '<p CLASS = "\n highlight ">',
        "<p class=x class=hljs>",
        "<p class>",
    ),
    *(
        "<p title='>'>",
        '<p title=">',
        "<p a=b/>",
        "<p/ a/>",
        "<p =a>",
        "<p a = >",
        "<p\x0ca\x0c=\x0c'>'b>",
        "<p a='x'b>",
    ),
    *("<!--", "-->", "--!>", "<!-->", "<!--->", "--", "<!", "<!x", "<?x", "<![CDATA[", "<![cdata[", "]]>", "</", "</>"),
    *("<script", "</script", "</title ", "</svg/", "<", ">", "/", "=", "'", '"', "!", "-", "]"),
    *("&amp;", "&amp", "&ampx", "&notin;", "&notit;", "&nGt;", "&Afr;", "&nbsp;", "&shy;", "&Tab;", "&NewLine;", "&x;"),
    *(
        "&#65;",
        "&#x41",
        "&#xD800;",
        "&#0;",
        "&#128;",
        "&#129;",
        "&#13;",
        "&#xE000;",
        "&#1114112;",
        "&#",
        "&#x",
        "&",
        ";",
    ),
    *("&CounterClockwiseContourIntegral;", "&CounterClockwiseContourIntegralx", "#", "x", "a", "B", "1", "word"),
    *(" ", "  ", "\n", "\r\n", "\t", "\x0c", "\x0b", "\0", "\x01", "\x7f", "\x85", "\xa0", "\xad", "é", "Â"),
    *("\u200b", "\u200a", "\u2028", "\u212a", "\u017f", "\ue000", "\ue001", "\ufeff", "\ufefe", "\ufffd", "漢", "𝔄"),
]
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=60).map("".join)


PARTS = (
    '<p class="a highlight b" id=x>text</p>',
    "<a href='" + "u" * 70 + '\' CLASS = "hljs\x01\thljs" data-' + "n" * 70 + "=1>link</a>",
    "<BlockQuote>q</BLOCKQUOTE><figcaption/><x" + "y" * 70 + "/><h\x111>no heading</h\x111><é>",
    "words " * 13 + " two  spaces,\ttabs\x01\n\r and &amp; &notin; &#x20AC; < 1",
    "naïve « café » – “x”\u200b\u00a0中文，字\ue000 плюс\x7f" * 3,
    "<pre>line\n  line \x02\n</pre><textarea>a\n<b>&lt;</textarea>",
    "<script>if (a < b) '</' + \"script\" <!-- <script></script> --></script><style>" + "s" * 70 + "</style>",
    "<!-- " + "-" * 70 + " -->" + "<!" + "d" * 70 + "><svg><path d='" + "1" * 70 + "'/><![CDATA[<p>]]></svg>",
    "<template>" + "t" * 70 + "</template><title>" + "T <i> " * 12 + "</title>",
)


def read(page: bytes) -> tuple[str, list[str], tuple[int, int, int, int], list[tuple[int, int]]]:
    """The compiled reading, with text for bytes and offsets in it, as the plain one has them."""
    text, code, counts, templates = read_html(page)
    offsets = [(len(page[:before].decode()), len(page[:at].decode())) for before, at in templates]
    return text.decode(), [part.decode() for part in code], counts, offsets


def assert_both_agree(body: bytes, charset: str | None = None) -> str:
    html = as_utf8(body, charset)
    assert html.decode("utf-8") == decode(body[:MAX_SCORED], charset)
    fast = read(html)
    assert fast == definition.read(html.decode("utf-8"))
    text = fast[0]
    assert not {"\0", "\ue000"} & set(text)
    assert text.encode("utf-8").decode("utf-8") == text
    assert text == text.strip(" \n")
    return text


@settings(max_examples=500)
@given(HOSTILE)
def test_hostile_html_reads_alike(html: str) -> None:
    assert_both_agree(html.encode("utf-8", "surrogatepass"))


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from([piece.encode() for piece in PIECES]) | st.binary(max_size=6), max_size=40).map(b"".join),
    st.sampled_from([None, "utf-8", "gb2312", "shift_jis", "euc-jp", "iso-2022-jp", "utf-16", "windows-1251", "?"]),
)
def test_broken_bytes_read_alike(body: bytes, charset: str | None) -> None:
    assert_both_agree(body, charset)


@pytest.mark.parametrize(
    "attack",
    [
        *(
            "<",
            "&",
            "<!--",
            "<a",
            "</",
            "<a a=",
            "<a 'b",
            "&#",
            "&#1",
            "&a",
            "&CounterClockwiseContourIntegra",
            "-",
            "<!",
        ),
        *(
            "<script>",
            "<script><!--<script ",
            "</script",
            "<title>",
            "</title",
            "<textarea>",
            "<svg>",
            "<template>",
            "<pre>",
        ),
        *(
            "<svg><![CDATA[",
            "<p class='",
            "<p class=hljs ",
            "<div>",
            "\x0b ",
            "&nGt;",
            "\xa0",
            "\xad\u200b",
            "漢",
            " \n",
            "--!",
        ),
    ],
)
def test_a_quarter_megabyte_of_one_thing_reads_alike(attack: str) -> None:
    assert_both_agree((attack * (1 << 18))[: 1 << 18].encode()[: 1 << 18])


@pytest.mark.parametrize("part", PARTS)
def test_a_part_means_the_same_at_every_place_of_a_window(part: str) -> None:
    for before in range(WIDTH + 2):
        page = "x" * before + part + "<p>after it " + "y" * 80
        assert read(page.encode()) == definition.read(page)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("before", [0, 1, WIDTH - 1, WIDTH, 3 * WIDTH])
def test_a_part_that_the_page_ends_in_means_the_same(part: str, before: int) -> None:
    for end in range(len(part) + 1):
        page = "x " * (before // 2) + "x" * (before % 2) + part[:end]
        assert read(page.encode()) == definition.read(page)


@pytest.mark.parametrize("attack", ["<", "&", "<!--", "<a b=", "<script><!--", "</title", "<div><p>", "&nGt;"])
def test_a_megabyte_of_one_thing_is_read(attack: str) -> None:
    text, *_ = read((attack * MAX_SCORED)[:MAX_SCORED].encode())
    assert len(text.encode()) <= 2 * MAX_SCORED


def test_nothing_is_remembered_from_page_to_page() -> None:
    pages = [b"<template>a", b"<svg>a", b"<pre>a\nb", b"a&", b"", b"<p>a</p>"]
    assert [read(page) for page in pages] == [read(page) for page in reversed(pages)][::-1]


@pytest.mark.realdata
@pytest.mark.slow
def test_real_pages_read_alike(shared: Path) -> None:
    for path in sorted(shared.glob("crawl/crawl-data/*/segments/*/warc/*.warc.gz"))[:3]:
        for page in list(captures(str(path)))[::3]:
            assert_both_agree(page.body, page.charset)


@pytest.mark.realdata
@pytest.mark.slow
def test_edge_cases_of_other_archives_read_alike(shared: Path) -> None:
    folder = shared / "edge-warcs"
    charsets = set()
    for path in sorted(path for path in folder.rglob("*") if path.name.endswith((".warc", ".warc.gz"))):
        with suppress(ShardFailed):
            for page in captures(str(path)):
                assert_both_agree(page.body, page.charset)
                charsets.add(page.charset)
    assert {None, "utf-8", "iso-8859-1", "euc-jp", "gb2312", "windows-1251"} <= charsets
