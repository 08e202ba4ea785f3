"""scan: every page of every shard gets a score; pages above a low floor keep their token ids and bytes.

In: the round's model, and the shards or the candidates that an earlier round kept of them. Out, per shard: a slim row
for each page, candidates, one report; for the step: shards.parquet, failures.json and, where the scan
chooses the threshold, threshold.json. A shard counts whole or not at
all. The driver's memory grows with the shards (a few records each), not with the pages; with [cluster] address
"here" it also holds the shard at work.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recall.errors import Incomplete
from recall.io.parquet import ParquetWriter, table_of
from recall.labels.shifted_threshold import threshold_on_crawl
from recall.records import Done, OtherPages, Output, ShardReport, Skip
from recall.run.crawl_pages import CrawlPages
from recall.run.failures import FailedShards
from recall.run.jobs import complete, each, tolerated
from recall.run.own_threshold import FILE as THRESHOLD
from recall.run.progress_bar import progress
from recall.run.round_model import model_folder
from recall.run.rounds import Round
from recall.run.scanned import OTHER_SHARDS, SHARDS, SHARDS_FILE, ScannedShard, ScannedShards, scanned_shards
from recall.run.step_folder import Step
from recall.run.store import Schema
from recall.steps.scan.rank_threshold import rank_threshold
from recall.steps.scan.shard import ShardScan, scan_shard
from recall.steps.scan.shard_report import ScanContext, report_key

ROW_GROUP = 4096
"""Shards in a row group of shards.parquet."""


def _earlier_scan(round_: Round) -> ScannedShards | None:
    """The scan of an earlier round whose candidates this one may score anew."""
    if round_.number == 1 or round_.run.config.scan.rescan == "all":
        return None
    return scanned_shards(round_.run.round(round_.number - 1))


def scan(round_: Round) -> Done:
    """Score every page of every shard, here or on Ray; goes on where a killed scan stopped.

    Raises Incomplete, and publishes nothing, when more than [cluster] failed_share of the shards failed. Fewer are
    listed in failures.json (their messages are notes in step.json) and stay out of the round.
    """
    step, run = round_.begin("scan"), round_.run
    config, folder, earlier = run.config, step.key("").rstrip("/"), _earlier_scan(round_)
    digest = str(round_.step("train").manifest.settings["model"])
    context = ScanContext(
        run.store, config.access, config.scan, folder, model_folder(round_), config.crawl.index, digest
    )
    scans = (ShardScan(shard, earlier.find(shard.number) if earlier else None) for shard in run.shards)
    outcomes = tolerated(each(scan_shard, context, scans, config.cluster, f"scan {round_.number}"))
    failures = FailedShards()
    for outcome in progress(run.while_held(outcomes), len(run.shards), f"scan {round_.number}"):
        shard = outcome.item.shard
        if outcome.failure is not None and not run.store.exists(report_key(folder, shard.number)):
            failures.add(shard, outcome)
    failures.check(f"scan {round_.number}", len(run.shards), config.cluster.failed_share)
    counts = _publish_shards(round_, step, earlier)
    step.publish_json("failures.json", failures.rows())
    shards = counts.pop("shards") + len(failures)
    if lost := len(run.shards) - shards:
        raise Incomplete(f"scan {round_.number}: {lost} of {len(run.shards)} shards have no outcome; run again")
    return step.finish(
        {"shards": shards, "failed_shards": len(failures), **counts}, {"model": digest}, failures.notes()
    )


def _publish_shards(round_: Round, step: Step, earlier: ScannedShards | None) -> dict[str, int]:
    """Publish shards.parquet (SHARDS) from the reports, in pieces; returns the sums of their counts.

    Where the scan chooses a threshold (threshold.json) pages are counted by that one, not as the reports do.
    """
    counts: Counter[str] = Counter(shards=0, read=0, skipped=0, rejected=0, kept=0, candidates=0)
    kept = _kept_by_own_threshold(round_, step, earlier)
    with TemporaryDirectory(prefix="recall-shards-") as folder:
        path = Path(folder) / SHARDS_FILE
        schema = {**SHARDS, **OTHER_SHARDS} if round_.run.config.scan.types else SHARDS
        writer = ParquetWriter(path, schema)
        rows: list[tuple[object, ...]] = []
        for report in (_counted(report, kept) for report in map(_parse_report, step.reports())):
            rows.append(_shard_row(step, report, earlier))
            counts.update(_counts_of(report))
            if len(rows) == ROW_GROUP:
                writer.add(_columns(rows, schema))
                rows = []
        if rows or not writer.rows:
            writer.add(_columns(rows, schema))
        writer.close()
        step.publish_file(SHARDS_FILE, path, writer.rows)
    return dict(counts)


def _counted(report: ShardReport, kept: Mapping[int, int] | None) -> ShardReport:
    """A report whose pages are counted by the round's own threshold. kept: pages by shard, None without one."""
    if kept is None:
        return report
    pages = report.kept + report.rejected
    return replace(report, kept=kept[report.shard], rejected=pages - kept[report.shard])


