"""scan: every page of every shard gets a score; pages above a low floor keep their token ids and bytes.

In: the round's model, and the shards or what an earlier round kept of them. Out, per shard: a slim row for each page,
candidates, one report; for the step: shards.parquet and failures.json. A shard counts whole or not at all.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import zstandard

from recall.archive.warc import responses
from recall.config import AccessSection, ScanSection
from recall.errors import Incomplete
from recall.model.scorer import Scorer
from recall.page.text import scoring_text
from recall.records import Capture, Done, Output, Shard, ShardReport, Skip
from recall.run.jobs import each
from recall.run.progress import progress
from recall.run.rounds import Round
from recall.run.store import Columns, Store
from recall.steps.rows import CANDIDATES, ROWS, SHARDS, SHARDS_FILE, ScannedShard, read_rows, scanned_shards
from recall.steps.train import MODEL_FILES

T = TypeVar("T")

BATCH = 64
ZSTD_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Job:
    """What scanning a shard needs beside the shard. folder: key of the scan step; model: key of the model folder."""

    store: Store
    access: AccessSection
    settings: ScanSection
    folder: str
    model: str
    earlier: dict[int, ScannedShard] = field(default_factory=dict, repr=False)


@lru_cache(maxsize=2)
def _load(root: str, model: str, store: Store) -> Scorer:
    del root  # part of the cache's key: stores of one root are one store
    return Scorer.load(store.local_folder(model, MODEL_FILES))


def load_scorer(store: Store, model: str) -> Scorer:
    """Return the model of a run folder, loaded once per process."""
    return _load(store.root, model, store)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of `size`."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


class _Rows:
    """Columns of one shard, filled page by page."""

    def __init__(self, scorer: Scorer, settings: ScanSection) -> None:
        self.scorer, self.settings = scorer, settings
        self.urls: list[str] = []
        self.offsets: list[int] = []
        self.lengths: list[int] = []
        self.scores: list[np.ndarray] = []
        self.kept: list[tuple[int, np.ndarray, str | None, bytes | None]] = []
        self.skipped: Counter[Skip] = Counter()
        self._pack = zstandard.ZstdCompressor(level=ZSTD_LEVEL)

    def add(self, batch: Sequence[Capture | Skip]) -> None:
        """Score a batch of captures and count what is no page."""
        captures: list[Capture] = []
        texts: list[str] = []
        for item in batch:
            if isinstance(item, Skip):
                self.skipped[item] += 1
                continue
            text = scoring_text(item.body, item.charset, item.url)
            if not text or text.isspace():
                self.skipped[Skip.NO_TEXT] += 1
                continue
            captures.append(item)
            texts.append(text)
        if not captures:
            return
        lines = self.scorer.tokenizer.lines(texts)
        scores = self.scorer.score_lines(lines)
        for row in np.flatnonzero(scores >= self.scorer.card.metrics["floor"]):
            page = captures[row]
            body = self._pack.compress(page.body) if self.settings.keep == "body" else None
            self.kept.append((len(self.urls) + int(row), lines[row], page.charset, body))
        self.urls += [page.url for page in captures]
        self.offsets += [page.ref.offset for page in captures]
        self.lengths += [page.ref.length for page in captures]
        self.scores.append(scores)

    def columns(self) -> tuple[Columns, Columns]:
        """Slim rows and candidates as ROWS and CANDIDATES."""
        candidate = np.zeros(len(self.urls), dtype=bool)
        candidate[[row for row, *_ in self.kept]] = True
        scores = np.concatenate(self.scores) if self.scores else np.zeros(0)
        rows = {
            "url": self.urls,
            "offset": self.offsets,
            "length": self.lengths,
            "score": scores,
            "kept": scores >= self.scorer.threshold,
            "model": [self.scorer.digest] * len(self.urls),
            "candidate": candidate,
        }
        names = ("row", "tokens", "charset", "body")
        return rows, {name: [kept[i] for kept in self.kept] for i, name in enumerate(names)}


def scan_shard(job: Job, shard: Shard) -> None:
    """Score a shard and publish its files, report last. Raises ShardFailed when it is not readable to its end."""
    if job.store.exists(_report_key(job, shard)):
        return
    if shard.number in job.earlier:
        _rescore(job, job.earlier[shard.number])
        return
    scorer = load_scorer(job.store, job.model)
    rows = _Rows(scorer, job.settings)
    for batch in batches(responses(shard.url, job.access, shard.path), BATCH):
        rows.add(batch)
    slim, candidates = rows.columns()
    files = (
        job.store.publish_table_named(job.folder, "rows-", slim, ROWS),
        job.store.publish_table_named(job.folder, "candidates-", candidates, CANDIDATES),
    )
    _report(job, shard, np.asarray(slim["kept"]), rows.skipped, files)


def _rescore(job: Job, earlier: ScannedShard) -> None:
    """Give the candidates of an earlier scan this model's score; the pages below the floor keep their old one."""
    scorer = load_scorer(job.store, job.model)
    table = read_rows(job.store, earlier)
    scores, models = table.column("score").to_numpy().copy(), table.column("model").to_pylist()
    kept = job.store.read_table(earlier.candidates, ["row", "tokens"])
    numbers = kept.column("row").to_numpy()
    if len(numbers):
        scores[numbers] = scorer.score_lines([np.asarray(ids, np.uint32) for ids in kept.column("tokens").to_pylist()])
    decided = np.zeros(len(scores), dtype=bool)
    decided[numbers] = scores[numbers] >= scorer.threshold
    for row in numbers:
        models[row] = scorer.digest
    columns = {name: table.column(name) for name in ROWS} | {"score": scores, "model": models, "kept": decided}
    output = job.store.publish_table_named(job.folder, "rows-", columns, ROWS)
    skipped = Counter({Skip(name): n for name, n in earlier.skipped.items()})
    _report(job, earlier.shard, decided, skipped, (output,))


