"""Every file of a collection of odd archives ends in its responses or in one clear error.

The collection's index says how many responses each file holds; `REFUSED` says which files are refused, why, and how
many responses come before the error. Whatever is not listed gives exactly as many responses as it holds.
"""

import json
import os
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from recall.archive.warc import read_at, responses
from recall.errors import ShardFailed
from recall.records import Capture

FOLDER = Path(os.environ.get("RECALL_SHARED", Path(__file__).resolve().parents[4] / "shared")) / "edge-warcs"
INDEX = FOLDER / "index.jsonl"
FILES: list[dict[str, Any]] = [json.loads(line) for line in INDEX.read_text().splitlines()] if INDEX.exists() else []

BARE_LINES = "do not end with CR LF"
NO_LENGTH = "record header without a valid Content-Length"
WRONG_LENGTH = "no record follows where its Content-Length ends"
NOT_ALONE = "its gzip member does not end with it"
REFUSED: dict[str, tuple[str, int]] = {
    # made with line ends that were changed afterwards, or by hand
    "WarcProtocol/malformed_header.warc": ("not a WARC", 0),
    "WarcProtocol/multiline_header_values.warc": ("not a WARC", 0),
    "WarcProtocol/*.warc": (BARE_LINES, 0),
    "CDX-Writer/date_resolution_*.warc.gz": (BARE_LINES, 0),
    "ipwb/redirect*.warc": (BARE_LINES, 0),
    "ipwb/[1-5]memento*.warc": (BARE_LINES, 0),
    "ipwb/slash.warc": (BARE_LINES, 0),
    "ipwb/variableSizedDates.warc": (BARE_LINES, 0),
    "ipwb/HTTP204.warc": (WRONG_LENGTH, 0),
    "ipwb/broken.warc": (WRONG_LENGTH, 1),
    "pywb/missing-status-text.warc": ("truncated", 0),
    "pywb/example.warc": (WRONG_LENGTH, 1),
    # whole file in one gzip member, or wrong lengths in good members: no record can be read alone
    "readWriteWarc/test.warc.gz": (NOT_ALONE, 0),
    "warcio/example-bad*": (NOT_ALONE, 0),
    "web_data_vu/sample.warc.gz": (NOT_ALONE, 0),
    "web_data_vu/predefined.warc.gz": ("not a WARC", 0),
    # cut, empty, invalid on purpose
    "chatnoir-resiliparse/clipped.warc.gz": ("truncated", 0),
    "warcio/example-trunc.warc": ("Invalid WARC header", 1),
    "warchaeology/empty.warc": ("empty", 0),
    "jwat/invalid-warcfile-record-then-garbage.warc": (WRONG_LENGTH, 0),
    "jwat/invalid-warcfile-duplicate-fields.warc": ("", 0),
    "jwat/invalid-warcfile-fields-*.warc": (NO_LENGTH, 0),
    "jwat/invalid-warcfile-lonely-monkeys.warc": (BARE_LINES, 0),
    "jwat/invalid-warcfile-lonely-*.warc": (NO_LENGTH, 0),
    # valid by the standard's letter, with folded headers or a lower-case version, which crawlers never write
    "jwat/valid-warcfile-upper-lower-case.warc": ("", 0),
    "jwat/valid-warcfile-fields-*.warc": ("", 0),
    "jwat/test-utf8.warc": (NO_LENGTH, 0),
}


def refusal(name: str, kind: str) -> tuple[str, int] | None:
    """The error expected of a file, and the responses before it."""
    if kind not in ("warc", "wet", "wat") or name.endswith(".lz4"):
        return "not a WARC", 0
    return next((expected for pattern, expected in REFUSED.items() if fnmatch(name, pattern)), None)


@pytest.mark.realdata
@pytest.mark.skipif(not FILES, reason=f"no odd archives at {FOLDER} (set RECALL_SHARED)")
@pytest.mark.timeout(20)
@pytest.mark.parametrize("entry", FILES, ids=lambda entry: str(entry["file"]))
def test_a_file_ends_in_its_responses_or_in_one_clear_error(entry: dict[str, Any]) -> None:
    path = str(FOLDER / entry["file"])
    found = []
    error = ""
    try:
        for outcome in responses(path):
            found.append(outcome)  # noqa: PERF402 - an error ends the loop
    except ShardFailed as failed:
        error = str(failed)
    expected = refusal(entry["file"], entry["kind"])
    if expected is None:
        held = sum(entry["records"].get(kind, 0) for kind in ("response", "RESPONSE"))
        assert (error, len(found)) == ("", held)
        for page in found:
            assert not isinstance(page, Capture) or read_at(page.ref) == page
    else:
        reason, before = expected
        assert error.startswith(f"{path}: byte ")
        assert reason in error
        assert len(found) == before
        assert "\n" not in error
