"""How much of what: caps take pages of a host, language or category out by seeded choice.

Caps hold in turn, hosts first, so that a host that was cut does not fill its language's share. Each turn is two tasks:
chunks deal their pages by value, partitions keep the lowest priorities of each value, whatever the order of the files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.config import ClusterSection, MixSection
from recall.config.duplicates import MIXED, parse_entry
from recall.corpus.chunks import Chunk, Layout
from recall.corpus.filters.boilerplate import key_of
from recall.corpus.schema import CAPPED
from recall.run.sampling import priority
from recall.run.shuffle import arrays, bucket_of, by_target, collect, deal, in_order, once
from recall.run.store import Schema, Store, Table

COLUMNS = {"host": "domain", "language": "language", "category": "category"}
DEALT: Schema = {"value": "uint64", "priority": "uint64", "id": "int64"}


@dataclass(frozen=True, slots=True)
class Job:
    """What a task needs. finished: keys of the chunks' pages; kind: whose turn it is; capped: by the kinds before."""

    store: Store
    layout: Layout
    settings: MixSection
    seed: int
    partitions: int
    finished: tuple[str, ...] = field(repr=False)
    kind: str = ""
    capped: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(), repr=False)
    dealt: tuple[str, ...] = field(default=(), repr=False)


def entries_of(entries: Sequence[str], kind: str) -> dict[str, float]:
    """Numbers of a kind by value; "" stands for every value that is not named."""
    parsed = (parse_entry(entry) for entry in entries)
    return {value: number for name, value, number in parsed if name == kind}


def capped_ids(store: Store, keys: Sequence[str], number: int) -> NDArray[np.int64]:
    """A chunk's pages that one kind's caps took out, sorted."""
    return np.sort(collect(store, keys, number, CAPPED).column("id").to_numpy())


def _deal_chunk(job: Job, chunk: Chunk) -> Any:
    """Deal a chunk's pages whose value has a cap by that value."""

    def work() -> str:
        caps, column = entries_of(job.settings.caps, job.kind), COLUMNS[job.kind]
        table = job.store.read_table(job.finished[chunk.number], ["id", "url", column])
        gone = [capped_ids(job.store, keys, chunk.number) for _, keys in job.capped]
        stands = ~np.isin(table.column("id").to_numpy(), np.concatenate([np.zeros(0, np.int64), *gone]))
        values: list[tuple[int, int, int]] = []
        for row, stays in zip(table.to_pylist(), stands.tolist(), strict=True):
            value = row[column] or ""
            if stays and (value in caps or "" in caps):
                values.append((key_of(value), priority(job.seed, row["url"]), row["id"]))
        rows = {
            name: np.array([value[place] for value in values], np.int64 if name == "id" else np.uint64)
            for place, name in enumerate(DEALT)
        }
        targets = bucket_of(rows["value"], job.partitions)
        return deal(job.store, f"mix-{job.kind}-rows", by_target(rows, targets, job.partitions), DEALT)

    return once(job.store, f"mix-{job.kind}-rows", chunk.number, work)


def _cap_partition(job: Job, number: int) -> Any:
    """Take out what is over the cap of its value, dealt by chunk."""

    def work() -> str:
        caps = entries_of(job.settings.caps, job.kind)
        named = {key_of(value): int(cap) for value, cap in caps.items() if value}
        rows = arrays(collect(job.store, job.dealt, number, DEALT))
        over = {"id": over_caps(rows, named, int(caps[""]) if "" in caps else None)}
        targets = job.layout.chunk_of(over["id"])
        return deal(job.store, f"mix-{job.kind}", by_target(over, targets, job.layout.count), CAPPED)

    return once(job.store, f"mix-{job.kind}", number, work)


def over_caps(rows: Mapping[str, NDArray[Any]], named: Mapping[int, int], other: int | None) -> NDArray[np.int64]:
    """Ids of pages beyond the cap of their value, lowest priorities kept. other: cap of values not named, or None."""
    order = np.lexsort((rows["id"], rows["priority"], rows["value"]))
    values, ids = rows["value"][order], rows["id"][order]
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1])) if len(values) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(starts, len(values)))
    most = len(values) if other is None else other
    caps = np.array([named.get(value, most) for value in values[starts].tolist()], np.int64)
    rank = np.arange(len(values)) - np.repeat(starts, sizes)
    return np.asarray(ids[rank >= np.repeat(caps, sizes)])


def apply_caps(job: Job, chunks: Sequence[Chunk], cluster: ClusterSection) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """For each kind that has caps, the keys of the files that name what they took out."""
    for kind in MIXED if job.settings.enabled else ():
        if entries_of(job.settings.caps, kind):
            job = replace(job, kind=kind)
            dealt = in_order(_deal_chunk, job, chunks, cluster, f"mix: {kind}")
            turn = replace(job, dealt=tuple(dealt))
            capped = in_order(_cap_partition, turn, range(job.partitions), cluster, f"mix: {kind}")
            job = replace(job, capped=(*job.capped, (kind, tuple(capped))))
    return job.capped


def weights(settings: MixSection, table: Table) -> NDArray[np.float64]:
    """The weight of each row: the product of the weights of its host, language and category, 1 where none is given."""
    product = np.ones(table.num_rows)
    for kind in MIXED if settings.enabled else ():
        given = entries_of(settings.weights, kind)
        if given:
            other = given.get("", 1.0)
            values = table.column(COLUMNS[kind]).to_pylist()
            product *= np.array([given.get(value or "", other) for value in values])
    return product
