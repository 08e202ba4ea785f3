"""Repeats: captures of a page (URL key) that was captured again, found group by group and partition by partition.

Groups of shards write a row for each capture, partitioned by the page's hash; a partition's task sees all captures of
its pages and hands back, by group, those that are repeats. The newest capture stands for its page, of equally old ones
the first by shard and row, as the corpus chooses among duplicate URLs. No process holds the crawl.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.io.parquet import ParquetWriter
from recall.run.crawl_pages import REPEATS, page_hash
from recall.run.scanned import ScannedShard, read_rows
from recall.run.shuffle import Stage, StageFile, arrays, by_key, by_target, read_partition, write_partitions
from recall.run.store import Columns, Schema

GROUPS = 1024
"""Groups at most: a partition's task reads one range of a file of each."""

PLACES: Schema = {"page": "int64", "time": "int64", "shard": "int32", "row": "int32"}
REPEATED: Schema = {"shard": "int32", "row": "int32"}


@dataclass(frozen=True, slots=True)
class ShardGroup:
    """Shards that one task counts."""

    number: int
    shards: tuple[ScannedShard, ...]


def group_size(shards: int) -> int:
    """Shards of a group, of so many in all."""
    return max(1, -(-shards // GROUPS))


def group_count(shards: int) -> int:
    """How many groups so many shards make."""
    return -(-shards // group_size(shards))


def groups_of(shards: Sequence[ScannedShard]) -> Iterator[ShardGroup]:
    """The shards in order, cut into at most GROUPS groups, each made when it is asked for."""
    size = group_size(len(shards))
    for number, start in enumerate(range(0, len(shards), size)):
        yield ShardGroup(number, tuple(shards[at] for at in range(start, min(start + size, len(shards)))))


@dataclass(frozen=True, slots=True)
class RepeatInputs:
    """What finding repeats needs. numbers: of the scanned shards; folder: of the domains step."""

    partitions: int
    numbers: NDArray[np.int64]
    folder: str


@dataclass(frozen=True, slots=True)
class GroupRepeats:
    """A published file of REPEATS, relative to the step's folder. rows: repeats of all the group's shards."""

    file: str
    sha256: str
    rows: int


def place_captures(stage: Stage[RepeatInputs], group: ShardGroup) -> StageFile:
    """A group's captures as PLACES, partitioned by page."""
    pieces: dict[str, list[NDArray[Any]]] = {name: [np.zeros(0, np.int64)] for name in PLACES}
    for scanned in group.shards:
        table = read_rows(stage.store, scanned, ["url", "time"])
        urls = table.column("url").to_pylist()
        pieces["page"].append(np.fromiter(map(page_hash, urls), np.int64, len(urls)))
        pieces["time"].append(table.column("time").to_numpy())
        pieces["shard"].append(np.full(len(urls), scanned.number))
        pieces["row"].append(np.arange(len(urls)))
    rows = {name: np.concatenate(values) for name, values in pieces.items()}
    return write_partitions(stage, by_key(rows, "page", stage.inputs.partitions), PLACES)


def repeated(rows: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Indices of the rows of PLACES that are repeats."""
    order = np.lexsort((rows["row"], rows["shard"], -rows["time"], rows["page"]))
    pages = rows["page"][order]
    again: NDArray[np.int64] = order[1:][pages[1:] == pages[:-1]]
    return again


def find_repeats(stage: Stage[RepeatInputs], number: int) -> StageFile:
    """The repeats of a partition's pages, by group."""
    rows = arrays(read_partition(stage.store, stage.files, number, PLACES))
    chosen = repeated(rows)
    found = {name: rows[name][chosen] for name in REPEATED}
    numbers = stage.inputs.numbers
    groups = np.searchsorted(numbers, found["shard"]) // group_size(len(numbers))
    return write_partitions(stage, by_target(found, groups, group_count(len(numbers))), REPEATED)


def publish_repeats(stage: Stage[RepeatInputs], group: ShardGroup) -> GroupRepeats:
    """Publish a group's repeats in the step's folder, a row group for each of its shards."""
    found = arrays(read_partition(stage.store, stage.files, group.number, REPEATED))
    with TemporaryDirectory(prefix="recall-repeats-") as folder:
        path = Path(folder) / "repeats.parquet"
        writer = ParquetWriter(path, REPEATS)
        for scanned in group.shards:
            piece: Columns = {"row": np.sort(found["row"][found["shard"] == scanned.number])}
            writer.add(piece)
        writer.close()
        output = stage.store.publish_file_named(stage.inputs.folder, "repeats-", path, writer.rows)
    return GroupRepeats(output.file, output.sha256, writer.rows)