def _report_key(job: Job, shard: Shard) -> str:
    return f"{job.folder}/reports/{shard.number:06d}.json"


def _report(job: Job, shard: Shard, decided: np.ndarray, skipped: Counter[Skip], files: tuple[Output, ...]) -> None:
    scorer = load_scorer(job.store, job.model)
    kept = int(decided.sum())
    report = ShardReport(
        shard=shard.number,
        path=shard.path,
        model=scorer.digest,
        read=len(decided) + skipped.total(),
        skipped={skip: skipped[skip] for skip in sorted(skipped)},
        rejected=len(decided) - kept,
        kept=kept,
        candidates=next((file.rows or 0 for file in files if file.file.startswith("candidates-")), 0),
        files=files,
    )
    job.store.publish_json(_report_key(job, shard), asdict(report), first_wins=True)


def model_folder(round_: Round) -> str:
    """Key of the folder that holds the round's model."""
    return round_.step("train").key("").rstrip("/")


def threshold_of(round_: Round) -> float:
    """Threshold of the round's model, without loading the model."""
    return float(round_.run.store.read_json(f"{model_folder(round_)}/model.json")["threshold"])


def floor_of(round_: Round) -> float:
    """Score that made a page of this round a candidate: the floor of the model that decoded the shards."""
    decoded = round_ if round_.run.config.scan.rescan == "all" else round_.run.round(1)
    return float(round_.run.store.read_json(f"{model_folder(decoded)}/model.json")["metrics"]["floor"])


def _earlier(round_: Round) -> dict[int, ScannedShard]:
    """Shards whose candidates an earlier round kept and this one may rescore."""
    if round_.number == 1 or round_.run.config.scan.rescan == "all":
        return {}
    return {scanned.shard.number: scanned for scanned in scanned_shards(round_.run.round(round_.number - 1))}


def scan(round_: Round) -> Done:
    """Score every page of every shard, here or on Ray; goes on where a killed scan stopped.

    Raises Incomplete, and publishes nothing, when more than [cluster] failed_share of the shards failed. Fewer are
    listed in failures.json with their reasons and stay out of the round.
    """
    step, run = round_.begin("scan"), round_.run
    folder = step.key("").rstrip("/")
    job = Job(run.store, run.config.access, run.config.scan, folder, model_folder(round_), _earlier(round_))
    outcomes = each(scan_shard, job, run.shards, run.config.cluster, f"scan {round_.number}")
    failures = [
        {"shard": outcome.item.number, "path": outcome.item.path, "reason": outcome.failure}
        for outcome in progress(outcomes, len(run.shards), f"scan {round_.number}")
        if outcome.failure is not None and not run.store.exists(_report_key(job, outcome.item))
    ]
    failures.sort(key=lambda failure: str(failure["path"]))
    if len(failures) > run.config.cluster.failed_share * len(run.shards):
        raise Incomplete(
            f"scan {round_.number}: {len(failures)} of {len(run.shards)} shards failed, first: {failures[0]['path']}: "
            f"{failures[0]['reason']}; run again to retry them, or allow more with --failed-share"
        )
    reports = [_parse_report(raw) for raw in step.reports()]
    step.publish_table(SHARDS_FILE, _ledger(job, reports), SHARDS)
    step.publish_json("failures.json", failures)
    return step.finish(_counts(reports, failures), {"model": load_scorer(run.store, job.model).digest})


def _parse_report(raw: dict[str, Any]) -> ShardReport:
    skipped = {Skip(name): count for name, count in raw["skipped"].items()}
    files = tuple(Output(**file) for file in raw["files"])
    return ShardReport(**{**raw, "skipped": skipped, "files": files})


def _ledger(job: Job, reports: Sequence[ShardReport]) -> Columns:
    """The step's shards.parquet (SHARDS): counts of each shard and where its rows and candidates lie."""
    rows = [_ledger_row(job, report) for report in reports]
    return {name: [row[i] for row in rows] for i, name in enumerate(SHARDS)}


def _ledger_row(job: Job, report: ShardReport) -> tuple[object, ...]:
    files = {file.file.partition("-")[0]: f"{job.folder}/{file.file}" for file in report.files}
    earlier = job.earlier.get(report.shard)
    return (
        report.shard,
        report.path,
        report.read,
        json.dumps(report.skipped, sort_keys=True),
        report.rejected,
        report.kept,
        report.candidates,
        files["rows"],
        files["candidates"] if earlier is None else earlier.candidates,
    )


def _counts(reports: Sequence[ShardReport], failures: Sequence[object]) -> dict[str, int]:
    skipped: Counter[str] = Counter()
    for report in reports:
        skipped.update({skip.value: count for skip, count in report.skipped.items()})
    return {
        "shards": len(reports) + len(failures),
        "failed_shards": len(failures),
        "read": sum(report.read for report in reports),
        "skipped": skipped.total(),
        "rejected": sum(report.rejected for report in reports),
        "kept": sum(report.kept for report in reports),
        "candidates": sum(report.candidates for report in reports),
    }
