"""On-disk shuffle between the stages of a step: rows pass from task to task through files, no process holds them all.

A stage is a function over items (chunks of pages, partitions of rows), each item a task. A task publishes one file with
a row group for each task of the next stage; that task reads its own row group of every file. So a stage over n rows
costs n rows read and written, whatever the number of workers. What a task returns, a dataclass, is its checkpoint: a
step that was killed goes on with the tasks that are left. A checkpoint with other fields is refused as Damaged.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, Protocol, TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

import recall
from recall.config import ClusterSection
from recall.errors import Damaged
from recall.io.parquet import ParquetWriter, table_of
from recall.run.jobs import complete
from recall.run.store import Columns, Schema, Store, Table, concat

WORK = "build"
"""Folder of all stages' files; a build that ends removes it."""

FORMAT = 6
"""Of checkpoints: those of another format or version of recall lie in another folder, so they are never read."""


class Numbered(Protocol):
    """An item that is one of many, from 0 on: its task is checkpointed under its number."""

    @property
    def number(self) -> int:
        """Of the item, and of its task."""


S = TypeVar("S")
I = TypeVar("I", bound=int | Numbered)  # noqa: E741 - an item
R = TypeVar("R")


@dataclass(frozen=True, slots=True, order=True)
class StageFile:
    """A table that one task published, often with a row group for each task of the next stage. rows: in all groups."""

    key: str
    rows: int


@dataclass(frozen=True, slots=True)
class Stage(Generic[S]):
    """What every task of a stage is given.

    name: the stage's folder; inputs: what all of its tasks need; files: what the stage before handed on.
    """

    store: Store
    name: str
    inputs: S
    files: tuple[StageFile, ...] = field(default=(), repr=False)

    @property
    def folder(self) -> str:
        """Where the tasks keep their files."""
        return stage_folder(self.name)


@dataclass(frozen=True, slots=True)
class _Tasks(Generic[S, I, R]):
    function: Callable[[Stage[S], I], R]
    stage: Stage[S]


def stage_folder(name: str) -> str:
    """Where the tasks of a stage keep their files."""
    return f"{WORK}/{FORMAT}-{recall.__version__}/{name}"


def map_ordered(
    task: Callable[[Stage[S], I], R], stage: Stage[S], items: Sequence[I], cluster: ClusterSection
) -> tuple[R, ...]:
    """Results of a stage's tasks in the order of their items. Raises Incomplete as `complete` does."""
    results = dict(checkpointed(task, stage, items, cluster, f"build {stage.name}"))
    return tuple(results[item] for item in items)


def checkpointed(
    task: Callable[[Stage[S], I], R], stage: Stage[S], items: Iterable[I], cluster: ClusterSection, label: str
) -> Iterator[tuple[I, R]]:
    """Each item with the result of its task, as they end: done now, or read where its checkpoint is published.

    task: a function of a module whose return annotation is a dataclass. Raises Incomplete as `complete` does.
    """
    for outcome in complete(_run_once, _Tasks(task, stage), items, cluster, label):
        yield outcome.item, outcome.result


def _run_once(tasks: _Tasks[S, I, R], item: I) -> R:
    """Do a task unless its checkpoint exists; of two attempts at it the first that was published counts."""
    store, number = tasks.stage.store, item if isinstance(item, int) else item.number
    key = f"{tasks.stage.folder}/{number:06d}.json"
    kind = _result_of(tasks.function)
    if not store.exists(key):
        result = tasks.function(tasks.stage, item)
        store.publish_json(key, kind.dump_python(result, mode="json"), first_wins=True)
    try:
        checkpoint: R = kind.validate_json(store.read(key), strict=True)
    except ValidationError as error:
        raise Damaged(f"{store.url(key)}: not what stage {tasks.stage.name} writes: {error.errors()[0]}") from None
    return checkpoint


@cache
def _result_of(function: Callable[[Stage[S], I], R]) -> TypeAdapter[R]:
    return TypeAdapter(get_type_hints(function)["return"])


def write_partitions(stage: Stage[Any], pieces: Iterable[Columns], schema: Schema) -> StageFile:
    """Publish pieces of rows in one file, each a row group; the n-th piece is for task n of the next stage."""
    with TemporaryDirectory(prefix="recall-shuffle-") as folder:
        writer = ParquetWriter(Path(folder) / "rows.parquet", schema)
        for piece in pieces:
            writer.add(piece)
        writer.close()
        output = stage.store.publish_file_named(stage.folder, "rows-", Path(folder) / "rows.parquet", writer.rows)
    return StageFile(f"{stage.folder}/{output.file}", writer.rows)


def write_table(stage: Stage[Any], stem: str, columns: Columns, schema: Schema) -> StageFile:
    """Publish rows that no other task takes a part of."""
    output = stage.store.publish_table_named(stage.folder, stem, columns, schema)
    return StageFile(f"{stage.folder}/{output.file}", output.rows or 0)


def read_partition(store: Store, files: Sequence[StageFile], number: int, schema: Schema) -> Table:
    """All rows that the files hold for task `number`, in the order of the files."""
    tables = [store.read_group(file.key, number, list(schema)) for file in files]
    return concat(tables) if tables else table_of({name: [] for name in schema}, schema)


def bucket_of(keys: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Which of `count` partitions takes each key."""
    mixed = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return ((mixed >> np.uint64(32)) % np.uint64(count)).astype(np.int64)


def by_target(columns: Mapping[str, NDArray[Any]], targets: NDArray[Any], count: int) -> Iterator[Columns]:
    """Rows as `count` pieces: those of target 0, of target 1, and so on, each in the order they came."""
    order = np.argsort(targets, kind="stable")
    ends = np.searchsorted(targets[order], np.arange(count + 1))
    ordered = {name: values[order] for name, values in columns.items()}
    for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        yield {name: values[start:end] for name, values in ordered.items()}


def by_key(columns: Mapping[str, NDArray[Any]], name: str, count: int) -> Iterator[Columns]:
    """Rows as `count` pieces such that rows of equal `name` lie in one."""
    return by_target(columns, bucket_of(columns[name], count), count)


def arrays(table: Table) -> dict[str, NDArray[Any]]:
    """A table of numbers as NumPy arrays."""
    return {name: table.column(name).to_numpy() for name in table.column_names}
