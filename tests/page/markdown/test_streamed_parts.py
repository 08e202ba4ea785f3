"""Parts that a server streams behind the page stand where its script would put them."""

import time

import pytest

from recall.page.markdown import convert, markdown
from tests.page.markdown.pieces import PARAGRAPH


def page(middle: str, tail: str, around: int = 2) -> bytes:
    before = "".join(PARAGRAPH.format(number) for number in range(around))
    behind = "".join(PARAGRAPH.format(number) for number in range(around, 2 * around))
    body = f"<main><h1>How to</h1>{before}{middle}{behind}</main>{tail}"
    return f"<html><head><title>How to</title></head><body>{body}</body></html>".encode()


PART = "<p>The words that came late to the page.</p><pre>a = 1\nb = 2</pre>"
WRITTEN = "The words that came late to the page.\n\n```\na = 1\nb = 2\n```"
CASES = {
    "boundary": (
        '<!--$?--><template id="B:0"></template><p>Loading it</p><!--/$-->',
        f'<div hidden id="S:0">{PART}</div>',
    ),
    "segment": ('<template id="P:1"></template>', f'<div hidden id="S:1">{PART}</div>'),
    "nested": (
        '<!--$?--><template id="B:0"></template>Loading it<!--/$-->',
        f'<div hidden id="S:0"><template id="P:1"></template></div><div hidden id="S:1">{PART}</div>',
    ),
    "hexadecimal": ('<template id="B:a"></template>', f'<div hidden id="S:a">{PART}</div>'),
}


@pytest.mark.parametrize("around", [2, 20], ids=["short", "long-page"])
@pytest.mark.parametrize(("hole", "tail"), CASES.values(), ids=CASES)
def test_a_part_stands_in_its_hole(hole: str, tail: str, around: int) -> None:
    text = markdown(page(hole, tail, around))
    assert f"\n\n{WRITTEN}\n\n" in text
    assert text.index(f"tool number {around - 1} ") < text.index("came late") < text.index(f"tool number {around} ")
    assert "Loading" not in text


@pytest.mark.parametrize(
    "tail",
    [
        '<div hidden id="S:0">never</div>' * 3,
        '<div hidden id="S:">never</div>',
        '<div hidden id="S:0"><template id="B:0"></template>never</div>',
    ],
    ids=["no-hole", "no-number", "hole-inside"],
)
def test_a_part_without_a_hole_does_no_harm(tail: str) -> None:
    found = convert(page("", tail))
    assert found.fallback is None
    assert "tool number 3 " in found.text


@pytest.mark.parametrize(
    "hostile",
    [
        '<!--$?--><template id="B:0"></template>' * 8_000 + '<div hidden id="S:0">x</div>',
        '<template id="B:0"></template>' * 8_000 + '<div hidden id="S:0">x</div>' * 8_000,
        "<template " * 30_000 + '<div hidden id="S:0">',
        "".join(f'<div hidden id="S:{n:x}"><template id="P:{n + 1:x}"></template></div>' for n in range(1_500)),
        '<template id="P:1"></template>' + '<div hidden id="S:1">' * 200 + "<span></span>" * 20_000,
    ],
    ids=["waiting", "many", "open", "linked", "deep"],
)
@pytest.mark.timeout(60)
def test_streamed_parts_cost_time_in_proportion_to_the_page(hostile: str) -> None:
    started = time.process_time()
    convert(page("", hostile))
    assert time.process_time() - started < 10
