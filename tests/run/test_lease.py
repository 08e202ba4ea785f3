import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recall.errors import LeaseHeld, RecallError, Refused, ShardUnreadable, StorageUnusable, Transient
from recall.io import swap
from recall.run import lease as lease_module
from recall.run.lease import DRIVER, Lease
from recall.run.rounds import Run
from recall.run.store import Store, canonical_json
from tests.run.stopped_clocks import stop_for

DRIVER_SCRIPT = """
import sys, time
from recall.run.lease import Lease
from recall.run.store import Store
with Lease(Store(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def write_owner(store: Store, **changes: Any) -> None:
    record = {"owner": "o", "machine": "elsewhere boot", "pid": 1, "start": "1", "renewed": time.time()} | changes
    found = store.read(DRIVER) if store.exists(DRIVER) else None
    assert swap(store.url(DRIVER), found, canonical_json(record), store.access)


def test_one_driver_at_a_time(store: Store) -> None:
    with Lease(store), pytest.raises(LeaseHeld, match="is driven by process"):
        Lease(store).__enter__()
    with Lease(store):
        pass
    assert store.read_json(DRIVER) == {"owner": None}


def test_a_run_gives_its_lease_back(tmp_path: Path, make_run: Callable[..., Run]) -> None:
    run = make_run(tmp_path / "run")
    with run.lease():
        with pytest.raises(LeaseHeld), Run.open(tmp_path / "run").lease():
            pass
        run.begin("seed").finish({}, {})
    with Run.open(tmp_path / "run").lease():
        pass
    assert run.verify() == []


def test_a_killed_driver_of_this_machine_is_replaced_at_once(tmp_path: Path) -> None:
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER_SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    try:
        assert driver.stdout is not None
        assert driver.stdout.readline() == "held\n"
        with pytest.raises(LeaseHeld, match=str(driver.pid)):
            Lease(Store(str(tmp_path))).__enter__()
        driver.send_signal(signal.SIGKILL)
        start = time.monotonic()
        time.sleep(0.2)  # not yet waited for: a zombie drives nothing either
        with Lease(Store(str(tmp_path))):
            assert time.monotonic() - start < 30, "it is not waited for"
    finally:
        driver.kill()
        driver.communicate()


def test_a_process_id_that_was_given_again_is_no_driver(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    write_owner(store, machine=lease_module._machine(), pid=os.getppid(), start="1")
    with Lease(store):
        pass


def test_a_driver_elsewhere_is_left_alone_while_it_renews(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    write_owner(store, renewed=time.time() - 30)
    with pytest.raises(LeaseHeld, match="elsewhere"):
        Lease(store).__enter__()


@pytest.mark.parametrize("age", [61.0, -100_000.0])
@pytest.mark.parametrize("promised", [{"seconds": 0.8}, {}], ids=["its own seconds", "as older versions wrote it"])
def test_a_stale_lease_is_taken_over_when_nobody_renews_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: float, promised: dict[str, float]
) -> None:
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 0.8)
    store = Store(str(tmp_path))
    write_owner(store, renewed=time.time() - age, **promised)
    began = time.monotonic()
    with Lease(store, 0.4):
        assert time.monotonic() - began >= 0.8  # whatever the stamp says, as long as the owner may be silent


def test_a_driver_whose_clock_is_wrong_keeps_its_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path))
    write_owner(store, renewed=time.time() - 4000)
    slept: list[float] = []

    def renew_meanwhile(seconds: float) -> None:
        slept.append(seconds)
        write_owner(store, renewed=time.time() - 3999)

    monkeypatch.setattr(time, "sleep", renew_meanwhile)
    with pytest.raises(LeaseHeld):
        Lease(store).__enter__()
    assert slept


def test_the_lease_is_renewed_and_its_loss_is_noticed(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    with Lease(store, 0.4) as lease:
        first = store.read_json(DRIVER)["renewed"]
        wait_for(lambda: store.read_json(DRIVER)["renewed"] > first)
        lease.check()
        rob(store)
        wait_for(lambda: bool(lease._lost))
        with pytest.raises(LeaseHeld, match="another one took over"):
            lease.check()
    assert store.read_json(DRIVER) == THIEF


def test_a_folder_out_of_reach_loses_the_lease_only_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_reach(*_: object) -> bool:
        raise Transient("no way")

    store = Store(str(tmp_path))
    with Lease(store) as lease:
        monkeypatch.setattr(lease_module, "swap", out_of_reach)
        stop_for(monkeypatch, 35.0, 35.0)
        lease.check()
        stop_for(monkeypatch, 30.0, 30.0)
        with pytest.raises(LeaseHeld, match=r"could not be renewed for 60 s.*\(no way\)"):
            lease.check()
        monkeypatch.undo()


@pytest.mark.parametrize("error", [Transient("no way"), StorageUnusable("disk gone"), Refused("no right")], ids=repr)
def test_a_folder_that_cannot_be_asked_confirms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: RecallError
) -> None:
    def fail(*_: object) -> bool:
        raise error

    store = Store(str(tmp_path))
    with Lease(store) as lease:
        monkeypatch.setattr(lease_module, "swap", fail)
        with pytest.raises(type(error), match=str(error)):
            lease.confirm()
        lease.check()  # it is not lost either
        monkeypatch.undo()
        lease.confirm()


def test_a_driver_file_that_cannot_be_read_after_a_swap_is_no_failed_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Lease) -> bytes:
        raise ShardUnreadable("kept failing")

    with Lease(Store(str(tmp_path))) as lease:
        monkeypatch.setattr(lease_module, "swap", lambda *_: False)
        monkeypatch.setattr(Lease, "_read", fail)
        with pytest.raises(Transient, match="kept failing"):
            lease.confirm()
        monkeypatch.undo()


@pytest.mark.parametrize("content", [b"", b"[]", b"5", b'{"owner": "x"}', b'{"pid": "x"}', b"\xff"])
def test_a_broken_driver_file_does_not_lock_for_ever(tmp_path: Path, content: bytes) -> None:
    (tmp_path / DRIVER).write_bytes(content)
    with Lease(Store(str(tmp_path)), 0.2):
        assert json.loads((tmp_path / DRIVER).read_bytes())["pid"] == os.getpid()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "Too many open files"),
        MemoryError(),
        RuntimeError("can't start new thread"),
        UnicodeDecodeError("utf-8", b"", 0, 1, "of /proc"),
        SystemExit(1),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_ends_the_thread_that_renews_it_loses_the_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object) -> bool:
        raise error

    with Lease(Store(str(tmp_path)), 0.2) as lease:
        monkeypatch.setattr(lease_module, "swap", fail)
        wait_for(lambda: not lease._thread.is_alive())
        with pytest.raises(LeaseHeld, match=rf"not renewed any more: {type(error).__name__}"):
            lease.check()
        monkeypatch.undo()


def test_a_thread_that_could_not_even_say_so_loses_the_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lease, "_keep", lambda _: None)
    with Lease(Store(str(tmp_path))) as lease:
        wait_for(lambda: not lease._thread.is_alive())
        with pytest.raises(LeaseHeld, match="has ended"):
            lease.check()


@pytest.mark.parametrize(
    ("steady", "wall"),
    [
        (61.0, 61.0),  # the process was stopped, or the machine suspended
        (3600.0, 3600.0),
        (61.0, -4000.0),  # the same, and the clock was set back
        (0.0, 61.0),  # a hypervisor held the machine; its clock was set right when it went on
        (0.5, 86_400.0),
    ],
)
def test_a_driver_that_was_stopped_notices_at_once_that_its_lease_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steady: float, wall: float
) -> None:
    """The thread that renews it sleeps for 15 s more: the first look after waking must not rely on it."""
    store = Store(str(tmp_path))
    with Lease(store) as lease:
        rob(store)
        lease.check()  # nothing shows it yet
        stop_for(monkeypatch, steady, wall)
        with pytest.raises(LeaseHeld, match="another one took over"):
            lease.check()
        monkeypatch.undo()
    assert store.read_json(DRIVER) == THIEF


@pytest.mark.parametrize(("steady", "wall"), [(31.0, 31.0), (3600.0, 3600.0), (0.0, 61.0), (0.0, 1e7), (40.0, -1e7)])
def test_a_driver_that_was_stopped_goes_on_where_nobody_took_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steady: float, wall: float
) -> None:
    store = Store(str(tmp_path))
    with Lease(store) as lease:
        before = store.read(DRIVER)
        stop_for(monkeypatch, steady, wall)
        lease.check()
        assert store.read(DRIVER) != before, "it was not renewed"
        lease.check()
        monkeypatch.undo()
    assert store.read_json(DRIVER) == {"owner": None}


def test_a_driver_is_not_fooled_by_a_rival_that_came_and_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path))
    with Lease(store) as lease:
        rob(store, {"owner": None})
        stop_for(monkeypatch, 100.0, 100.0)
        with pytest.raises(LeaseHeld, match="another one took over"):
            lease.check()
        monkeypatch.undo()


def test_a_clock_that_is_set_back_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path))
    with Lease(store) as lease:
        before = store.read(DRIVER)
        stop_for(monkeypatch, 0.0, -1e6)
        lease.check()
        assert store.read(DRIVER) == before
        monkeypatch.undo()


@pytest.mark.parametrize("asked", [True, False], ids=["asked again", "given back at once"])
def test_a_renewal_whose_answer_was_lost_is_no_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    def lose_answer(*arguments: Any) -> bool:
        swap(*arguments)
        raise Transient("the connection broke")

    store = Store(str(tmp_path))
    with Lease(store) as lease:
        monkeypatch.setattr(lease_module, "swap", lose_answer)
        with pytest.raises(Transient, match="broke"):
            lease.confirm()
        monkeypatch.undo()
        if asked:
            lease.confirm()
    assert store.read_json(DRIVER) == {"owner": None}


def test_a_lease_that_was_given_back_or_refused_is_told_apart(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    with Lease(store) as lease:
        rival = Lease(store)
        with pytest.raises(LeaseHeld):
            rival.__enter__()
        with pytest.raises(LeaseHeld, match="not held"):
            rival.check()
    lease.check()
    lease.confirm()
    assert store.read_json(DRIVER) == {"owner": None}


STOPPED_SCRIPT = """
import signal, sys, time
from recall.errors import LeaseHeld
from recall.run.lease import Lease
from recall.run.store import Store
continued = []
signal.signal(signal.SIGCONT, lambda *_: continued.append(True))
with Lease(Store(sys.argv[1]), 1.0) as lease:
    print("held", flush=True)
    while True:
        stopped = bool(continued)
        try:
            lease.check()
        except LeaseHeld as error:
            print(error, flush=True)
            sys.exit()
        if stopped:
            sys.exit("went on")
        time.sleep(0.01)
"""


def test_a_stopped_process_whose_lease_a_rival_took_goes_no_step_further(tmp_path: Path) -> None:
    driver = subprocess.Popen(
        [sys.executable, "-c", STOPPED_SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    try:
        assert driver.stdout is not None
        assert driver.stdout.readline() == "held\n"
        driver.send_signal(signal.SIGSTOP)
        os.waitpid(driver.pid, os.WUNTRACED)  # it stands still now
        store = Store(str(tmp_path))
        wait_for(lambda: time.time() - store.read_json(DRIVER)["renewed"] > 1.0)
        with Lease(store) as rival:
            driver.send_signal(signal.SIGCONT)
            assert "another one took over" in driver.stdout.readline()
            rival.confirm()
    finally:
        driver.kill()
        driver.communicate()


THIEF = {"owner": "thief"}


def rob(store: Store, owner: dict[str, str | None] = THIEF) -> None:  # type: ignore[assignment]
    """Take the lease as a rival does, whatever renews it meanwhile."""
    while not swap(store.url(DRIVER), store.read(DRIVER), canonical_json(owner), store.access):
        pass


def wait_for(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.01)
