"""seed: labelled pages and URL prefixes become the first examples; a seeded sample of the crawl for the tokenizer.

In: [seed] labels (files of url and label) and prefixes. Out: examples.parquet, sample.parquet, missing.json (labelled
URLs that the crawl does not hold). Pages under the holdout are never taken.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256

import numpy as np

from recall.archive.index import read_many, url_refs
from recall.archive.transport import read_all
from recall.archive.warc import responses
from recall.config import Config
from recall.errors import BadInput, Incomplete
from recall.hosts import Holdout, PrefixSet, family_of, host_of
from recall.page.text import scoring_text
from recall.records import Capture, Done, Shard
from recall.run.jobs import each
from recall.run.labels import LabelledUrl, read_labels
from recall.run.progress import progress
from recall.run.rounds import Run
from recall.steps.rows import priority

EXAMPLES = {
    "url": "string",
    "label": "string",
    "family": "string",
    "source": "string",
    "path": "string",
    "offset": "int64",
    "length": "int64",
    "text": "string",
}
SAMPLE = {"url": "string", "path": "string", "offset": "int64", "length": "int64", "text": "string"}


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the crawl that the seed may use. label: None for a page of the random sample."""

    url: str
    label: str | None
    family: str
    source: str
    path: str
    offset: int
    length: int
    text: str


@dataclass(frozen=True, slots=True)
class Search:
    """What to collect from a shard: labelled URLs, pages under prefixes, and the `sample` lowest priorities."""

    config: Config
    holdout: Holdout
    labelled: dict[str, LabelledUrl] = field(repr=False)
    prefixes: PrefixSet
    sampled: frozenset[int]
    sample: int


def _found(capture: Capture, label: str | None, family: str | None, source: str) -> Found:
    text = scoring_text(capture.body, capture.charset, capture.url)
    family = family or family_of(host_of(capture.url))
    return Found(capture.url, label, family, source, capture.ref.path, capture.ref.offset, capture.ref.length, text)


def collect(search: Search, shard: Shard) -> list[Found]:
    """Labelled pages, pages under seed prefixes and the shard's part of the random sample."""
    found: list[Found] = []
    lowest: list[tuple[int, int, Capture]] = []
    seed = search.config.run.seed
    for capture in responses(shard.url, search.config.access, shard.path):
        if not isinstance(capture, Capture) or search.holdout.covers(capture.url):
            continue
        entry = search.labelled.get(capture.url)
        if entry is not None:
            found.append(_found(capture, entry.label, entry.family, "label"))
            continue
        if shard.number not in search.sampled:
            continue
        if search.prefixes.match(capture.url):
            found.append(_found(capture, search.config.train.positive, None, "prefix"))
        elif search.sample:
            item = (-priority(seed, capture.url), -capture.ref.offset, capture)
            (heapq.heappush if len(lowest) < search.sample else heapq.heappushpop)(lowest, item)
    found.extend(_found(capture, None, None, "sample") for _, _, capture in sorted(lowest, reverse=True))
    return found


def _labelled(run: Run) -> tuple[dict[str, LabelledUrl], dict[str, str]]:
    """Seed labels by URL, and the digests of the files they came from."""
    settings = run.config.seed
    if not settings.labels:
        return {}, {}
    entries = read_labels(settings.labels, run.config.access)
    digest = sha256(read_all(settings.labels, run.config.access)).hexdigest()
    wanted = {
        entry.url: entry for entry in entries if entry.use in (None, settings.use) and not run.holdout.covers(entry.url)
    }
    if not wanted:
        raise BadInput(f'{settings.labels}: no usable row: expected rows without "use" or with "use": "{settings.use}"')
    return wanted, {"labels": digest}


def _by_index(search: Search) -> Iterator[Found]:
    """Labelled pages looked up in the columnar index and read by byte range."""
    crawl, access = search.config.crawl, search.config.access
    base = crawl.base if crawl.base.endswith("/") else crawl.base + "/"
    for crawl_id in crawl.ids:
        rows = url_refs(crawl.index, crawl_id, sorted(search.labelled), access)
        refs = sorted({row.ref for row in rows if row.status == 200})
        for capture in read_many(refs, lambda path: base + path, access):
            entry = search.labelled.get(capture.url)
            if entry is not None:
                yield _found(capture, entry.label, entry.family, "label")


def _gather(run: Run, search: Search) -> list[Found]:
    """Pass over the shards that are needed; the first capture of a URL in crawl order wins."""
    indexed = bool(run.config.crawl.index and search.labelled)
    shards = [shard for shard in run.shards if not indexed or shard.number in search.sampled]
    found: dict[str, Found] = {}
    failed: list[str] = []
    outcomes = each(collect, search, shards, run.config.cluster, "seed")
    by_shard: dict[int, list[Found]] = {}
    for outcome in progress(outcomes, len(shards), "seed"):
        if outcome.failure is not None:
            failed.append(f"{outcome.item.path}: {outcome.failure}")
        else:
            by_shard[outcome.item.number] = outcome.result
    if failed and len(failed) > run.config.cluster.failed_share * len(shards):
        raise Incomplete(f"seed: {len(failed)} of {len(shards)} shards failed, first: {sorted(failed)[0]}")
    if indexed:
        for page in _by_index(search):
            found.setdefault(page.url, page)
    for number in sorted(by_shard):
        for page in by_shard[number]:
            found.setdefault(page.url, page)
    return list(found.values())


def seed(run: Run) -> Done:
    """Collect the first examples and the tokenizer's sample.

    Raises BadInput when no labels and no prefixes are configured, when none of them is found in the crawl, or when
    one of the two classes would be empty.
    """
    step = run.begin("seed")
    config = run.config
    labelled, settings = _labelled(run)
    if not labelled and not config.seed.prefixes:
        raise BadInput("config.toml: seed: give labels (a file) or prefixes; there is nothing to learn from")
    count = min(config.seed.sample_shards, len(run.shards))
    chosen = np.random.default_rng(config.run.seed).permutation(len(run.shards))[:count]
    sampled = frozenset(int(number) for number in chosen)
    per_shard = -(-config.seed.sample_pages // max(1, count))
    search = Search(config, run.holdout, labelled, PrefixSet(config.seed.prefixes), sampled, per_shard)
    found = sorted(_gather(run, search), key=lambda page: page.url)
    sample = [page for page in found if page.source == "sample"]
    examples = [page for page in found if page.source != "sample"]
    negatives = sorted(sample, key=lambda page: priority(config.run.seed, page.url))[: config.seed.random_negatives]
    examples += [replace(page, label="random", source="random") for page in negatives]
    positive = sum(page.label == config.train.positive for page in examples)
    if not positive or positive == len(examples):
        raise BadInput(
            f"seed: {positive} positive and {len(examples) - positive} negative examples were found in the crawl; both "
            "are needed: check [seed] labels, use, prefixes and random_negatives, and [train] positive"
        )
    missing = sorted(set(labelled) - {page.url for page in found})
    step.publish_table("examples.parquet", _columns(examples, EXAMPLES), EXAMPLES)
    step.publish_table("sample.parquet", _columns(sample, SAMPLE), SAMPLE)
    step.publish_json("missing.json", missing)
    counts = {"examples": len(examples), "positive": positive, "sample": len(sample), "missing": len(missing)}
    return step.finish(counts, settings)


def _columns(pages: list[Found], schema: dict[str, str]) -> dict[str, list[object]]:
    return {name: [getattr(page, name) for page in pages] for name in schema}
