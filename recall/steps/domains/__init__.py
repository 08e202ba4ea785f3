"""domains: hosts that hold more than a share of code become code domains; URL prefixes inside are proposed.

In: slim rows of the round's scan. Out: repeats (captures of pages that were captured again, which later steps leave out
as well), domains.parquet (every host seen, sorted), candidates.parquet (prefixes for people, those first about which a
question brings most: prefixes inside code domains, shipped ones under which the scan saw pages, patterns over hosts).
The rule (more than 10 % of a domain's pages recalled) is DeepSeekMath's, section 2.1, and OpenCoder's; here it is
applied to a lower confidence bound that corrects for the model's errors.
`tally` counts and merges; the driver writes the rows of the partitions as one table, in pieces.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, replace
from itertools import starmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from recall.errors import Incomplete
from recall.io.parquet import ParquetWriter
from recall.labels.decisions import prefix_labels
from recall.model.evaluate import Calibration
from recall.records import Candidate, Done, Output
from recall.run.crawl_pages import REPEATS_FILE, CrawlPages
from recall.run.own_threshold import own_threshold
from recall.run.progress_bar import progress
from recall.run.round_model import model_folder
from recall.run.rounds import Round
from recall.run.sampling import batches
from recall.run.scanned import ScannedShards, scanned_shards
from recall.run.shuffle import Stage, checkpointed, stage_folder
from recall.run.step_folder import Step
from recall.run.store import Schema, Store
from recall.sites.prefixes import PrefixSet
from recall.sites.shipped import shipped_prefixes
from recall.steps.domains import tally
from recall.steps.domains.bounds import model_errors
from recall.steps.domains.captures import (
    RepeatInputs,
    ShardGroup,
    find_repeats,
    group_count,
    group_size,
    groups_of,
    place_captures,
    publish_repeats,
)
from recall.steps.domains.code_added import code_added
from recall.steps.domains.prefix_candidates import largest_gain_first, missed_under
from recall.steps.domains.tally import (
    CANDIDATES,
    DOMAINS,
    ProposedPartition,
    TallyInputs,
)
from recall.steps.domains.url_shapes import best_patterns, sample_limit

__all__ = ["CANDIDATES", "DOMAINS", "domains"]

PIECE = 1 << 14
"""Rows that the driver holds at a time."""

Row = tuple[Any, ...]
I = TypeVar("I", int, ShardGroup)  # noqa: E741 - an item
R = TypeVar("R")
S = TypeVar("S")


def _ordered(
    round_: Round, task: Callable[[Stage[S], I], R], stage: Stage[S], items: Iterable[I], count: int
) -> list[R]:
    """Results of the `count` tasks of a stage, in the order of their numbers; items are drawn lazily."""
    label = f"domains {round_.number}"
    ended = checkpointed(task, stage, items, round_.run.config.cluster, label)
    ended = progress(round_.run.while_held(ended), count, label)
    results = {item if isinstance(item, int) else item.number: result for item, result in ended}
    return [results[number] for number in sorted(results)]


def _rows(store: Store, key: str, schema: Schema) -> Iterator[Row]:
    for piece in store.read_batches(key, list(schema)):
        yield from zip(*(piece.column(name).to_pylist() for name in schema), strict=True)


def _write(step: Step, file: str, rows: Iterable[Row], schema: Schema) -> None:
    """Publish sorted rows as one table, PIECE rows at a time."""
    with TemporaryDirectory(prefix="recall-domains-") as folder:
        writer = ParquetWriter(Path(folder) / file, schema)
        for batch in batches(rows, PIECE):
            writer.add({name: [row[column] for row in batch] for column, name in enumerate(schema)})
        if not writer.rows:
            writer.add({name: [] for name in schema})
        writer.close()
        step.publish_file(file, Path(folder) / file, writer.rows)


def _partitions(captures: int) -> int:
    return max(1, -(-captures // tally.PAGES_A_PARTITION))


def _find_repeats(round_: Round, step: Step, scanned: ScannedShards, captures: int) -> tuple[CrawlPages, int]:
    """Find the captures that are repeats and publish them; returns how pages are read, and the number of repeats."""
    name, store, numbers = f"domains-{round_.number}", round_.run.store, scanned.numbers
    inputs, groups = RepeatInputs(_partitions(captures), numbers, step.folder), group_count(len(scanned))
    stage = Stage(store, f"{name}-captures", inputs)
    placed = tuple(_ordered(round_, place_captures, stage, groups_of(scanned), groups))
    stage = Stage(store, f"{name}-repeats", inputs, placed)
    found = tuple(_ordered(round_, find_repeats, stage, range(inputs.partitions), inputs.partitions))
    stage = Stage(store, f"{name}-repeated", inputs, found)
    published = _ordered(round_, publish_repeats, stage, groups_of(scanned), groups)
    step.add(Output(group.file, group.sha256, group.rows) for group in published)
    files = [group.file for group in published]
    step.publish_json(REPEATS_FILE, {"files": files, "size": group_size(len(scanned))})
    keys = tuple(step.key(file) for file in files)
    return CrawlPages(store, keys, group_size(len(scanned)), numbers), sum(group.rows for group in published)


def _inputs(round_: Round, captures: int, pages: CrawlPages) -> TallyInputs:
    run = round_.run
    card = run.store.read_json(f"{model_folder(round_)}/model.json")
    metrics = card["metrics"]
    labels = prefix_labels(run, range(1, round_.number))
    split = frozenset(prefix for prefix, value in labels.items() if value == "split")
    own = own_threshold(round_)
    expected = {**metrics, **({} if own is None else own.figures)}
    partitions = _partitions(captures)
    wanted = (known.prefix for known in shipped_prefixes() if run.config.train.label_of_tag(known.tag))
    known = PrefixSet(prefix for prefix in wanted if prefix not in split)
    return TallyInputs(
        partitions,
        run.config.domains,
        model_errors(expected),
        run.holdout,
        pages,
        Calibration(**card["calibration"]),
        code_added(metrics, run.config.label.prefix_min_share),
        sample_limit(captures, group_count(len(pages.numbers))),
        split,
        known,
    )


def domains(round_: Round) -> Done:
    """Find repeats, tally hosts, mark code domains, propose prefixes inside those that are not held out.

    Raises Incomplete when a shard's rows cannot be read, or when the tallies do not add up to them.
    """
    step, run = round_.begin("domains"), round_.run
    scanned, counted_pages = scanned_shards(round_), round_.step("scan").result.counts
    captures = int(counted_pages["rejected"]) + int(counted_pages["kept"])
    crawl_pages, repeats = _find_repeats(round_, step, scanned, captures)
    name, inputs, store = f"domains-{round_.number}", _inputs(round_, captures, crawl_pages), run.store
    groups, parts = group_count(len(scanned)), range(inputs.partitions)
    stage = Stage(store, f"{name}-hosts", inputs)
    of_groups = _ordered(round_, tally.count_hosts, stage, groups_of(scanned), groups)
    stage = Stage(store, f"{name}-patterns", inputs, tuple(group.shapes for group in of_groups if group.shapes))
    of_parts = _ordered(round_, tally.choose_patterns, stage, parts, len(parts))
    patterns = best_patterns(pattern for part in of_parts for pattern in part.patterns)
    stage = Stage(store, f"{name}-domains", inputs, tuple(group.rows for group in of_groups))
    merged = _ordered(round_, tally.tally_hosts, stage, parts, len(parts))
    tallied = sum(part.pages for part in merged)
    if tallied + repeats != captures:
        line = f"{captures} captures were scanned, {tallied} pages are tallied and {repeats} are repeats"
        raise Incomplete(f"{step.folder}: {line}; `recall verify` says more")
    opened = tally.open_hashes(store, [part.open for part in merged])
    known = tuple(sorted((each for part in merged for each in part.known), key=largest_gain_first))
    inputs = replace(inputs, domains=tuple(part.domains for part in merged), open_hosts=opened, counted=known)
    sites = {pattern.prefix: pattern.sites for pattern in patterns}
    inputs = replace(inputs, patterns=PrefixSet(sites), sites=sites)
    stage = Stage(store, f"{name}-prefixes", inputs)
    counted = tuple(group.rows for group in _ordered(round_, tally.count_prefixes, stage, groups_of(scanned), groups))
    stage = Stage(store, f"{name}-candidates", inputs, counted)
    proposed = _ordered(round_, tally.propose_prefixes, stage, parts, len(parts))
    hosts = heapq.merge(*(_rows(store, part.domains.key, DOMAINS) for part in merged))
    _write(step, "domains.parquet", hosts, DOMAINS)
    best = [*(starmap(Candidate, _rows(store, part.candidates.key, CANDIDATES)) for part in proposed), known]
    _write(step, "candidates.parquet", map(astuple, heapq.merge(*best, key=largest_gain_first)), CANDIDATES)
    counts = {"shards": len(scanned), "pages": captures, "repeats": repeats, "tallied": tallied}
    counts |= {"hosts": sum(part.domains.rows for part in merged)}
    counts |= {"code_domains": sum(part.code_domains for part in merged)}
    counts |= {"candidates": sum(part.candidates.rows for part in proposed) + len(known)}
    done = step.finish({**counts, **_gains(proposed, known)}, {})
    run.discard(store.keys(stage_folder(f"{name}-")))
    return done


def _gains(proposed: Sequence[ProposedPartition], known: Sequence[Candidate]) -> dict[str, float]:
    """As `missed_under` for all candidates, from the first ones and the sums of the partitions."""
    ranked = [
        Candidate(each.prefix, "", each.pages, each.kept, each.added, gain=each.gain)
        for part in proposed
        for each in part.ranked
    ]
    of_known = missed_under(known)
    missed = sum(part.missed for part in proposed) + of_known["missed_under_all"]
    added = round(math.fsum([*(part.added for part in proposed), of_known["added_under_all"]]), 1)
    return {**missed_under([*ranked, *known]), "missed_under_all": missed, "added_under_all": added}
