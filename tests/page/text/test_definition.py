import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.page.markdown import markdown
from recall.page.text.definition import TAG, TAG_NAME, tag_of, unescape


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


@given(st.text(alphabet="<>/='\" ab\n\t\x0c\x0b\xa0", max_size=30))
def test_a_whole_tag_ends_where_its_attributes_end(rest: str) -> None:
    html = f"<a{rest}"
    name, whole = TAG_NAME.match(html), TAG.match(html)
    assert name is not None
    tag = tag_of(html, name)
    assert (whole.end() if whole else None) == (tag.end if tag else None)
