import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recall.config import AccessSection, ClusterSection
from recall.errors import BadInput, Incomplete, ShardCorrupt, Transient
from recall.io import ratelimit_files
from recall.io.ratelimit import limiter_of
from recall.io.token_bucket import MemoryBackend
from recall.run import jobs
from recall.run.jobs import Outcome, cluster_limits, complete, deadline, each, ray_tasks
from recall.run.jobs.ray_tasks import DIED

pytestmark = [pytest.mark.ray, pytest.mark.slow]
TWO = ClusterSection(address="local", workers=2)


@pytest.fixture(scope="module", autouse=True)
def _by_value(local_ray: None) -> Iterator[None]:  # noqa: ARG001 - Ray of our own
    """Send the functions of this file by value: workers cannot import it."""
    from ray import cloudpickle

    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)  # type: ignore[no-untyped-call]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadline, "RETRY_SECONDS", 0.05)
        patch.setattr(ray_tasks, "GRACE_SECONDS", 1.0)
        yield
    jobs.disconnect()
    cloudpickle.unregister_pickle_by_value(module)  # type: ignore[no-untyped-call]


def double(context: dict[str, int], item: int) -> int:
    return context["factor"] * item


def note(folder: Path, item: int) -> int:
    (folder / f"{item} {os.getpid()} {time.monotonic_ns()}").touch()
    return len(list(folder.glob(f"{item} *")))


def die_once(folder: Path, item: int) -> int:
    if note(folder, item) == 1 and item % 5 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def die(_folder: Path, item: int) -> int:
    if item == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def be_slow(folder: Path, item: int) -> int:
    note(folder, item)
    time.sleep(0.4)
    return item


def hang(_context: None, item: str) -> str:
    if item == "asleep":
        time.sleep(60)
    if item == "deaf":  # as native code is that never comes back to the interpreter
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        time.sleep(60)
    return item


