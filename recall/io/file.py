"""Files on a disk: read from a byte on; published whole or not at all.

Publishing: temporary name in the same folder, fsync, hard link (which fails if the name exists), fsync of the folder.
"""

import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from recall.config import AccessSection
from recall.errors import RecallError, ShardUnreadable, StorageUnusable, Transient
from recall.io.stream import OpenBody

CHUNK = 1 << 18

LEFT_SECONDS = 3600.0
"""Nobody writes one file for so long."""

_TEMPORARY = re.compile(r"^\..*\.([0-9a-f]{8})\.(\d+)\.[0-9a-f]{8}\.tmp$")
_UNUSABLE = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room, or raise the quota",
    errno.EFBIG: "the file is larger than the disk or `ulimit -f` takes",
    errno.EROFS: "the disk is mounted read-only",
    errno.EACCES: "give this user the right to write there",
    errno.EPERM: "give this user the right to write there",
    errno.ENOTDIR: "a file lies where a folder should be",
    errno.EEXIST: "a file lies where a folder should be",
    errno.ENAMETOOLONG: "choose a shorter path",
}
"""What the next file would meet too, and what helps."""

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class FileSource:
    """A local file as a source. A file does not get better by trying again, so there is one attempt."""

    attempts = 1
    endpoint = ""
    access = AccessSection()

    def __init__(self, path: Path) -> None:
        self.url = str(path)
        self._path = path

    def open(self, start: int, stop: int | None) -> OpenBody:
        """Open at `start`; the announced size is the file's own."""
        try:
            handle = self._path.open("rb")
            size = os.fstat(handle.fileno()).st_size
            handle.seek(start)
        except OSError as error:
            raise _unreadable(self._path, error) from None
        return OpenBody(_chunks(handle, self._path, stop), size, "", handle.close)


def _chunks(handle: BinaryIO, path: Path, stop: int | None) -> Iterator[bytes]:
    left = None if stop is None else stop - handle.tell()
    while left is None or left > 0:
        try:
            chunk = handle.read(CHUNK if left is None else min(CHUNK, left))
        except OSError as error:
            raise _unreadable(path, error) from None
        if not chunk:
            return
        left = None if left is None else left - len(chunk)
        yield chunk


def _unreadable(path: Path, error: OSError) -> ShardUnreadable:
    if isinstance(error, FileNotFoundError):
        return ShardUnreadable(f"{path}: no such file")
    return ShardUnreadable(f"{path}: cannot be read: {error.strerror or error}")


class NameTaken(FileExistsError):
    """A file of that name is there already."""


@contextmanager
def atomic_writer(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """A stream whose bytes appear under `path` when the block ends well, whole or not at all; folders are made.

    The temporary file lies beside it, where `sweep` finds what a killed process left. Raises NameTaken (an OSError)
    where there is such a file, unless `replace`, and OSError as the disk gives it; what the block raises passes on.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{_machine()}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            temporary.replace(path)
        else:
            _link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
        sync(path.parent)


def publish(path: Path, data: bytes | Path) -> bool:
    """Write once: True if written, False if the name exists. data: bytes, or the file that holds them.

    Raises StorageUnusable when the disk is full or may not be written to, Transient for its other errors.
    """
    try:
        with atomic_writer(path) as stream:
            _fill(stream, data)
    except NameTaken:
        return False
    except OSError as error:
        raise _unwritable(path, error) from None
    return True


def _unwritable(path: Path, error: OSError, what: str = "written") -> RecallError:
    line = f"{path}: cannot be {what}: {error.strerror or error}"
    advice = _UNUSABLE.get(error.errno or 0)
    return Transient(line) if advice is None else StorageUnusable(f"{line}: {advice}, then run again")


def swap(path: Path, expected: bytes | None, data: bytes) -> bool:
    """Replace the content if it is `expected` (None: if there is no file). One writer at a time by a lock file.

    Raises as `publish`.
    """
    try:
        make_folder(path.parent)
        with _locked(path):
            found = path.read_bytes() if path.exists() else None
            if found != expected:
                return False
            with atomic_writer(path, replace=True) as stream:
                stream.write(data)
            return True
    except OSError as error:
        raise _unwritable(path, error) from None


def sweep(folder: Path) -> int:
    """Remove temporary files that killed processes left below a folder; returns how many.

    Those of dead processes of this machine go at once, those of others when nobody wrote to them for LEFT_SECONDS.
    """
    count = 0
    for root, _, names in os.walk(folder):
        for name in names:
            found = _TEMPORARY.search(name)
            path = Path(root) / name
            if found is not None and _is_left(path, found[1], int(found[2])):
                with suppress(OSError):
                    path.unlink()
                    count += 1
    return count


def _is_left(path: Path, machine: str, pid: int) -> bool:
    if machine == _machine():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass
    try:
        return time.time() - path.stat().st_mtime > LEFT_SECONDS
    except OSError:
        return False


@lru_cache(maxsize=1)
def _machine() -> str:
    """A few hex digits for this machine as far as process ids are compared: a container is a machine of its own."""
    namespace = Path("/proc/self/ns/pid")
    parts = [socket.gethostname(), str(namespace.readlink()) if namespace.is_symlink() else ""]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def remove(path: Path) -> None:
    """Remove a file if it is there."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error, "removed") from None


def size(path: Path) -> int | None:
    """Size in bytes, None if there is no such file."""
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError as error:
        raise _unreadable(path, error) from None


def check_readable(path: Path) -> None:
    """Raise StorageUnusable where this user has no right to read a file or to look into its folder."""
    try:
        with path.open("rb"):
            pass
    except PermissionError as error:
        line = f"{path}: cannot be read: {error.strerror or error}"
        raise StorageUnusable(f"{line}: give this user the right to read there, then run again") from None
    except OSError:
        pass  # whoever reads it says so


def list_keys(folder: Path) -> Iterator[str]:
    """Every file below a folder, relative to it; without hidden (temporary, lock) files."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                yield (Path(root) / name).relative_to(folder).as_posix()


def _fill(stream: BinaryIO, data: bytes | Path) -> None:
    if isinstance(data, bytes):
        stream.write(data)
    else:
        with data.open("rb") as source:
            shutil.copyfileobj(source, stream, CHUNK)


def _link(temporary: Path, path: Path) -> None:
    """Give the file its name. Raises NameTaken."""
    taken = NameTaken(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise taken from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with _locked(path):  # a file system without hard links
            if path.exists():
                raise taken from None
            temporary.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.with_name(f".{path.name}.lock").open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, so that a loss of power does not take them with their files.

    Raises OSError as the disk gives it.
    """
    made = []
    above = folder
    while not above.exists():
        made.append(above)
        above = above.parent
    folder.mkdir(parents=True, exist_ok=True)
    for new in made:
        sync(new.parent)


def sync(path: Path) -> None:
    """Bring a file's bytes, or the names in a folder, to the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
