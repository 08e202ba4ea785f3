"""From inputs to a file or folder of results, whole or not at all; or to rows as they come.

In: portions, the work, and where the results go. Out: the results, and beside them the account: a line for each input,
done, skipped or failed with its reason, in order. Parts lie in a folder beside the results until these are whole; a
call after a killed one goes on with them. Refuses a name that is taken, a folder of parts that holds other files, parts
of something else (see `check_plan`), and more failed inputs than may fail: nothing is written then, and the next call
tries them again.
"""

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recall.apply.portions import Portion
from recall.apply.resumable import (
    FATE,
    PLAN,
    Order,
    account_of,
    check_plan,
    check_unused,
    columns_of,
    do_portions,
    failed_in,
    forget_failed,
    keys_of,
    parts_of,
)
from recall.apply.targets import json_line, write_target
from recall.config import ClusterSection
from recall.errors import BadInput, Incomplete, ShardFailed, StorageUnusable
from recall.io import sync
from recall.run.lease import DRIVER, Lease

ACCOUNT = ".inputs.jsonl"
"""Behind the name of the results: the account of inputs."""
PARTS = ".parts"
"""Behind the name of the results: what a killed call left, gone when they are whole."""
_STAGED = "whole"
_AGAIN = "again"
"""Staged once more by a call that goes on after the results had been put in their place."""
_PLACED = "placed"
"""There from the moment on when what is staged may be renamed: with nothing staged, the results are in their place."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A call of a verb. extra: settings that the results depend on besides those of the work."""

    verb: str
    order: Order
    portions: Sequence[Portion]
    cluster: ClusterSection = field(default_factory=ClusterSection)
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collected:
    """What came out. inputs: how many by outcome; resumed: parts of an earlier call were there."""

    pages: int
    inputs: Mapping[str, int]
    seconds: float
    resumed: bool


def collect(job: Job, target: Path) -> Collected:
    """Do all portions and write the results and the account. Raises as the module says, Incomplete for failures."""
    order, began = job.order, time.monotonic()
    beside = target.with_name(target.name + PARTS)
    resumed = order.store.exists(PLAN)
    if target.exists() and not (resumed and _is_placed(beside)):
        raise _taken(target)
    if not resumed:
        check_unused(order.store, (DRIVER, _PLACED))
    try:
        with Lease(order.store) as lease:
            check_plan(order, job.portions, job.verb, job.extra)
            if resumed:
                forget_failed(order.store, job.portions)
            failed = do_portions(order, job.portions, job.cluster, job.verb)
            _check_share(job, failed)
            lease.confirm()
            pages, inputs = _write(job, failed, target, beside)
        for key in (*keys_of(order.store, job.portions), DRIVER, PLAN):  # the plan last: it says whose these are
            order.store.remove(key)
        _tidy(beside)
    except OSError as error:
        line = f"{error.filename or target}: cannot be written: {error.strerror or error}"
        raise StorageUnusable(f"{line}; mend it, then run again") from None
    return Collected(pages, inputs, time.monotonic() - began, resumed)


def _taken(target: Path) -> BadInput:
    return BadInput(f"{target}: exists already; choose another name or remove it")


def _is_placed(beside: Path) -> bool:
    """Whether an earlier call put the results in their place."""
    return (beside / _PLACED).exists() and not (beside / _STAGED).exists()


def _remove(path: Path) -> None:
    """Remove a file or folder, where there is one."""
    (shutil.rmtree if path.is_dir() else Path.unlink)(path) if path.exists() else None


def _tidy(beside: Path) -> None:
    """Remove what this module put into the folder beside the results, and the folder unless others use it."""
    for name in (_AGAIN, _STAGED, _PLACED):
        _remove(beside / name)
    if beside.is_dir() and all(path.name.startswith(".") for path in beside.iterdir()):  # locks and what a kill left
        shutil.rmtree(beside, ignore_errors=True)


def _check_share(job: Job, failed: Mapping[int, str]) -> None:
    """Raise Incomplete where more inputs failed than may."""
    reasons = [(job.portions[number].path, reason) for number, reason in failed.items()]
    count = sum(len(job.portions[number].names) for number in failed)
    for portion in job.portions:
        if portion.number not in failed and failed_in(job.order.store, portion):
            single = [row for row in account_of(portion, parts_of(job.order, portion)) if row["outcome"] == "failed"]
            reasons += [(row["input"], row["reason"]) for row in single]
            count += len(single)
    total = sum(len(portion.names) for portion in job.portions)
    if count > job.cluster.failed_share * total:
        name, reason = reasons[0]
        raise Incomplete(
            f"{job.verb}: {count} of {total} inputs failed and nothing was written; first: {name}: "
            f"{reason.removeprefix(f'{name}: ')}; run again to go on, or let a --failed-share fail",
            tuple((name, "failed", reason) for name, reason in reasons),
        )


def _write(job: Job, failed: Mapping[int, str], target: Path, beside: Path) -> tuple[int, Counter[str]]:
    """The account, then the results: whole in the folder beside them first, then under their name."""
    inputs: Counter[str] = Counter(done=0, skipped=0, failed=0)
    placed = _is_placed(beside)
    staged = beside / (_AGAIN if placed else _STAGED)
    account = target.with_name(target.name + ACCOUNT)
    beside.mkdir(parents=True, exist_ok=True)
    _remove(staged)
    if not placed:
        _remove(beside / _PLACED)
    with (beside / account.name).open("wb") as stream:
        for portion in job.portions:
            reason = failed.get(portion.number, "")
            rows = iter(()) if reason else parts_of(job.order, portion)
            for line in account_of(portion, rows, reason):
                inputs[line["outcome"]] += 1
                stream.write(json_line(line))
    pages = write_target(target, staged, _good_rows(job, failed), columns_of(job.order.work))
    for name in (beside / account.name, staged):
        sync(name)
    if target.exists() and not placed:
        raise _taken(target)
    os.replace(beside / account.name, account)  # noqa: PTH105 - as below
    if not target.exists():
        (beside / _PLACED).touch()
        sync(beside)
        os.replace(staged, target)  # noqa: PTH105 - of folders too
    sync(target.absolute().parent)
    return pages, inputs


def _good_rows(job: Job, failed: Mapping[int, str]) -> Iterator[Row]:
    for portion in job.portions:
        for rows in () if portion.number in failed else parts_of(job.order, portion):
            for row in rows:
                if not row["skip"] and not row["failure"]:
                    yield {name: value for name, value in row.items() if name not in FATE}


def stream(job: Job, failed: list[tuple[str, str]]) -> Iterator[tuple[Portion, Row]]:
    """Rows as they come, in this process, each with its portion; those of what is no page too (columns FATE say so).

    failed: takes what failed, a name and a reason each. Raises what a single input's failure is.
    """
    alone = sum(len(portion.names) for portion in job.portions) == 1
    for portion in job.portions:
        try:
            for rows in job.order.ordered(portion):
                for row in rows:
                    if row["failure"]:
                        failed.append((row["listed"] or row["path"], row["failure"]))
                    yield portion, row
        except ShardFailed as error:
            if alone:
                raise
            failed.append((portion.path, str(error)))
