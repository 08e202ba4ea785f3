"""The books of each endpoint for all processes of this user on this machine: a small file each, changed under a lock.

In: as `Office`. They lie in a folder of the user's own in XDG_RUNTIME_DIR, or else in the folder for temporary files,
named by a digest of the endpoint. After a crash they are as true as before: the lock goes with its process, a permit
that nobody renews is given up, a file that is not whole counts as none. Where no such file can be kept (a foreign
folder, a full disk) a process keeps books of its own.
"""

import fcntl
import hashlib
import json
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from recall.io.ratelimit import FORGET_SECONDS, Budget, Grant, Office

LONGEST = 1 << 20
"""Bytes of a file that are read; 4,096 permits need a quarter of it."""

LOCK_SECONDS = 1.0
"""A file is locked for a tenth of a millisecond."""

TIMES = ("next", "closed_until", "grown", "cut", "swept", "recent", "recent_since")

FILES = 256
"""Files that are kept; before another one is made, those go that nobody used lately."""


class Neighbours:
    """Books that processes share. folder: where they lie, by default as this module says."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._own = Office()

    def enter(self, endpoint: str, requests: float, connections: float) -> Grant:
        """As Office.enter."""
        try:
            with self._books(endpoint) as books:
                books.bound(requests, connections)
                return books.enter(time.monotonic(), secrets.randbits(52) + 1)
        except OSError:
            return self._own.enter(endpoint, requests, connections)

    def leave(self, endpoint: str, permit: int, sign: str) -> None:
        """As Office.leave."""
        self._own.leave(endpoint, permit, sign)
        with suppress(OSError), self._books(endpoint) as books:
            books.leave(time.monotonic(), permit, sign)

    def renew(self, endpoint: str, permit: int) -> None:
        """As Office.renew."""
        self._own.renew(endpoint, permit)
        with suppress(OSError), self._books(endpoint) as books:
            books.renew(time.monotonic(), permit)

    @contextmanager
    def _books(self, endpoint: str) -> Iterator[Budget]:
        """An endpoint's books, written back at the end. Raises OSError where they cannot be kept."""
        folder = self._folder or shared_folder()
        path = folder / f"{hashlib.sha256(endpoint.encode()).hexdigest()[:32]}.json"
        if not path.exists():
            _make_room(folder)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _lock(handle)
            books = parse(os.pread(handle, LONGEST, 0), time.monotonic())
            yield books
            data = json.dumps(asdict(books)).encode()
            os.pwrite(handle, data, 0)
            os.ftruncate(handle, len(data))
        finally:
            os.close(handle)


def shared_folder() -> Path:
    """The folder of this user's books, made where it is missing.

    Raises OSError when it is not the user's alone: another could read there or put files in its place.
    """
    top = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    folder = top / f"recall-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder}: is not a folder of this user alone")
    return folder


def parse(data: bytes, now: float) -> Budget:
    """Books as they were written; new ones for what is none, or from before the machine was started."""
    books = Budget.of(0, 0)
    try:
        raw = json.loads(data)
        for name, limit in (("requests", books.requests), ("connections", books.connections)):
            limit.ceiling, limit.now = float(raw[name]["ceiling"]), max(1.0, float(raw[name]["now"]))
        books.asked, books.slowed = int(raw["asked"]), int(raw["slowed"])
        books.held = {int(permit): float(until) for permit, until in raw["held"].items()}
        for name in TIMES:
            setattr(books, name, float(raw[name]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Budget.of(0, 0)
    return books if books.grown <= now else Budget.of(0, 0)


def _lock(handle: int) -> None:
    """Lock a file. Raises OSError when another holds it for LOCK_SECONDS: its process was stopped in mid-write."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.002)
        else:
            return


def _make_room(folder: Path) -> None:
    """Remove files that nobody used lately where there are many. Raises OSError when that is not enough."""
    files = list(folder.iterdir())
    if len(files) < FILES:
        return
    old = time.time() - 2 * FORGET_SECONDS
    for path in files:
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < old:
                path.unlink()
    if sum(1 for _ in folder.iterdir()) >= FILES:
        raise OSError(f"{folder}: holds the books of {FILES} endpoints already")
