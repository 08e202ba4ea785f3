import errno
import itertools
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from recall.config import ClusterSection
from recall.errors import BadInput, Incomplete, ShardCorrupt, Transient
from recall.run.jobs import Outcome, complete, deadline, each
from recall.run.jobs.cluster_limits import check_answers
from recall.run.jobs.deadline import DeadlineExceeded, attempt, attempt_until

HERE = ClusterSection()


class PanicException(BaseException):
    """As Rust extensions raise it."""


def double(context: int, item: int) -> int:
    return context * item


def fail(error: BaseException, item: int) -> int:
    if item == 1:
        raise error
    return item


def fail_first(folder: Path, item: int) -> int:
    tries = len(list(folder.iterdir()))
    (folder / str(tries)).touch()
    if tries < 2:
        raise Transient("not yet")
    return item


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "RETRY_SECONDS", 0.01)


def test_every_item_has_an_outcome() -> None:
    assert list(each(double, 2, range(3), HERE, "x")) == [Outcome(0, 0), Outcome(1, 2), Outcome(2, 4)]
    assert list(each(double, 2, [], HERE, "x")) == []


def test_items_are_drawn_one_by_one() -> None:
    outcomes = each(double, 2, itertools.count(), HERE, "x")
    assert [outcome.result for outcome in itertools.islice(outcomes, 3)] == [0, 2, 4]


@pytest.mark.parametrize(
    ("error", "kind", "line"),
    [
        (ShardCorrupt("a.warc.gz: is truncated"), "ShardCorrupt", "a.warc.gz: is truncated"),
        (ValueError("two\nlines"), "ValueError", "ValueError: two lines (test_jobs.py:"),
        (PanicException("no tell"), "PanicException", "PanicException: no tell (test_jobs.py:"),
        (MemoryError(), "MemoryError", "MemoryError (test_jobs.py:"),
        (DeadlineExceeded("took longer"), "Overdue", "Overdue: took longer (test_jobs.py:"),
    ],
)
def test_an_error_is_a_failure_and_the_others_go_on(error: BaseException, kind: str, line: str) -> None:
    outcomes = list(each(fail, error, range(3), HERE, "x"))
    assert [outcome.result for outcome in outcomes] == [0, None, 2]
    assert outcomes[1].error_kind == kind
    assert outcomes[1].failure is not None
    assert outcomes[1].failure.startswith(line)
    assert pickle.loads(pickle.dumps(outcomes)) == outcomes


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)])
def test_who_wants_to_stop_is_not_held(error: BaseException) -> None:
    with pytest.raises(type(error)):
        list(each(fail, error, range(3), HERE, "x"))


def test_what_may_go_through_is_tried_again(tmp_path: Path) -> None:
    assert list(each(fail_first, tmp_path, [7], ClusterSection(attempts=3), "x")) == [Outcome(7, 7)]


def test_attempts_end(tmp_path: Path) -> None:
    outcomes = list(each(fail_first, tmp_path, [7], ClusterSection(attempts=2), "x"))
    assert outcomes == [Outcome(7, failure="not yet", error_kind="Transient")]


def test_complete_tries_all_and_then_refuses_a_gap() -> None:
    seen: list[int] = []
    outcomes = complete(fail, ShardCorrupt("broken"), range(3), HERE, "build")
    with pytest.raises(Incomplete, match=r"build: 1 failed .* first: 1: broken"):
        seen.extend(outcome.result for outcome in outcomes)
    assert seen == [0, 2]
    assert [outcome.result for outcome in complete(double, 1, range(2), HERE, "build")] == [0, 1]


def test_a_deadline_ends_an_attempt_and_leaves_no_alarm() -> None:
    def sleep(_context: None, seconds: float) -> str:
        time.sleep(seconds)
        return "done"

    late = attempt_until(sleep, None, 5.0, 0.1)
    assert late.error_kind == "Overdue"
    assert attempt_until(sleep, None, 0.0, 60.0).result == "done"
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0


@pytest.mark.parametrize("moment", ["on its way out", "when it is disarmed", "when an error is put into words"])
def test_a_deadline_that_comes_during_the_way_out_is_an_outcome_too(
    monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    before, disarm, words = signal.getsignal(signal.SIGALRM), signal.setitimer, deadline._unexpected
    rung: list[int] = []

    def ring_once() -> None:
        if not rung:
            rung.append(1)
            signal.raise_signal(signal.SIGALRM)

    def ring_late(*arguments: Any) -> Outcome[int]:
        outcome = attempt(*arguments)
        ring_once()
        return outcome

    def ring_when_disarmed(which: int, seconds: float) -> None:
        if not seconds:
            ring_once()
        disarm(which, seconds)

    def ring_in_words(error: BaseException) -> str:
        ring_once()
        return words(error)

    if moment == "on its way out":
        monkeypatch.setattr(deadline, "attempt", ring_late)
    elif moment == "when it is disarmed":
        monkeypatch.setattr(signal, "setitimer", ring_when_disarmed)
    else:
        monkeypatch.setattr(deadline, "_unexpected", ring_in_words)
    outcome = attempt_until(fail, ValueError("x"), 2 if moment == "when it is disarmed" else 1, 60.0, 60.0)
    assert rung
    assert outcome.error_kind == (None if moment == "when it is disarmed" else "Overdue")
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0


def test_ray_is_not_imported_unless_asked_for() -> None:
    code = "import sys, recall.run.jobs, recall.run.rounds; assert 'ray' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_ray_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BadInput, match=r"recall\[ray\]"):
        each(double, 1, [1], ClusterSection(address="local"), "x")


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "ray://127.0.0.1:1", "ray://no.such.host.invalid:10001", "[::1]:99999"]
)
def test_an_address_where_nothing_listens_is_said_at_once(address: str) -> None:
    began = time.monotonic()
    with pytest.raises(BadInput, match=rf"\[cluster\] address: {re.escape(address)}: no Ray cluster answers: "):
        check_answers(address)
    assert time.monotonic() - began < 9


@pytest.mark.parametrize("address", ["auto", "local", "here", "ray://head"])
def test_an_address_without_a_port_is_left_to_ray(address: str) -> None:
    check_answers(address)


def test_no_environment_is_touched_here() -> None:
    before = dict(os.environ)
    list(each(double, 2, range(3), HERE, "x"))
    assert dict(os.environ) == before


def test_what_this_machine_lacks_is_tried_again_and_may_be_had_elsewhere() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/x")
    assert attempt(fail, full, 1).error_kind == "Transient"
    assert attempt(fail, OSError(errno.ENOENT, "no such file"), 1).error_kind == "FileNotFoundError"
