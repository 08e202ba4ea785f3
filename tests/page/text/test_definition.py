import pytest

from recall.page.markdown import markdown
from recall.page.text.definition import unescape


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a &lt; b &amp;&amp; c", "a < b && c"),
        ("&#65;&#x42;", "AB"),
        ("&#" + "9" * 5000 + ";x", "\ufffdx"),
        ("&#x" + "f" * 5000 + ";x", "\ufffdx"),
        ("&#1114112;", "\ufffd"),
    ],
)
def test_references_of_any_length_are_resolved(text: str, plain: str) -> None:
    assert unescape(text) == plain


def test_an_endless_reference_in_a_page_too_deep_for_a_tree_is_text() -> None:
    body = b"<div>" * 5000 + b"&#" + b"9" * 5000 + b"; and words to keep" + b"</div>" * 5000
    assert "words to keep" in markdown(body)
