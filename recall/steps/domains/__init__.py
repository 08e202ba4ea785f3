"""domains: hosts that hold more than a share of code become code domains; URL prefixes inside are proposed.

In: slim rows of the round's scan. Out: domains.parquet (every host seen, sorted), candidates.parquet (prefixes for
people, those with most kept pages first). The rule (more than 10 % of a domain's pages recalled) is DeepSeekMath's,
section 2.1, and OpenCoder's; here it is held against a lower confidence bound that allows for the model's errors.
Counting and merging is `tally`'s; the driver writes what the partitions found as one table, row by row.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recall.errors import Incomplete
from recall.io.parquet import ParquetWriter
from recall.labels.decisions import prefix_labels
from recall.records import Candidate, Done
from recall.run.jobs import complete
from recall.run.progress_bar import progress
from recall.run.round_model import model_folder
from recall.run.rounds import Round
from recall.run.scanned import scanned_shards
from recall.run.shuffle import folder_of
from recall.run.step import Step
from recall.run.store import Schema, Store
from recall.steps.domains import tally
from recall.steps.domains.bounds import errors_of
from recall.steps.domains.prefixes import gains_of
from recall.steps.domains.tally import CANDIDATES, DOMAINS, Job, Partition, groups_of

__all__ = ["CANDIDATES", "DOMAINS", "domains"]

PIECE = 1 << 14
"""Rows that the driver holds at a time."""

Row = tuple[Any, ...]


def _done(
    round_: Round, work: Callable[[Job, Any], dict[str, Any]], job: Job, items: Iterable[Any], count: int
) -> list[Any]:
    """What the `count` tasks of a stage return, in the order of their numbers; items are drawn lazily."""
    label = f"domains {round_.number}"
    outcomes = complete(work, job, items, round_.run.config.cluster, label)
    found = {outcome.item.number: outcome.result for outcome in progress(outcomes, count, label)}
    return [found[number] for number in sorted(found)]


def _rows(store: Store, key: str, schema: Schema) -> Iterator[Row]:
    for piece in store.read_batches(key, list(schema)):
        yield from zip(*(piece.column(name).to_pylist() for name in schema), strict=True)


def _write(step: Step, file: str, rows: Iterable[Row], schema: Schema) -> None:
    """Publish sorted rows as one table, a piece at a time."""
    with TemporaryDirectory(prefix="recall-domains-") as folder:
        writer = ParquetWriter(Path(folder) / file, schema)
        held: list[Row] = []
        for row in rows:
            held.append(row)
            if len(held) == PIECE:
                writer.add({name: [one[at] for one in held] for at, name in enumerate(schema)})
                held = []
        if held or not writer.rows:
            writer.add({name: [one[at] for one in held] for at, name in enumerate(schema)})
        writer.close()
        step.publish_file(file, Path(folder) / file, writer.rows)


def _job(round_: Round, pages: int) -> Job:
    run = round_.run
    metrics = run.store.read_json(f"{model_folder(round_)}/model.json")["metrics"]
    partitions = max(1, -(-pages // tally.PAGES_A_PARTITION))
    judged = prefix_labels(run, range(1, round_.number))
    split = frozenset(prefix for prefix, value in judged.items() if value == "split")
    return Job(run.store, "", partitions, run.config.domains, errors_of(metrics), run.holdout, split)


def domains(round_: Round) -> Done:
    """Tally hosts, mark code domains, propose prefixes inside those that are not held out.

    Raises Incomplete when a shard's rows cannot be read, or when the tallies do not add up to them.
    """
    step, run = round_.begin("domains"), round_.run
    scanned, counted_pages = scanned_shards(round_), round_.step("scan").result.counts
    pages = int(counted_pages["rejected"]) + int(counted_pages["kept"])
    stage = f"domains-{round_.number}"
    job = replace(_job(round_, pages), stage=f"{stage}-hosts")
    groups = tally.group_count(len(scanned))
    counted = tuple(one["rows"] for one in _done(round_, tally.count_hosts, job, groups_of(scanned), groups))
    parts = range(job.partitions)
    merged = _done(round_, tally.merge_hosts, job, (Partition(number, counted) for number in parts), len(parts))
    tallied = sum(one["tallied"] for one in merged)
    if tallied != pages:
        raise Incomplete(f"{step.folder}: {pages} pages were scanned, {tallied} are tallied; `recall verify` says more")
    opened = tally.open_hashes(run.store, [one["open"] for one in merged])
    job = replace(job, stage=f"{stage}-prefixes", open_hosts=opened)
    counted = tuple(one["rows"] for one in _done(round_, tally.count_prefixes, job, groups_of(scanned), groups))
    found = (Partition(number, counted, merged[number]["domains"]) for number in parts)
    proposed = _done(round_, tally.propose_prefixes, job, found, len(parts))
    hosts = heapq.merge(*(_rows(run.store, one["domains"], DOMAINS) for one in merged))
    _write(step, "domains.parquet", hosts, DOMAINS)
    best = (_rows(run.store, one["candidates"], CANDIDATES) for one in proposed)
    _write(step, "candidates.parquet", heapq.merge(*best, key=lambda row: (-row[3], row[0])), CANDIDATES)
    counts = {"shards": len(scanned), "pages": pages, "tallied": tallied, "hosts": sum(one["hosts"] for one in merged)}
    counts |= {"code_domains": sum(one["code"] for one in merged), "candidates": sum(one["count"] for one in proposed)}
    done = step.finish({**counts, **_gains(proposed)}, {})
    for key in run.store.keys(folder_of(f"{stage}-")):
        run.store.remove(key)
    return done


def _gains(proposed: Sequence[dict[str, Any]]) -> dict[str, int]:
    """`gains_of` all candidates, from the first ones and the sum of each partition."""
    ranked = [Candidate(prefix, "", pages, kept) for one in proposed for prefix, pages, kept in one["ranked"]]
    return {**gains_of(ranked), "missed_under_all": sum(one["missed"] for one in proposed)}
