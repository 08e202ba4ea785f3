"""What a page of the corpus costs in each stage of build, measured on this machine.

In: pages and the tokenizer that counts their tokens. Out: CPU seconds a page by stage. Stages over single pages are
timed page by page; those after them run as build runs them, over one chunk in a temporary folder, files included. Not
measured: reading the bodies, benchmarks and earlier corpora, which depend on what is asked for.
"""

import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from recall.config import Config
from recall.corpus.chunks import Chunk, ChunkedPages, ExtractedShard, Merged
from recall.corpus.dedup.exact import KEYS, duplicate_keys, merge_exact
from recall.corpus.dedup.near import merge_near
from recall.corpus.filters.boilerplate import find_boilerplate
from recall.corpus.licenses import license_of
from recall.corpus.schema import Row, columns_of
from recall.corpus.signals import declared_language, tags
from recall.model.token_counts import Vocabulary
from recall.page.markdown import convert
from recall.records import Capture
from recall.run.shuffle import Stage, write_partitions
from recall.run.store import Store
from recall.sites.urls import host_of
from recall.steps.build.extract import EXTRACTED
from recall.steps.build.mask_and_decontaminate import Decided, mask_and_decontaminate
from recall.steps.build.page_quality import DropReason, judged
from recall.steps.build.parts import PartInputs, write_parts

MARKDOWN = "pages to Markdown"
SIGNALS = "signals, fences, tags, licences"
DUPLICATES = "duplicates and boilerplate"
FINISH = "masks and tokens"
FILES = "sorting and writing"
STAGES = (MARKDOWN, SIGNALS, DUPLICATES, FINISH, FILES)


def build_seconds(pages: Sequence[Capture], vocabulary: Vocabulary, seconds: float) -> dict[str, float]:
    """CPU seconds a page by stage (STAGES), over the pages that are reached in `seconds` of the first two stages.

    Whatever compiles or loads once is loaded before. Raises BadInput for a tokenizer that cannot be read.
    """
    _measured(pages[:2], vocabulary, seconds)
    return _measured(pages, vocabulary, seconds)


class _Times:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.seconds[stage] += time.process_time() - began


def _measured(pages: Sequence[Capture], vocabulary: Vocabulary, seconds: float) -> dict[str, float]:
    times, config, rows = _Times(), Config(), list[Row]()
    reached = 0
    for page in pages:
        rows += _row(page, len(rows), config, times)
        reached += 1
        if sum(times.seconds.values()) > seconds:
            break
    _later_stages(rows, config, {"tokens": vocabulary}, times)
    return {stage: times.seconds[stage] / reached for stage in STAGES}


def _row(page: Capture, number: int, config: Config, times: _Times) -> list[Row]:
    """A page as extraction writes it; none where it has no text."""
    packed = zlib.compress(page.body, 1)
    with times.of(MARKDOWN):
        body = zlib.decompress(packed)
        converted = convert(body, page.url, page.charset)
    text = converted.text
    if not text.strip():
        return []
    with times.of(SIGNALS):
        measured = judged(text, config.quality, guessed=converted.guessed)
        license_ = license_of(body, page.url)
        columns = tags(page.url, text, declared_language(body))
        keys = dict(zip(KEYS, duplicate_keys(page.url, text, "", ""), strict=True))
    assert not isinstance(measured, DropReason)  # noqa: S101 - no rule is on by default
    shown = {"title": converted.title, "license": license_.expression, "license_source": license_.source}
    lineage = {"id": number, "url": page.url, "domain": host_of(page.url), "text": text}
    return [{**lineage, **shown, **columns, **measured, **keys, "guessed": list(converted.guessed)}]


def _later_stages(rows: list[Row], config: Config, counted: Mapping[str, Vocabulary], times: _Times) -> None:
    """Run what follows extraction over one chunk of these rows, as `build` does."""
    with TemporaryDirectory(prefix="recall-plan-") as root:
        store = Store(root)
        kept = write_partitions(Stage(store, "rows", None), iter([columns_of(rows, EXTRACTED)]), EXTRACTED)
        size = sum(len(str(row["text"])) for row in rows)
        shard = ExtractedShard(0, kept, kept, len(rows), size)
        pages = ChunkedPages(store, config.cluster, (Chunk(0, (shard,)),))
        with times.of(DUPLICATES):
            merged: tuple[Merged, ...] = ()
            for kind in ("url", "text"):
                merged += (merge_exact(pages, kind, config.duplicates.keep, merged),)
            merged += (merge_near(pages, config.duplicates, merged),)
            lines = find_boilerplate(pages, config.boilerplate, merged)
        with times.of(FINISH):
            finished = mask_and_decontaminate(pages, config, Decided(merged, lines), counted)
        with times.of(FILES):
            write_parts(pages, PartInputs("corpus", config, tuple(chunk.pages for chunk in finished), ()))
