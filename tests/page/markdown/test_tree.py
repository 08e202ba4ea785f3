import pytest

from recall.page.markdown import markdown
from recall.page.markdown.tree import parse

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
