import time

import pytest

from recall.page.markdown import markdown
from recall.page.markdown.tree import CONTROL, MAX_DEPTH, Fallback, broken_bound, may_hold_controls, parse

CODE = '<pre><code class="language-python">a = 1\n\nb = 2\n</code></pre>'
FENCED = "```python\na = 1\n\nb = 2\n```"


@pytest.mark.parametrize("tag", ["article", "main", "section", "div", "figure"])
@pytest.mark.parametrize(
    "start", ["<!doctype html><title>x</title>", "<meta charset=utf-8>", "<html><head><title>x</title>"]
)
def test_code_of_a_page_without_a_body_tag_is_exact(tag: str, start: str) -> None:
    found = markdown(f"{start}<{tag}><p>Some words of prose here.</p>{CODE}</{tag}>".encode())
    assert FENCED in found
    assert "Some words of prose here." in found


def test_strays_of_the_head_come_first_and_in_order() -> None:
    root = parse("<title>t</title><article>one</article> two <main>three</main><p>four</p>tail")
    assert root is not None
    body = root.find("body")
    assert body is not None
    assert body.text_content().replace(" ", "") == "onetwothreefourtail"
    assert [child.tag for child in root.find("head")] == ["title"]


def test_a_control_character_behind_an_unclosed_head_is_no_error() -> None:
    assert "after" in markdown(b"<head><article>first</article></head>&#1;\x0c after <p>last</p>")


@pytest.mark.parametrize("form", ["&#{:d};", "&#x{:x};", "&#X{:X};", "&#00{:d};", "&#x0{:x} b", "{:c}"])
def test_every_control_character_of_a_tree_is_foreseen(form: str) -> None:
    for code in (*range(1, 0x120), *range(0xFFF0, 0x10010), 0x1FFFE, 0x10FFFE):
        source = f"<p>a{form.format(code)}b"
        root = parse(source)
        assert root is not None
        if CONTROL.search(root.text_content()):
            assert may_hold_controls(source), code


@pytest.mark.parametrize("source", ["a", "&#9;&#10;&#13;", "&#x20;&#xA0;&#8217;&#160;", "&#310;&#x1F600;&#14000;&#;"])
def test_other_references_foretell_no_control_character(source: str) -> None:
    assert not may_hold_controls(source)


@pytest.mark.parametrize(
    ("html", "bound"),
    [
        ("<div>" * (MAX_DEPTH - 2), None),
        ("<div>" * (MAX_DEPTH - 1), Fallback.TOO_DEEP),
        ("<div>" * (MAX_DEPTH - 2) + "</div>" * MAX_DEPTH + "<p>a</p>" * 100, Fallback.TOO_MANY_NODES),
        ("<div>" * (MAX_DEPTH - 1) + "</div>" * MAX_DEPTH + "<p>a</p>" * 100, Fallback.TOO_DEEP),
    ],
)
def test_elements_and_levels_are_counted_with_the_root(html: str, bound: Fallback | None) -> None:
    root = parse(html)
    assert root is not None
    assert broken_bound(root, max_nodes=MAX_DEPTH + 50) is bound


def test_the_depth_of_a_tree_both_deep_and_large_takes_linear_time() -> None:
    root = parse(("<div>" * 200 + "</div>" * 200) * 900)
    assert root is not None
    started = time.process_time()
    assert broken_bound(root, max_nodes=1_000_000) is None
    assert time.process_time() - started < 2
