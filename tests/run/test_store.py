import errno
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recall.config import AccessSection
from recall.errors import AlreadyPublished, BadInput, Damaged, StorageUnusable
from recall.io import parquet, read_range
from recall.run.store import Store, canonical_json, concat, digest_of, table_bytes, table_from

SCHEMA = {
    "url": "string",
    "body": "binary",
    "kept": "bool",
    "row": "int32",
    "offset": "int64",
    "score": "float64",
    "tokens": "list<uint32>",
    "scores": "list<float64>",
    "names": "list<string>",
}
COLUMNS = {
    "url": ["http://a/", "http://б/", None],
    "body": [b"\x00\xff", b"", None],
    "kept": np.array([True, False, True]),
    "row": np.array([1, 2, 3]),
    "offset": [1 << 40, 0, None],
    "score": np.array([0.5, np.nan, 1.0]),
    "tokens": [np.array([1, 2], np.uint32), [], None],
    "scores": [[0.1], [], [1.0, 2.0]],
    "names": [["a", "b"], [], ["ü"]],
}


def test_a_name_is_written_once(store: Store) -> None:
    first = store.publish("a/b.txt", b"one")
    assert store.publish("a/b.txt", b"one") == first
    with pytest.raises(AlreadyPublished, match=r"a/b\.txt"):
        store.publish("a/b.txt", b"two")
    assert store.read("a/b.txt") == b"one"
    assert first.sha256 == digest_of(b"one")


def test_keys_are_listed_sorted_below_a_prefix(store: Store) -> None:
    for key in ("b/2", "b/10", "a", "bb/1", "b/sub/1"):
        store.publish(key, b"")
    assert store.keys("b/") == ["b/2", "b/10", "b/sub/1"]
    assert store.keys("b") == ["b/2", "b/10", "b/sub/1", "bb/1"]
    assert store.keys() == ["a", "b/2", "b/10", "b/sub/1", "bb/1"]
    assert store.keys("none/") == []
    store.remove("a")
    store.remove("a")
    assert not store.exists("a")


def test_what_is_missing_is_damaged(store: Store) -> None:
    store.publish("beside", b"x")
    for read in (store.read, store.read_json, store.read_table):
        with pytest.raises(Damaged, match="nothing"):
            read("nothing")
    with pytest.raises(Damaged, match="nothing"):
        list(store.read_batches("nothing"))


def test_a_table_comes_back_as_it_was(store: Store) -> None:
    output = store.publish_table("t.parquet", COLUMNS, SCHEMA)
    assert output.rows == 3
    table = store.read_table("t.parquet")
    assert table.column("url").to_pylist() == COLUMNS["url"]
    assert table.column("body").to_pylist() == COLUMNS["body"]
    assert table.column("tokens").to_pylist() == [[1, 2], [], None]
    assert np.isnan(table.column("score").to_pylist()[1])
    assert store.read_table("t.parquet", ["row", "kept"]).column_names == ["row", "kept"]
    with pytest.raises(ValueError, match="no column"):
        store.read_table("t.parquet", ["missing"])
    assert [str(field.type) for field in table.schema][6] == "list<element: uint32>"


def test_an_empty_table_keeps_its_types(store: Store) -> None:
    assert store.publish_table("t.parquet", {name: [] for name in SCHEMA}, SCHEMA).rows == 0
    assert store.read_table("t.parquet").num_rows == 0


def test_batches_come_in_order(store: Store) -> None:
    rows = 40_000
    store.publish_table("t.parquet", {"n": np.arange(rows), "m": np.arange(rows)}, {"n": "int64", "m": "int64"})
    batches = list(store.read_batches("t.parquet", ["n"], rows=7000))
    assert all(batch.num_rows <= 7000 and batch.column_names == ["n"] for batch in batches)
    assert np.array_equal(concat(batches).column("n").to_numpy(), np.arange(rows))


def test_equal_values_give_equal_bytes_however_they_were_cut() -> None:
    schema = {"n": "int64", "s": "string"}
    columns = {"n": list(range(50_000)), "s": [str(n % 97) for n in range(50_000)]}
    whole = table_bytes(columns, schema)
    table = table_from(whole)
    parts = concat([table.slice(0, 17), table.slice(17, 30_000), table.slice(30_017)])
    assert table_bytes({name: parts.column(name) for name in schema}, schema) == whole
    assert table_bytes({"n": np.arange(50_000), "s": columns["s"]}, schema) == whole


