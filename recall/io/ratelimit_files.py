"""The limits of each endpoint for all processes of this user on this machine: a small file each, changed under a lock.

In and out: as `MemoryBackend`. The files lie in a folder of the user's own in XDG_RUNTIME_DIR, or else in the folder
for temporary files, named by a digest of the endpoint. A crash does no harm: the lock goes with its process, a token
that nobody renews is given up, a file that is not whole counts as none. Where no such file can be kept (a foreign
folder, a full disk) a process counts in its own memory.
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

from recall.io.token_bucket import FORGET_SECONDS, EndpointLimits, Grant, MemoryBackend

LONGEST = 1 << 20
"""Bytes of a file that are read; 4,096 tokens need a quarter of it."""

LOCK_SECONDS = 1.0
"""A file is locked for a tenth of a millisecond."""

TIMES = ("next", "closed_until", "grown", "cut", "swept", "recent", "recent_since")

FILES = 256
"""Files that are kept; before another one is made, those go that nobody used lately."""


class FileBackend:
    """Limits that processes share. folder: where the files lie, by default as this module says."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._own = MemoryBackend()

    def acquire(self, endpoint: str, requests: float, connections: float) -> Grant:
        """As `LimiterBackend.acquire`."""
        try:
            with self._limits(endpoint) as limits:
                limits.bound(requests, connections)
                return limits.acquire(time.monotonic(), secrets.randbits(52) + 1)
        except OSError:
            return self._own.acquire(endpoint, requests, connections)

    def release(self, endpoint: str, token: int, signal: str) -> None:
        """As `LimiterBackend.release`."""
        self._own.release(endpoint, token, signal)
        with suppress(OSError), self._limits(endpoint) as limits:
            limits.release(time.monotonic(), token, signal)

    def renew(self, endpoint: str, token: int) -> None:
        """As `LimiterBackend.renew`."""
        self._own.renew(endpoint, token)
        with suppress(OSError), self._limits(endpoint) as limits:
            limits.renew(time.monotonic(), token)

    @contextmanager
    def _limits(self, endpoint: str) -> Iterator[EndpointLimits]:
        """An endpoint's limits, written back at the end. Raises OSError where they cannot be kept."""
        folder = self._folder or shared_folder()
        path = folder / f"{hashlib.sha256(endpoint.encode()).hexdigest()[:32]}.json"
        if not path.exists():
            _make_room(folder)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _lock(handle)
            limits = parse(os.pread(handle, LONGEST, 0), time.monotonic())
            yield limits
            data = json.dumps(asdict(limits)).encode()
            os.pwrite(handle, data, 0)
            os.ftruncate(handle, len(data))
        finally:
            os.close(handle)


def shared_folder() -> Path:
    """The folder of this user's files, made where it is missing.

    Raises OSError when it is not the user's alone: another could read there or put files in its place.
    """
    top = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    folder = top / f"recall-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise PermissionError(f"{folder}: is not a folder of this user alone")
    return folder


def parse(data: bytes, now: float) -> EndpointLimits:
    """Limits as they were written; new ones where the bytes are none, or from before the machine was started."""
    limits = EndpointLimits.of(0, 0)
    try:
        raw = json.loads(data)
        for name, limit in (("requests", limits.requests), ("connections", limits.connections)):
            limit.ceiling, limit.now = float(raw[name]["ceiling"]), max(1.0, float(raw[name]["now"]))
        limits.asked, limits.slowed = int(raw["asked"]), int(raw["slowed"])
        limits.held = {int(token): float(until) for token, until in raw["held"].items()}
        for name in TIMES:
            setattr(limits, name, float(raw[name]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return EndpointLimits.of(0, 0)
    return limits if limits.grown <= now else EndpointLimits.of(0, 0)


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
        raise OSError(f"{folder}: holds the limits of {FILES} endpoints already")
