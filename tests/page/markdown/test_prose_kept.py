"""Prose comes out whole, in the form that it has on the page: each kind alone and between forty paragraphs."""

import re

import pytest

from recall.page.markdown import convert
from tests.page.markdown.pieces import PARAGRAPH
from tests.page.markdown.prose_pieces import PROSE

LENGTHS = {"alone": 0, "long-page": 20}
CASES = [
    pytest.param(piece, written, id=f"{kind}-{name}")
    for kind, pieces in PROSE.items()
    for name, (piece, written) in pieces.items()
]


def page(piece: str, around: int) -> bytes:
    before = "".join(PARAGRAPH.format(number) for number in range(around))
    behind = "".join(PARAGRAPH.format(number) for number in range(around, 2 * around))
    article = f"<article><h1>How to</h1>{before}{piece}{behind}</article>"
    return f"<html><head><title>How to</title></head><body>{article}</body></html>".encode()


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(("piece", "written"), CASES)
def test_prose_keeps_its_form(piece: str, written: str, around: int) -> None:
    found = convert(page(piece, around))
    assert found.fallback is None
    assert found.text.startswith("# How to\n\n")
    assert f"\n\n{written}\n" in found.text
    assert found.text.replace(f"\n\n{written}\n", "\n").count("\n\n") == 2 * around
    assert not re.search(r"\n{3}|[ \t]\n", found.text)


def test_the_pieces_are_many() -> None:
    assert len(CASES) >= 90
