"""Lines of code, pairs, captions and hidden parts come out as on the page, frame lines do not."""

import time

import numpy as np
import pytest

from recall.page.markdown import convert
from recall.page.markdown.frame_lines import drop_frame_lines
from recall.page.markdown.marks import mark
from recall.page.markdown.opening_tags import parse_tag
from recall.page.markdown.segments import Segments
from recall.page.markdown.styled_tables import set_tables
from recall.page.markdown.tree import parse
from recall.page.markdown.unseen_parts import drop_unseen
from tests.page.markdown.paired_pieces import FRAME, NO_FRAME, WRITTEN
from tests.page.markdown.pieces import PARAGRAPH
from tests.page.markdown.test_prose_kept import page

LENGTHS = {"alone": 0, "long-page": 20}
CASES = [
    pytest.param(piece, written, id=f"{kind}-{name}")
    for kind, pieces in (*WRITTEN.items(), ("no-frame", NO_FRAME))
    for name, (piece, written) in pieces.items()
]


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(("piece", "written"), CASES)
def test_the_form_is_that_of_the_page(piece: str, written: str, around: int) -> None:
    text = convert(page(piece, around)).text
    assert f"\n\n{written}\n" in text
    assert text.replace(f"\n\n{written}\n", "\n").count("\n\n") == 2 * around


@pytest.mark.parametrize("around", [1, 20], ids=["short", "long-page"])
@pytest.mark.parametrize("line", FRAME.values(), ids=FRAME)
def test_a_line_of_the_frame_goes_and_nothing_else(line: str, around: int) -> None:
    assert convert(page(line, around)).text == convert(page("", around)).text


TREE = '<ul><li>com.tool.<a href="s.html">Shed</a></li><li>com.tool.<a href="r.html">Rake</a></li></ul>'
TEXT = "".join(map(PARAGRAPH.format, range(3)))
# a document's title, its body, how the Markdown begins
DOCUMENTED: dict[str, tuple[str, str, str]] = {
    "section-under-the-only-h1": (
        "com.tool Class Hierarchy (Shed API)",
        f"<main><h1>Hierarchy For Package com.tool</h1><section><h2>Class Hierarchy</h2>{TREE}</section></main>",
        "# Hierarchy For Package com.tool\n\n## Class Hierarchy\n\n- com.tool.Shed\n",
    ),
    "package-above": (
        "Shed (Shed API)",
        "<main><div class=header><div class=sub-title><span>Package</span>&nbsp;<a href=p>com.tool</a></div>"
        f"<h1>Class Shed</h1></div><section>{TEXT}</section></main>",
        "# Class Shed\n\nPackage com.tool\n\nThis page",
    ),
    "package-above-an-h2": (
        "Shed (Shed API)",
        f"<div class=header><div>com.tool</div><h2>Class Shed</h2></div><div>{TEXT}</div>",
        "# Class Shed\n\ncom.tool\n\nThis page",
    ),
    "package-in-the-title": (
        "Shed - com.tool",
        f"<main><div class=header><div>com.tool</div><h1>Class Shed</h1></div>{TEXT}</main>",
        "# Class Shed\n\ncom.tool\n\nThis page",
    ),
    "module-and-package": (
        "Shed (Shed API)",
        "<main><div><div>Module <a href=m>tool</a></div><div>Package <a href=p>com.tool</a></div>"
        f"<h1>Class Shed</h1></div>{TEXT}</main>",
        "# Class Shed\n\nModule tool\n\nPackage com.tool\n\nThis page",
    ),
    "host-above": (
        "How the parts fit - toolshed.com",
        f"<main><div><div>toolshed.com</div><h1>How the parts fit</h1></div>{TEXT}</main>",
        "# How the parts fit\n\nThis page",
    ),
}


@pytest.mark.parametrize(("title", "body", "start"), DOCUMENTED.values(), ids=DOCUMENTED)
def test_what_a_page_documents_is_its_title_and_its_package_stays(title: str, body: str, start: str) -> None:
    text = convert(f"<html><head><title>{title}</title></head><body>{body}</body></html>".encode()).text
    assert text.startswith(start)


HOSTILE = {
    "targets": "<code>a</code><br>" + "<a id=x></a>" * 5_000 + "<code>b</code>",
    "lines-with-targets": "<p>" + "<a id=x></a><code>a</code><br>" * 5_000,
    "pairs": "<table><tr><td>a<td>longer</table>" * 5_000,
    "captions": "<table><caption><h2>a</h2></caption><tr><td>b</table>" * 5_000,
    "hidden": "<div hidden>words</div>" * 5_000,
    "hidden-in-hidden": "<div hidden>" * 200 + "<i></i>" * 60_000,
    "hidden-apart": "<p><i>x</i><p hidden>words<p><a href=#a>x</a>" * 3_000,
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_these_layouts_cost_time_in_proportion_to_the_page(piece: str) -> None:
    root = parse(f"<html><body><p>some words</p>{piece}</body></html>")
    assert root is not None
    started = time.process_time()
    set_tables(root)
    mark(root)
    drop_unseen(root)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "line", ["previous " * 33, "Tags: " + "-" * 290, "was this " * 30, "share on " + "a " * 140, "« " * 140 + "next"]
)
def test_a_line_of_the_frame_is_told_in_bounded_time(line: str) -> None:
    count = 2_000
    segments = Segments([line] * count, [1] * count, [len(line)] * count, [-1] * count, [-1, 0])
    segments.tags.extend((parse_tag("body"), parse_tag("p")))
    started = time.process_time()
    drop_frame_lines(np.ones(count, bool), segments, {})
    assert time.process_time() - started < 5
