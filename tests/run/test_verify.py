import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from recall.errors import BadInput, Damaged
from recall.run.rounds import Parent, Run
from recall.run.store import Store
from recall.run.verify import verify_run

MakeRun = Callable[..., Run]
Drive = Callable[..., list[str]]


@pytest.fixture
def finished(tmp_path: Path, make_run: MakeRun, drive: Drive) -> Path:
    (tmp_path / "holdout.txt").write_text("held.com\n")
    run = make_run(tmp_path / "run", f'[run]\nrounds = 2\nholdout = "{tmp_path}/holdout.txt"\n')
    drive(run)
    return tmp_path / "run"


def test_a_sound_run_has_no_damage(finished: Path) -> None:
    assert Run.open(finished).verify() == []
    assert Run.open(finished).verify(share=0.3, seed=7) == []


@pytest.mark.slow
def test_one_flipped_byte_in_any_file_is_found(finished: Path) -> None:
    chance = random.Random(1)
    files = [path for path in sorted(finished.rglob("*")) if path.is_file() and path.name != "driver.json"]
    assert len(files) > 40
    for path in files:
        sound = path.read_bytes()
        if not sound:
            continue
        for place in {0, len(sound) - 1, chance.randrange(len(sound)), chance.randrange(len(sound))}:
            broken = bytearray(sound)
            broken[place] ^= 1 << chance.randrange(8)
            path.write_bytes(broken)
            found = [damage.file for damage in verify_run(Store(str(finished)))]
            assert path.relative_to(finished).as_posix() in found, place
        path.write_bytes(sound)
    assert list(verify_run(Store(str(finished)))) == []


def test_a_missing_file_is_found(finished: Path) -> None:
    for path in [path for path in sorted(finished.rglob("*")) if path.is_file()]:
        if path.as_posix().endswith("corpus/step.json"):
            continue  # then the corpus is not published, which is no damage
        sound = path.read_bytes()
        path.unlink()
        found = [damage.file for damage in verify_run(Store(str(finished)))]
        assert path.relative_to(finished).as_posix() in found
        path.write_bytes(sound)


def test_a_step_of_another_run_is_found(finished: Path, tmp_path: Path, make_run: MakeRun, drive: Drive) -> None:
    other = tmp_path / "other"
    drive(make_run(other, "[run]\nrounds = 2\n"))
    shutil.rmtree(finished / "rounds/1/scan")
    shutil.copytree(other / "rounds/1/scan", finished / "rounds/1/scan")
    found = {(damage.file, damage.what.split()[0]) for damage in Run.open(finished).verify()}
    assert found >= {("rounds/1/scan/step.json", "does"), ("rounds/1/domains/step.json", "does")}
    assert ("rounds/1/round.json", "holds") in found


def test_a_run_in_progress_is_verified_as_far_as_it_is(tmp_path: Path, make_run: MakeRun, drive: Drive) -> None:
    run = make_run(tmp_path / "run")
    assert run.verify() == []
    drive(run, until="1 domains")
    run.round(1).begin("domains").publish("half.bin", b"half")
    assert run.verify() == []


def test_an_applied_run_is_verified_too(tmp_path: Path, make_run: MakeRun, drive: Drive) -> None:
    run = make_run(tmp_path / "run", "[run]\nrounds = 1\n", parent=Parent("/old", 1, "ab" * 32))
    run.adopt("train", {"model": b"model"}, {})
    run.adopt("label", {"labels": b"labels"}, {})
    drive(run)
    assert run.verify() == []
    (tmp_path / "run/rounds/1/train/model").write_bytes(b"modem")
    assert [damage.file for damage in run.verify()] == ["rounds/1/train/model"]


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    assert [damage.file for damage in verify_run(Store(str(tmp_path)))] == ["run.json"]
    with pytest.raises(BadInput):
        Run.open(tmp_path)


def test_a_damaged_run_folder_says_so_when_it_opens(finished: Path) -> None:
    (finished / "run.json").write_bytes((finished / "run.json").read_bytes().replace(b"0", b"1", 1))
    with pytest.raises(Damaged):
        Run.open(finished)
