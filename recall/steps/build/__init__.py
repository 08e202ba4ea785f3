"""build: the corpus, from the last round's model, accepted prefixes and people's labels; pages are extracted only here.

Out: part-*.parquet (one row per page, exact duplicates removed), dropped.parquet (pages that an earlier round kept or
that a person, a duplicate or an empty extraction took out, with the reason), shards.parquet (the ledger, failed shards
included), card.md. Shards are built into the folder build/, which goes when the corpus is published.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from recall.archive.corpora import text_of
from recall.config import Config
from recall.hosts import PrefixSet, host_of
from recall.page.markdown import markdown
from recall.records import Done
from recall.run.jobs import complete
from recall.run.progress import progress
from recall.run.rounds import Run, Step
from recall.run.store import Columns, Store
from recall.steps.build.card import card
from recall.steps.build.choice import Extent, choose
from recall.steps.judgements import accepted_prefixes, page_labels
from recall.steps.rows import ScannedShard, read_bodies, read_rows, refs_of, scanned_shards

CORPUS = {
    "url": "string",
    "text": "string",
    "tag": "string",
    "score": "float64",
    "reason": "string",
    "round": "int32",
    "domain": "string",
    "crawl": "string",
    "warc_path": "string",
    "offset": "int64",
    "length": "int64",
    "digest": "string",
    "model": "string",
}
DROPPED = {
    "url": "string",
    "warc_path": "string",
    "offset": "int64",
    "length": "int64",
    "score": "float64",
    "round": "int32",
    "reason": "string",
}
LEDGER = {
    "shard": "int32",
    "path": "string",
    "failed": "bool",
    "pages": "int64",
    "kept": "int64",
    "dropped": "int64",
}
TAG = "code"
WORK = "build"
"""Folder of the shards that are built already: a killed build goes on with the others."""


@dataclass(frozen=True, slots=True)
class Job:
    """What building a shard needs. labels: people's page labels by URL, True where positive."""

    store: Store
    config: Config
    rounds: tuple[Extent, ...]
    labels: Mapping[str, bool] = field(repr=False)


def build_shard(job: Job, scanned: ScannedShard) -> None:
    """Extract a shard's kept pages and publish them with the dropped ones; its report is published last."""
    report = f"{WORK}/{scanned.shard.number:06d}.json"
    if job.store.exists(report):
        return
    choices = list(choose(job.store, job.rounds, job.labels, scanned.shard.number))
    table = read_rows(job.store, scanned, ["offset", "length"])
    refs = refs_of(table, scanned.shard.path, [choice.row for choice in choices])
    bodies = read_bodies(job.store, scanned, {c.row: refs[c.row] for c in choices if c.kept}, job.config.access)
    kept: list[tuple[object, ...]] = []
    dropped: list[tuple[object, ...]] = []
    for choice in choices:
        ref = refs[choice.row]
        lineage = (ref.path, ref.offset, ref.length)
        if not choice.kept:
            dropped.append((choice.url, *lineage, choice.score, choice.round, choice.reason))
            continue
        page = bodies[choice.row]
        bare = text_of(page.body)
        text = markdown(page.body, choice.url, page.charset) if bare is None else bare
        if not text.strip():
            dropped.append((choice.url, *lineage, choice.score, choice.round, "no text could be extracted"))
            continue
        start = (choice.url, text, TAG, choice.score, choice.reason, choice.round, host_of(choice.url))
        digest = f"sha256:{sha256(page.body).hexdigest()}"
        kept.append((*start, scanned.shard.crawl, *lineage, digest, choice.model))
    files = [
        job.store.publish_table_named(WORK, "kept-", _columns(kept, CORPUS), CORPUS),
        job.store.publish_table_named(WORK, "dropped-", _columns(dropped, DROPPED), DROPPED),
    ]
    body = {"pages": table.num_rows, "files": [asdict(file) for file in files]}
    job.store.publish_json(report, body, first_wins=True)


def _columns(rows: list[tuple[object, ...]], schema: Mapping[str, str]) -> Columns:
    return {name: [row[i] for row in rows] for i, name in enumerate(schema)}


