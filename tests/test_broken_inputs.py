"""Small inputs that came out wrong once, each for a kind of fault: every one is right, at the door where it goes in."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recall.archive.corpora import texts
from recall.archive.manifest import read_paths
from recall.archive.warc import captures
from recall.page.markdown import markdown
from recall.page.text import decode, scoring_text
from recall.records import Capture, plain_text

FOLDER = Path(os.environ.get("RECALL_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "broken"
INDEX = FOLDER / "index.jsonl"
ENTRIES: list[dict[str, Any]] = (
    [json.loads(line) for line in INDEX.read_text("utf-8").splitlines()] if INDEX.exists() else []
)
URL = "https://example.org/page"
FENCED = re.compile(r"(?ms)^(?P<ticks>`{3,})[^\n`]*\n(?P<code>.*?)\n(?P=ticks)$")


def pages(path: Path, expected: dict[str, Any]) -> None:
    found = list(captures(str(path)))
    assert len(found) == len(expected["captures"])
    for capture, wanted in zip(found, expected["captures"], strict=True):
        assert capture.url == wanted["url"]
        body = capture.body.decode()
        assert body == wanted["body"] if "body" in wanted else body.startswith(wanted["body_starts"])


def characters(path: Path, expected: dict[str, Any]) -> None:
    assert expected["contains"] in decode(path.read_bytes())


def scored(path: Path, expected: dict[str, Any]) -> None:
    assert expected["contains"] in scoring_text(path.read_bytes())


def converted(path: Path, expected: dict[str, Any]) -> None:
    text = markdown(path.read_bytes(), URL)
    if "block" in expected:
        assert expected["block"] in [match["code"] for match in FENCED.finditer(text)]
    assert expected.get("contains", "") in text
    assert "absent" not in expected or expected["absent"] not in text


def listed(path: Path, expected: dict[str, Any]) -> None:
    assert read_paths(str(path)) == expected["value"]


def rows(path: Path, expected: dict[str, Any]) -> None:
    found = [plain_text(page.body) if isinstance(page, Capture) else page for page in texts(str(path))]
    assert found == expected["texts"]


DOORS: dict[str, Callable[[Path, dict[str, Any]], None]] = {
    "recall.archive.warc.captures": pages,
    "recall.page.text.decode": characters,
    "recall.page.text.scoring_text": scored,
    "recall.page.markdown.markdown": converted,
    "recall.archive.manifest.read_paths": listed,
    "recall.archive.corpora.texts": rows,
}


@pytest.mark.realdata
@pytest.mark.skipif(not ENTRIES, reason=f"no broken inputs at {FOLDER} (set RECALL_SHARED)")
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry["name"]))
def test_an_input_that_came_out_wrong_is_right(entry: dict[str, Any]) -> None:
    DOORS[entry["door"]](FOLDER / entry["file"], entry["expected"])
