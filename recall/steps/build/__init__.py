"""build: the corpus, from the last round's model, accepted prefixes and labels; pages are extracted only here.

`build` lists the stages in order, each with its room; docs/corpus.md says why in this order. Stages over many pages run
as tasks whose files and checkpoints lie in the folder build/, which goes when the corpus is published.

Out: part-*.parquet (sorted, one row per page), dropped.parquet (every page taken out, with stage and reason),
contamination.parquet, shards.parquet (the ledger, failed shards included), stages.json, opencoder.sql, card.md.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from recall.corpus.chunks import ChunkedPages, ExtractedShard, Merged, chunks_of
from recall.corpus.dataset_card import CardFigures, audited_rounds, card
from recall.corpus.dedup.earlier import earlier_files, merge_earlier
from recall.corpus.dedup.exact import merge_exact
from recall.corpus.dedup.near import merge_near
from recall.corpus.drops import DropInputs, fallbacks_of, publish_streamed, stage_reports, write_drops
from recall.corpus.filters.boilerplate import find_boilerplate
from recall.corpus.filters.optout import OptOut
from recall.corpus.published import corpus_statistics
from recall.corpus.ranking.ranker import FILE, Ranker, load_ranker
from recall.corpus.schema import CORPUS, DROPPED, LEDGER, VERSION, view_sql
from recall.io import read_all
from recall.labels.decisions import accepted_set, page_labels
from recall.model.token_counts import Vocabulary, token_counter
from recall.records import Done
from recall.run.progress_bar import progress
from recall.run.round_model import model_folder
from recall.run.rounds import Run
from recall.run.scanned import ScannedShard, scanned_shards
from recall.run.shuffle import WORK, Stage, checkpointed, stage_folder
from recall.run.store import Columns, digest_of
from recall.sites.urls import url_key
from recall.steps.build.best_tokens import keep_best
from recall.steps.build.extract import STAGE, ExtractionInputs, SelectingRound, extract_shard
from recall.steps.build.mask_and_decontaminate import HITS, Decided, mask_and_decontaminate
from recall.steps.build.parts import WRITE, PartInputs, apply_caps, write_parts

__all__ = ["CORPUS", "DROPPED", "LEDGER", "build"]


def build(run: Run) -> Done:
    """Build the corpus stage by stage. Raises Incomplete when a shard's pages cannot all be read back."""
    step, config = run.begin("corpus"), run.config
    if step.done:
        return step.result
    run.discard(run.store.keys(f"{stage_folder(WRITE)}/"))  # the parts they speak of were swept as the step began
    rounds, vocabularies = _selecting_rounds(run), _vocabularies(run)
    ranker = load_ranker(config.quality.ranker, config.access) if config.quality.ranked else None
    files = earlier_files(config.duplicates.against, config.access, len(run.shards))
    shards = _extract(run, rounds, ranker)
    pages = ChunkedPages(run.store, config.cluster, tuple(chunks_of(shards)))
    merged = _merge_duplicates(run, pages)
    earlier = merge_earlier(pages, config.duplicates, files, merged)
    marked = config.duplicates.earlier == "mark"
    merged, marks = (merged, earlier.merged) if marked else ((*merged, *earlier.merged), ())
    lines = find_boilerplate(pages, config.boilerplate, merged)
    finished = mask_and_decontaminate(pages, config, Decided(merged, lines, marks), vocabularies, ranker)
    texts = tuple(chunk.pages for chunk in finished)
    capped = keep_best(pages, config, texts, apply_caps(pages, config.mix, config.run.seed, texts))
    reasons, tags = Counter[str](), Counter[str]()
    for part in write_parts(pages, PartInputs(step.folder, config, texts, capped)):
        step.add([part.output])
        reasons.update(part.reasons)
        tags.update(part.tags)
    sources = {file.number: file.source for file in files}
    drops = write_drops(pages, DropInputs(merged, tuple(chunk.dropped for chunk in finished), capped, sources), step)
    for _ in publish_streamed(step, "contamination.parquet", [chunk.hits for chunk in finished], HITS):
        pass
    step.publish_table("shards.parquet", _ledger(run, rounds[-1], shards), LEDGER)
    changes = [fallbacks_of(shards), *(chunk.changes for chunk in finished)]
    stages = stage_reports(config, reasons.total(), drops, changes)
    step.publish_json("stages.json", stages)
    step.publish("opencoder.sql", view_sql().encode())
    failed = sum(rounds[-1].shards.find(shard.number) is None for shard in run.shards)
    figures = CardFigures(corpus_statistics(run, 0), drops.by_reason(), stages, failed, audited_rounds(run), tags)
    step.publish("card.md", card(run, figures).encode())
    counts = {"pages": reasons.total(), "dropped": drops.pages, "failed_shards": failed}
    counts |= {"fell_back": sum(changes[0].counts.values())}
    counts |= {f"tag_{tag}": tags[tag] for tag in sorted(config.train.topics.values())}
    done = step.finish(
        {**counts, **dict(sorted(reasons.items()))}, {"schema": VERSION, **_outside(run), **earlier.digests}
    )
    run.discard(run.store.keys(f"{WORK}/"))
    return done


