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

from recall.errors import LeaseHeld, Transient
from recall.io import swap
from recall.run import lease as lease_module
from recall.run.lease import DRIVER, Lease
from recall.run.rounds import Run
from recall.run.store import Store, canonical_json

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
            assert time.monotonic() - start < 5
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
def test_a_stale_lease_is_taken_over_when_nobody_renews_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: float
) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.1)
    store = Store(str(tmp_path))
    write_owner(store, renewed=time.time() - age)
    with Lease(store):
        pass


def test_a_driver_whose_clock_is_wrong_keeps_its_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.2)
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


def test_the_lease_is_renewed_and_its_loss_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.05)
    store = Store(str(tmp_path))
    with Lease(store) as lease:
        first = store.read_json(DRIVER)["renewed"]
        wait_for(lambda: store.read_json(DRIVER)["renewed"] > first)
        lease.check()
        while not swap(store.url(DRIVER), store.read(DRIVER), b'{"owner": "thief"}\n', store.access):
            pass
        wait_for(lambda: lease._lost)
        with pytest.raises(LeaseHeld, match="took over"):
            lease.check()
    assert store.read_json(DRIVER) == {"owner": "thief"}


def test_a_folder_out_of_reach_loses_the_lease_only_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_reach(*_: object) -> bool:
        raise Transient("no way")

    store = Store(str(tmp_path))
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.05)
    with Lease(store) as lease:
        monkeypatch.setattr(lease_module, "swap", out_of_reach)
        time.sleep(0.3)
        lease.check()
        monkeypatch.setattr(lease_module, "STALE_SECONDS", 0.1)
        wait_for(lambda: lease._lost)
        with pytest.raises(LeaseHeld):
            lease.check()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"owner": "x"}', b'{"pid": "x"}', b"\xff"])
def test_a_broken_driver_file_does_not_lock_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.02)
    (tmp_path / DRIVER).write_bytes(content)
    with Lease(Store(str(tmp_path))):
        assert json.loads((tmp_path / DRIVER).read_bytes())["pid"] == os.getpid()


def wait_for(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.01)
