import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recall.config import AccessSection
from recall.io import publish
from recall.run import store as store_module
from recall.run.rounds import Run

MakeRun = Callable[..., Run]
Drive = Callable[..., list[str]]
ONE_ROUND = "[run]\nrounds = 1\n"


class Killed(BaseException):
    """As good as SIGKILL between two files."""


def contents(root: Path) -> dict[str, bytes]:
    """Published files by name, those without times and machines; the others stand in the run's digest."""
    timed = {"step.json", "round.json", "run.json", "driver.json"}
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.name not in timed
    }


@pytest.mark.slow
@pytest.mark.parametrize("written", [True, False])
def test_a_run_killed_at_any_file_ends_with_the_same_bytes(
    tmp_path: Path, make_run: MakeRun, drive: Drive, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    calm = make_run(tmp_path / "calm", ONE_ROUND)
    drive(calm)
    expected = contents(tmp_path / "calm")
    for kill_at in range(1, 1000):
        left = kill_at

        def die(url: str, data: bytes, access: AccessSection) -> bool:
            nonlocal left
            left -= 1
            if left or written:
                done = publish(url, data, access)
            if not left:
                raise Killed
            return done

        root = tmp_path / f"run{kill_at}"
        with monkeypatch.context() as patch:
            patch.setattr(store_module, "publish", die)
            try:
                drive(make_run(root, ONE_ROUND))
            except Killed:
                pass
            else:
                break
        run = make_run(root, ONE_ROUND)
        drive(run)
        assert run.digest() == calm.digest(), kill_at
        assert contents(root) == expected, kill_at
        assert run.verify() == []
    assert kill_at > 25


WORK = """
import sys
from recall.run.rounds import Run
run = Run.open(sys.argv[1])
with run.lease():
    step = run.begin("seed")
    for number in range(1000000):
        step.publish(f"file-{number:06d}", b"x" * 100_000)
        if number == 20:
            print("working", flush=True)
"""


def test_a_driver_killed_while_it_writes_leaves_whole_files_only(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(tmp_path / "run")
    driver = subprocess.Popen([sys.executable, "-c", WORK, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    try:
        assert driver.stdout is not None
        assert driver.stdout.readline() == "working\n"
    finally:
        driver.kill()
        driver.communicate()
    keys = run.store.keys("seed/")
    assert len(keys) > 20
    assert {len(run.store.read(key)) for key in keys} == {100_000}
    with run.lease():
        step = run.begin("seed")
        assert run.store.keys("seed/") == []
        step.publish("file", b"done")
        step.finish({}, {})
    assert run.verify() == []
