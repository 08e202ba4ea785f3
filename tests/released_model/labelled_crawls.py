"""Labelled pages of crawl folders, those to learn from and those to measure on.

In: folders as the shared ones: WARCs and labels.jsonl ({"url", "label", "use", "family", "readers"}).
Out: LabelledPage, one a URL and folder, in the order of the WARCs. A page is learned from when its use is `seed` or
`pool` and neither its URL nor its family is measured in any of the folders: the folders share sites.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recall.archive.warc import captures
from recall.page.text import scoring_text
from recall.page.text.prose_language import language_of
from recall.sites.kinds import kind_of
from recall.sites.urls import url_key

POSITIVE = "C"
LEARNED_FROM = ("seed", "pool")
MEASURED = "measure"


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page with its label. crawl: name of its folder; readers: people who read it; kind: of its site."""

    crawl: str
    url: str
    label: str
    use: str
    family: str
    readers: int
    kind: str
    text: str
    body: bytes

    @property
    def language(self) -> str:
        """Language of its prose, by a detector that is fast and errs on pages of little prose."""
        return language_of(self.text)


def read_pages(folder: Path) -> list[LabelledPage]:
    """Every labelled page of a crawl folder."""
    with (folder / "labels.jsonl").open(encoding="utf-8") as stream:
        rows = {row["url"]: row for row in map(json.loads, stream)}
    pages = []
    for warc in sorted(folder.glob("crawl-data/**/warc/*.warc.gz")):
        for capture in captures(str(warc)):
            row = rows.pop(capture.url, None)
            if row is not None:
                text = scoring_text(capture.body, capture.charset, capture.url)
                told = (row["label"], row["use"], row["family"], int(row["readers"]), kind_of(capture.url))
                pages.append(LabelledPage(folder.name, capture.url, *told, text, capture.body))
    return pages


def to_learn_from(pages: Sequence[LabelledPage]) -> list[LabelledPage]:
    """Pages to train on, one a URL key, sorted by URL."""
    measured = [page for page in pages if page.use == MEASURED]
    families, keys = {page.family for page in measured}, {url_key(page.url) for page in measured}
    kept: dict[str, LabelledPage] = {}
    for page in pages:
        key = url_key(page.url)
        if page.use in LEARNED_FROM and page.family not in families and key not in keys:
            kept.setdefault(key, page)
    return sorted(kept.values(), key=lambda page: page.url)


def to_measure(pages: Sequence[LabelledPage]) -> list[LabelledPage]:
    """Pages to measure on."""
    return [page for page in pages if page.use == MEASURED]
