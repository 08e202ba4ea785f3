"""Words that a browser shows in a sentence, an item or a cell come out; what a template holds does not."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recall.page.markdown import convert, markdown
from recall.page.markdown.inline_text import aside, inline_text
from recall.page.markdown.templates import without_templates
from tests.chromium import started
from tests.page.markdown.pieces import PARAGRAPH

ELEMENTS = (
    "time output label legend data meter progress abbr acronym bdi bdo ins mark dfn cite q small var samp "
    "marquee blink "
    "my-term x-y app-tooltip_1 ruby"
).split()
PLACES = {
    "sentence": "<p>It starts at WORD in the hall and ends when all have gone home again.</p>",
    "starts-sentence": "<p>WORD is where it starts, and it ends when all have gone home again.</p>",
    "item": "<ul><li>WORD The talk on parsers starts here</li><li>WORD The break comes then</li></ul>",
    "cell": "<table><tr><th>When</th><th>What</th></tr><tr><td>WORD</td><td>the talk</td></tr><tr><td>b</td>"
    "<td>c</td></tr></table>",
    "definition": "<dl><dt>Start</dt><dd>at WORD in the hall, as ever before</dd></dl>",
    "heading": "<h2>The WORD part of it</h2>",
    "quotation": "<blockquote>He said that WORD would do, and went away again.</blockquote>",
    "nested": "<p>It starts <b>at <i>about WORD</i></b> in the hall and ends when all have gone home again.</p>",
}


def page(piece: str, around: int) -> str:
    before = "".join(PARAGRAPH.format(number) for number in range(around))
    behind = "".join(PARAGRAPH.format(number) for number in range(around, 2 * around))
    article = f"<article><h1>How to</h1>{before}{piece}{behind}</article>"
    return f"<html><head><title>How to</title></head><body>{article}</body></html>"


@pytest.mark.parametrize("around", [0, 20], ids=["alone", "long-page"])
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("element", ELEMENTS)
def test_words_in_inline_elements_are_kept(element: str, place: str, around: int) -> None:
    text = markdown(page(place.replace("WORD", f"<{element}>nine-thirty</{element}>"), around).encode())
    assert "nine-thirty" in text


def test_the_words_stay_in_their_line() -> None:
    text = markdown(page(PLACES["item"].replace("WORD", "<time datetime=09:30>09:30</time>"), 20).encode())
    assert "- 09:30 The talk on parsers starts here\n- 09:30 The break comes then" in text


@pytest.mark.parametrize(
    ("ruby", "written"),
    [
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "漢(kan)"),
        ("<ruby>漢<rp>（</rp><rt>kan</rt><rp>）</rp>字<rp>（</rp><rt>ji</rt><rp>）</rp></ruby>", "漢（kan）字（ji）"),
        ("<ruby>漢<rt>kan</rt></ruby>", "漢(kan)"),
        ("<ruby><rb>漢</rb><rt><b>kan</b></rt></ruby>", "漢(**kan**)"),
        ("<ruby>漢<rt>kan</rt>字<rt>ji</rt></ruby>", "漢(kan)字(ji)"),
        ("<ruby>漢<rt></rt></ruby>", "漢"),
    ],
)
def test_readings_stand_behind_their_word(ruby: str, written: str) -> None:
    assert f"Here {written} is read" in markdown(page(f"<p>Here {ruby} is read as it was long ago.</p>", 20).encode())


def test_a_button_named_in_a_sentence_is_kept_and_one_by_itself_is_not() -> None:
    text = markdown(
        page("<p>Click <button>Save as</button> to store it.</p><p><button>Share it</button></p>", 20).encode()
    )
    assert "Click Save as to store it." in text
    assert "Share it" not in text


def test_labels_of_fields_to_fill_in_stay_out() -> None:
    items = ("<label><input type=checkbox> Blue ones</label>", "<label><input type=checkbox> Red ones</label>")
    tasks = ("<label><input type=checkbox disabled checked> Write it all down</label> today", "Rest a bit")
    lists = ("<ul>{}</ul>".format("".join(f"<li>{item}</li>" for item in each)) for each in (items, tasks))
    text = markdown(page("".join(lists), 20).encode())
    assert "Blue ones" not in text
    assert "Write it all down" in text


HIDDEN = {
    "paragraph": "<template><p>never shown</p></template>",
    "nested": "<template><template><p>never</p></template><p>never shown</p></template>",
    "in-a-table": "<table><tr><td>a cell</td></tr><template><tr><td>never shown</td></tr></template></table>",
    "in-a-list": "<ul><li>one item</li><template><li>never shown</li></template></ul>",
    "in-a-sentence": "<p>This is a sentence <template>never shown</template>that goes on.</p>",
    "end-tags-inside": "<div><template><p>never</div></p>never shown</template></div>",
    "upper-case": "<TEMPLATE ID=a><p>never shown</p></Template >",
    "attribute-with-bracket": '<template data-a="</template>"><p>never shown</p></template>',
    "tag-in-a-script": "<template><script>'</template>'</script><p>never shown</p></template>",
    "tag-in-a-comment": "<template><!-- </template> --><p>never shown</p></template>",
    "pre": "<pre>a = 1\n<template>never shown</template>b = 2</pre>",
    "code-block": "<template><pre><code>never shown</code></pre></template>",
    "unknown-mode": "<div><template shadowrootmode=ajar><p>never shown</p></template></div>",
    "host-that-cannot": "<ul><li><template shadowrootmode=open><p>never shown</p></template>an item</li></ul>",
    "second-root": "<div><template shadowrootmode=open>first one</template><template shadowrootmode=open>never shown"
    "</template></div>",
    "mode-in-a-value": '<div><template title=" shadowrootmode=open "><p>never shown</p></template></div>',
    "root-inside-a-template": "<template><div><template shadowrootmode=open>never shown</template></div></template>",
}


SETTINGS = (
    "<form method=post action=/view><div><h2>Viewing options</h2><select name=order><option>Newest first</option>"
    "<option>Oldest first</option></select><input type=submit value=Save><div>Choose what is never shown.</div></div>"
    "</form>"
)
HIDDEN_LINES = {
    "twice": '<div style="display: none" hidden aria-hidden=true>Machines may read this at /never.md instead.</div>',
    "settings": SETTINGS,
}


@pytest.mark.parametrize("around", [1, 20], ids=["short", "long-page"])
@pytest.mark.parametrize("piece", HIDDEN_LINES.values(), ids=HIDDEN_LINES)
def test_what_is_hidden_twice_or_sets_the_view_is_not_written(piece: str, around: int) -> None:
    text = markdown(page(piece, around).encode())
    assert "never" not in text
    assert "Viewing options" not in text
    assert f"tool number {2 * around - 1} " in text


@pytest.mark.parametrize(
    "piece",
    [
        '<div role=tabpanel style="display:none" hidden><p>The words of the second tab, shown by a click.</p></div>',
        '<div style="display:none" hidden><h3>Part</h3><p>The words of the second tab, shown by a click.</p></div>',
        "<form><select><option>x</option></select><p>The words of the second tab, shown by a click.</p></form>",
    ],
    ids=["tab", "part", "form-around-a-paragraph"],
)
def test_what_a_click_shows_stays(piece: str) -> None:
    assert "The words of the second tab" in markdown(page(piece, 20).encode())


@pytest.mark.parametrize("around", [1, 20], ids=["short", "long-page"])
@pytest.mark.parametrize("piece", HIDDEN.values(), ids=HIDDEN)
def test_templates_show_nothing(piece: str, around: int) -> None:
    text = markdown(page(piece, around).encode())
    assert "never" not in text
    for number in range(2 * around):
        assert f"tool number {number} " in text


def test_an_unclosed_template_ends_with_the_page() -> None:
    text = markdown(
        (page("<p>The last words shown on this page.</p>", 20) + "<template><p>never shown</p>" + page("", 1)).encode()
    )
    assert "The last words shown" in text
    assert "never" not in text


@pytest.mark.parametrize(
    "literal",
    [
        "<p>Write <code>&lt;template&gt;</code> around it, and all is well.</p>",
        "<textarea readonly>&lt;b&gt;<template></textarea>",
        "<script>var a = '<template>'</script>",
        "<!-- <template> -->",
        "</template>",
        '<p title="<template>">A title.</p>',
        "<xmp><template></xmp>",
    ],
)
def test_what_only_looks_like_a_template_hides_nothing(literal: str) -> None:
    text = markdown((page(literal, 20)).encode())
    assert "tool number 39 " in text


SHADOWS = {
    "code": (
        '<my-box><template shadowrootmode="open"><h2>Usage</h2><pre>def f(x):\n    return x</pre></template></my-box>',
        ["## Usage", "```\ndef f(x):\n    return x\n```"],
        [],
    ),
    "closed": (
        "<div><template shadowrootmode=CLOSED><p>Words of the root are shown.</p></template></div>",
        ["Words of the root"],
        [],
    ),
    "light-children-replaced": (
        "<my-box><p>light words</p><template shadowrootmode=open><p>Words of the root are shown.</p>"
        "</template></my-box>",
        ["Words of the root"],
        ["light words"],
    ),
    "slot-takes-children": (
        "<my-box><template shadowrootmode=open><p>Before the slot.</p><slot>fallback</slot></template>"
        "<p>Light words fill it.</p></my-box>",
        ["Before the slot.\n\nLight words fill it."],
        ["fallback"],
    ),
    "named-slots": (
        "<my-box><p slot=b>Second part of it.</p><p slot=a>First part of it.</p><p>Left over.</p>"
        "<template shadowrootmode=open>"
        "<slot name=a></slot><slot name=b></slot></template></my-box>",
        ["First part of it.\n\nSecond part of it."],
        ["Left over"],
    ),
    "fallback": (
        "<my-box><template shadowrootmode=open><p>Here is <slot name=a>the fallback</slot> shown.</p>"
        "</template></my-box>",
        ["Here is the fallback shown."],
        [],
    ),
    "first-slot-wins": (
        "<my-box><template shadowrootmode=open><div><slot></slot></div><p>Here stand <slot>other words</slot>."
        "</p></template>"
        "<p>Taken by the first one.</p></my-box>",
        ["Taken by the first one.", "other words"],
        [],
    ),
    "nested-hosts": (
        "<a-box><template shadowrootmode=open><b-box><template shadowrootmode=open><p>Inner start.</p><slot>"
        "</slot></template>"
        "<slot></slot></b-box></template><p>Light words go in deep.</p></a-box>",
        ["Inner start.\n\nLight words go in deep."],
        [],
    ),
    "in-a-sentence": (
        "<p>It is called <my-term><template shadowrootmode=open><b><slot></slot></b></template>the shadow"
        "</my-term> here.</p>",
        ["It is called **the shadow** here."],
        [],
    ),
}


@pytest.mark.parametrize("around", [1, 20], ids=["short", "long-page"])
@pytest.mark.parametrize(("piece", "shown", "unseen"), SHADOWS.values(), ids=SHADOWS)
def test_shadow_roots_are_shown_in_place_of_the_children(
    piece: str, shown: list[str], unseen: list[str], around: int
) -> None:
    text = markdown(page(piece, around).encode())
    for words in shown:
        assert words in text
    for words in unseen:
        assert words not in text
    assert text.index(f"tool number {around - 1} ") < text.index(shown[0]) < text.index(f"tool number {around} ")


@pytest.mark.parametrize(
    "hostile",
    [
        "<template " * 100_000,
        "<template a='" * 100_000,
        "<template>" * 100_000 + "</template>" * 100_000,
        "<div><template shadowrootmode=open>" * 50_000,
        "<template></template><!--" * 50_000,
        "<template></template>" + "<title>" * 100_000,
        "<div><template shadowrootmode=open>"
        + "<slot>" * 100
        + "</slot>" * 100
        + "</template></div>"
        + "<a slot=b></a>" * 20_000,
    ],
    ids=["open-tag", "open-value", "nested", "roots", "comments", "raw", "slots"],
)
@pytest.mark.timeout(120)
def test_templates_cost_time_in_proportion_to_the_page(hostile: str) -> None:
    started = time.process_time()
    without_templates(hostile)
    assert time.process_time() - started < 3
    convert(f"<html><body><p>some words</p>{hostile}".encode())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as chromium:
        yield chromium.new_context(java_script_enabled=False, offline=True).new_page()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("piece", HIDDEN.values(), ids=HIDDEN)
def test_chromium_shows_nothing_of_these_templates(browser: Any, piece: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page(piece, 1), encoding="utf-8")
    browser.goto((tmp_path / "page.html").as_uri())
    assert browser.get_by_text("never").count() == 0
    assert "tool number 1 " in browser.locator("body").inner_text()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SHADOWS) - {"closed"}))  # no program looks into a closed one
def test_chromium_shows_these_shadow_roots(browser: Any, name: str, tmp_path: Path) -> None:
    piece, shown, unseen = SHADOWS[name]
    (tmp_path / "page.html").write_text(page(piece, 1), encoding="utf-8")
    browser.goto((tmp_path / "page.html").as_uri())
    for text in shown:
        for words in re.findall(r"[A-Za-z][a-z ]{8,}", text):
            assert browser.get_by_text(words.strip()).first.is_visible(), words
    for words in unseen:
        assert not browser.get_by_text(words).first.is_visible()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("element", ELEMENTS)
def test_chromium_shows_the_words_of_inline_elements(browser: Any, element: str) -> None:
    browser.set_content(page(PLACES["sentence"].replace("WORD", f"<{element}>nine-thirty</{element}>"), 1))
    drawn = element in ("meter", "progress")  # a gauge stands for its words
    assert ("nine-thirty" in browser.locator("body").inner_text()) is not drawn


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (f"Press {aside(f'the {aside(chr(0x2713))} button')} to go on.", "Press the \u2713 button to go on."),
        (f"Menu {aside(f'open {aside(chr(0x2713))} all')}", "Menu"),
        (f"Menu {aside(aside('open'))} {aside('close')}", "Menu"),
    ],
    ids=["in-a-sentence", "alone", "at-once"],
)
def test_a_control_inside_another_leaves_no_border(run: str, expected: str) -> None:
    assert inline_text(run, kept_whole=False) == expected
