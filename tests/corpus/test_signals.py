"""Signals of a page's text: shares of characters held against their definition, sign by sign."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.corpus.signals import blocks, signals

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


FENCES = st.lists(st.sampled_from(["```", "~~~", "````", "\n", "\n", "   ", "    ", "x", "`", "py"]), max_size=25)


@given(FENCES.map("".join))
def test_blocks_lie_between_lines_that_are_fences(text: str) -> None:
    expected, opened, at = [], None, 0
    for line in text.split("\n"):
        fence = re.fullmatch(r" {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)", line)
        if fence is not None and opened is None:
            opened = (fence[1], min(at + len(line) + 1, len(text)))
        elif fence is not None and opened is not None and fence[1].startswith(opened[0]) and not fence[2].strip():
            expected.append((opened[1], max(opened[1], at - 1)))
            opened = None
        at += len(line) + 1
    if opened is not None:
        expected.append((opened[1], len(text)))
    assert [(block.start, block.end) for block in blocks(text)] == expected
