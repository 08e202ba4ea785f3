"""What only a style sheet, a role or a class shows comes out as on the page: each kind alone and among paragraphs."""

import time

import pytest

from recall.page.markdown import convert
from tests.page.markdown.styled_pieces import STYLED
from tests.page.markdown.test_prose_kept import page

LENGTHS = {"alone": 0, "long-page": 20}
CASES = [
    pytest.param(piece, written, id=f"{kind}-{name}")
    for kind, pieces in STYLED.items()
    for name, (piece, written) in pieces.items()
]


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(("piece", "written"), CASES)
def test_the_structure_is_that_of_the_page(piece: str, written: str, around: int) -> None:
    found = convert(page(piece, around))
    assert found.fallback is None
    assert f"\n\n{written}\n" in found.text
    assert found.text.replace(f"\n\n{written}\n", "\n").count("\n\n") == 2 * around


HOSTILE = {
    "joints": "<p>" + "<span>a</span>" * 60_000,
    "joints-in-joints": "<span>b<span>c</span>" * 200 + "<i></i>" * 60_000,
    "empty-between": "<p>" + "<span>lexer</span><svg></svg><i></i>" * 30_000,
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.timeout(120)
def test_the_cost_is_in_proportion_to_the_page(hostile: str) -> None:
    began = time.process_time()
    convert(f"<html><body><p>some words</p>{hostile}".encode())
    assert time.process_time() - began < 6
