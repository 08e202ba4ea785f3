"""One driver at a time: driver.json in the run folder, taken by compare-and-swap and renewed while the driver lives.

A lease is free when it was given back, when its owner's process is dead (same machine), or when nobody renewed it for
as long as its record says, by the clock of whoever wants it: machines disagree about the time. Refuses with LeaseHeld
otherwise. A driver that could not renew it for so long (a process or a machine that was stopped, a folder out of reach)
asks the folder whether it is still its own before it goes on.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from recall.errors import LeaseHeld, RecallError, ShardFailed, Transient
from recall.io import swap
from recall.run.store import Store, canonical_json

DRIVER = "driver.json"
LEASE_SECONDS = 60.0
"""How long a driver may be silent before another one may take over."""

RENEWALS = 4
"""A lease is renewed so often while it lasts, so that a few renewals may fail."""

_FREE = canonical_json({"owner": None})
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""A clock that nobody sets; on Linux one that counts the time that a machine was suspended too (clock_gettime(2))."""


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


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment by two clocks.

    steady: counts while the process or the machine is stopped, but not while a hypervisor holds the machine; wall: is
    set right after that, but also when somebody sets it.
    """

    steady: float
    wall: float

    @classmethod
    def now(cls) -> "_Moment":
        return cls(time.clock_gettime(_STEADY), time.time())

    def age(self) -> float:
        """Seconds since then, by the clock that says more."""
        now = self.now()
        return max(now.steady - self.steady, now.wall - self.wall)


class Lease:
    """The lease of a run folder, as a context manager. seconds: how long its driver may be silent."""

    def __init__(self, store: Store, seconds: float = LEASE_SECONDS) -> None:
        self._url, self._access = store.url(DRIVER), store.access
        self._store = store
        self._seconds = seconds
        self._identity: dict[str, Any] = {"owner": secrets.token_hex(8), "seconds": seconds}
        self._held = b""
        self._renewed = _Moment.now()
        self._lost = "the lease is not held"
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="recall-lease", daemon=True)

    def __enter__(self) -> "Lease":
        pid = os.getpid()
        self._identity |= {"machine": _machine(), "pid": pid, "start": _process_start(pid)}
        found, began = self._read(), _Moment.now()
        if found is not None and found != _FREE:
            self._refuse_living(found)
            began = _Moment.now()
        mine = self._record()
        if not swap(self._url, found, mine, self._access):
            raise LeaseHeld(f"{self._store.root}: another driver took the lease at this moment")
        self._held, self._renewed, self._lost = mine, began, ""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        with suppress(RecallError):  # out of reach: it runs out by itself; another driver's is never touched
            self._replace(_FREE)

    def check(self) -> None:
        """Raise LeaseHeld when another driver took the lease since; one that was given back is not asked about.

        Asks the folder only after a silence.
        """
        if self._stop.is_set():
            return
        if not self._lost and not self._thread.is_alive():
            self._lost = "the thread that renews its lease has ended"
        if not self._lost and self._renewed.age() >= self._seconds / 2:
            self._renew_now()
        if self._lost:
            raise LeaseHeld(f"{self._store.root}: {self._lost}; run again to go on")

    def confirm(self) -> None:
        """As `check`, and ask the folder: no clock of a machine shows that a hypervisor held it.

        Raises what kept the folder from answering: Transient, Refused or StorageUnusable.
        """
        unanswered = None if self._stop.is_set() else self._renew_now()
        self.check()
        if isinstance(unanswered, ShardFailed):
            raise Transient(str(unanswered)) from None
        if unanswered is not None:
            raise unanswered

    def _read(self) -> bytes | None:
        return self._store.read(DRIVER) if self._store.exists(DRIVER) else None

    def _record(self) -> bytes:
        return canonical_json({**self._identity, "renewed": time.time()})

    def _refuse_living(self, found: bytes) -> None:
        """Return when the lease in `found` is dead.

        Raises LeaseHeld when it is not.
        """
        try:
            record: dict[str, Any] = json.loads(found)
            machine, pid, start = str(record["machine"]), int(record["pid"]), record["start"]
            seconds = float(record.get("seconds", LEASE_SECONDS))
            age = abs(time.time() - float(record["renewed"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            machine, pid, start, seconds = "an unknown machine", 0, "", self._seconds
            age = seconds
        if machine == self._identity["machine"] and pid > 0:
            alive = _process_start(pid)
            if alive is None or (alive and start and alive != start):
                return
        if age >= seconds and self._unchanged(found, seconds):
            return
        raise LeaseHeld(
            f"{self._store.root}: is driven by process {pid} on {machine.partition(' ')[0]}; stop it, or wait "
            f"{seconds:.0f} s after it died"
        )

    def _unchanged(self, found: bytes, seconds: float) -> bool:
        """True when nobody renews the lease for so long: its time stamp may come from a clock that is wrong."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(seconds / 16)
            if self._read() != found:
                return False
        return True

    def _renew_now(self) -> RecallError | None:
        """Write the record anew; note the loss where it is another's, or after too long a silence.

        Returns what kept the folder from answering.
        """
        with self._lock:
            return None if self._lost else self._renew()

    def _renew(self) -> RecallError | None:
        began, fresh = _Moment.now(), self._record()
        try:
            swapped = self._replace(fresh)
        except RecallError as error:  # the folder cannot be reached: ours until others may think it stale
            if self._renewed.age() >= self._seconds:
                silent = f"its lease could not be renewed for {self._seconds:g} s, so another driver may take over"
                self._lost = f"{silent} ({error})"
            return error
        if swapped:
            self._held, self._renewed = fresh, began
        else:
            self._lost = "this driver was silent for too long and another one took over"
        return None

    def _replace(self, record: bytes) -> bool:
        """Write a record in place of ours, which may be a later one than we know of; False where it is another's."""
        if swap(self._url, self._held, record, self._access):
            return True
        found = self._read()
        if found is None or not self._is_mine(found):
            return False
        self._held = found  # it did arrive, its answer was lost
        return swap(self._url, self._held, record, self._access)

    def _is_mine(self, found: bytes) -> bool:
        try:
            return bool(json.loads(found)["owner"] == self._identity["owner"])
        except (ValueError, KeyError, TypeError):
            return False

    def _keep(self) -> None:
        """Renew the lease until it is given back or lost."""
        try:
            while not self._lost and not self._stop.wait(self._seconds / RENEWALS):
                self._renew_now()
        except BaseException as error:  # noqa: BLE001 - whatever ends this thread ends the right to the folder
            self._lost = f"its lease is not renewed any more: {type(error).__name__}: {error}"


def discard(store: Store, keys: Iterable[str], lease: Lease | None) -> None:
    """Remove files that nothing needs any more, as long as the lease is held: a rival may have made its own since.

    Raises as `Lease.confirm` before anything is removed, and as `Lease.check` before each further file.
    """
    for number, key in enumerate(keys):
        if lease is not None:
            (lease.check if number else lease.confirm)()
        store.remove(key)
