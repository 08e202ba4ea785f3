import io
import re
import sys
import time
from collections.abc import Iterator

import pytest

from recall.run.progress_bar import count_pages, progress, silence


@pytest.fixture(autouse=True)
def _loud() -> Iterator[None]:
    silence(False)
    yield
    silence(False)


def test_items_come_through_unchanged_and_lazily(capsys: pytest.CaptureFixture[str]) -> None:
    drawn: list[int] = []
    items = progress((drawn.append(n) or n for n in range(5)), 5, "scan 1")  # type: ignore[func-returns-value]
    assert next(items) == 0
    assert drawn == [0]
    assert list(items) == [1, 2, 3, 4]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(r"scan 1: 5 shards in 0:00:\d\d\n", captured.err)


def test_lines_tell_rate_and_what_is_left(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    list(progress(range(6), 6, "build", unit="pages"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "build: 2 of 6 pages, 0.2 pages/s, 0:00:24 left"
    assert len(lines) == 3
    list(progress(range(3), None, "build"))
    assert "build: 2 shards, 0.2 shards/s" in capsys.readouterr().err


def test_nothing_is_shown_when_silenced(capsys: pytest.CaptureFixture[str]) -> None:
    silence()
    assert list(progress(range(3), 3, "scan")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    return shown


def test_a_bar_shows_the_pages_of_an_item_that_is_not_done_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)

    shown = re.compile(r"1,200 pages, [\d,]+\.\d pages/s")

    def items() -> Iterator[int]:
        count_pages(1200)
        deadline = time.monotonic() + 20
        while not shown.search(terminal.getvalue()) and time.monotonic() < deadline:
            time.sleep(0.02)  # the bar is drawn ten times a second
        assert shown.search(terminal.getvalue())
        assert "1/1" not in terminal.getvalue()
        yield 0

    count_pages(5)  # of another bar
    list(progress(items(), 1, "extract", "inputs"))


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)
    assert list(progress(range(3), 3, "scan [1]")) == [0, 1, 2]
    assert "3/3" in terminal.getvalue()
    assert "scan [1]" in terminal.getvalue()
    assert "shards/s" in terminal.getvalue()
    assert "pages" not in terminal.getvalue()
