from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import recall
from recall.config import ClusterSection
from recall.errors import Damaged, Incomplete
from recall.run.shuffle import Stage, StageFile, arrays, by_key, checkpointed, map_ordered, read_partition
from recall.run.shuffle import write_partitions as write
from recall.run.store import Store

NUMBERS = {"number": "int64"}


@dataclass(frozen=True, slots=True)
class Counted:
    file: StageFile
    names: tuple[str, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Asked:
    number: int
    name: str


def count(stage: Stage[list[int]], item: Asked) -> Counted:
    stage.inputs.append(item.number)
    numbers = np.arange(10, dtype=np.int64) + item.number
    return Counted(write(stage, by_key({"number": numbers}, "number", 3), NUMBERS), (item.name, "ü"), 0.1)


def add_up(stage: Stage[int], number: int) -> Counted:
    rows = arrays(read_partition(stage.store, stage.files, number, NUMBERS))
    return Counted(write(stage, [rows], NUMBERS), (), float(rows["number"].sum()))


ITEMS = [Asked(number, f"item {number}") for number in range(4)]


def test_rows_of_equal_key_meet_in_one_task(tmp_path: Path) -> None:
    store, cluster = Store(str(tmp_path)), ClusterSection()
    counted = map_ordered(count, Stage(store, "count", list[int]()), ITEMS, cluster)
    files = tuple(each.file for each in counted)
    assert [file.rows for file in files] == [10] * 4
    summed = map_ordered(add_up, Stage(store, "sum", 0, files), range(3), cluster)
    assert sum(each.share for each in summed) == sum(sum(range(number, number + 10)) for number in range(4))
    parts = [set(read_partition(store, files, number, NUMBERS).column("number").to_pylist()) for number in range(3)]
    assert set.union(*parts) == set(range(13))
    assert sum(map(len, parts)) == 13


def test_a_checkpoint_is_the_result_with_its_fields(tmp_path: Path) -> None:
    store, done = Store(str(tmp_path)), list[int]()
    first = map_ordered(count, Stage(store, "count", done), ITEMS, ClusterSection())
    again = map_ordered(count, Stage(store, "count", done), ITEMS, ClusterSection())
    assert again == first
    assert done == [0, 1, 2, 3]
    assert [item for item, _ in checkpointed(count, Stage(store, "count", done), iter(ITEMS), ClusterSection(), "x")]


def test_only_lost_tasks_are_done_again(tmp_path: Path) -> None:
    store, done = Store(str(tmp_path)), list[int]()
    map_ordered(count, Stage(store, "count", done), ITEMS, ClusterSection())
    lost = [key for key in store.keys("build/") if key.endswith("000002.json")]
    store.remove(lost[0])
    map_ordered(count, Stage(store, "count", done), ITEMS, ClusterSection())
    assert done == [0, 1, 2, 3, 2]


@pytest.mark.parametrize("text", ["[1, 2]", '{"file": 3}', "{"])
def test_a_checkpoint_of_another_shape_is_never_taken_for_a_result(text: str, tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    stage = Stage(store, "count", list[int]())
    store.publish(f"{stage.folder}/000001.json", text.encode())
    with pytest.raises((Damaged, Incomplete), match="not what stage count writes"):
        map_ordered(count, stage, ITEMS, ClusterSection())


def test_checkpoints_of_another_version_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, done = Store(str(tmp_path)), list[int]()
    for version in ("0.1.0", "0.1.1", "0.1.1"):
        monkeypatch.setattr(recall, "__version__", version)
        map_ordered(count, Stage(store, "count", done), ITEMS, ClusterSection())
    assert done == [0, 1, 2, 3] * 2
