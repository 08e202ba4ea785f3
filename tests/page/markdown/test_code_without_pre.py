"""Code that sites lay out without a `<pre>`, or not only with one: each kind alone and between forty paragraphs."""

import re
from typing import Any

import pytest

from recall.page.markdown import markdown
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
    for kind, pieces in BLOCKS.items()
    for name, piece in pieces.items()
]


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(("piece", "language", "code"), CASES)
def test_code_comes_out_as_one_fence(piece: str, language: str, code: str, around: int) -> None:
    text = markdown(page(piece, around))
    assert [(match["language"], match["code"]) for match in FENCED.finditer(text)] == [(language, code)]


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(
    ("piece", "expected"), [pytest.param(*map(filled, one), id=name) for name, one in INLINE.items()]
)
def test_what_is_no_block_is_not_fenced(piece: str, expected: str, around: int) -> None:
    text = markdown(page(piece, around))
    assert expected in text
    assert "```" not in text
