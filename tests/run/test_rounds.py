from collections.abc import Callable
from pathlib import Path

import pytest

from recall.config import AccessSection, ClusterSection
from recall.errors import BadInput, Damaged, OutOfOrder
from recall.run.rounds import Parent, Round, Run
from recall.run.store import Store

MakeRun = Callable[..., Run]
Drive = Callable[..., list[str]]
ROUND = ["train", "scan", "domains", "label", "harvest", "seal"]
PARENT = Parent("/runs/old", 3, "ab" * 32)


def test_a_run_goes_from_seed_to_corpus(store: Store, make_run: MakeRun, drive: Drive) -> None:
    run = make_run(store.root, access=store.access)
    rounds = [f"{number} {verb}" for number in (1, 2) for verb in ROUND]
    assert drive(run) == ["seed", *rounds, "build"]
    assert run.next() is None
    assert run.verify() == []
    again = Run.open(store.root, store.access)
    assert again.next() is None
    assert again.digest() == run.digest()
    assert again.round(2).sealed
    assert again.round(2).record.parent == again.round(1).record.digest


def test_equal_work_has_equal_digests_here_and_there(
    tmp_path: Path, store: Store, make_run: MakeRun, drive: Drive
) -> None:
    there, here = make_run(store.root, access=store.access), make_run(tmp_path / "here")
    for run in (there, here):
        drive(run)
    assert there.digest() == here.digest()
    for key in here.store.keys(""):
        if not key.endswith(("step.json", "round.json", "run.json")):
            assert there.store.read(key) == here.store.read(key), key


def test_steps_refuse_to_begin_too_early(tmp_path: Path, make_run: MakeRun, drive: Drive) -> None:
    run = make_run(tmp_path / "run")
    with pytest.raises(OutOfOrder, match="needs seed"):
        run.round(1).begin("train")
    with pytest.raises(OutOfOrder, match="needs rounds/2"):
        run.begin("corpus")
    drive(run, until="1 scan")
    with pytest.raises(OutOfOrder, match="needs rounds/1/scan"):
        run.round(1).begin("domains")
    with pytest.raises(OutOfOrder, match=r"rounds/1/scan is not done"):
        run.round(1).seal()
    with pytest.raises(OutOfOrder, match="needs rounds/1, "):
        run.round(2).begin("train")
    drive(run, until="1 seal")
    with pytest.raises(OutOfOrder, match="needs rounds/1, "):
        run.round(2).begin("train")


def test_rounds_and_steps_that_do_not_exist_are_refused(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(tmp_path / "run")
    for number in (0, 3, -1):
        with pytest.raises(OutOfOrder, match="rounds 1 to 2"):
            run.round(number)
    for begin in (run.begin, run.step, run.round(1).begin, run.round(1).step):
        with pytest.raises(OutOfOrder, match="no step 'skan'"):
            begin("skan")


def test_a_finished_step_is_returned_as_it_was(tmp_path: Path, make_run: MakeRun, drive: Drive) -> None:
    run = make_run(tmp_path / "run")
    drive(run)
    step = run.round(1).begin("scan")
    assert step.done
    assert step.result.counts == {"rows": 2}
    assert run.round(1).seal() == run.round(1).record.digest


def test_a_hole_in_the_order_is_refused(tmp_path: Path, make_run: MakeRun, drive: Drive) -> None:
    run = make_run(tmp_path / "run")
    drive(run, until="2 train")
    (tmp_path / "run/rounds/1/scan/step.json").unlink()
    with pytest.raises(OutOfOrder, match="verify"):
        run.round(1).begin("scan")


def test_next_says_on_what(tmp_path: Path, make_run: MakeRun, drive: Drive) -> None:
    run = make_run(tmp_path / "run")
    assert run.next() == (run, "seed")
    drive(run, until="2 label")
    upcoming = run.next()
    assert upcoming is not None
    assert isinstance(upcoming[0], Round)
    assert (upcoming[0].number, upcoming[1]) == (2, "label")


def test_every_step_holds_the_digest_of_the_one_before(tmp_path: Path, make_run: MakeRun, drive: Drive) -> None:
    run = make_run(tmp_path / "run")
    drive(run)
    assert run.step("seed").manifest.inputs == {"run.json": run.inputs.digest}
    first = run.round(1)
    assert first.step("train").manifest.inputs == {"seed": run.step("seed").manifest.digest}
    assert first.step("scan").manifest.inputs == {"rounds/1/train": first.step("train").manifest.digest}
    assert run.round(2).step("train").manifest.inputs == {"rounds/1": first.record.digest}
    assert run.step("corpus").manifest.inputs == {"rounds/2": run.round(2).record.digest}


def test_this_machine_overrides_access_and_cluster(tmp_path: Path, make_run: MakeRun) -> None:
    make_run(tmp_path / "run", '[run]\nrounds = 1\n[cluster]\naddress = "local"\n[access]\nattempts = 2\n')
    run = Run.open(tmp_path / "run")
    assert (run.config.cluster.address, run.config.access.attempts) == ("local", 2)
    assert run.store.access.attempts == 2
    run = Run.open(tmp_path / "run", AccessSection(attempts=9), ClusterSection(workers=3))
    assert (run.config.cluster.workers, run.config.access.attempts) == (3, 9)


def test_an_applied_run_inherits_and_goes_on(store: Store, make_run: MakeRun, drive: Drive, tmp_path: Path) -> None:
    run = make_run(store.root, "[run]\nrounds = 1\n", access=store.access, parent=PARENT)
    with pytest.raises(OutOfOrder, match="inherited"):
        run.round(1).begin("train")
    with pytest.raises(OutOfOrder, match="needs rounds/1/train"):
        run.adopt("label", {"labels.parquet": b"labels"}, {})
    (tmp_path / "model.json").write_bytes(b"{}")
    run.adopt("train", {"model.json": tmp_path / "model.json", "deep/weights": b"weights"}, {"model": "m"})
    done = run.adopt("label", {"labels.parquet": b"labels"}, {"round": 3})
    assert run.adopt("label", {"labels.parquet": b"labels"}, {"round": 3}) == done
    assert drive(run) == ["1 scan", "1 domains", "1 harvest", "1 seal", "build"]
    assert run.store.read("rounds/1/train/model.json") == b"{}"
    assert run.round(1).step("label").manifest.settings == {"round": 3, "parent": PARENT.digest}
    assert run.verify() == []


def test_a_run_that_trains_inherits_nothing(tmp_path: Path, make_run: MakeRun) -> None:
    with pytest.raises(OutOfOrder, match="not inherited"):
        make_run(tmp_path / "run").adopt("train", {}, {})
    applied = make_run(tmp_path / "applied", "[run]\nrounds = 1\n", parent=PARENT)
    with pytest.raises(OutOfOrder, match="not inherited"):
        applied.adopt("scan", {}, {})
    with pytest.raises(OutOfOrder, match="no step 'seed'"):
        applied.begin("seed")


def test_a_damaged_run_does_not_open(tmp_path: Path, make_run: MakeRun) -> None:
    make_run(tmp_path / "run")
    config = tmp_path / "run" / "config.toml"
    config.write_text(config.read_text().replace("2", "3"))
    with pytest.raises(Damaged, match=r"config\.toml"):
        Run.open(tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text("{}\n")
    with pytest.raises(Damaged, match=r"run\.json"):
        Run.open(tmp_path / "run")
    with pytest.raises(BadInput, match="not a run"):
        Run.open(tmp_path / "nothing")
