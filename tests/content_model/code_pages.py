"""Labels by segment of pages about code, without their text.

`code_pages.tsv` has a line a page: crawl, URL, a sign for each segment with words ("1" content, "0" not), and four
hexadecimal digits for each: a digest of its words. So a page that is cut otherwise today is labelled where its segments
are still the same; between them a segment has the label of those that it stands for, if they agree, and else none. A
page of which too little is known is left out, and too many of those are refused.
"""

import zlib
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recall.page.markdown.conversion import cut_page
from recall.page.markdown.segments import Segments
from tests.content_model.examples import Example, bodies, words_of

FILE = Path(__file__).parent / "code_pages.tsv"
DIGITS = 4
KNOWN = 0.8
"""The share of a page's words that must stand in labelled segments."""

MAX_LEFT_OUT = 0.1


@dataclass(frozen=True, slots=True)
class Labelled:
    """What readers said about a page. kept: of each segment with words, whether it is content; digests: of each."""

    crawl: str
    url: str
    kept: tuple[bool, ...]
    digests: tuple[str, ...]

    def line(self) -> str:
        signs = "".join("1" if kept else "0" for kept in self.kept)
        return "\t".join((self.crawl, self.url, signs, "".join(self.digests)))


def digest(text: str) -> str:
    """Of the words of a segment, "" where it has none."""
    words = words_of(text)
    return f"{zlib.crc32(' '.join(words).encode('utf-8', 'replace')) & 0xFFFF:0{DIGITS}x}" if words else ""


def parse_line(line: str, number: int) -> Labelled:
    """A line of the file."""
    parts = line.split("\t")
    if len(parts) != 4 or len(parts[3]) != DIGITS * len(parts[2]) or set(parts[2]) - {"0", "1"}:
        raise ValueError(f"{FILE.name}, line {number}: expected crawl, URL, signs, {DIGITS} digits for each sign")
    digests = tuple(parts[3][at : at + DIGITS] for at in range(0, len(parts[3]), DIGITS))
    return Labelled(parts[0], parts[1], tuple(sign == "1" for sign in parts[2]), digests)


def labels_of(texts: list[str], page: Labelled) -> npt.NDArray[Any]:
    """The label of each segment: 1, 0, or NaN where nobody knows."""
    labels = np.full(len(texts), np.nan)
    present = [index for index, text in enumerate(texts) if words_of(text)]
    there = [digest(texts[index]) for index in present]
    matcher = SequenceMatcher(None, page.digests, there, autojunk=False)
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "equal":
            labels[present[start:end]] = page.kept[first:last]
        elif end > start:
            around = page.kept[first:last] or page.kept[max(first - 1, 0) : first + 1]
            if len(set(around)) == 1:
                labels[present[start:end]] = around[0]
    return labels


def code_examples(shared: Path) -> list[Example]:
    """The labelled code pages that lie in the crawls of a folder."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    pages = [parse_line(line, number) for number, line in enumerate(lines, 1)]
    out: list[Example] = []
    left: list[str] = []
    for crawl in sorted({page.crawl for page in pages}):
        wanted = {page.url: page for page in pages if page.crawl == crawl}
        for url, body, charset in bodies(shared / crawl):
            page = wanted.pop(url, None)
            cut = cut_page(body, url, charset) if page else None
            if page is None or cut is None:
                continue
            example = _example(page, cut.segments)
            (out.append(example) if example else left.append(url))
        left += wanted
    if len(left) > MAX_LEFT_OUT * len(pages):
        raise ValueError(
            f"{FILE.name}: {len(left)} of {len(pages)} pages are cut otherwise now, label them anew: {left}"
        )
    return out


def _example(page: Labelled, segments: Segments) -> Example | None:
    labels = labels_of(segments.texts, page)
    counts = np.array([len(words_of(text)) for text in segments.texts])
    if counts[~np.isnan(labels)].sum() < KNOWN * counts.sum():
        return None
    truth = [word for text, label in zip(segments.texts, labels, strict=True) if label == 1 for word in words_of(text)]
    return Example(page.url, "code", "pool", segments, labels, truth)
