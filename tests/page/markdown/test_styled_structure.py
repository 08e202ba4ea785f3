"""What only a style sheet, a role or a class shows comes out as on the page: each kind alone and among paragraphs."""

import time

import pytest

from recall.page.markdown import convert
from recall.page.markdown.page_headings import drop_permalinks, set_headings
from recall.page.markdown.styled_tables import set_tables
from recall.page.markdown.tree import parse
from recall.page.markdown.unseen_parts import drop_unseen
from recall.page.markdown.word_gaps import part_words
from tests.page.markdown.generated_pieces import GENERATED
from tests.page.markdown.styled_pieces import STYLED
from tests.page.markdown.test_prose_kept import page

LENGTHS = {"alone": 0, "long-page": 20}
CASES = [
    pytest.param(piece, written, id=f"{kind}-{name}")
    for kind, pieces in (*STYLED.items(), ("generated", GENERATED))
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
    "joints": "<p>" + "<span>a</span>" * 7_000,
    "joints-in-joints": "<span>b<span>c</span>" * 200 + "<i></i>" * 7_000,
    "tables-of-a-row": "<table class=a><tr><td>b<td>c</table>" * 5_000,
    "columns": "<div>" + "<div class=col-first>a</div><div class=col-last>b</div>" * 8_000,
    "rows-by-role": "<div role=table>" + "<div role=row><i role=cell>a</i><i role=cell>b</i></div>" * 7_000,
    "rows-by-class": "<div>" + "<div class=table-row><a class=table-cell>a</a><a class=table-cell>b</a></div>" * 7_000,
    "for-readers": "<p>" + "<i class=sr-only>a</i>" * 7_000,
    "for-screens": "<div class=mobile-only>" * 200 + "<div class=mobile-only>a</div><div>b</div>" * 7_000,
    "boxes-in-headings": "<h2>" + "<div>" * 150 + "<a href=#b>#</a>" * 4_000,
    "headings-in-tables": "<table>" * 60 + "<tr><td><h2>a</h2></td></tr><tr><td>b</td><td>c</td></tr>" * 4_000,
    "empty-between": "<p>" + "<span>lexer</span><svg></svg><i></i>" * 4_000,
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.timeout(120)
def test_the_cost_is_in_proportion_to_the_page(hostile: str) -> None:
    root = parse(f"<html><body><p>some words</p>{hostile}")
    assert root is not None
    began = time.process_time()
    drop_permalinks(root)
    set_headings(root, hostile)
    set_tables(root)
    drop_unseen(root)
    part_words(root, [])
    assert time.process_time() - began < 2