def _selecting_rounds(run: Run) -> tuple[SelectingRound, ...]:
    """What each round of the run selects by, in order."""
    rounds = []
    for number in range(1, run.config.run.rounds + 1):
        prefixes = accepted_set(run, range(1, number + 1))
        rounds.append(SelectingRound(number, scanned_shards(run.round(number)), prefixes))
    return tuple(rounds)


def _vocabularies(run: Run) -> dict[str, Vocabulary]:
    """What texts are counted by, for each column of counts. Raises BadInput for a tokenizer that cannot be read."""
    key = f"{model_folder(run.round(run.config.run.rounds))}/tokenizer.json"
    vocabularies = {"tokens": (run.store.read(key).decode(), run.store.url(key), True)}
    if named := run.config.tags.tokenizer:
        document = read_all(named, run.config.access).decode("utf-8", "replace")
        vocabularies["named_tokens"] = (document, f"[tags] tokenizer: {named}", False)
    for vocabulary in vocabularies.values():
        token_counter(*vocabulary)
    return vocabularies


def _labels(run: Run) -> dict[str, str]:
    """Labelled pages by URL key, and their label: the seed's, overruled by those of the rounds."""
    seeded: dict[str, str] = {}
    if run.parent is None:
        seeds = run.store.read_table(run.step("seed").key("examples.parquet"), ["url", "label", "source"]).to_pylist()
        seeded = {url_key(row["url"]): row["label"] for row in seeds if row["source"] == "label"}
    labels = page_labels(run, range(1, run.config.run.rounds + 1))
    return seeded | {url_key(url): label.value for url, label in labels.items()}


def _last_scans(rounds: tuple[SelectingRound, ...], count: int) -> Iterator[ScannedShard]:
    """Every shard that some round could read, by its last scan, in order."""
    for number in range(count):
        scans = [scanned for each in rounds if (scanned := each.shards.find(number)) is not None]
        if scans:
            yield scans[-1]


def _extract(run: Run, rounds: tuple[SelectingRound, ...], ranker: Ranker | None) -> list[ExtractedShard]:
    settings, cluster = run.config.optout, run.config.cluster
    optout = OptOut.load(settings.hosts, settings.patterns, run.config.access) if settings.enabled else OptOut()
    stage = Stage(run.store, STAGE, ExtractionInputs(run.config, rounds, _labels(run), optout, ranker))
    extracted = checkpointed(extract_shard, stage, _last_scans(rounds, len(run.shards)), cluster, "build")
    return sorted(shard for _, shard in progress(run.while_held(extracted), len(rounds[-1].shards), "build"))


def _merge_duplicates(run: Run, pages: ChunkedPages) -> tuple[Merged, ...]:
    """What each stage that compares pages merged, in the order of the stages."""
    settings = run.config.duplicates
    merged: tuple[Merged, ...] = ()
    if settings.urls:
        merged += (merge_exact(pages, "url", settings.keep, merged),)
    if settings.texts:
        merged += (merge_exact(pages, "text", settings.keep, merged),)
    if settings.near:
        merged += (merge_near(pages, settings, merged),)
    return merged


def _outside(run: Run) -> dict[str, str]:
    """Digests of the files beside the run that decided what is in the corpus, earlier corpora aside."""
    optout, asked = run.config.optout, run.config.contamination
    lists = (optout.hosts, optout.patterns) if optout.enabled else ()
    ranker = f"{run.config.quality.ranker.rstrip('/')}/{FILE}" if run.config.quality.ranked else ""
    files = [*filter(None, (*lists, run.config.tags.tokenizer, ranker))]
    files += asked.benchmarks if asked.enabled else ()
    return {file: digest_of(read_all(file, run.config.access)) for file in files}


def _ledger(run: Run, last: SelectingRound, shards: Sequence[ExtractedShard]) -> Columns:
    """Every shard of the run with its pages, kept and dropped, and whether the last round could not read it."""
    rows = {shard.number: (shard.number, shard.path, True, 0, 0, 0) for shard in run.shards}
    for shard in shards:
        failed, path = last.shards.find(shard.number) is None, run.shards[shard.number].path
        counts = (shard.scanned_pages, shard.kept.rows, shard.dropped.rows)
        rows[shard.number] = (shard.number, path, failed, *counts)
    return {name: [row[column] for row in rows.values()] for column, name in enumerate(LEDGER)}
