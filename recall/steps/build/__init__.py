"""build: the corpus, from the last round's model, accepted prefixes and people's labels; pages are extracted only here.

Stages in order, each its own module: choice and extraction, with tags, opt-outs, signals and filters (extract); same
URLs and same texts (exact); near-duplicates (near); boilerplate lines (boilerplate); contamination and masks (finish);
caps and weights (mix); files (write, drops). docs/corpus.md says why in this order.

Out: part-*.parquet (sorted, one row per page), dropped.parquet (every page taken out, with stage and reason),
shards.parquet (the ledger, failed shards included), stages.json, opencoder.sql, card.md. What stages hand on lies in
the folder build/, which goes when the corpus is published.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from recall.corpus.chunks import Built, Chunk, Layout, cut
from recall.corpus.dataset_card import Figures, audits_of, card
from recall.corpus.dedup.exact import Job as ExactJob
from recall.corpus.dedup.exact import merge_exact, partitions_of
from recall.corpus.dedup.near import Job as NearJob
from recall.corpus.dedup.near import merge_near
from recall.corpus.drops import Job as DropsJob
from recall.corpus.drops import publish_streamed, write_drops
from recall.corpus.filters.boilerplate import LINES_PER_PAGE, find_boilerplate
from recall.corpus.filters.boilerplate import Job as LinesJob
from recall.corpus.filters.contamination import Benchmarks
from recall.corpus.filters.optout import OptOut
from recall.corpus.schema import CORPUS, DROPPED, LEDGER, VERSION, view_sql
from recall.corpus.stages import tell_stages
from recall.corpus.survey import survey_of
from recall.io import read_all
from recall.labels.decisions import accepted_prefixes, page_labels
from recall.records import Done
from recall.run.jobs import complete
from recall.run.progress_bar import progress
from recall.run.rounds import Run
from recall.run.scanned import ScannedShard, scanned_shards
from recall.run.shuffle import WORK, in_order
from recall.run.store import Columns, digest_of
from recall.sites.prefixes import PrefixSet
from recall.steps.build import extract, mask_and_decontaminate
from recall.steps.build.mix import Job as MixJob
from recall.steps.build.mix import apply_caps
from recall.steps.build.parts import Job as WriteJob
from recall.steps.build.parts import write_parts
from recall.steps.build.selection import Extent

__all__ = ["CORPUS", "DROPPED", "LEDGER", "build"]

Merged = tuple[tuple[str, tuple[str, ...]], ...]


def _extents(run: Run) -> tuple[Extent, ...]:
    """What each round of the run decided by, in order."""
    extents = []
    for number in range(1, run.config.run.rounds + 1):
        round_ = run.round(number)
        prefixes = PrefixSet(accepted_prefixes(run, range(1, number + 1)))
        extents.append(Extent(number, scanned_shards(round_), prefixes))
    return tuple(extents)


def _judged(run: Run) -> dict[str, bool]:
    """Pages that people labelled, True where positive: the seed's labels, overruled by those of the rounds."""
    positive = run.config.train.positive
    judged: dict[str, bool] = {}
    if run.parent is None:
        seeds = run.store.read_table(run.step("seed").key("examples.parquet"), ["url", "label", "source"]).to_pylist()
        judged = {row["url"]: row["label"] == positive for row in seeds if row["source"] == "label"}
    labels = page_labels(run, range(1, run.config.run.rounds + 1))
    return judged | {url: label.value == positive for url, label in labels.items()}


def _shards_of(extents: tuple[Extent, ...], count: int) -> Iterator[ScannedShard]:
    """Every shard that some round could read, by its last scan, in order."""
    for number in range(count):
        scans = [scanned for extent in extents if (scanned := extent.shards.find(number)) is not None]
        if scans:
            yield scans[-1]


def _extract(run: Run, extents: tuple[Extent, ...]) -> list[Built]:
    settings = run.config.optout
    listed = OptOut.load(settings.hosts, settings.patterns, run.config.access) if settings.enabled else OptOut()
    job = extract.Job(run.store, run.config, extents, _judged(run), listed)
    shards = _shards_of(extents, len(run.shards))
    built = complete(extract.extract_shard, job, shards, run.config.cluster, "build")
    return sorted(outcome.result for outcome in progress(built, len(extents[-1].shards), "build"))


