"""Caps and weights of the mix: caps take pages of a host, language or category out by a seeded sample.

Caps apply in turn, hosts first, so that a capped host does not fill its language's share. Each turn is two stages:
chunks partition their pages by value, partitions keep the lowest priorities of each value (a bottom-k sample), whatever
the order of the files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.config import MixSection
from recall.config.duplicates import MIXED, parse_entry
from recall.corpus.chunks import Chunk, ChunkedPages, Layout
from recall.corpus.drops import Capped
from recall.corpus.filters.boilerplate import text_key
from recall.corpus.schema import CAPPED
from recall.run.sampling import priority
from recall.run.shuffle import Stage, StageFile, arrays, by_key, by_target, read_partition, write_partitions
from recall.run.store import Schema, Store, Table

COLUMNS = {"host": "domain", "language": "language", "category": "category"}
VALUES: Schema = {"value": "uint64", "priority": "uint64", "id": "int64"}


@dataclass(frozen=True, slots=True)
class MixInputs:
    """What the stages need. finished: rows of FINISHED by chunk; kind: whose turn it is; capped: by earlier turns."""

    settings: MixSection
    seed: int
    layout: Layout
    partitions: int
    finished: tuple[StageFile, ...] = field(repr=False)
    kind: str = ""
    capped: tuple[Capped, ...] = field(default=(), repr=False)


def apply_caps(
    pages: ChunkedPages, settings: MixSection, seed: int, finished: tuple[StageFile, ...]
) -> tuple[Capped, ...]:
    """Take out what is over a cap, for each kind that has caps, in turn."""
    inputs = MixInputs(settings, seed, pages.layout, pages.partitions(), finished)
    for kind in MIXED if settings.enabled else ():
        if entries_of(settings.caps, kind):
            inputs = replace(inputs, kind=kind)
            rows = pages.over_chunks(f"mix-{kind}-rows", _partition_values, inputs)
            over = pages.over_partitions(f"mix-{kind}", _cap_partition, inputs, rows, inputs.partitions)
            inputs = replace(inputs, capped=(*inputs.capped, Capped(kind, over)))
    return inputs.capped


def entries_of(entries: Sequence[str], kind: str) -> dict[str, float]:
    """Numbers of a kind by value; "" stands for every value that is not named."""
    parsed = (parse_entry(entry) for entry in entries)
    return {value: number for name, value, number in parsed if name == kind}


def uncapped(store: Store, table: Table, capped: Sequence[Capped], number: int) -> Table:
    """The rows of a chunk's table (with a column id) that no cap took out."""
    over = [read_partition(store, caps.files, number, CAPPED).column("id").to_numpy() for caps in capped]
    if not over:
        return table
    return table.filter(~np.isin(table.column("id").to_numpy(), np.concatenate(over)))


def _partition_values(stage: Stage[MixInputs], chunk: Chunk) -> StageFile:
    """A chunk's pages whose value has a cap, partitioned by that value."""
    inputs = stage.inputs
    caps, column = entries_of(inputs.settings.caps, inputs.kind), COLUMNS[inputs.kind]
    table = stage.store.read_table(inputs.finished[chunk.number].key, ["id", "url", column])
    values: list[tuple[int, int, int]] = []
    for row in uncapped(stage.store, table, inputs.capped, chunk.number).to_pylist():
        value = row[column] or ""
        if value in caps or "" in caps:
            values.append((text_key(value), priority(inputs.seed, row["url"]), row["id"]))
    rows = {
        "value": np.array([value for value, _, _ in values], np.uint64),
        "priority": np.array([rank for _, rank, _ in values], np.uint64),
        "id": np.array([page for _, _, page in values], np.int64),
    }
    return write_partitions(stage, by_key(rows, "value", inputs.partitions), VALUES)


def _cap_partition(stage: Stage[MixInputs], number: int) -> StageFile:
    """The pages of a partition that are over the cap of their value, partitioned by chunk."""
    inputs, layout = stage.inputs, stage.inputs.layout
    caps = entries_of(inputs.settings.caps, inputs.kind)
    named = {text_key(value): int(cap) for value, cap in caps.items() if value}
    rows = arrays(read_partition(stage.store, stage.files, number, VALUES))
    over = {"id": over_caps(rows, named, int(caps[""]) if "" in caps else None)}
    return write_partitions(stage, by_target(over, layout.chunk_of(over["id"]), layout.count), CAPPED)


def over_caps(rows: Mapping[str, NDArray[Any]], named: Mapping[int, int], other: int | None) -> NDArray[np.int64]:
    """Ids of pages over the cap of their value, lowest priorities kept. other: cap of values not named, or None."""
    order = np.lexsort((rows["id"], rows["priority"], rows["value"]))
    values, ids = rows["value"][order], rows["id"][order]
    starts = np.flatnonzero(np.append(True, values[1:] != values[:-1])) if len(values) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(starts, len(values)))
    most = len(values) if other is None else other
    caps = np.array([named.get(value, most) for value in values[starts].tolist()], np.int64)
    rank = np.arange(len(values)) - np.repeat(starts, sizes)
    return np.asarray(ids[rank >= np.repeat(caps, sizes)])


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
