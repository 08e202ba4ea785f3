"""Pages with the label of each segment, to train the model of main content and to measure it.

In: a crawl with the text of each page's main content (`truth.jsonl.gz`). Out: `Example`s. A segment's label is the
share of its words that the longest common subsequence of the page's words and the truth's holds.
"""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recall.archive.warc import captures
from recall.page.markdown.conversion import cut_page
from recall.page.markdown.segments import Segments
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of

WORD = re.compile(r"\w+")


@dataclass(slots=True)
class Example:
    """A page. labels: of each segment, from 0 to 1, NaN where nobody knows; truth: the words of its main content.

    snippets: that its text must and must not hold; title, sites: the document's, and names of the site.
    """

    url: str
    kind: str
    use: str
    segments: Segments
    labels: npt.NDArray[Any]
    truth: list[str]
    snippets: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    title: str = ""
    sites: frozenset[str] = frozenset()

    @property
    def domain(self) -> str:
        """The site's registered domain."""
        return registered_domain(host_of(self.url))


def words_of(text: str) -> list[str]:
    """The words that are compared."""
    return WORD.findall(text.lower())


def truths(web: Path) -> dict[str, dict[str, Any]]:
    """What is known of each page of a crawl, by URL."""
    with gzip.open(web / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        return {row["url"]: row for row in map(json.loads, lines)}


def bodies(crawl: Path) -> Iterator[tuple[str, bytes, str | None]]:
    """URL, body and charset of every page of a crawl, in the order of its WARCs."""
    for warc in sorted(crawl.glob("crawl-data/*/segments/*/warc/*.warc.gz")):
        for capture in captures(str(warc)):
            yield capture.url, capture.body, capture.charset


def examples(web: Path, uses: frozenset[str]) -> list[Example]:
    """The pages of a crawl of such a use whose main content is known."""
    known = {url: row for url, row in truths(web).items() if row["use"] in uses}
    out: list[Example] = []
    for url, body, charset in bodies(web):
        row = known.pop(url, None)
        cut = cut_page(body, url, charset) if row else None
        if row is None or cut is None:
            continue
        segments = cut.segments
        truth = words_of(row["main_content"] or "")
        snippets = (tuple(row["with"] or ()), tuple(row["without"] or ()))
        labels = align(segments.texts, truth)
        out.append(Example(url, row["type"], row["use"], segments, labels, truth, snippets, cut.title, cut.sites))
    return out


def align(texts: list[str], truth: list[str]) -> npt.NDArray[Any]:
    """The label of each text: the share of its words that stand in the truth, in its order. Texts without words: 0."""
    from rapidfuzz.distance import LCSseq

    words = [words_of(text) for text in texts]
    page = list(chain.from_iterable(words))
    ids: dict[str, int] = {}
    there = [ids.setdefault(word, len(ids)) for word in page]
    wanted = [ids.setdefault(word, len(ids)) for word in truth]
    hits = np.zeros(len(page))
    if page and truth:
        for op in LCSseq.opcodes(there, wanted):
            if op.tag == "equal":
                hits[op.src_start : op.src_end] = 1
    ends = np.cumsum([len(part) for part in words], dtype=np.int64)
    sums = np.concatenate([[0.0], np.cumsum(hits)])
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    labels: npt.NDArray[Any] = (sums[ends] - sums[starts]) / np.maximum(ends - starts, 1)
    return labels
