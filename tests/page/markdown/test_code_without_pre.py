"""Code that sites lay out without a `<pre>`, or not only with one: each kind alone and between forty paragraphs."""

import re
import time
from typing import Any

import pytest

from recall.page.markdown import markdown
from recall.page.markdown.fence_signs import language_by_signs
from recall.page.markdown.hidden_addresses import reveal_addresses
from recall.page.markdown.marks import mark
from recall.page.markdown.tree import parse
from tests.page.markdown.code_pieces import NAMED, TYPED
from tests.page.markdown.pieces import PARAGRAPH
from tests.page.markdown.rows import BLOCKS, INLINE

FENCED = re.compile(r"(?ms)^(?P<ticks>`{3,})(?P<language>[^\n`]*)\n(?P<code>.*?)\n(?P=ticks)$")
LENGTHS = {"alone": 0, "long-page": 20}
ADDRESS = "ann@pear.example"
HIDDEN = "5a" + bytes(byte ^ 0x5A for byte in ADDRESS.encode()).hex()


def page(piece: str, around: int) -> bytes:
    """The piece in an article, so many paragraphs before and behind it."""
    before = "".join(PARAGRAPH.format(number) for number in range(around))
    behind = "".join(PARAGRAPH.format(number) for number in range(around, 2 * around))
    return f"<html><body><article><h1>How to</h1>{before}{piece}{behind}</article></body></html>".encode()


def filled(text: str) -> str:
    return text.replace("{hidden}", HIDDEN).replace("{address}", ADDRESS)


CASES: list[Any] = [
    pytest.param(*map(filled, piece), id=f"{kind}-{name}")
    for kind, pieces in (*BLOCKS.items(), *TYPED.items())
    for name, piece in pieces.items()
]


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(("piece", "language", "code"), CASES)
def test_code_comes_out_as_one_fence(piece: str, language: str, code: str, around: int) -> None:
    text = markdown(page(piece, around))
    assert [(match["language"], match["code"]) for match in FENCED.finditer(text)] == [
        (language or language_by_signs(code), code)
    ]


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(
    ("piece", "expected"), [pytest.param(*map(filled, one), id=name) for name, one in (*INLINE.items(), *NAMED.items())]
)
def test_what_is_no_block_is_not_fenced(piece: str, expected: str, around: int) -> None:
    text = markdown(page(piece, around))
    assert expected in text
    assert "```" not in text


@pytest.mark.parametrize("name", [name for name in NAMED if name.startswith("source-of")])
def test_links_from_names_to_their_source_go(name: str) -> None:
    assert "ource" not in markdown(page(NAMED[name][0], 0))


def test_a_link_behind_a_block_that_begins_a_sentence_stays() -> None:
    assert "Download the file" in markdown(page("<pre>a();\nb();</pre><a href=/f.zip>Download</a> the file first.", 0))


HOSTILE = {
    "codes": "<code>a</code>" * 5_000,
    "codes-of-two-lines": "<div>" + "<code class=hljs>a\nb</code>" * 5_000,
    "empty-codes": "<div>" + "<code class=hljs></code>" * 5_000,
    "nested": ("<code>" * 100 + "x" + "</code>" * 100) * 30,
    "lines": "<p><code>a</code></p>" * 5_000,
    "wrappers": ("<div>" * 200 + "<code>x</code>" + "</div>" * 200) * 30,
    "numbers": "<div><div>" + "<div>1</div>" * 5_000 + "</div><div>" + "<div>x</div>" * 5_000 + "</div></div>",
    "raised": "<pre>x" + "<sup>2</sup>" * 5_000 + "</pre>",
    "lists": "<ol><li>a<br></ol><em>复制代码</em>" * 3_000,
    "prompts": "<div class=code>" * 100 + "$ ls<br>a" * 5_000,
    "parts": "<div class=hljs>" + "<pre class=a>x</pre>" * 5_000 + "</div>",
    "copies": "<pre>abcdefgh</pre><div class=hljs>abcdefgh</div>" * 3_000,
    "prose": "<pre>" + "the\n" * 50_000 + "</pre>",
    "cells of code": "<table><tr><td>" + "<code>hello world</code><br>" * 5_000,
    "cells of strong code": "<table><tr><td>" + "<tt><b>hello world</b></tt><br>" * 5_000,
    "lines of a font": "<font face=courier>hello my world</font><br>" * 5_000,
    "lines of a class": "<span class=code>hello my world</span><br>" * 5_000,
    "lines of a style": "<b style=font-family:courier>hello my world</b><br>" * 5_000,
    "paragraphs of a style": "<p style=font-family:courier>hello <i>my</i> world</p>" * 5_000,
    "typed lines": "<div>" + "f(1);<br>&nbsp;&nbsp;g(2);<br>" * 5_000,
    "typed lines nested": "<b><div>f(1);<br>&nbsp;&nbsp;g(2);<br>&nbsp;h();" * 100,
    "typed sentences": "<div>" + "this is one of the lines that say something<br>&nbsp;&nbsp;x = 1;<br>" * 5_000,
    "typed paragraphs": "<div><p>f(1);</p>&nbsp;" * 200 + "<p>f(1);</p><p>&nbsp;&nbsp;g(2);</p>" * 5_000,
    "typed empty lines": "<div>f(1);<br>" + "<br>" * 40_000 + "&nbsp; x = 1;<br>&nbsp; y = f(2);<br>}",
    "typed empty lines nested": "<div><div>&nbsp; x</div><p><b>" + "<br>" * 50_000,
    "empty boxes of attributes": "<div>" + '<div class=hljs></div><i data-code="a;b">' * 3_000,
    "hidden blocks": "".join(f"<pre class=hidden>x{number}</pre>" for number in range(5_000)),
    "hidden prose": f"<pre hidden>{'of the ' * 200}</pre>" * 200,
    "hidden data": ("<pre hidden>{" + '"a": {' * 200 + "}" * 200 + " " * 500 + "</pre>") * 100,
    "typed paragraphs that go on": "<p>f(1); {<br>&nbsp;&nbsp;g(2);<br>&nbsp;&nbsp;h(3);</p>" * 3_000,
    "codes to choose from": "<pre><code class=lang-a>x</code><code class=lang-b>y</code></pre>" * 2_000,
    "links to run": "<pre>" + "<a href=/x>Run</a>x" * 5_000,
    "addresses": '<a data-cfemail="5a3b">x</a>' * 5_000,
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_layouts_cost_time_in_proportion_to_the_page(piece: str) -> None:
    root = parse(f"<html><body><p>some words</p>{piece}</body></html>")
    assert root is not None
    reveal_addresses(root, piece)
    started = time.process_time()
    mark(root)
    assert time.process_time() - started < 3