def _merge(run: Run, chunks: list[Chunk], layout: Layout) -> Merged:
    """What each stage that compares pages merged, in the order of the stages."""
    settings, store, cluster = run.config.duplicates, run.store, run.config.cluster
    merged: list[tuple[str, tuple[str, ...]]] = []
    pages = sum(chunk.pages for chunk in chunks)
    for name, wanted in (("url", settings.urls), ("text", settings.texts)):
        if wanted:
            earlier = tuple(keys for _, keys in merged)
            job = ExactJob(store, layout, name, settings.keep, partitions_of(pages), earlier)
            merged.append((name, merge_exact(job, chunks, cluster)))
    if settings.near:
        earlier = tuple(keys for _, keys in merged)
        signing = NearJob(store, layout, settings, partitions_of(pages * settings.bands), earlier)
        keys, _ = merge_near(signing, chunks, cluster)
        merged.append(("near", keys))
    return tuple(merged)


def _finish(run: Run, chunks: list[Chunk], merged: Merged) -> list[Any]:
    """What finishing each chunk came to."""
    config, store, cluster = run.config, run.store, run.config.cluster
    standing = tuple(keys for _, keys in merged)
    lines: tuple[str, ...] = ()
    if config.boilerplate.enabled:
        partitions = partitions_of(sum(chunk.pages for chunk in chunks) * LINES_PER_PAGE)
        lines = find_boilerplate(LinesJob(store, config.boilerplate, partitions, standing), chunks, cluster)
    asked = config.contamination
    files = asked.benchmarks if asked.enabled else ()
    found = Benchmarks.load(files, config.access, asked.fields, asked.ngram, asked.shortest)
    job = mask_and_decontaminate.Job(store, config, standing, lines, found)
    return in_order(mask_and_decontaminate.finish_chunk, job, chunks, cluster, "finish")


def build(run: Run) -> Done:
    """Build the corpus stage by stage. Raises Incomplete when a shard's pages cannot all be read back."""
    step, store, config = run.begin("corpus"), run.store, run.config
    if step.done:
        return step.result
    extents = _extents(run)
    built = _extract(run, extents)
    chunks = list(cut(built))
    layout = Layout(tuple(chunk.shards[0].number for chunk in chunks))
    merged = _merge(run, chunks, layout)
    results = _finish(run, chunks, merged)
    pages, dropped, hits = (mask_and_decontaminate.keys_of(results, place) for place in range(3))
    partitions = partitions_of(sum(chunk.pages for chunk in chunks))
    capped = apply_caps(MixJob(store, layout, config.mix, config.run.seed, partitions, pages), chunks, config.cluster)
    kept: Counter[str] = Counter()
    for output, reasons in write_parts(WriteJob(store, step.folder, config, pages, capped), chunks, config.cluster):
        step.add([output])
        kept.update(reasons)
    drops = write_drops(DropsJob(store, merged, dropped, capped), step, chunks, config.cluster)
    for _ in publish_streamed(step, "contamination.parquet", hits, mask_and_decontaminate.HITS):
        pass
    step.publish_table("shards.parquet", _ledger(run, extents[-1], built), LEDGER)
    told = tell_stages(config, kept.total(), drops, [result["changes"] for result in results])
    step.publish_json("stages.json", told)
    step.publish("opencoder.sql", view_sql().encode())
    failed = sum(extents[-1].shards.find(shard.number) is None for shard in run.shards)
    counts = {"pages": kept.total(), "dropped": drops.pages, "failed_shards": failed}
    by_reason = dict(sorted(kept.items()))
    figures = Figures(survey_of(run, 0), drops.by_reason(), told, failed, audits_of(run))
    step.publish("card.md", card(run, figures).encode())
    done = step.finish({**counts, **by_reason}, {"schema": VERSION, **_outside(run)})
    for key in store.keys(f"{WORK}/"):
        store.remove(key)
    return done


def _outside(run: Run) -> dict[str, str]:
    """Digests of the files beside the run that decided what is in the corpus."""
    optout, asked = run.config.optout, run.config.contamination
    lists = (optout.hosts, optout.patterns) if optout.enabled else ()
    files = [*(one for one in lists if one), *(asked.benchmarks if asked.enabled else ())]
    return {file: digest_of(read_all(file, run.config.access)) for file in files}


def _ledger(run: Run, last: Extent, built: list[Built]) -> Columns:
    """Every shard of the run with what became of it."""
    rows = {shard.number: (shard.number, shard.path, True, 0, 0, 0) for shard in run.shards}
    for one in built:
        failed = last.shards.find(one.number) is None
        rows[one.number] = (one.number, run.shards[one.number].path, failed, one.seen, one.pages, one.out)
    return {name: [row[place] for row in rows.values()] for place, name in enumerate(LEDGER)}
