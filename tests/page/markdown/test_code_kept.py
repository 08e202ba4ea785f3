"""Nothing inside a block is dropped but what is proven to be no code: each kind alone and in a long page."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from recall.page.markdown import convert, markdown
from recall.page.markdown.by_trafilatura.lift import lift
from recall.page.markdown.tree import parse
from tests.chromium import started
from tests.page.markdown.pieces import PARAGRAPH, RULED, SHOWN

FENCED = re.compile(r"(?ms)^(?P<ticks>`{3,})(?P<language>[^\n`]*)\n(?P<code>.*?)\n(?P=ticks)$")
LENGTHS = {"alone": 0, "long-page": 20}


def page(piece: str, around: int) -> bytes:
    """The piece in an article, so many paragraphs before and behind it."""
    before = "".join(PARAGRAPH.format(number) for number in range(around))
    behind = "".join(PARAGRAPH.format(number) for number in range(around, 2 * around))
    return f"<html><body><article><h1>How to</h1>{before}{piece}{behind}</article></body></html>".encode()


def codes(text: str) -> list[tuple[str, str]]:
    return [(match["language"], match["code"]) for match in FENCED.finditer(text)]


def named(kind: str) -> list[Any]:
    return [pytest.param(*piece, id=f"{kind}-{name}") for name, piece in SHOWN[kind].items()]


ALL = [parameters for kind in SHOWN for parameters in named(kind)]


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(("piece", "code"), ALL)
def test_what_a_browser_shows_of_a_block_is_kept(piece: str, code: str, around: int) -> None:
    text = markdown(page(piece, around))
    if piece.startswith("<p>"):
        assert f"`{code}`" in text
    else:
        assert [found for _, found in codes(text)] == [code]


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(
    ("piece", "language", "code"), [pytest.param(*piece, id=name) for name, piece in RULED.items()]
)
def test_what_is_proven_to_be_no_code_goes(piece: str, language: str, code: str, around: int) -> None:
    assert codes(markdown(page(piece, around))) == [(language, code)]


OUTPUTS = {
    "prose-between": "<pre><code>for i in x:\n    print(i)\n</code></pre><p>It prints:</p><pre><code>1\n2</code></pre>",
    "nothing-between": "<pre>for i in x:\n    print(i)</pre><pre>1\n2</pre>",
    "input-first": "<div><pre>1\n2</pre><pre>a = 1;\nb = 2;</pre></div>",
    "cells-of-samples": "<table><tr><th>Input</th><th>Output</th></tr><tr><td><pre>1\n2</pre></td><td>"
    "<pre>3\n5</pre></td>"
    "</tr></table>",
    "list-items": "<ul><li><pre>1\n2</pre></li><li><pre>a();\nb();</pre></li></ul>",
}


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("piece", OUTPUTS.values(), ids=OUTPUTS)
def test_numbers_that_are_data_stay_beside_other_blocks(piece: str, around: int) -> None:
    assert "1\n2" in [code for _, code in codes(markdown(page(piece, around)))]


GUTTERS = {
    "wrapper-named": '<div class="wrap"><pre class="line-numbers">1\n2</pre><pre>a();\nb();</pre></div>',
    "cells": '<table class="code"><tr><td><pre>1\n2</pre></td><td><pre>a();\nb();</pre></td></tr></table>',
    "floats": '<div><pre style="float:left">1\n2</pre><pre>a();\nb();</pre></div>',
    "unselectable": '<div><pre style="user-select: none">1\n2</pre><pre>a();\nb();</pre></div>',
    "hidden-from-readers": '<div><pre aria-hidden="true">1\n2</pre><pre>a();\nb();</pre></div>',
}


@pytest.mark.parametrize("piece", GUTTERS.values(), ids=GUTTERS)
def test_gutters_beside_their_code_go(piece: str) -> None:
    assert codes(markdown(page(piece, 3))) == [("", "a();\nb();")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as chromium:
        yield chromium.new_context(java_script_enabled=False, offline=True).new_page()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("piece", "code"), ALL)
def test_the_expected_code_is_what_chromium_shows(browser: Any, piece: str, code: str) -> None:
    browser.set_content(page(piece, 1).decode())
    shown = browser.locator("pre, code").first.inner_text()
    assert shown.strip("\n") == code


@pytest.mark.parametrize(
    "body",
    [
        "<pre>" + "x<button></button>" * 20_000 + "</pre>",
        "<pre>" + "<span class=gutter>" * 200 + "x = 1;\n" * 20_000 + "</span>" * 200 + "</pre>",
        "<pre><span class=tooltip>" + "<span class=tooltiptext></span>" * 20_000 + "</span></pre>",
        "<pre>" + "<b class=enlighter-raw>x</b>" * 20_000 + "</pre>",
        "<pre>1\n2</pre><pre>a();\nb();</pre>" * 2_000,
        "<pre>" + "<div><i>1</i><b></b>" * 100 + "x\n" * 20_000 + "</div>" * 100 + "</pre>",
        "<p>" + "<time>1</time> " * 20_000 + "</p>",
        "<ul><li>" + "<label>one</label> " * 20_000 + "</ul>",
        "<div>" * 100 + "<pre>a = 1</pre>" + "<b>Copy</b></div>" * 100,
    ],
    ids=["marks", "nested", "bubbles", "copies", "gutters", "counters", "times", "labels", "holders"],
)
@pytest.mark.timeout(60)
def test_proofs_cost_time_in_proportion_to_the_page(body: str) -> None:
    started = time.process_time()
    root = parse(f"<html><body><p>some words</p>{body}</body></html>")
    assert root is not None
    lift(root, body)
    assert time.process_time() - started < 6


def test_numbers_too_long_to_count_lines_do_no_harm() -> None:
    digits = "9" * 5_000
    found = convert(page(f"<pre>{digits}\n{digits}</pre><pre><b class=lineno>{digits}</b>x</pre>", 3))
    assert found.fallback is None
    assert [code for _, code in codes(found.text)] == [f"{digits}\n{digits}", f"{digits}x"]


def test_a_permalink_whose_sign_was_decoded_wrong_is_no_code() -> None:
    signature = '<dl><dt class="sig" id="f">f(x)<a class="headerlink" href="#f">Â¶</a></dt><dd>It does so.</dd></dl>'
    assert "`f(x)`" in markdown(page(signature, 3))


@pytest.mark.parametrize("lines", [30, 60, 300])
def test_numbers_behind_a_block_go_however_many_they_are(lines: int) -> None:
    code = "\n".join(f"let a{number} = {number};" for number in range(lines))
    numbers = "".join(f"<span class=line-number>{number + 1}</span><br>" for number in range(lines))
    block = f"<pre><code>{code}</code></pre> <div class=line-numbers-wrapper>{numbers}</div>"
    before, after = PARAGRAPH.format(1), PARAGRAPH.format(2)
    text = markdown(f"<article>{before}<div class=language-js>{block}</div>{after}</article>".encode())
    assert f"\n{code}\n```\n\nThis page explains" in text
