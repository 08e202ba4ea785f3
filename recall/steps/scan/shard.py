"""The scan of one shard, as a worker does it: every page gets a score, those above the floor become candidates.

In: a shard, or the candidates that an earlier round kept of it, and a model folder. Out: a table of slim rows, one of
candidates (token lines and bodies), which is written as pages come, and the report, last; with [scan] types two more
tables, of pages that are no HTML. Imports nothing that only the driver needs: a thousand workers pay for each import.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from recall.archive.shards import is_text, read_shard
from recall.records import BodyKind, Capture, Output, Shard, Skip
from recall.run.candidate_writer import CandidateWriter
from recall.run.round_model import load_scorer
from recall.run.scanned import ScannedShard
from recall.steps.scan.rescore import rescore
from recall.steps.scan.shard_report import ScanContext, ShardResult, by_kind, publish_report, report_key
from recall.steps.scan.slim_rows import SlimRows, page_batches, rows_schema
from recall.steps.scan.wet_first import score_wet_first


@dataclass(frozen=True, slots=True)
class ShardScan:
    """A shard to scan. earlier: its scan in another round, whose candidates are scored anew instead of reading it."""

    shard: Shard
    earlier: ScannedShard | None = None


def scan_shard(context: ScanContext, scan: ShardScan) -> None:
    """Score a shard and publish its files, the report last; a shard with a report is done already.

    Raises ShardFailed when the shard is not readable to its end.
    """
    if context.store.exists(report_key(context.folder, scan.shard.number)):
        return
    if scan.earlier is not None:
        rescore(context, scan.earlier)
        return
    scorer = load_scorer(context.store, context.model, context.digest)
    shard, keep, text = scan.shard, context.settings.keep, is_text(scan.shard.url)
    with TemporaryDirectory(prefix="recall-scan-") as folder:
        path = Path(folder)
        rows = SlimRows(scorer, CandidateWriter(path / "candidates.parquet", keep), shard.crawl, text=text)
        others = None
        if context.settings.types:
            bodies = CandidateWriter(path / "others.parquet", keep, others=True)
            others = SlimRows(scorer, bodies, shard.crawl, text=True, others=True)
        if context.settings.input == "wet" and not text:
            score_wet_first(context, shard, rows)
        else:
            _score_all(context, shard, rows, others)
        kept, files = _publish(context, rows)
        result = ShardResult(scorer.digest, rows.read, kept, rows.skipped, files)
        if others is not None:
            other_kept, other_files = _publish(context, others)
            result = result.joined(others.read, others.skipped, by_kind(others.kinds, other_kept), other_files)
    publish_report(context, shard, result)


def _score_all(context: ScanContext, shard: Shard, rows: SlimRows, others: SlimRows | None) -> None:
    """Score every page of a shard; those that are no HTML, which `others` asks for, apart from the rest."""
    types = frozenset(map(BodyKind, context.settings.types))
    for batch in page_batches(read_shard(shard, context.access, types)):
        if others is None:
            rows.add(batch)
            continue
        rows.add([outcome for outcome in batch if not _is_other(outcome)])
        others.add([outcome for outcome in batch if _is_other(outcome)])


def _is_other(outcome: Capture | Skip) -> bool:
    return isinstance(outcome, Capture) and outcome.kind is not BodyKind.HTML


def _publish(context: ScanContext, rows: SlimRows) -> tuple[NDArray[np.bool_], tuple[Output, ...]]:
    """Publish rows and candidates; returns which rows are kept, and the files."""
    store, folder, candidates = context.store, context.folder, rows.candidates
    candidates.close()
    slim, before = rows.columns(), "other" if rows.others else ""
    schema = rows_schema(rows.scorer, others=rows.others)
    files = (
        store.publish_table_named(folder, f"{before}rows-", slim, schema),
        store.publish_file_named(folder, f"{before}candidates-", candidates.path, len(candidates.rows)),
    )
    return np.asarray(slim["kept"]), files
