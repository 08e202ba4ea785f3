"""How far a step is: a bar with rate and remaining time on a terminal, a plain line now and then elsewhere.

Writes to stderr only, so that output can be piped; nothing at all when silenced.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

T = TypeVar("T")
LINE_SECONDS = 10.0


class _Setting:
    quiet = False
    pages = 0


def count_pages(count: int) -> None:
    """Say that so many more pages are done in this process, of whatever item; a bar shows how many a second."""
    _Setting.pages += count


def silence(quiet: bool = True) -> None:
    """Show no progress in this process any more, or show it again."""
    _Setting.quiet = quiet


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.1f} {self._unit}/s")


class _Pages(ProgressColumn):
    """Pages that were done here since the bar began, which may be of the item at work."""

    def __init__(self) -> None:
        super().__init__()
        self._before = _Setting.pages

    def render(self, task: Task) -> Text:
        pages = _Setting.pages - self._before
        if not pages or not task.elapsed:
            return Text("")
        return Text(f"{pages:,} pages, {pages / task.elapsed:,.1f} pages/s")


def progress(iterable: Iterable[T], total: int | None, label: str, unit: str = "shards") -> Iterator[T]:
    """Hand on the items of an iterable and show how many of `total` (None: unknown) came through."""
    if _Setting.quiet:
        yield from iterable
    elif sys.stderr.isatty():
        yield from _bar(iterable, total, label, unit)
    else:
        yield from _lines(iterable, total, label, unit)


def _bar(iterable: Iterable[T], total: int | None, label: str, unit: str) -> Iterator[T]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(unit),
        _Pages(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        for item in iterable:
            yield item
            bar.advance(task)


def _lines(iterable: Iterable[T], total: int | None, label: str, unit: str) -> Iterator[T]:
    started = shown = time.monotonic()
    count = 0
    for item in iterable:
        yield item
        count += 1
        now = time.monotonic()
        if now - shown >= LINE_SECONDS and count != total:
            shown = now
            print(_line(label, unit, count, total, now - started), file=sys.stderr, flush=True)  # noqa: T201 - its job
    took = time.monotonic() - started
    print(f"{label}: {count:,} {unit} in {_span(took)}", file=sys.stderr, flush=True)  # noqa: T201 - its job


def _line(label: str, unit: str, count: int, total: int | None, took: float) -> str:
    rate = count / took if took > 0 else 0.0
    of = "" if total is None else f" of {total:,}"
    left = f", {_span((total - count) / rate)} left" if total is not None and rate > 0 else ""
    return f"{label}: {count:,}{of} {unit}, {rate:,.1f} {unit}/s{left}"


def _span(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
