"""The collection: small pages of each layout, most of them built by the real generators (see generate/)."""

import json
import re
from pathlib import Path

import pytest

from recall.page.markdown import convert
from recall.page.markdown.fence_signs import language_by_signs

PAGES = Path(__file__).parent / "pages"
CASES = sorted(PAGES.glob("*/*.html"))
FENCED = re.compile(r"(?ms)^(?P<ticks>`{3,})(?P<language>[^\n`]*)\n(?P<code>.*?)\n(?P=ticks)$")


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_blocks_come_out_exactly(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    found = convert(path.read_bytes(), f"https://example.org/{path.stem}", expected.get("charset", "utf-8"))
    assert found.fallback is None
    blocks = [{"language": match["language"], "code": match["code"]} for match in FENCED.finditer(found.text)]
    assert blocks == [
        {"language": block["language"] or language_by_signs(block["code"]), "code": block["code"]}
        for block in expected["blocks"]
    ]
    prose = " ".join(found.text.split())
    for text in expected["present"]:
        assert " ".join(text.split()) in prose
    for text in expected["absent"]:
        assert text not in found.text


def test_the_collection_is_large() -> None:
    assert len(CASES) >= 120
