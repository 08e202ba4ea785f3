"""seed: the first examples, from labels, URL prefixes, a model, code blocks, a judge, text; a sample for the tokenizer.

In: [seed] labels (files of url and label), prefixes (given, and those that recall ships), structure (pages with a code
block), model (a trained one chooses), [judge] (a language model), random pages as negatives, texts (of other corpora).
Out: examples.parquet, sample.parquet, judged.json, missing.json (labelled URLs that no shard read held as a page),
failures.json (shards that could not be read); with texts also texts.parquet and bad_texts.json. Pages under the
holdout are never taken. Of unlabelled pages at most [seed] per_family pages of a family are taken, and a random page
that has a code block or lies under a prefix that recall ships is no negative. The driver holds no page's text longer
than it takes to write it down (`page_texts`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from recall.archive.index import url_refs
from recall.config import Config
from recall.errors import BadInput
from recall.io.parquet import ParquetWriter
from recall.records import Done, Shard, WarcRef
from recall.run.failures import FailedShards
from recall.run.jobs import each, tolerated
from recall.run.label_files import LabelledUrl
from recall.run.loaded_model import load_model
from recall.run.progress_bar import progress
from recall.run.rounds import Run
from recall.run.sampling import batches_by_weight, priority
from recall.run.step_folder import Step
from recall.sites.prefixes import SUBDOMAINS, PrefixSet, parse_prefix
from recall.sites.shipped import shipped_prefixes
from recall.sites.urls import url_key
from recall.steps.seed.collect import SeedContext, SeedPage, ShardRequest, collect, has_code_block
from recall.steps.seed.judged_pages import judge_pages
from recall.steps.seed.model_choice import is_positive, negatives
from recall.steps.seed.page_texts import PageTexts
from recall.steps.seed.texts import SeedTexts, collect_texts

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
_ROWS, _BYTES = 256, 8 << 20
"""Rows, and about so many characters of text, of a row group."""
SAMPLE = {"url": "string", "path": "string", "offset": "int64", "length": "int64", "text": "string"}


def _labelled(run: Run) -> dict[str, LabelledUrl]:
    """Seed labels by URL key, without those of held-out pages."""
    settings = run.config.seed
    wanted = {
        url_key(entry.url): entry
        for entry in run.seed_labels
        if entry.use in (None, settings.use) and not run.holdout.covers(entry.url)
    }
    if settings.labels and not wanted:
        raise BadInput(f'{settings.labels}: no usable row: expected rows without "use" or with "use": "{settings.use}"')
    return wanted


def _requests(run: Run, context: SeedContext) -> list[ShardRequest]:
    """A request for each file: for the whole shard, or only for its labelled pages.

    Labelled pages are looked up in the index only where it covers every shard, that is where all come from crawl ids.
    It also covers the other files of these crawls: they are numbered after the shards.
    """
    crawl = run.config.crawl
    if not (crawl.index and crawl.ids and not crawl.paths and not crawl.warcs and context.labelled):
        return [ShardRequest(shard) for shard in run.shards]
    base = crawl.base if crawl.base.endswith("/") else crawl.base + "/"
    refs: dict[tuple[str, str], set[WarcRef]] = defaultdict(set)
    labelled = sorted(entry.url for entry in context.labelled.values())
    for crawl_id in crawl.ids:
        for row in url_refs(crawl.index, crawl_id, labelled, run.config.access):
            if row.status == 200:
                refs[crawl_id, row.ref.path].add(row.ref)
    shards = {shard.path: shard for shard in run.shards}
    requests = {run.shards[number].path: ShardRequest(run.shards[number]) for number in sorted(context.sampled)}
    for crawl_id, path in sorted(refs.keys()):
        shard = shards.get(path) or Shard(len(shards), crawl_id, path, f"{base}{path}")
        shards[path] = shard
        requests.setdefault(path, ShardRequest(shard, tuple(sorted(refs[crawl_id, path]))))
    return sorted(requests.values(), key=lambda request: request.shard.number)


def _gather(run: Run, context: SeedContext, failures: FailedShards, texts: PageTexts) -> tuple[int, list[SeedPage]]:
    """Number of shards that were read, and their seed pages without text; the first capture of a page wins."""
    requests = _requests(run, context)
    outcomes = tolerated(each(collect, context, requests, run.config.cluster, "seed"))
    by_shard: dict[int, list[SeedPage]] = {}
    for outcome in progress(run.while_held(outcomes), len(requests), "seed"):
        if outcome.failure is not None:
            failures.add(outcome.item.shard, outcome)
        else:
            by_shard[outcome.item.shard.number] = [texts.put(page) for page in outcome.result]
    failures.check("seed", len(requests), run.config.cluster.failed_share)
    found: dict[tuple[str, bool], SeedPage] = {}
    for number in sorted(by_shard):
        for page in by_shard[number]:
            found.setdefault((url_key(page.url), page.source == "sample"), page)
    return len(by_shard), list(found.values())


def seed_prefixes(config: Config) -> dict[str, str]:
    """The prefixes whose pages are positive examples, and their label: those of the config, and shipped ones.

    Of the shipped ones, with known_prefixes, those that real pages confirm; with "all" also those that nobody has
    checked. Their tag decides the label. Raises BadInput for a prefix that no page could be under.
    """
    for prefix in config.seed.prefixes:
        if not parse_prefix(prefix) or "*" in parse_prefix(prefix).removeprefix(SUBDOMAINS):
            raise BadInput(
                f"[seed] prefixes: {prefix!r}: expected a host and path, without query and fragment, and with no * "
                "but one that starts the host: *.example.org/docs/"
            )
    every = config.seed.known_prefixes == "all"
    known = [one for one in shipped_prefixes() if every or one.trusted] if config.seed.known_prefixes else []
    labels = {one.prefix: label for one in known if (label := config.train.label_of_tag(one.tag))}
    return labels | dict.fromkeys(config.seed.prefixes, config.train.positive)


def spread(pages: Iterable[SeedPage], per_family: int, seed: int) -> list[SeedPage]:
    """At most `per_family` pages of each family and source, by seeded choice."""
    taken: Counter[tuple[str, str]] = Counter()
    chosen = []
    for page in sorted(pages, key=lambda page: priority(seed, page.url)):
        taken[page.source, page.family] += 1
        if taken[page.source, page.family] <= per_family:
            chosen.append(page)
    return chosen


def _without_signs_of_code(sample: Iterable[SeedPage], config: Config) -> list[SeedPage]:
    """The random pages that may be negatives: some of those with a code block or under a shipped prefix are code.

    In: pages with their text, as a stream; out: without it.
    """
    known = PrefixSet(one.prefix for one in shipped_prefixes() if config.train.label_of_tag(one.tag))
    plain = (page for page in sample if not has_code_block(page.text) and not known.match(page.url))
    return [replace(page, text="") for page in plain]


def _random_negatives(plain: Iterable[SeedPage], config: Config) -> list[SeedPage]:
    chosen = sorted(plain, key=lambda page: priority(config.run.seed, page.url))[: config.seed.random_negatives]
    return [replace(page, label="random", source="random") for page in chosen]


def _context(run: Run, labelled: dict[str, LabelledUrl]) -> SeedContext:
    config = run.config
    count = min(config.seed.sample_shards, len(run.shards))
    chosen = np.random.default_rng(config.run.seed).permutation(len(run.shards))[:count]
    prefixes = seed_prefixes(config)
    return SeedContext(
        config=config,
        holdout=run.holdout,
        labelled=labelled,
        prefixes=PrefixSet(prefixes),
        prefix_labels=prefixes,
        sampled=frozenset(int(number) for number in chosen),
        sample=-(-config.seed.sample_pages // max(1, count)),
        structure=-(-config.seed.structure // max(1, count)),
        chosen=-(-config.seed.model_pages // max(1, count)),
        choose=partial(is_positive, config.seed.model, config.access) if config.seed.model else None,
    )


def _examples(run: Run, found: list[SeedPage], texts: PageTexts) -> tuple[list[SeedPage], dict[str, float]]:
    """Examples sorted by URL, one a URL key, without text, and the judge's scores.

    Labels win, then prefixes, the judge, the model, code blocks, random negatives.
    """
    config = run.config
    sample = [page for page in found if page.source == "sample"]
    judged, scores = judge_pages(run, lambda: texts.whole(sample))
    inferred = spread(
        [page for page in found if page.source in {"prefix", "model", "structure"}], config.seed.per_family, 0
    )
    plain = _without_signs_of_code(texts.whole(page for page in sample if page.url not in scores), config)
    below = (replace(page, text="") for page in negatives(texts.whole(plain), config))
    examples = {url_key(page.url): page for page in found if page.source == "label"}
    ranked = [
        *(page for page in inferred if page.source == "prefix"),
        *(replace(page, text="") for page in judged),
        *(page for page in inferred if page.source == "model" and page.url not in scores),
        *spread(below, config.seed.per_family, 0),
        *(page for page in inferred if page.source == "structure" and page.url not in scores),
        *_random_negatives(plain, config),
    ]
    for page in ranked:
        examples.setdefault(url_key(page.url), page)
    return sorted(examples.values(), key=lambda page: page.url), scores


def seed(run: Run) -> Done:
    """Collect the first examples and the tokenizer's sample.

    Raises BadInput when nothing is configured to learn from, when none of it is found in the crawl, or when one of
    the two classes would be empty.
    """
    step = run.begin("seed")
    config = run.config
    labelled = _labelled(run)
    named = config.seed.structure or config.seed.model or config.seed.texts or config.judge.url
    if not (labelled or seed_prefixes(config) or named):
        raise BadInput(
            "config.toml: seed: give labels (a file), texts, prefixes, known_prefixes, a model, structure or a "
            "[judge]; there is nothing to learn from"
        )
    texts = collect_texts(run, step) if config.seed.texts else SeedTexts({}, Counter(), [])
    model = {"model": load_model(config.seed.model, config.access).digest} if config.seed.model else {}
    failures = FailedShards()
    with closing(PageTexts()) as page_texts:
        gathered, found = _gather(run, _context(run, labelled), failures, page_texts)
        found.sort(key=lambda page: page.url)
        sample = [page for page in found if page.source == "sample"]
        examples, scores = _examples(run, found, page_texts)
        labels = Counter(page.label for page in examples) + texts.labels
        positive = sum(labels[label] for label in config.train.positives)
        if not positive or positive == labels.total():
            raise BadInput(
                f"seed: {positive} positive and {labels.total() - positive} negative examples were found; both are "
                "needed: check [seed] labels, use, texts, prefixes and random_negatives, and [train] positive"
            )
        seen = {url_key(page.url) for page in found}
        missing = sorted(entry.url for key, entry in labelled.items() if key not in seen)
        _publish(step, "examples.parquet", page_texts.whole(examples), EXAMPLES)
        _publish(step, "sample.parquet", page_texts.whole(sample), SAMPLE)
    step.publish_json("missing.json", missing)
    step.publish_json("failures.json", failures.rows())
    step.publish_json("judged.json", scores)
    sources = Counter(page.source for page in examples)
    counts = {"examples": labels.total(), "positive": positive, "sample": len(sample), "missing": len(missing)}
    counts |= {"shards": gathered + len(failures), "read_shards": gathered, "failed_shards": len(failures)}
    counts |= {"labelled": len(labelled), "found": len(labelled) - len(missing)}
    counts |= {**{name: sources[name] for name in sorted(sources)}, **texts.counts}
    return step.finish(counts, model, [*failures.notes(), *texts.notes])


def _publish(step: Step, file: str, pages: Iterable[SeedPage], schema: dict[str, str]) -> None:
    """Publish a stream of pages as a table, few of them in memory at a time."""
    with TemporaryDirectory(prefix="recall-seed-") as folder:
        path = Path(folder) / file
        writer = ParquetWriter(path, schema)
        for batch in batches_by_weight(pages, _ROWS, _BYTES, lambda page: len(page.text)):
            writer.add({name: [getattr(page, name) for page in batch] for name in schema})
        if not writer.rows:
            writer.add({name: [] for name in schema})
        writer.close()
        step.publish_file(file, path, writer.rows)
