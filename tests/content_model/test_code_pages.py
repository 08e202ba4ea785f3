"""Labels by segment outlive changes of the cut where they can, and the file is refused where it is broken."""

import math

import pytest

from tests.content_model.code_pages import FILE, Labelled, digest, labels_of, parse_line

TEXTS = ["Home", "A title", "Some words.", "x = 1", "Share"]
PAGE = Labelled("crawl", "https://a.example/", (False, True, True, True, False), tuple(map(digest, TEXTS)))


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (TEXTS, [0, 1, 1, 1, 0]),
        (["home", "# A *title*", "Some words", "`x = 1`", "Share!"], [0, 1, 1, 1, 0]),
        (["Home", "A title", "Some", "words.", "x = 1", "Share"], [0, 1, 1, 1, 1, 0]),
        (["Home", "A title Some words.", "x = 1", "Share"], [0, 1, 1, 0]),
        (["Home", "A title", "new", "Some words.", "x = 1", "Share"], [0, 1, 1, 1, 1, 0]),
        (["Home A title", "Some words.", "x = 1", "Share"], [None, 1, 1, 0]),
        (["Home", "new", "A title", "Some words.", "x = 1", "Share"], [0, None, 1, 1, 1, 0]),
        (["Home", "—", "A title"], [0, None, 1]),
    ],
    ids=["same", "other marks", "split", "joined", "new inside", "joined with frame", "new at the border", "no words"],
)
def test_segments_keep_their_labels(texts: list[str], labels: list[float | None]) -> None:
    found = [None if math.isnan(label) else label for label in labels_of(texts, PAGE)]
    assert found == labels


def test_repeated_texts_are_told_apart_by_their_order() -> None:
    page = Labelled("crawl", "u", (True, True, False), (digest("Note"), digest("Text here"), digest("Note")))
    assert labels_of(["Note", "Text here", "Note"], page).tolist() == [1, 1, 0]


def test_a_line_is_read_as_it_was_written() -> None:
    assert parse_line(PAGE.line(), 1) == PAGE


@pytest.mark.parametrize("line", ["", "crawl\tu\t01", "crawl\tu\t01\tabc", "crawl\tu\t02\tabcdabcd"])
def test_broken_lines_are_refused_by_their_number(line: str) -> None:
    with pytest.raises(ValueError, match=r"code_pages\.tsv, line 7"):
        parse_line(line, 7)


def test_the_file_can_be_read_whole() -> None:
    pages = [parse_line(line, number) for number, line in enumerate(FILE.read_text("utf-8").splitlines(), 1)]
    assert len({(page.crawl, page.url) for page in pages}) == len(pages) > 100
