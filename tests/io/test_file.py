"""Reading and publishing on a disk."""

import errno
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from recall import io
from recall.errors import BadInput, ShardUnreadable, StorageUnusable, Transient
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


UNUSABLE = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "quota",
    errno.EROFS: "read-only",
    errno.EACCES: "right to write",
    errno.EPERM: "right to write",
    errno.EFBIG: "ulimit",
}
AGAIN = [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ETIMEDOUT]


@pytest.mark.parametrize("call", ["fsync", "open", "link"])
@pytest.mark.parametrize("number", [*UNUSABLE, *AGAIN], ids=errno.errorcode.__getitem__)
def test_a_disk_that_takes_no_files_ends_the_run_and_one_that_hiccups_may_be_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, call: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    if call == "link" and number == errno.EPERM:
        pytest.skip("means that the disk knows no links")
    monkeypatch.setattr(Path if call == "open" else os, call, fail)
    kind = StorageUnusable if number in UNUSABLE else Transient
    line = f"name: cannot be written: {os.strerror(number)}" + (f".*{UNUSABLE[number]}" if number in UNUSABLE else "")
    with pytest.raises(kind, match=line):
        publish(str(tmp_path / "name"), b"first")
    if call != "link":
        with pytest.raises(kind, match=os.strerror(number)):
            swap(str(tmp_path / "name"), None, b"first")
    monkeypatch.undo()
    assert [path for path in tmp_path.iterdir() if not path.name.endswith(".lock") and path.name != "name"] == []


def test_a_small_disk_that_is_full_says_so(tmp_path: Path) -> None:
    """A real limit of the operating system: `ulimit -f`."""
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); "
    code = f"{limit}from recall.io import publish; publish({str(tmp_path / 'name')!r}, b'x' * 2000)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "StorageUnusable" in done.stderr
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnusable, match=r"file/deep/name: cannot be written: .*a file lies where a folder"):
        publish(str(tmp_path / "file" / "deep" / "name"), b"x")


def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Inodes of files and folders that were brought to the disk, in order."""
    inodes: list[int] = []
    fsync = os.fsync

    def spy(handle: int) -> None:
        inodes.append(os.fstat(handle).st_ino)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", spy)
    return inodes


@pytest.mark.parametrize("write", ["publish", "publish_file", "swap", "atomic_writer", "make_folder"])
def test_a_loss_of_power_takes_no_published_file_with_a_folder_above_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    (tmp_path / "source").write_bytes(b"x")
    (tmp_path / "there").mkdir()
    path = tmp_path / "there" / "a" / "b" / "c" / "name"
    inodes = synced(monkeypatch)
    if write == "publish":
        publish(str(path), b"x")
    elif write == "publish_file":
        io.publish_file(str(path), tmp_path / "source")
    elif write == "swap":
        swap(str(path), None, b"x")
    elif write == "atomic_writer":
        with atomic_writer(path) as stream:
            stream.write(b"x")
    else:
        io.make_folder(path)
    wanted = [path.parent, path.parent.parent, tmp_path / "there" / "a", tmp_path / "there"]
    assert {folder.stat().st_ino for folder in wanted} <= set(inodes)
    if write not in {"make_folder"}:
        assert inodes.index(path.stat().st_ino) < max(
            at for at, inode in enumerate(inodes) if inode == path.parent.stat().st_ino
        ), "the name came to the disk before the bytes"
    before = len(inodes)
    publish(str(path.with_name("other")), b"y")
    assert len(inodes) == before + 2, "folders that are there are brought to the disk again"


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
    target.parent.mkdir()
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
