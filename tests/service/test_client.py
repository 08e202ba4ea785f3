"""The client against a server that answers as it is told to, to see what it tries again and what it does not."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from service import client as module
from service.client import Client, Item, Score, ServiceError

GOOD = {"score": 0.5, "probability": 0.4, "label": "C", "threshold": 0.3, "model": "m", "id": 1}
Answer = tuple[int, dict[str, str], bytes]
OK: Answer = (200, {}, json.dumps({"items": [GOOD]}).encode())
CUT: Answer = (0, {}, b"")


@pytest.fixture
def scripted() -> Iterator[Callable[..., tuple[str, list[float]]]]:
    """A server of so many answers, status 0 breaking the connection; its URL and when each request came."""
    servers: list[ThreadingHTTPServer] = []

    def start(*answers: Answer) -> tuple[str, list[float]]:
        left, times = list(answers), list[float]()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                times.append(time.monotonic())
                status, headers, body = left.pop(0)
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}", times

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def refused(status: int, **headers: str) -> Answer:
    body = json.dumps(
        {"type": "urn:recall:problem:busy", "title": "Full", "status": status, "detail": "later"}
    ).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda *_: 0.0)


def test_refused_and_broken_requests_are_tried_again(scripted: Any) -> None:
    url, times = scripted(refused(503), CUT, refused(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), OK)
    with Client(url) as client:
        (outcome,) = client.score([Item(text="x")])
    assert isinstance(outcome, Score)
    assert outcome.score == 0.5
    assert len(times) == 4


def test_retry_after_is_waited_for(scripted: Any) -> None:
    url, times = scripted(refused(429, Retry_After="1"), OK)
    with Client(url) as client:
        client.score([Item(text="x")])
    assert times[1] - times[0] >= 1


def test_no_server_makes_it_wait_for_long() -> None:
    assert [module._pause(after) for after in ("7", "99999999999", "²", "-1", "")] == [7.0, 60.0, 0.0, 0.0, 0.0]


def test_what_is_wrong_with_the_request_is_said_at_once(scripted: Any) -> None:
    url, times = scripted(refused(422))
    with Client(url) as client, pytest.raises(ServiceError) as error:
        client.score([Item(text="x")])
    assert (error.value.status, error.value.type, error.value.detail) == (422, "urn:recall:problem:busy", "later")
    assert len(times) == 1


def test_it_gives_up_after_its_attempts(scripted: Any) -> None:
    url, times = scripted(refused(429), CUT)
    with Client(url, attempts=2) as client, pytest.raises(ServiceError, match="no answer"):
        client.score([Item(text="x")])
    assert len(times) == 2


def test_an_answer_that_is_no_problem_is_still_an_error(scripted: Any) -> None:
    url, _ = scripted((502, {}, b"<html>proxy"))
    with Client(url) as client, pytest.raises(ServiceError, match="not an answer of this service"):
        client.score([Item(text="x")])
