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

NO_LENGTH = "record header without a valid Content-Length"
NO_TYPE = "record header without a WARC-Type"
CHANGED = "were line ends changed?"
TRUNCATED = "truncated"
WRONG_LENGTH = "no record follows where its Content-Length ends"
REFUSED: dict[str, tuple[str, int]] = {
    # line ends were changed afterwards, so that lengths are wrong
    "WarcProtocol/*resource.warc": (CHANGED, 0),
    "WarcProtocol/*response.warc": (CHANGED, 0),
    "WarcProtocol/*revisit_unmodified.warc": (CHANGED, 0),
    "WarcProtocol/*warcinfo.warc": (CHANGED, 0),
    "WarcProtocol/*_w_payload.warc": (CHANGED, 0),
    "CDX-Writer/date_resolution_*.warc.gz": (CHANGED, 0),
    "ipwb/redirect.warc": (CHANGED, 0),
    # lengths that are wrong for other reasons
    "WarcProtocol/incorrect_content_length.warc": (WRONG_LENGTH, 0),
    "ipwb/HTTP204.warc": (WRONG_LENGTH, 0),
    "ipwb/broken.warc": (WRONG_LENGTH, 1),
    "pywb/missing-status-text.warc": (TRUNCATED, 0),
    "pywb/example.warc": (WRONG_LENGTH, 1),
    "web_data_vu/sample.warc.gz": (WRONG_LENGTH, 0),
    "warcio/example-trunc.warc": (WRONG_LENGTH, 0),
    "warcio/example-space-in-url.arc": (TRUNCATED, 0),
    # cut, empty, invalid on purpose
    "WarcProtocol/malformed_header.warc": ("not a WARC", 0),
    "WarcProtocol/missing_header_field.warc": (NO_TYPE, 0),
    "WarcProtocol/multiline_header_values.warc": (NO_LENGTH, 0),
    "WarcProtocol/premature_w*_trailing_newline.warc": (TRUNCATED, 0),
    "WarcProtocol/short_content_block.warc": (TRUNCATED, 0),
    "CDX-Writer/negative_content_length.arc.gz": (NO_LENGTH, 1),
    "chatnoir-resiliparse/block-sized-records.warc*": ("no record of a known WARC-Type, only such as 'unknown'", 0),
    "chatnoir-resiliparse/clipped.warc.gz": (TRUNCATED, 0),
    "warchaeology/empty.warc": ("empty", 0),
    "warcio/bad.arc": (NO_LENGTH, 0),
    "web_data_vu/predefined.warc.gz": ("not a WARC", 0),
    "jwat/invalid-arcfile-record-then-garbage.arc": (TRUNCATED, 1),
    "jwat/invalid-warcfile-record-then-garbage.warc": (WRONG_LENGTH, 0),
    "jwat/invalid-warcfile-fields-invalidformat.warc": (NO_LENGTH, 0),
    "jwat/invalid-warcfile-fields-*.warc": (NO_TYPE, 0),
    "jwat/invalid-warcfile-lonely-*.warc": (NO_LENGTH, 0),
    "jwat/test-arc-1.0-invalid-fields.arc": (NO_LENGTH, 0),
}
HELD = {
    # the index counts what warcio finds: it stops at a second record of a member, and calls dns records responses
    "readWriteWarc/test.warc.gz": 4,
    "warcio/example-bad-non-chunked.warc.gz": 1,
    "warcio/example-bad.warc.gz.bad": 2,
    "jwat/1-1-20110922131213-00000-svc-VirtualBox.arc": 96,
}


def refusal(name: str, kind: str) -> tuple[str, int] | None:
    """The error expected of a file, and the responses before it."""
    if kind not in ("warc", "wet", "wat", "arc") or name.endswith(".lz4"):
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
        counted = sum(entry["records"].get(kind, 0) for kind in ("response", "RESPONSE"))
        held = HELD.get(entry["file"], counted)
        assert (error, len(found)) == ("", held)
        for page in found:
            assert not isinstance(page, Capture) or read_at(page.ref) == page
    else:
        reason, before = expected
        assert error.startswith(f"{path}: byte ")
        assert reason in error
        assert len(found) == before
        assert "\n" not in error
