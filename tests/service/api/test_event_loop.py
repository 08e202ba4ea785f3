"""The event loop goes on whatever a request waits for or computes: each test measures what keeps it from its turn."""

import asyncio
import base64
import gzip
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from service.api.app import create_app
from service.api.models import Models, Version, load, resolve
from service.api.requests import Settings
from service.limits import Limits

SLOW_SECONDS = 6.0
LATE_SECONDS = 5.0
"""Less than the slow store takes, more than a busy machine keeps a thread waiting."""
PATIENT = Settings(Limits(store_seconds=60))
STEP_SECONDS = 0.15
"""Processor time between two turns of the loop; steps are made to take some 10 ms."""

LINES = {"Content-Type": "application/x-ndjson"}
WARC = {"Content-Type": "application/warc"}
JSON = {"Content-Type": "application/json"}


class Turns:
    """The longest time between two turns of the loop: on the wall clock, and of its thread's processor time."""

    def __init__(self) -> None:
        self.wall = self.processor = 0.0

    async def watch(self) -> None:
        wall, processor = time.monotonic(), time.thread_time()
        while True:
            await asyncio.sleep(0.001)
            now, spent = time.monotonic(), time.thread_time()
            self.wall, self.processor = max(self.wall, now - wall), max(self.processor, spent - processor)
            wall, processor = now, spent


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Start and end an app as a server does."""
    told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    said: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    living = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, told.get, said.put))
    await told.put({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    yield
    await told.put({"type": "lifespan.shutdown"})
    await living


def measured(app: Any, method: str, path: str, **request: Any) -> tuple[httpx.Response, Turns]:
    """An answer, and how the loop went on meanwhile."""

    async def ask() -> tuple[httpx.Response, Turns]:
        transport = httpx.ASGITransport(app)
        async with lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://x", timeout=60) as client:
            await client.get("/healthz")
            turns = Turns()
            watching = asyncio.create_task(turns.watch())
            await asyncio.sleep(0.01)
            answer = await client.request(method, path, **request)
            await asyncio.sleep(0.01)
            watching.cancel()
            return answer, turns

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def version(folders: list[Path]) -> Version:
    return load(resolve(str(folders[0])))


class _Slow(BaseHTTPRequestHandler):
    """An S3 server that thinks for a while and then has nothing."""

    def do_GET(self) -> None:
        time.sleep(SLOW_SECONDS)
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - its name in http.server

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def slow_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A run folder in a bucket that answers slowly."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        yield "s3://bucket/run"
        server.shutdown()


def test_a_slow_store_behind_the_list_of_models(version: Version, slow_store: str) -> None:
    app = create_app(Models([replace(version, run=slow_store)]), PATIENT)
    began = time.monotonic()
    answer, turns = measured(app, "GET", "/v1/models")
    assert time.monotonic() - began > SLOW_SECONDS
    assert "report" not in answer.json()["models"][0]
    assert turns.wall < LATE_SECONDS


def test_a_slow_store_hides_no_report_of_others(version: Version, slow_store: str, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").touch()
    slow = replace(version, version="slow", run=slow_store)
    models = Models([slow, replace(version, version="fast", run=str(tmp_path)), replace(slow, version="slow too")])
    app = create_app(models, Settings(Limits(store_seconds=0.1, store_reads=2)))

    async def ask() -> list[list[str | None]]:
        transport = httpx.ASGITransport(app)
        async with lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            lists = [(await client.get("/v1/models")).json()["models"] for _ in range(4)]
            return [[model.get("report") for model in models] for models in lists]

    assert asyncio.run(ask()) == [[None, "/report/fast/index.html", None]] * 4


def test_a_slow_store_behind_a_report(version: Version, slow_store: str) -> None:
    app = create_app(Models([replace(version, run=slow_store)]), PATIENT)
    answer, turns = measured(app, "GET", f"/report/{version.version}/index.html")
    assert answer.status_code == 404
    assert turns.wall < LATE_SECONDS


def test_a_store_that_is_slower_than_an_answer_may_be(version: Version, slow_store: str) -> None:
    models = Models([replace(version, run=slow_store)])
    app = create_app(models, Settings(Limits(store_seconds=0.2)))
    answer, _ = measured(app, "GET", f"/report/{version.version}/index.html")
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:recall:problem:too-long"
    answer, _ = measured(create_app(models, Settings(Limits(store_seconds=0.2))), "GET", "/v1/models")
    assert answer.status_code == 200, "the list does not depend on the store"
    assert "report" not in answer.json()["models"][0]


def test_no_more_reads_of_a_slow_store_are_begun_than_there_are_places(version: Version, slow_store: str) -> None:
    app = create_app(Models([replace(version, run=slow_store)]), Settings(Limits(store_seconds=0.1, store_reads=2)))

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            path = f"/report/{version.version}/index.html"
            answers = [await client.get(path) for _ in range(3)]  # the threads of the first two are still at work
            return [answer.status_code for answer in answers]

    assert asyncio.run(ask()) == [503, 503, 429]


def test_metrics_of_many_workers(version: Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"counter_{pid}.db" for pid in range(1500)]
    for name in names:
        values: Any = MmapedDict(str(tmp_path / name))  # type: ignore[no-untyped-call]
        for number in range(40):
            key = mmap_key("recall_requests", "recall_requests_total", ["route"], [str(number)], "Requests answered")
            values.write_value(key, 1.0, 0.0)
        values.close()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    answer, turns = measured(create_app(Models([version])), "GET", "/metrics")
    assert 'recall_requests_total{route="7"} 1500.0' in answer.text
    assert turns.processor < STEP_SECONDS


def newlines() -> bytes:
    return b"\n" * (64 << 20)


BODIES: dict[str, tuple[str, dict[str, str], Callable[[], bytes]]] = {
    "a WARC that is spooled": (
        "/v1/score:warc",
        WARC | {"Content-Encoding": "gzip"},
        lambda: gzip.compress(newlines()),
    ),
    "blank lines in gzip": ("/v1/score:batch", LINES | {"Content-Encoding": "gzip"}, lambda: gzip.compress(newlines())),
    "blank lines in zstd": (
        "/v1/score:batch",
        LINES | {"Content-Encoding": "zstd"},
        lambda: zstandard.compress(newlines()),
    ),
    "blank lines as they are": ("/v1/score:batch", LINES, lambda: b"\n" * (1 << 20)),
    "lines of spaces": ("/v1/score:batch", LINES, lambda: b" \n" * (1 << 19)),
    "empty members of gzip in a stream": (
        "/v1/score:batch",
        LINES | {"Content-Encoding": "gzip"},
        lambda: gzip.compress(b"") * (1 << 15),
    ),
    "empty members of gzip in a body": (
        "/v1/score",
        JSON | {"Content-Encoding": "gzip"},
        lambda: gzip.compress(b"") * (1 << 16),
    ),
    "empty frames of zstd in a stream": (
        "/v1/score:batch",
        LINES | {"Content-Encoding": "zstd"},
        lambda: zstandard.compress(b"") * (1 << 15),
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_cost_more_than_they_weigh(version: Version, name: str) -> None:
    path, headers, body = BODIES[name]
    answer, turns = measured(create_app(Models([version])), "POST", path, headers=headers, content=body())
    assert answer.status_code in (200, 400, 422), answer.text
    assert turns.processor < STEP_SECONDS


def test_a_large_page_to_extract(version: Version) -> None:
    page = b"<html><body><h1>T</h1><p>" + b"word " * 100 + b"</p>" + b" " * (7 << 20)
    body = b'{"body":"' + base64.b64encode(page) + b'"}'
    began = time.thread_time()
    base64.b64decode(base64.b64encode(page), validate=True)
    cost = time.thread_time() - began
    app = create_app(Models([version]), Settings(Limits(extract_seconds=60)))
    answer, turns = measured(app, "POST", "/v1/extract", content=body, headers=JSON)
    assert answer.status_code == 200, answer.text
    assert turns.processor < max(cost, 0.02)
