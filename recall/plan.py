"""What a whole crawl needs: this machine is measured on some pages, and the figures are multiplied out.

In: a WARC or the sample, a model or none, and how large the crawl is. Out: for each way of scanning, and for building
the corpus, core-hours, bytes, hours on so many cores and money. Extrapolation holds as far as the measured pages are
like the crawl's.
"""

import math
import re
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.archive.manifest import crawl_files, join
from recall.archive.ranges import GAP
from recall.archive.warc import captures
from recall.config import AccessSection
from recall.errors import BadInput, ShardUnreadable
from recall.io import size
from recall.model.fasttext import Recipe, fit
from recall.model.scorer import ModelCard, Scorer, write_model
from recall.model.tokens import Tokenizer, split_marks
from recall.page.text import scoring_text
from recall.records import PLAIN_TEXT, Capture, WarcRef
from recall.run.sampling import batches
from recall.sample.crawl import write_sample
from recall.steps.build.cost import MARKDOWN, build_seconds
from recall.steps.scan.slim_rows import BATCH, page_batches, score_batch

WET_SHARE = 0.1
"""Bytes of Common Crawl's text of a crawl, for one of its WARC files."""

INDEX_BYTES = 30.0
"""Bytes of the URL index read to find the byte range of a page: four of its columns, compressed."""

OVERHEAD = 1.1
"""CPU of a whole scan step as a multiple of that of its loop (docs/performance.md)."""

SIZED = 5
"""Number of a crawl's shards whose size is asked for."""

_CODE = re.compile(rb"<(?:pre|code)\b", re.IGNORECASE)

MODEL_PAGES = 500
"""Pages that the stand-in model is trained on."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Speed of one core of this machine. CPU seconds a page: html, read from a WARC; text; rescore, from token ids.

    page_bytes: stored bytes of a WARC for each of its pages; kept_bytes: of a candidate's token ids and body.
    build: of a page of the corpus, by stage.
    """

    pages: int
    html: float
    text: float
    rescore: float
    page_bytes: float
    kept_bytes: float
    build: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Extent:
    """Size of a crawl. Bytes are those of one shard."""

    shards: int
    warc_bytes: float
    wet_bytes: float


@dataclass(frozen=True, slots=True)
class Price:
    """Prices, and the number of cores at work."""

    cores: int
    core_hour: float
    gigabyte: float


@dataclass(frozen=True, slots=True)
class Need:
    """Cost of one way of scanning. gigabytes: read over the network; hours: on all cores, without waiting."""

    way: str
    core_hours: float
    gigabytes: float
    hours: float
    money: float


def quick_model(warc: str, folder: Path) -> Scorer:
    """Train a model as large as a real one whose scores mean nothing: enough to measure with."""
    pages = (page for page, _ in zip(captures(warc), range(MODEL_PAGES), strict=False))
    texts = [scoring_text(page.body, page.charset) for page in pages]
    if len(texts) < 2:
        raise BadInput(f"{warc}: holds fewer than two pages; measure on a larger file")
    tokenizer, recipe = Tokenizer.train(texts, 32_768), Recipe(epochs=1, min_count=1)
    labels = ["C" if number % 2 else "other" for number in range(len(texts))]
    fit(tokenizer.lines(texts), labels, recipe, tokenizer.size, folder / "model.bin")
    return write_model(folder, tokenizer, folder / "model.bin", ModelCard(("C", "other"), "C", "html", recipe, 0.5))


def _until(stream: Iterator[list[Capture]], seconds: float) -> Iterator[list[Capture]]:
    """Yield batches until the CPU seconds are used up."""
    started = time.process_time()
    for batch in stream:
        yield batch
        if time.process_time() - started > seconds:
            return


def measure(warc: str, scorer: Scorer, seconds: float) -> Speed:
    """Measure the scan's loop, the one for text and rescoring on this core, for at most `seconds` of CPU together."""
    score_batch(scorer, [next(captures(warc))], Counter())  # compiles, once
    lines: list[NDArray[Any]] = []
    texts: list[bytes] = []
    pages, stored, bodies = 0, 0, 0
    started = time.process_time()
    for batch in _until(page_batches(captures(warc)), 0.6 * seconds):
        lines += score_batch(scorer, batch, Counter()).lines
        if batch[-1].ref.length < 0:
            raise BadInput(f"{warc}: its records share gzip members; measure on a file with a member for each record")
        pages, stored = pages + len(batch), batch[-1].ref.offset + batch[-1].ref.length
    html = (time.process_time() - started) / pages
    for batch in page_batches(captures(warc)):
        if len(texts) >= pages:
            break
        texts += [split_marks(scoring_text(page.body, page.charset))[0].encode() for page in batch]
        bodies += sum(len(zlib.compress(page.body, 1)) for page in batch)
    packed = [zlib.compress(text) for text in texts]
    started = time.process_time()
    for group in batches(packed, BATCH):
        wrapped = [Capture(WarcRef("", 0, 0), "", PLAIN_TEXT + zlib.decompress(item), "utf-8", "") for item in group]
        score_batch(scorer, wrapped, Counter())
    text = (time.process_time() - started) / len(packed)
    started = time.process_time()
    for line_group in batches(lines, BATCH):
        scorer.score_lines(line_group)
    rescore = (time.process_time() - started) / max(1, len(lines))
    kept = bodies / len(texts) + 4.0 * sum(map(len, lines)) / max(1, len(lines))
    vocabulary = (scorer.tokenizer.document, "the model's tokenizer", True)
    build = build_seconds(_pages_with_code(warc, pages), vocabulary, 0.3 * seconds)
    return Speed(pages, html, text, rescore, stored / pages, kept, build)


