"""Real pages: what `decode` makes of their bytes is what Chromium makes of them, or more of what was written."""

import json
import shutil
from pathlib import Path

import pytest

from tests.page.text.pages_in_chromium import figures

PAGES = 250
"""A thousand by default: python -m tests.page.text.pages_in_chromium."""


@pytest.mark.browser
@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_hundreds_of_pages_have_the_text_that_chromium_reads(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        pytest.skip("Chromium is not installed (Debian package chromium)")
    found = figures([shared / "crawl", shared / "web"], PAGES)
    with capsys.disabled():
        print(json.dumps(found, ensure_ascii=False))  # noqa: T201
    assert found["pages"] == PAGES
    assert found["equal"] >= PAGES * 0.98
    assert [difference["url"] for difference in found["differing"] if not difference["reason"]] == []
