"""Reading and publishing on a disk."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from recall import io
from recall.errors import BadInput, ShardUnreadable, Transient
from recall.io import (
    NameTaken,
    atomic_writer,
    exists,
    list_keys,
    local_path,
    open_stream,
    publish,
    read_all,
    read_range,
    remove,
    size,
    swap,
)


def test_a_file_is_read_by_path_and_by_url(tmp_path: Path) -> None:
    path = tmp_path / "a b.bin"
    path.write_bytes(b"0123456789")
    assert read_all(str(path)) == read_all(path.as_uri()) == b"0123456789"
    assert read_range(str(path), 3, 4) == b"3456"
    assert size(path.as_uri()) == 10
    with open_stream(str(path), offset=8) as stream:
        assert (stream.read(1), stream.tell(), stream.read(5), stream.read(5)) == (b"8", 9, b"9", b"")


def test_a_large_file_streams_in_pieces_of_the_size_asked_for(tmp_path: Path) -> None:
    data = os.urandom(1 << 20)
    (tmp_path / "large").write_bytes(data)
    with open_stream(str(tmp_path / "large")) as stream:
        pieces = list(iter(lambda: stream.read(65_536), b""))
    assert b"".join(pieces) == data
    assert {len(piece) for piece in pieces} == {65_536}


def test_what_cannot_be_read_is_unreadable_and_named(tmp_path: Path) -> None:
    with pytest.raises(ShardUnreadable, match="missing: no such file"):
        read_all(str(tmp_path / "missing"))
    with pytest.raises(ShardUnreadable, match="cannot be read"):
        read_all(str(tmp_path))
    (tmp_path / "short").write_bytes(b"123")
    with pytest.raises(ShardUnreadable, match="ends before byte 6"):
        read_range(str(tmp_path / "short"), 1, 5)
    assert not exists(str(tmp_path / "missing"))
    assert not exists(str(tmp_path))


def test_a_name_is_published_once_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder" / "name"
    assert publish(str(path), b"first")
    assert not publish(str(path), b"second")
    assert path.read_bytes() == b"first"
    assert [found.name for found in path.parent.iterdir()] == ["name"]


def test_of_many_writers_of_a_name_one_wins(tmp_path: Path) -> None:
    won: list[int] = []

    def write(number: int) -> None:
        if publish(str(tmp_path / "name"), b"%d" % number):
            won.append(number)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (tmp_path / "name").read_bytes() == b"%d" % won[0]
    assert len(won) == 1


def test_a_disk_without_hard_links_still_publishes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert publish(str(tmp_path / "name"), b"first")
    assert not publish(str(tmp_path / "name"), b"second")
    assert (tmp_path / "name").read_bytes() == b"first"
    assert list(list_keys(str(tmp_path))) == ["name"]


def test_a_full_disk_is_worth_another_try_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Transient, match="No space left"):
        publish(str(tmp_path / "name"), b"first")
    with pytest.raises(Transient, match="No space left"):
        swap(str(tmp_path / "lease"), None, b"first")
    assert list(list_keys(str(tmp_path))) == []


def test_a_lease_changes_hands_only_from_what_was_seen(tmp_path: Path) -> None:
    path = str(tmp_path / "run" / "driver.json")
    assert not swap(path, b"someone", b"me")
    assert swap(path, None, b"one")
    assert not swap(path, None, b"two")
    assert not swap(path, b"other", b"two")
    assert swap(path, b"one", b"two")
    assert read_all(path) == b"two"


def test_a_folder_is_listed_without_hidden_files(tmp_path: Path) -> None:
    for name in ("a", "deep/b", "deep/.c.tmp", ".hidden/d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert sorted(list_keys(str(tmp_path))) == ["a", "deep/b"]
    assert list(list_keys(str(tmp_path / "missing"))) == []


def test_removing_is_no_error_when_nothing_is_there(tmp_path: Path) -> None:
    publish(str(tmp_path / "name"), b"x")
    remove(str(tmp_path / "name"))
    remove(str(tmp_path / "name"))
    with pytest.raises(Transient, match="cannot be removed"):
        remove(str(tmp_path))


def test_other_schemes_are_bad_input() -> None:
    assert local_path("file:///a%20b") == Path("/a b")
    with pytest.raises(BadInput, match="expected a path"):
        local_path("ftp://host/file")


WRITE = """
import os, signal, sys
from pathlib import Path
from recall.io import file
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
file.publish(Path(sys.argv[1]), b"half")
"""


def test_what_a_killed_writer_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    subprocess.run([sys.executable, "-c", WRITE, str(target)], check=False)
    (left,) = (tmp_path / "deep").iterdir()
    assert left.name.endswith(".tmp")
    living = left.with_name(re.sub(r"\.\d+\.", f".{os.getpid()}.", left.name))
    stranger = left.with_name(re.sub(r"\.[0-9a-f]{8}\.", ".00000000.", left.name, count=1))
    for path in (living, stranger, target):
        path.write_bytes(b"x")
    assert io.sweep(str(tmp_path)) == 1
    assert {path.name for path in (tmp_path / "deep").iterdir()} == {living.name, stranger.name, "file"}
    os.utime(stranger, (1, 1))
    assert io.sweep(str(tmp_path)) == 1
    assert not stranger.exists()


def test_a_file_that_is_written_appears_whole_and_never_over_another(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    with atomic_writer(target) as stream:
        stream.write(b"first")
        assert not target.exists()
    with pytest.raises(NameTaken), atomic_writer(target) as stream:
        stream.write(b"second")
    assert target.read_bytes() == b"first"
    with atomic_writer(target, replace=True) as stream:
        stream.write(b"third")
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"third"]


def test_a_file_whose_writing_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="invalid literal"), atomic_writer(tmp_path / "file") as stream:
        stream.write(b"%d" % int("half"))
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"File exists|Not a directory") as caught, atomic_writer(tmp_path / "file" / "x"):
        pass
    assert not isinstance(caught.value, NameTaken)