def _pages_with_code(warc: str, pages: int) -> list[Capture]:
    """Those of the first pages that hold code, or all of them where none does."""
    chosen = [page for page, _ in zip(captures(warc), range(pages), strict=False)]
    return [page for page in chosen if _CODE.search(page.body)] or chosen


def extent_of(crawl: str, base: str, access: AccessSection) -> Extent:
    """Return the number of a crawl's shards and their mean size, from its paths files and a few requests for sizes."""
    sizes = []
    shards = 0
    for kind in ("warc", "wet"):
        paths = crawl_files(base, crawl, kind, access)
        chosen = [paths[int(index)] for index in np.linspace(0, len(paths) - 1, min(SIZED, len(paths)))]
        bytes_of = [size(join(base, path), access) for path in chosen]
        if not paths or None in bytes_of:
            raise ShardUnreadable(f"{crawl}: its {kind} files cannot be found below {base}")
        sizes.append(float(np.mean([count for count in bytes_of if count is not None])))
        shards = shards or len(paths)
    return Extent(shards, sizes[0], sizes[1])


def share_read(share: float, page_bytes: float) -> float:
    """Return the share of a WARC's bytes in the ranges that hold this share of its pages, at random positions.

    Between them at most GAP bytes are read along: unread are the gaps that are longer, and with exponential gaps
    (1 + x) exp(-x) of the bytes between pages lie in those, x being GAP over the mean distance.
    """
    apart = GAP * share / page_bytes
    return 1 - (1 - share) * (1 + apart) * math.exp(-apart)


def needs(speed: Speed, extent: Extent, shares: tuple[float, float], rounds: int, price: Price) -> list[Need]:
    """Return the cost of each way.

    shares: of pages above the floor, read again by later rounds or after WET; and of pages that the corpus keeps.
    """
    share, corpus_share = shares
    total = extent.shards * extent.warc_bytes
    pages = total / speed.page_bytes
    later = (rounds - 1) * share * pages * speed.rescore
    html = OVERHEAD * pages * speed.html
    wet = OVERHEAD * pages * (speed.text + share * speed.html)
    ranges = total * share_read(share, speed.page_bytes)
    wet_bytes = extent.shards * extent.wet_bytes + ranges + pages * INDEX_BYTES
    kept = share * pages * speed.kept_bytes
    rows = [
        ("WARC, one round", html, total),
        (f"WARC, {rounds} rounds, candidates scored again", html + later, total),
        (f"WARC, {rounds} rounds, all read again", rounds * html, rounds * total),
        ("WET first, one round", wet, wet_bytes),
        (f"WET first, {rounds} rounds, candidates scored again", wet + later, wet_bytes),
        ("one more round over candidates", share * pages * speed.rescore, kept),
    ]
    corpus = corpus_share * pages
    rows += [
        (f"build: {stage}", corpus * spent, corpus * speed.kept_bytes if stage == MARKDOWN else 0.0)
        for stage, spent in speed.build.items()
    ]
    return [_need(way, seconds / 3600, size_ / 1e9, price) for way, seconds, size_ in rows]


def _need(way: str, core_hours: float, gigabytes: float, price: Price) -> Need:
    money = core_hours * price.core_hour + gigabytes * price.gigabyte
    return Need(way, core_hours, gigabytes, core_hours / price.cores, money)


@contextmanager
def measured_source(warc: str, model: str) -> Iterator[tuple[str, Scorer]]:
    """Yield the WARC and the scorer to measure with; "" for the sample and for a stand-in model, made for the time."""
    with TemporaryDirectory(prefix="recall-plan-") as temporary:
        folder = Path(temporary)
        source = warc or _sample(folder)
        yield source, Scorer.load(model) if model else quick_model(source, folder)


def _sample(folder: Path) -> str:
    write_sample(folder / "sample")
    whole = folder / "sample.warc.gz"
    whole.write_bytes(b"".join(path.read_bytes() for path in sorted((folder / "sample").rglob("*.warc.gz"))))
    return str(whole)
