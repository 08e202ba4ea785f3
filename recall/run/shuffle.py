"""Rows handed from the tasks of one stage to those of the next through files: no process ever holds them all.

A task publishes one file with a row group for each task of the next stage; that task reads its own row group of every
file. So a stage over n rows costs n rows read and written, whatever the number of workers, and what a task was done
with stays done: its answer is kept beside its file, under a name that the task's number decides.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recall.config import ClusterSection
from recall.io.parquet import ParquetWriter, table_of
from recall.run.jobs import complete
from recall.run.store import Columns, Schema, Store, Table, concat

C = TypeVar("C")
I = TypeVar("I")  # noqa: E741 - an item

WORK = "build"
"""Folder of what the stages hand on: a killed build goes on with the tasks that are left, a finished one removes it."""


def in_order(
    function: Callable[[C, I], Any], context: C, items: Sequence[I], cluster: ClusterSection, label: str
) -> list[Any]:
    """What a function returns for each item, in the order of the items. Raises Incomplete as `complete` does."""
    found: dict[I, Any] = {}
    for outcome in complete(function, context, items, cluster, f"build {label}"):
        found[outcome.item] = outcome.result
    return [found[item] for item in items]


def folder_of(stage: str) -> str:
    """Where a stage keeps the files of its tasks."""
    return f"{WORK}/{stage}"


def once(store: Store, stage: str, number: int, work: Callable[[], Any]) -> Any:
    """What a task's work returned, as JSON: done now, or read where a task of that number was done before."""
    key = f"{folder_of(stage)}/{number:06d}.json"
    if not store.exists(key):
        store.publish_json(key, work(), first_wins=True)
    return store.read_json(key)


def deal(store: Store, stage: str, pieces: Iterable[Columns], schema: Schema) -> str:
    """Publish pieces of rows in one file, each a row group; returns its key. The n-th piece is for task n."""
    with TemporaryDirectory(prefix="recall-build-") as folder:
        writer = ParquetWriter(Path(folder) / "rows.parquet", schema)
        for piece in pieces:
            writer.add(piece)
        writer.close()
        output = store.publish_file_named(folder_of(stage), "rows-", Path(folder) / "rows.parquet", writer.rows)
    return f"{folder_of(stage)}/{output.file}"


def bucket_of(keys: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Which of `count` tasks takes each key."""
    mixed = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return ((mixed >> np.uint64(32)) % np.uint64(count)).astype(np.int64)


def by_target(columns: Mapping[str, NDArray[Any]], targets: NDArray[Any], count: int) -> Iterator[Columns]:
    """Rows as `count` pieces: those of target 0, of target 1, and so on, each in the order they came."""
    order = np.argsort(targets, kind="stable")
    ends = np.searchsorted(targets[order], np.arange(count + 1))
    ordered = {name: values[order] for name, values in columns.items()}
    for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        yield {name: values[start:end] for name, values in ordered.items()}


def collect(store: Store, keys: Sequence[str], number: int, schema: Schema) -> Table:
    """All rows that the files of `keys` hold for task `number`, in the order of the keys."""
    tables = [store.read_group(key, number, list(schema)) for key in keys]
    return concat(tables) if tables else table_of({name: [] for name in schema}, schema)


def arrays(table: Table) -> dict[str, NDArray[Any]]:
    """A table of numbers as NumPy arrays."""
    return {name: table.column(name).to_numpy() for name in table.column_names}
