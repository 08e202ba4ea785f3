"""Signals of a page's text: shares of characters held against their definition, sign by sign."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.corpus.signals import signals

PROSE = st.text(
    st.characters(exclude_characters="`~", codec="utf-8") | st.sampled_from("aZ09 .,_\n中カЖÉ²٣"), max_size=60
)


@given(PROSE)
def test_shares_of_characters_are_those_of_their_definition(text: str) -> None:
    found = signals(text)
    ink = len(text) - sum(map(text.count, " \n\t"))
    letters = re.findall(r"[^\W\d_]", text)
    upper = re.findall(r"[A-Z\u00c0-\u00de\u0391-\u03a9\u0410-\u042f]", text)
    shares = {
        "alphabetic_share": len(letters) / ink if ink else 0,
        "symbol_share": len(re.findall(r"[^\w\s]|_", text)) / ink if ink else 0,
        "digit_share": sum(sign.isdigit() for sign in text) / ink if ink else 0,
        "uppercase_share": len(upper) / len(letters) if letters else 0,
    }
    assert {name: found[name] for name in shares} == shares


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"words": 0, "chars": 0, "entropy": 0}),
        ("The code of this page.", {"words": 5, "stop_word_share": 0.6}),
        ("# T\n\n```python\nx = 1\n```\n", {"words": 2, "code_blocks": 1, "code_lines": 1, "digit_share": 0}),
        ("中文字", {"words": 4, "alphabetic_share": 1}),
        ("a\na\nb\n", {"duplicate_line_share": 1 / 3, "max_line_length": 1}),
    ],
)
def test_signals_of_small_texts(text: str, expected: dict[str, float]) -> None:
    assert {name: signals(text)[name] for name in expected} == pytest.approx(expected)
