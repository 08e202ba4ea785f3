from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recall.errors import AlreadyPublished, Damaged, LeaseHeld, OutOfOrder
from recall.io import swap
from recall.records import Output
from recall.run.failures import keep_failures
from recall.run.lease import DRIVER
from recall.run.rewind import go_back
from recall.run.rounds import Run, Step
from recall.run.store import Store, digest_of
from tests.run.stopped_clocks import stop_for

MakeRun = Callable[..., Run]
Drive = Callable[..., list[str]]


@pytest.fixture
def run(tmp_path: Path, make_run: MakeRun) -> Run:
    return make_run(tmp_path / "run")


def report(step: Step, number: int, content: bytes) -> None:
    output = step.store.publish_named(step.folder, content, ".bin", "rows-", rows=1)
    files = [{"file": output.file, "sha256": output.sha256, "rows": 1}]
    step.store.publish_json(step.key(f"reports/{number:06d}.json"), {"shard": number, "files": files})


def test_a_step_is_published_by_its_manifest(store: Store, make_run: MakeRun) -> None:
    run = make_run(store.root, access=store.access)
    step = run.begin("seed")
    step.publish("a.txt", b"a")
    assert not step.done
    assert not run.step("seed").done
    with pytest.raises(OutOfOrder, match="not done"):
        _ = run.step("seed").manifest
    done = step.finish({"examples": 1, "share": 0.5, "model": "m"}, {"seed": 3})
    read = run.step("seed")
    assert read.done
    assert read.result == done
    assert read.manifest.settings == {"seed": 3}
    assert read.outputs() == [Output("a.txt", digest_of(b"a"))]
    assert read.manifest.finished >= read.manifest.started


def test_a_published_step_takes_no_more(run: Run) -> None:
    step = run.begin("seed")
    step.publish("a.txt", b"a")
    step.finish({}, {})
    for late in (step, run.step("seed"), run.begin("seed")):
        with pytest.raises(AlreadyPublished):
            late.publish("b.txt", b"b")
    assert run.store.keys("seed/") == ["seed/a.txt", "seed/outputs.parquet", "seed/step.json"]
    assert step.finish({"other": 1}, {}).counts == {}
    with pytest.raises(OutOfOrder, match="begin"):
        run.step("corpus").finish({}, {})


def test_times_leave_the_digest_alone(tmp_path: Path, make_run: MakeRun) -> None:
    manifests = []
    for name in ("one", "two"):
        step = make_run(tmp_path / name).begin("seed")
        step.publish_json("a.json", [1, 2])
        step.finish({"a": 1}, {})
        manifests.append(step.manifest)
    assert manifests[0].digest == manifests[1].digest
    assert manifests[0].finished != manifests[1].finished


@pytest.mark.parametrize("change", ["file", "counts", "settings", "name"])
def test_what_a_step_did_is_in_the_digest(tmp_path: Path, make_run: MakeRun, change: str) -> None:
    digests = []
    for changed in (False, True):
        step = make_run(tmp_path / str(changed)).begin("seed")
        odd = change if changed else ""
        step.publish("b.txt" if odd == "name" else "a.txt", b"b" if odd == "file" else b"a")
        step.finish({"n": 2 if odd == "counts" else 1}, {"s": 2 if odd == "settings" else 1})
        digests.append(step.manifest.digest)
    assert digests[0] != digests[1]


def test_what_a_killed_step_left_is_swept_when_it_begins_again(run: Run) -> None:
    step = run.begin("seed")
    step.publish("half.parquet", b"half")
    step.publish("outputs.parquet", b"old")
    run.begin("seed")
    assert run.store.keys("seed/") == []


def test_shard_reports_and_their_files_outlive_a_killed_driver(run: Run, drive: Drive) -> None:
    drive(run, until="1 scan")
    step = run.round(1).begin("scan")
    report(step, 0, b"zero")
    step.publish("shards.parquet", b"half")
    on_its_way = step.publish_named(b"of a worker that still lives", ".bin", "rows-")
    step = run.round(1).begin("scan")
    files = [key.removeprefix(step.key("")) for key in run.store.keys(step.key(""))]
    assert files == sorted(["reports/000000.json", f"rows-{digest_of(b'zero')[:32]}.bin", on_its_way.file])
    report(step, 1, b"one")
    assert [one["shard"] for one in step.reports()] == [0, 1]
    step.finish({}, {})
    named = {output.file: output for output in step.outputs()}
    assert on_its_way.file not in named
    assert not run.store.exists(step.key(on_its_way.file))
    assert named["reports/000001.json"].sha256 == digest_of(run.store.read(step.key("reports/000001.json")))
    assert named[f"rows-{digest_of(b'one')[:32]}.bin"].rows == 1
    assert run.verify() == []


def test_what_people_answered_is_never_swept_and_belongs_to_the_step(run: Run, drive: Drive) -> None:
    drive(run, until="1 label")
    step = run.round(1).begin("label")
    step.publish("tasks.parquet", b"tasks")
    run.store.publish(step.key("answers/000001.jsonl"), b"{}\n")
    step = run.round(1).begin("label")
    step.publish("labels.parquet", b"labels")
    step.finish({}, {})
    assert [output.file for output in step.outputs()] == ["answers/000001.jsonl", "labels.parquet", "tasks.parquet"]


def test_files_of_workers_are_taken_over(run: Run) -> None:
    step = run.begin("seed")
    inside = run.store.publish(step.key("one.bin"), b"1", rows=1)
    named = run.store.publish_named(step.folder, b"2", ".bin", "rows-")
    step.add([inside, named, inside])
    with pytest.raises(AlreadyPublished, match=r"one\.bin"):
        step.add([Output("one.bin", "0" * 64)])
    step.finish({}, {})
    assert [output.file for output in step.outputs()] == ["one.bin", named.file]


