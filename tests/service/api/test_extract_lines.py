"""/v1/extract:batch: Markdown line by line, in order, an error in the place of a page that has none."""

import base64
import gzip
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from recall.page.markdown import markdown
from service.api.app import create_app
from service.api.models import Models, load, resolve
from service.api.requests import Settings
from service.limits import Limits
from tests.service.api.test_extraction import extractors

LINES = {"Content-Type": "application/x-ndjson"}
LIMITS = Limits(html_bytes=20_000, line_bytes=30_000, streams=1, extract_seconds=30.0)


@pytest.fixture(scope="module")
def client(folders: list[Path]) -> Iterator[TestClient]:
    models = Models([load(resolve(str(folders[0])))])
    with TestClient(create_app(models, Settings(LIMITS)), raise_server_exceptions=False) as client:
        yield client


def page(number: int) -> str:
    return f"<html><body><h1>Page {number}</h1><p>{'some words of it ' * 20}</p><pre>x = {number}</pre></body></html>"


def ask(client: TestClient, *items: Any, **headers: str) -> list[dict[str, Any]]:
    body = b"".join((item if isinstance(item, bytes) else json.dumps(item).encode()) + b"\n" for item in items)
    if headers.get("encoding"):
        body, headers = gzip.compress(body), {"Content-Encoding": "gzip"}
    answer = client.post("/v1/extract:batch", content=body, headers={**LINES, **headers})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.content.splitlines()]


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_every_line_gets_its_markdown_in_order(client: TestClient, encoding: str) -> None:
    items = [{"id": n, "url": f"https://a.example/{n}", "html": page(n)} for n in range(5)]
    assert ask(client, *items, encoding=encoding) == [
        {
            "id": item["id"],
            "url": item["url"],
            "markdown": markdown(str(item["html"]).encode(), str(item["url"]), "utf-8"),
        }
        for item in items
    ]


def test_a_body_of_bytes_is_read_with_its_charset(client: TestClient) -> None:
    raw = page(1).replace("words", "größe").encode("iso-8859-1")
    item = {"body": base64.b64encode(raw).decode(), "charset": "iso-8859-1"}
    (answer,) = ask(client, item)
    assert answer == {"markdown": markdown(raw, None, "iso-8859-1")}
    assert answer == client.post("/v1/extract", json=item).json()


@pytest.mark.parametrize(
    ("line", "kind", "echo"),
    [
        (b"not json", "not-json", {}),
        (b"[1]", "not-valid", {}),
        ({"id": "a"}, "not-valid", {"id": "a"}),
        ({"id": 7, "text": "bare"}, "not-valid", {"id": 7}),
        ({"url": "u", "html": "x", "body": "eA=="}, "not-valid", {"url": "u"}),
        ({"body": "%"}, "not-valid", {}),
        ({"id": "big", "html": "x" * 20_001}, "too-large", {"id": "big"}),
        ({"html": "x" * 40_000}, "too-large", {}),
    ],
)
def test_a_line_that_is_no_page_gets_an_error_in_its_place(
    client: TestClient, line: Any, kind: str, echo: dict[str, Any]
) -> None:
    before, wrong, after = ask(client, {"html": page(1)}, line, {"html": page(2)})
    assert "x = 1" in before["markdown"]
    assert "x = 2" in after["markdown"]
    assert wrong.pop("error")["type"] == f"urn:recall:problem:{kind}"
    assert wrong == echo


def test_a_page_over_which_the_extractor_crashes_fails_alone(client: TestClient) -> None:
    ask(client, {"html": page(0)})
    (pid,) = extractors()
    os.kill(pid, signal.SIGSTOP)
    answers: list[dict[str, Any]] = []
    asking = threading.Thread(target=lambda: answers.extend(ask(client, {"id": 1, "html": page(1)}, {"html": page(2)})))
    asking.start()
    time.sleep(0.3)  # the page is in the pipe
    os.kill(pid, signal.SIGSEGV)
    os.kill(pid, signal.SIGCONT)
    asking.join(60)
    assert answers[0] == {"id": 1, "error": answers[0]["error"]}
    assert answers[0]["error"]["type"] == "urn:recall:problem:extractor-crashed"
    assert "x = 2" in answers[1]["markdown"]


def test_single_pages_have_their_turn_and_further_streams_are_refused(client: TestClient) -> None:
    answers: list[dict[str, Any]] = []
    items = [{"id": number, "html": page(number)} for number in range(150)]

    def stream() -> None:
        body = b"".join(json.dumps(item).encode() + b"\n" for item in items)
        while (answer := client.post("/v1/extract:batch", content=body, headers=LINES)).status_code == 429:
            pass  # a short one from below has the place
        answers.extend(map(json.loads, answer.text.splitlines()))

    streaming = threading.Thread(target=stream)
    streaming.start()
    refused, deadline = 200, time.monotonic() + 30
    while refused == 200 and time.monotonic() < deadline:
        refused = client.post("/v1/extract:batch", content=b"{}\n", headers=LINES).status_code
    single = client.post("/v1/extract", json={"html": page(999)})
    between = streaming.is_alive()
    streaming.join(60)
    assert refused == 429
    assert "x = 999" in single.json()["markdown"]
    assert between, "the single page did not wait for the stream's end"
    assert [answer["id"] for answer in answers] == list(range(150))


def test_another_type_or_encoding_is_refused(client: TestClient) -> None:
    assert client.post("/v1/extract:batch", json={"html": "x"}).status_code == 415
    assert (
        client.post("/v1/extract:batch", content=b"{}", headers={**LINES, "Content-Encoding": "br"}).status_code == 415
    )