def raise_all(_context: None, item: str) -> Any:
    class PanicException(BaseException):
        pass

    class Unpicklable(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__(f"{one} {two}")

    if item == "panic":
        raise PanicException("from Rust")
    if item == "unpicklable":
        raise Unpicklable(1, 2)
    if item == "corrupt":
        raise ShardCorrupt("truncated")
    return threading.Lock() if item == "lock" else item


def fail_first(folder: Path, item: int) -> int:
    if note(folder, item) < 3:
        raise Transient("not yet")
    return item


def test_outcomes_are_those_of_one_process() -> None:
    here = list(each(double, {"factor": 3}, range(40), ClusterSection(), "x"))
    there = list(each(double, {"factor": 3}, range(40), TWO, "x"))
    assert sorted(there, key=lambda outcome: outcome.item) == here


def ask(_context: None, item: int) -> int:
    limiter_of(AccessSection()).acquire("https://local.example", AccessSection()).release()
    return item


def test_workers_of_this_machine_are_limited_together_with_its_other_processes() -> None:
    assert ask(None, 1) == 1
    assert len(list(each(ask, None, range(6), TWO, "x"))) == 6
    files = [json.loads(path.read_bytes()) for path in ratelimit_files.shared_folder().glob("*.json")]
    assert 7 in {file["asked"] for file in files}


def test_items_are_drawn_lazily_and_few_are_in_flight() -> None:
    drawn = 0

    def items() -> Iterator[int]:
        nonlocal drawn
        for item in range(10_000):
            drawn += 1
            yield item

    outcomes = each(double, {"factor": 1}, items(), TWO, "x")
    for count, _ in enumerate(outcomes, 1):
        assert drawn <= count + 2 * 2 + 1 + 4  # in flight, the next one, and answers fetched together
        if count == 60:
            break
    outcomes.close()  # type: ignore[attr-defined]


def test_a_task_that_kills_its_worker_once_costs_only_time(tmp_path: Path) -> None:
    outcomes = list(each(die_once, tmp_path, range(12), TWO, "x"))
    assert sorted(outcome.result for outcome in outcomes) == list(range(12))


def test_workers_killed_from_outside_cost_only_time(tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_some() -> None:
        for _ in range(2):
            seen = len(list(tmp_path.iterdir()))
            while len(list(tmp_path.iterdir())) < seen + 2:
                time.sleep(0.02)
            last = max(tmp_path.iterdir(), key=lambda path: int(path.name.split()[2]))
            killed.append(int(last.name.split()[1]))
            os.kill(killed[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill_some, daemon=True)
    killer.start()
    outcomes = list(each(be_slow, tmp_path, range(12), ClusterSection(address="local", workers=2, attempts=5), "x"))
    killer.join(30)
    assert len(killed) == 2
    assert [outcome.failure for outcome in outcomes] == [None] * 12
    assert sorted(outcome.result for outcome in outcomes) == list(range(12))


def test_a_task_that_always_kills_its_worker_fails_alone(tmp_path: Path) -> None:
    outcomes = sorted(each(die, tmp_path, range(4), TWO, "x"), key=lambda outcome: outcome.item)
    assert [outcome.result for outcome in outcomes] == [0, None, 2, 3]
    assert outcomes[1].error_kind == DIED
    assert str(outcomes[1].failure).startswith("its worker died 3 times")
    with pytest.raises(Incomplete, match="build: 1 failed"):
        list(complete(die, tmp_path, range(4), TWO, "build"))


def test_a_task_past_its_deadline_fails_alone() -> None:
    cluster = ClusterSection(address="local", workers=2, attempts=1, shard_seconds=1.0)
    outcomes = {outcome.item: outcome for outcome in each(hang, None, ["asleep", "deaf", "awake"], cluster, "x")}
    assert outcomes["awake"].result == "awake"
    assert outcomes["asleep"].error_kind == "Overdue"
    assert outcomes["deaf"].error_kind == DIED


def test_every_kind_of_error_comes_back_in_words() -> None:
    items = ["panic", "unpicklable", "corrupt", "lock", "fine"]
    outcomes = {outcome.item: outcome for outcome in each(raise_all, None, items, TWO, "x")}
    assert outcomes["fine"] == Outcome("fine", "fine")
    assert outcomes["corrupt"] == Outcome("corrupt", failure="truncated", error_kind="ShardCorrupt")
    assert str(outcomes["panic"].failure).startswith("PanicException: from Rust")
    assert str(outcomes["unpicklable"].failure).startswith("Unpicklable: 1 2")
    assert outcomes["lock"].failure


def test_what_may_go_through_is_tried_again(tmp_path: Path) -> None:
    assert [outcome.result for outcome in each(fail_first, tmp_path, [7], TWO, "x")] == [7]
    few = ClusterSection(address="local", workers=2, attempts=2)
    assert [outcome.error_kind for outcome in each(fail_first, tmp_path, [8], few, "x")] == ["Transient"]


def raising(name: str) -> Exception:
    """An error of Ray as Ray makes it."""
    import ray.exceptions

    errors: Any = ray.exceptions
    made: dict[str, Any] = {
        "RayTaskError": lambda: errors.RayTaskError("f", "Traceback\nValueError: x", ValueError("x")),
        "ValueError": lambda: errors.RayTaskError("f", "Traceback", ValueError("x")).as_instanceof_cause(),
        "NodeDiedError": lambda: errors.NodeDiedError("its node died"),
        "OutOfMemoryError": lambda: errors.OutOfMemoryError("killed by the memory monitor"),
        "ObjectLostError": lambda: errors.ObjectLostError("0" * 56, "", ""),
        "OwnerDiedError": lambda: errors.OwnerDiedError("0" * 56, "", ""),
        "ObjectReconstructionFailedError": lambda: errors.ObjectReconstructionFailedError("0" * 56, "", "", ""),
        "LocalRayletDiedError": errors.LocalRayletDiedError,
        "WorkerCrashedError": errors.WorkerCrashedError,
    }
    error: Exception = made.get(name, lambda: getattr(errors, name)("a line"))()
    return error


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("WorkerCrashedError", DIED),
        ("OutOfMemoryError", DIED),
        ("RayTaskError", "RayTaskError"),
        ("ValueError", "RayTaskError(ValueError)"),
        ("UserCodeException", "UserCodeException"),
        ("UnserializableException", "UnserializableException"),
        *(
            (name, "Transient")
            for name in (
                "NodeDiedError",
                "LocalRayletDiedError",
                "ObjectLostError",
                "OwnerDiedError",
                "ObjectReconstructionFailedError",
                "OutOfDiskError",
                "ObjectStoreFullError",
                "RaySystemError",
                "RpcError",
                "PlasmaObjectNotAvailable",
                "RuntimeEnvSetupError",
                "TaskUnschedulableError",
                "TaskCancelledError",
            )
        ),
    ],
)
def test_machine_trouble_is_told_from_what_a_shard_does(name: str, kind: str) -> None:
    import ray

    assert ray_tasks.kind_of(ray.exceptions, raising(name)) == kind


def spoil_answer(_context: None, item: int) -> Any:
    """A result that Ray cannot read back: an error of its own, not of the task."""

    class Spoilt:
        def __reduce__(self) -> tuple[object, ...]:
            return _raise_system_error, ()

    return Spoilt() if item == 1 else item


def _raise_system_error() -> None:
    raise RuntimeError("cannot be read back")


def test_trouble_of_the_cluster_is_tried_again_and_ends_the_step() -> None:
    few = ClusterSection(address="local", workers=2, attempts=2)
    outcomes = sorted(each(spoil_answer, None, range(3), few, "x"), key=lambda outcome: outcome.item)
    assert [outcome.result for outcome in outcomes] == [0, None, 2]
    assert outcomes[1].error_kind == "Transient"
    with pytest.raises(Transient, match=r"^1: RaySystemError of Ray: .*cannot be read back.*; run again to go on"):
        list(jobs.tolerated(each(spoil_answer, None, range(3), few, "x")))


def test_a_shard_that_always_kills_its_worker_does_not_stop_the_run(tmp_path: Path) -> None:
    kinds = [outcome.error_kind for outcome in jobs.tolerated(each(die, tmp_path, range(4), TWO, "x"))]
    assert sorted(filter(None, kinds)) == [DIED]


def test_limits_are_asked_of_a_new_actor_when_the_old_one_has_died() -> None:
    import ray

    ray_tasks.connect(TWO)
    remote: Any = ray.remote(MemoryBackend)
    named = {"name": cluster_limits.NAME, "namespace": cluster_limits.NAMESPACE, "num_cpus": 0}
    first = remote.options(**named).remote()
    backend = cluster_limits.ClusterBackend()
    assert backend.acquire("https://one.example", 0, 0).token == 1
    ray.kill(first)
    wait_until_gone()
    assert backend.acquire("https://one.example", 0, 0).token > 1  # counted in files meanwhile
    second = remote.options(**named).remote()
    backend._away_until = 0.0
    assert backend.acquire("https://one.example", 0, 0).token == 1
    assert ray.get(second.figures.remote())["https://one.example"]["asked"] == 1
    ray.kill(second)
    wait_until_gone()


def wait_until_gone() -> None:
    import ray

    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            ray.get_actor(cluster_limits.NAME, namespace=cluster_limits.NAMESPACE)
        except ValueError:
            return
        time.sleep(0.05)
    pytest.fail("the actor lives on")


def test_an_address_without_a_cluster_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)

    def refuse(*_args: object, **_settings: object) -> None:
        raise ConnectionError("nobody there")

    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(BadInput, match=r"127\.0\.0\.1:1: no Ray cluster answers"):
        jobs.connect(ClusterSection(address="127.0.0.1:1"))


def test_a_client_whose_own_server_did_not_start_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    fails = [
        "Initialization failure from server:\nTraceback (most recent call last):\n  here\npsutil.NoSuchProcess: 9"
    ] * 4
    asked: list[str] = []

    def begin(address: str, **_settings: object) -> None:
        asked.append(address)
        if fails:
            raise ConnectionAbortedError(fails.pop())

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", begin)
    monkeypatch.setattr("recall.run.jobs.ray_tasks.check_answers", lambda _address: None)
    monkeypatch.setattr("recall.run.jobs.cluster_limits.CLIENT_PAUSES", (0.0, 0.0, 0.0))
    section = ClusterSection(address="ray://127.0.0.1:1")
    with pytest.raises(BadInput, match=r"ray://127\.0\.0\.1:1: no Ray cluster answers: psutil\.NoSuchProcess: 9"):
        jobs.connect(section)
    assert len(asked) == 4
    fails.append("Initialization failure from server:")
    jobs.connect(section)
    assert len(asked) == 6