def test_a_step_with_a_missing_output_is_not_published(run: Run) -> None:
    step = run.begin("seed")
    step.publish("a.txt", b"a")
    run.store.remove("seed/a.txt")
    with pytest.raises(Damaged, match=r"a\.txt"):
        step.finish({}, {})
    assert not step.done


@pytest.mark.parametrize("content", [b"", b"[]", b'{"files": 3}', b'{"files": [{"file": "x"}]}'])
def test_a_report_that_is_none_is_damaged(run: Run, drive: Drive, content: bytes) -> None:
    drive(run, until="1 scan")
    step = run.round(1).begin("scan")
    run.store.publish(step.key("reports/000000.json"), content)
    with pytest.raises(Damaged, match="report"):
        list(step.reports())


def take_over(store: Store) -> None:
    """Be a rival that took the lease while a hypervisor held this machine: no clock here shows it."""
    while not swap(store.url(DRIVER), store.read(DRIVER), b'{"owner": "rival"}', store.access):
        pass


def test_a_step_whose_lease_has_gone_publishes_nothing(store: Store, make_run: MakeRun) -> None:
    run = make_run(store.root, access=store.access)
    with run.lease():
        step = run.begin("seed")
        step.publish("a.txt", b"a")
        take_over(run.store)
        before = run.store.keys()
        with pytest.raises(LeaseHeld, match="another one took over"):
            step.finish({}, {})
        assert run.store.keys() == before
    assert not step.done


PUBLISHING: dict[str, Callable[[Step, Path], object]] = {
    "bytes": lambda step, _: step.publish("a", b"a"),
    "json": lambda step, _: step.publish_json("a.json", 1),
    "table": lambda step, _: step.publish_table("a.parquet", {"n": [1]}, {"n": "int64"}),
    "file": lambda step, path: step.publish_file("a", path),
    "named": lambda step, _: step.publish_named(b"a", ".bin"),
}


@pytest.mark.parametrize("way", PUBLISHING)
def test_no_file_of_a_step_is_published_when_the_lease_is_known_to_have_gone(
    run: Run, tmp_path: Path, way: str
) -> None:
    (tmp_path / "file").write_bytes(b"a")
    with run.lease() as lease:
        step = run.begin("seed")
        take_over(run.store)
        with pytest.raises(LeaseHeld):
            lease.confirm()
        before = run.store.keys()
        with pytest.raises(LeaseHeld, match="another one took over"):
            PUBLISHING[way](step, tmp_path / "file")
        assert run.store.keys() == before


def test_nothing_of_a_rival_is_swept_or_sealed_when_the_lease_has_gone(run: Run, drive: Drive) -> None:
    drive(run, until="1 seal")
    with run.lease():
        take_over(run.store)
        run.store.publish("rounds/2/train/of-the-rival", b"x")
        before = run.store.keys()
        with pytest.raises(LeaseHeld):
            run.round(1).seal()
        with pytest.raises(LeaseHeld):
            run.round(2).begin("train")
        with pytest.raises(LeaseHeld):
            run.stop_after(1)
        with pytest.raises(LeaseHeld):
            go_back(run, run.order[0])
        with pytest.raises(LeaseHeld):
            keep_failures(run, run.order[0], [("a", "b", "c")])
        assert run.store.keys() == before


def test_a_driver_that_stands_still_after_it_published_removes_nothing_of_a_rival(
    store: Store, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(store.root, access=store.access)
    with run.lease():
        step = run.begin("seed")
        step.publish("a.txt", b"a")
        for number in range(3):
            run.store.publish(step.key(f"left-{number}"), b"x")
        publish = Store.publish

        def publish_and_stand_still(self: Store, key: str, data: bytes, rows: int | None = None) -> Output:
            output = publish(self, key, data, rows)
            if key == step.key("step.json"):
                take_over(store)
            return output

        monkeypatch.setattr(Store, "publish", publish_and_stand_still)
        with pytest.raises(LeaseHeld, match="another one took over"):
            step.finish({}, {})
    assert step.done
    assert [key for key in run.store.keys("seed/") if "left" in key] == [step.key(f"left-{n}") for n in range(3)]


@pytest.mark.parametrize("removed", range(4))
def test_files_are_removed_only_while_the_lease_is_held(
    run: Run, monkeypatch: pytest.MonkeyPatch, removed: int
) -> None:
    """The driver stands still before the removal of one file, and a rival makes files of the same names."""
    keys = [f"build/{number}" for number in range(4)]
    for key in keys:
        run.store.publish(key, b"x")

    def listed() -> Iterator[str]:
        for number, key in enumerate(keys):
            if number == removed:
                take_over(run.store)
                stop_for(monkeypatch, 100.0, 100.0)
            yield key

    with run.lease():
        with pytest.raises(LeaseHeld, match="another one took over"):
            run.discard(listed())
        monkeypatch.undo()
    assert run.store.keys("build/") == keys[removed:]


def test_steps_remove_files_only_through_what_asks_the_lease() -> None:
    """Not so: primitives (the store's and those below), and the report, which anybody writes without the lease."""
    for room in ("recall/steps", "recall/run", "annotation"):
        for file in Path(room).rglob("*.py"):
            asks = file.name in ("lease.py", "store.py")
            assert asks or "store.remove(" not in file.read_text(), file


def test_a_driver_whose_lease_has_gone_takes_no_further_outcome(run: Run) -> None:
    with run.lease() as lease:
        outcomes = run.while_held([1, 2, 3])
        assert [next(outcomes), next(outcomes)] == [1, 2]
        take_over(run.store)
        with pytest.raises(LeaseHeld):
            lease.confirm()
        with pytest.raises(LeaseHeld):
            next(outcomes)