def test_columns_must_be_those_of_the_schema() -> None:
    with pytest.raises(ValueError, match="schema"):
        table_bytes({"a": [1]}, {"b": "int64"})


def test_content_named_files_carry_their_digest(store: Store) -> None:
    output = store.publish_named("rounds/1/scan", b"data", ".bin", "rows-", rows=7)
    assert output.file == f"rows-{digest_of(b'data')[:32]}.bin"
    assert output.rows == 7
    assert store.read(f"rounds/1/scan/{output.file}") == b"data"
    table = store.publish_table_named("rounds/1/scan/", "rows-", {"n": [1]}, {"n": "int64"})
    assert store.read_table(f"rounds/1/scan/{table.file}").num_rows == 1


def test_the_first_report_wins(store: Store) -> None:
    first = store.publish_json("report.json", {"try": 1}, first_wins=True)
    assert store.publish_json("report.json", {"try": 2}, first_wins=True) == first
    assert store.read_json("report.json") == {"try": 1}


def test_json_has_one_form() -> None:
    assert canonical_json({"b": 1, "a": "ü"}) == b'{\n "a": "\xc3\xbc",\n "b": 1\n}\n'
    assert canonical_json("\udc80") == b'"\\udc80"\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_a_broken_table_is_damaged_and_a_broken_upload_bad_input(store: Store) -> None:
    store.publish("t.parquet", b"PAR1 is how it starts")
    with pytest.raises(Damaged, match="Parquet"):
        store.read_table("t.parquet")
    with pytest.raises(BadInput, match="Parquet"):
        table_from(b"no table")


def test_local_folder_holds_the_files(store: Store, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"weights")
    store.publish_file("model/weights", tmp_path / "weights")
    store.publish("model/deep/card", b"card")
    folder = store.local_folder("model", ["weights", "deep/card"])
    assert (folder / "weights").read_bytes() == b"weights"
    assert (folder / "deep" / "card").read_bytes() == b"card"
    assert store.local_folder("model", ["weights", "deep/card"]) == folder


@pytest.mark.parametrize("key", ["/etc/passwd", "../x", "a/../../x"])
def test_keys_stay_below_the_root(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="root"):
        Store(str(tmp_path)).url(key)


def test_a_store_travels_between_processes(tmp_path: Path) -> None:
    store = Store(f"file://{tmp_path}/", AccessSection(s3_endpoint="http://127.0.0.1:1"))
    assert store.root == str(tmp_path)
    assert pickle.loads(pickle.dumps(store)) == store
    assert len({store, pickle.loads(pickle.dumps(store))}) == 1


def test_reading_some_columns_reads_little_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path))
    noise = np.random.default_rng(0)
    columns = {"row": np.arange(1000), "body": [noise.bytes(5000) for _ in range(1000)]}
    store.publish_table("t.parquet", columns, {"row": "int32", "body": "binary"})
    read: list[int] = []

    def counted(url: str, offset: int, length: int, access: AccessSection) -> bytes:
        read.append(length)
        return read_range(url, offset, length, access)

    monkeypatch.setattr(parquet, "read_range", counted)
    assert store.read_table("t.parquet", ["row"]).num_rows == 1000
    assert sum(read) < 200_000


def test_a_run_folder_that_has_gone_is_said_not_called_damaged(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "mounted" / "run"))
    store.publish("file", b"x")
    (tmp_path / "mounted").rename(tmp_path / "unmounted")
    with pytest.raises(StorageUnusable, match=r"mounted/run: is not there; is its disk mounted\?"):
        store.read("file")


READING: dict[str, Callable[[Store], object]] = {
    "whole": lambda store: store.read("a/table"),
    "json": lambda store: store.read_json("a/table"),
    "table": lambda store: store.read_table("a/table"),
    "compared": lambda store: store.publish("a/table", b"other"),
    "looked for": lambda store: store.exists("a/table"),
}


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM], ids=errno.errorcode.__getitem__)
@pytest.mark.parametrize("way", READING)
def test_a_disk_that_may_not_be_read_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, number: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    local = Store(str(tmp_path))
    local.publish_table("a/table", {"n": [1]}, {"n": "int64"})
    opening = Path.open

    def refuse(path: Path, mode: str = "r", **settings: Any) -> Any:
        return opening(path, mode, **settings) if "x" in mode else fail()

    monkeypatch.setattr(Path, "open", refuse)
    if way == "looked for":
        monkeypatch.setattr(Path, "is_file", fail)
    with pytest.raises(StorageUnusable, match=r"table: cannot be read: .*: give this user the right to read there"):
        READING[way](local)