def _extents(run: Run) -> tuple[Extent, ...]:
    """What each round of the run decided by, in order."""
    extents = []
    for number in range(1, run.config.run.rounds + 1):
        round_ = run.round(number)
        prefixes = PrefixSet(accepted_prefixes(run, range(1, number + 1)))
        extents.append(Extent(number, scanned_shards(round_), prefixes))
    return tuple(extents)


class _Merge:
    """Shard tables in shard order become parts without exact duplicates; the first page of a text stays."""

    def __init__(self, step: Step, rows_per_file: int) -> None:
        self.step, self.rows_per_file = step, rows_per_file
        self.digests: set[bytes] = set()
        self.duplicates: list[dict[str, object]] = []
        self.reasons: Counter[str] = Counter()
        self.pages = 0
        self._rows: list[dict[str, object]] = []
        self._parts = 0

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Take the rows of a shard whose text is new."""
        for row in rows:
            digest = sha256(row["text"].encode()).digest()
            if digest in self.digests:
                lineage = {name: row[name] for name in DROPPED if name != "reason"}
                self.duplicates.append({**lineage, "reason": "exact duplicate"})
                continue
            self.digests.add(digest)
            self.reasons[row["reason"]] += 1
            self.pages += 1
            self._rows.append(row)
            if len(self._rows) == self.rows_per_file:
                self.publish()

    def publish(self) -> None:
        """Publish what was taken since the last part; an empty corpus is one empty part."""
        if self._rows or not self._parts:
            columns = {name: [row[name] for row in self._rows] for name in CORPUS}
            self.step.publish_table(f"part-{self._parts:05d}.parquet", columns, CORPUS)
            self._parts += 1
            self._rows = []


def _reports(store: Store, shards: Iterable[ScannedShard]) -> Iterator[tuple[ScannedShard, int, str, str]]:
    """Each built shard with its page count and the keys of its kept and dropped tables."""
    for scanned in shards:
        raw = store.read_json(f"{WORK}/{scanned.shard.number:06d}.json")
        kept, dropped = (f"{WORK}/{file['file']}" for file in raw["files"])
        yield scanned, raw["pages"], kept, dropped


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


def build(run: Run) -> Done:
    """Extract and merge the corpus. Raises Incomplete when a shard's pages cannot all be read back."""
    step, store = run.begin("corpus"), run.store
    if step.done:
        return step.result
    extents = _extents(run)
    job = Job(store, run.config, extents, _judged(run))
    shards = _shards_of(extents, len(run.shards))
    built = complete(build_shard, job, shards, run.config.cluster, "build")
    for _ in progress(built, len(extents[-1].shards), "build"):
        pass
    merge = _Merge(step, run.config.build.rows_per_file)
    dropped: list[dict[str, object]] = []
    ledger = {shard.number: (shard.number, shard.path, True, 0, 0, 0) for shard in run.shards}
    for scanned, pages, kept_key, dropped_key in _reports(store, _shards_of(extents, len(run.shards))):
        kept, out = store.read_table(kept_key).to_pylist(), store.read_table(dropped_key).to_pylist()
        merge.add(kept)
        dropped += out
        number, failed = scanned.shard.number, extents[-1].shards.find(scanned.shard.number) is None
        ledger[number] = (number, scanned.shard.path, failed, pages, len(kept), len(out))
    merge.publish()
    dropped += merge.duplicates
    reasons = Counter(str(row["reason"]) for row in dropped)
    step.publish_table("dropped.parquet", {name: [row[name] for row in dropped] for name in DROPPED}, DROPPED)
    step.publish_table("shards.parquet", _columns(list(ledger.values()), LEDGER), LEDGER)
    failed_shards = sum(row[2] for row in ledger.values())
    counts = {"pages": merge.pages, "dropped": len(dropped), "failed_shards": failed_shards}
    reasons_kept = dict(sorted(merge.reasons.items()))
    step.publish("card.md", card(run, counts, reasons_kept, reasons).encode())
    done = step.finish({**counts, **reasons_kept}, {})
    for key in store.keys(f"{WORK}/"):
        store.remove(key)
    return done
