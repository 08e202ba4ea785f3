"""One driver at a time: driver.json in the run folder, taken by compare-and-swap and renewed while the driver lives.

A lease is free when it was given back, when its owner's process is dead (same machine), or when nobody renewed it for
60 seconds by our own clock as well: machines disagree about the time. Refuses with LeaseHeld otherwise.
"""

import json
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from recall.errors import LeaseHeld, RecallError
from recall.io import swap
from recall.run.store import Store, canonical_json

DRIVER = "driver.json"
STALE_SECONDS = 60.0
RENEW_SECONDS = 15.0
_FREE = canonical_json({"owner": None})


def _machine() -> str:
    """Host name, boot and process-id namespace: the same for processes whose ids can be compared."""
    boot, namespace = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    parts = [socket.gethostname()]
    if boot.exists() and namespace.is_symlink():
        parts += [boot.read_text().strip(), str(namespace.readlink())]
    return " ".join(parts)


def _process_start(pid: int) -> str | None:
    """When a process of this machine started, in the kernel's ticks; "" where that is unknown, None if it is dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return None if fields[0] in "ZX" else fields[19]  # the 22nd field of proc(5); a zombie drives nothing


class Lease:
    """The lease of a run folder, as a context manager."""

    def __init__(self, store: Store) -> None:
        self._url, self._access = store.url(DRIVER), store.access
        self._store = store
        self._owner = secrets.token_hex(8)
        self._held = b""
        self._lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="recall-lease", daemon=True)

    def __enter__(self) -> "Lease":
        found = self._read()
        mine = self._record()
        if found is not None and found != _FREE:
            self._refuse_living(found)
        if not swap(self._url, found, mine, self._access):
            raise LeaseHeld(f"{self._store.root}: another driver took the lease at this moment")
        self._held = mine
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if not self._lost:
            with suppress(RecallError):  # out of reach: it runs out by itself
                swap(self._url, self._held, _FREE, self._access)

    def check(self) -> None:
        """Raise LeaseHeld when another driver took the lease since."""
        if self._lost:
            raise LeaseHeld(f"{self._store.root}: this driver was silent for too long and another one took over")

    def _read(self) -> bytes | None:
        return self._store.read(DRIVER) if self._store.exists(DRIVER) else None

    def _record(self) -> bytes:
        pid = os.getpid()
        start = _process_start(pid)
        owner = {"owner": self._owner, "machine": _machine(), "pid": pid, "start": start}
        return canonical_json({**owner, "renewed": time.time()})

    def _refuse_living(self, found: bytes) -> None:
        """Return when the lease in `found` is dead.

        Raises LeaseHeld when it is not.
        """
        try:
            record: dict[str, Any] = json.loads(found)
            machine, pid, start = str(record["machine"]), int(record["pid"]), record["start"]
            age = abs(time.time() - float(record["renewed"]))
        except (ValueError, KeyError, TypeError):
            machine, pid, start, age = "an unknown machine", 0, "", 2 * STALE_SECONDS
        if machine == _machine() and pid > 0:
            alive = _process_start(pid)
            if alive is None or (alive and start and alive != start):
                return
        if age >= STALE_SECONDS and self._unchanged(found):
            return
        raise LeaseHeld(
            f"{self._store.root}: is driven by process {pid} on {machine.partition(' ')[0]}; stop it, or wait "
            f"{STALE_SECONDS:.0f} s after it died"
        )

    def _unchanged(self, found: bytes) -> bool:
        """True when nobody renews the lease for a while: its time stamp may come from a clock that is wrong."""
        end = time.monotonic() + 2 * RENEW_SECONDS
        while time.monotonic() < end:
            time.sleep(RENEW_SECONDS / 4)
            if self._read() != found:
                return False
        return True

    def _keep(self) -> None:
        renewed = time.monotonic()
        while not self._stop.wait(RENEW_SECONDS):
            fresh = self._record()
            try:
                swapped = swap(self._url, self._held, fresh, self._access)
            except RecallError:  # the folder cannot be reached: ours until others may think it stale
                if time.monotonic() - renewed > STALE_SECONDS:
                    self._lost = True
                    return
                continue
            if not swapped:
                self._lost = True
                return
            self._held, renewed = fresh, time.monotonic()
