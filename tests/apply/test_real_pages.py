"""A WARC of real pages gets the same scores and texts in every form of input; bench: tests/benchmarks/pages.py."""

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recall.archive.warc import captures
from recall.io.parquet import table_bytes
from recall.page.text import decode
from recall.records import Capture

Call = Callable[..., list[dict[str, Any]]]
PART = 12
"""Pages that are extracted; all of the WARC's are scored."""


@pytest.fixture(scope="module", params=["crawl", "web"])
def real(request: pytest.FixtureRequest, shared: Path) -> tuple[Path, str, list[Capture]]:
    """A crawl, the path of one of its WARCs, and the pages in it that the crawl holds once."""
    folder = shared / request.param
    if not folder.is_dir():
        pytest.skip(f"real pages not found at {folder}")
    path = gzip.decompress(next(folder.glob("crawl-data/*/warc.paths.gz")).read_bytes()).decode().split()[0]
    return folder, path, list(captures(str(folder / path)))


def write_forms(real: tuple[Path, str, list[Capture]], pages: list[Capture], to: Path) -> dict[str, list[object]]:
    """What a verb is given, by form."""
    folder, path, _ = real
    urls = [page.url for page in pages]
    html = [decode(page.body, page.charset).encode("utf-8", "replace").decode() for page in pages]
    rows = [json.dumps({"url": url, "html": text}) for url, text in zip(urls, html, strict=True)]
    (to / "pages.jsonl").write_text("\n".join(rows))
    (to / "pages.parquet").write_bytes(table_bytes({"url": urls, "html": html}, {"url": "string", "html": "string"}))
    (to / "rows.txt").write_text("".join(f"{path} {page.ref.offset} {page.ref.length}\n" for page in pages))
    (to / "urls.txt").write_text("".join(f"{url}\n" for url in urls))
    crawl = next((folder / "crawl-data").iterdir()).name
    return {
        "jsonl": [to / "pages.jsonl"],
        "parquet": [to / "pages.parquet"],
        "rows": ["--list", to / "rows.txt", "--base", folder],
        "urls": ["--list", to / "urls.txt", "--base", folder, "--crawl", crawl],
    }


@pytest.mark.slow
@pytest.mark.realdata
def test_scores_of_real_pages_are_the_same_in_every_form(
    real: tuple[Path, str, list[Capture]], call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, path, pages = real
    rows = call("score", folder / path)
    assert len(rows) > 0.95 * len(pages)
    scores = {row["url"]: row["score"] for row in rows}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((folder / path).read_bytes())))
    assert {row["url"]: row["score"] for row in call("score", "-")} == scores
    for form, given in write_forms(real, pages, tmp_path).items():
        assert {row["url"]: row["score"] for row in call("score", *given)} == scores, form


@pytest.mark.slow
@pytest.mark.realdata
def test_texts_of_real_pages_are_the_same_in_every_form(
    real: tuple[Path, str, list[Capture]], call: Call, tmp_path: Path
) -> None:
    small = sorted((page for page in real[2] if len(page.body) < 60_000), key=lambda page: page.ref)[:PART]
    forms = write_forms(real, small, tmp_path)
    texts = {row["url"]: row["text"] for row in call("extract", *forms["rows"])}
    assert len(texts) > PART // 2
    for form, given in forms.items():
        assert {row["url"]: row["text"] for row in call("extract", *given)} == texts, form