def _kept_by_own_threshold(round_: Round, step: Step, earlier: ScannedShards | None) -> dict[int, int] | None:
    """Choose and publish the round's own threshold; returns the pages that it keeps, by shard. None without one."""
    run = round_.run
    if run.config.train.by_quality and run.parent is None:
        return None
    rows = [_shard_row(step, report, earlier) for report in map(_parse_report, step.reports())]
    table = table_of(_columns(rows, SHARDS), SHARDS)
    shards, pages = ScannedShards(table, run.shards), CrawlPages(run.store)
    by_quality = run.config.train.by_quality
    own = threshold_on_crawl(round_, pages, shards) if by_quality else rank_threshold(round_, shards)
    step.publish_json(THRESHOLD, own.record())
    label = f"kept {round_.number}"
    decided = ScannedShards(table, run.shards, own.value)
    return {
        outcome.item.number: outcome.result
        for outcome in complete(count_kept, pages, decided, run.config.cluster, label)
    }


def count_kept(pages: CrawlPages, scanned: ScannedShard) -> int:
    """How many of a shard's pages are kept."""
    return int(pages.read(scanned, ["kept"]).column("kept").to_numpy().sum())


def _columns(rows: list[tuple[object, ...]], schema: Schema) -> dict[str, list[object]]:
    return {name: [row[i] for row in rows] for i, name in enumerate(schema)}


def _parse_report(raw: dict[str, Any]) -> ShardReport:
    skipped = {Skip(name): count for name, count in raw["skipped"].items()}
    files = tuple(Output(**file) for file in raw["files"])
    others = {kind: OtherPages(**pages) for kind, pages in raw.get("others", {}).items()}
    return ShardReport(**{**raw, "skipped": skipped, "files": files, "others": others})


def _shard_row(step: Step, report: ShardReport, earlier: ScannedShards | None) -> tuple[object, ...]:
    """Counts of a shard and where its rows and candidates lie."""
    files = {file.file.partition("-")[0]: step.key(file.file) for file in report.files}
    before = None if earlier is None else earlier.find(report.shard)
    return (
        report.shard,
        report.path,
        report.read,
        json.dumps(report.skipped, sort_keys=True),
        report.rejected,
        report.kept,
        report.candidates,
        files["rows"],
        files["candidates"] if before is None else before.candidates,
        json.dumps({kind: asdict(pages) for kind, pages in report.others.items()}, sort_keys=True),
        files.get("otherrows", ""),
        files.get("othercandidates", "") if before is None or before.others is None else before.others.candidates,
    )


def _counts_of(report: ShardReport) -> dict[str, int]:
    names = ("read", "rejected", "kept", "candidates")
    counts = {"shards": 1, "skipped": sum(report.skipped.values()), **{name: getattr(report, name) for name in names}}
    for kind, pages in report.others.items():
        counts |= {f"{kind}_pages": pages.kept + pages.rejected, f"{kind}_kept": pages.kept}
    return counts
