"""The process that extracts pages: how it ends, what is answered and logged then, and that another takes its place."""

import json
import logging
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.api import extraction, requests
from service.api.app import create_app
from service.api.models import Models, load, resolve
from service.api.requests import Settings
from service.limits import Limits
from service.server.logs import LOGGER, JsonLines

SECRET = "xyzzy-content-of-a-page"
PAGE = {"html": f"<html><body><h1>T</h1><p>{SECRET} {'word ' * 60}</p></body></html>", "url": "https://a.example/"}


def extractors() -> list[int]:
    """Process ids of the extracting processes that this one has started."""
    pids = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    for task in Path("/proc/self/task").iterdir():
        pids += (task / "children").read_text().split()
    lines = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
    return [pid for pid, line in lines.items() if b"extracting_process" in line]


@pytest.fixture(scope="module")
def models(folders: list[Path]) -> Models:
    return Models([load(resolve(str(folders[0])))])


@pytest.fixture
def client(models: Models) -> Iterator[TestClient]:
    with TestClient(create_app(models), raise_server_exceptions=False) as client:
        assert SECRET in client.post("/v1/extract", json=PAGE).json()["markdown"]
        yield client


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """What was logged about extractors that ended, as it is written."""
    monkeypatch.setattr(LOGGER, "propagate", True)
    caplog.set_level(logging.INFO, LOGGER.name)

    def lines() -> list[dict[str, Any]]:
        written = [JsonLines().format(record) for record in caplog.records]
        assert not any(SECRET in line or "\n" in line for line in written)
        return [line for line in map(json.loads, written) if line["event"] == "extractor ended"]

    return lines


def struck(client: TestClient, what: signal.Signals) -> Any:
    """The answer to a page over which the process gets a signal."""
    client.post("/v1/extract", json=PAGE)  # compiled code is loaded: while it is, exceptions go unseen
    (pid,) = extractors()
    os.kill(pid, signal.SIGSTOP)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(client.post("/v1/extract", json=PAGE)))
    asking.start()
    time.sleep(1.0)  # the page is in the pipe
    os.kill(pid, what)
    os.kill(pid, signal.SIGCONT)
    asking.join(30)
    return answers[0]


@pytest.mark.parametrize(
    ("what", "exception", "words"),
    [
        (signal.SIGSEGV, "Fatal Python error: Segmentation fault", "SIGSEGV"),
        (signal.SIGABRT, "Fatal Python error: Aborted", "SIGABRT"),
        (signal.SIGBUS, "Fatal Python error: Bus error", "SIGBUS"),
        (signal.SIGFPE, "Fatal Python error: Floating point exception", "SIGFPE"),
        (signal.SIGINT, "KeyboardInterrupt", "SIGINT"),
        (signal.SIGTERM, "", "SIGTERM"),
    ],
)
def test_a_crash_is_a_fault_of_ours_with_its_trace_in_the_log(
    client: TestClient, logged: Any, what: signal.Signals, exception: str, words: str
) -> None:
    answer = struck(client, what)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:recall:problem:extractor-crashed"
    assert words in answer.json()["detail"]
    (line,) = logged()
    assert line["id"] == answer.headers["x-request-id"]
    assert line["exception"] == exception
    assert any("extracting_process.py" in frame for frame in line["frames"]) == bool(exception)
    assert SECRET in client.post("/v1/extract", json=PAGE).json()["markdown"], "another process takes its place"


def test_a_process_that_the_kernel_killed_for_memory_says_so(client: TestClient, logged: Any) -> None:
    answer = struck(client, signal.SIGKILL)
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:recall:problem:too-much-memory"
    assert logged()[0]["code"] == -signal.SIGKILL
    assert client.post("/v1/extract", json=PAGE).status_code == 200


def test_a_page_that_takes_more_memory_than_it_may_says_so(models: Models, logged: Any) -> None:
    page = "<html><body><p>" + "word " * 1_600_000
    with TestClient(create_app(models, Settings(Limits(extract_seconds=120)))) as client:
        assert client.post("/v1/extract", json=PAGE).status_code == 200
        (pid,) = extractors()
        taken = re.search(r"VmPeak:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        assert taken is not None
    limits = Limits(extract_bytes=(int(taken[1]) << 10) + (16 << 20), extract_seconds=120)
    with TestClient(create_app(models, Settings(limits))) as client:
        assert client.post("/v1/extract", json=PAGE).status_code == 200
        answer = client.post("/v1/extract", json={"html": page})
        assert answer.status_code == 503, answer.text[:300]
        assert answer.json()["type"] == "urn:recall:problem:too-much-memory"
        assert logged()[0]["exception"] == "MemoryError"
        assert client.post("/v1/extract", json=PAGE).status_code == 200


def test_a_page_that_takes_too_long_stays_one_and_is_no_crash(
    models: Models, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = extraction.Extractor(seconds=120, memory=1 << 30)
    monkeypatch.setattr(requests, "Extractor", lambda *_limits: made)
    with TestClient(create_app(models)) as client:
        assert client.post("/v1/extract", json=PAGE).status_code == 200
        (pid,) = extractors()
        os.kill(pid, signal.SIGSTOP)
        made._seconds = 0.5  # not from the beginning: the process's start is in the time of its first page
        answer = client.post("/v1/extract", json=PAGE)
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:recall:problem:too-long"
        assert not logged()
        assert not Path(f"/proc/{pid}").exists()


def test_a_process_that_cannot_start_is_a_crash_with_its_trace(models: Models, logged: Any) -> None:
    with TestClient(create_app(models, Settings(Limits(extract_bytes=1 << 70)))) as client:
        answer = client.post("/v1/extract", json=PAGE)
        assert answer.json()["type"] == "urn:recall:problem:extractor-crashed"
        assert "exit code 1" in answer.json()["detail"]
        assert logged()[0]["exception"] == "OverflowError"


def test_of_what_the_process_wrote_only_the_trace_is_told() -> None:
    frames = "".join(f'  File "/x/{n}.py", line {n} in f\n' for n in range(50))
    told = extraction._trace(f"{SECRET}\nFatal Python error: Aborted\n\nCurrent thread 0x1:\n{frames}{SECRET}\n")
    assert told["exception"] == "Fatal Python error: Aborted"
    assert len(told["frames"]) == 12
    assert told["frames"][-1] == "/x/0.py:0 f", "the innermost one is the last, as in a traceback"
    assert SECRET not in str(told)
    assert extraction._trace('{"exception":nothing') == {"exception": "", "frames": []}
    assert extraction._trace("") == {"exception": "", "frames": []}
