import http.client
import json
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn

from service.api.app import Settings, create_app
from service.api.models import Models, load, resolve
from service.limits import Limits
from service.server.accept import Tally
from service.server.access_tokens import digests_of
from service.server.protocol import BoundedProtocol
from service.server.workers import _Server, listen

TOKEN = "a-token-that-is-long-enough"
KEY = {"Authorization": f"Bearer {TOKEN}"}
HEAD = f"POST /v1/score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"


@pytest.fixture
def port(folders: list[Path]) -> Iterator[int]:
    """A worker with one place, which a body that is slow to come does not lose."""
    limits = Limits(queue=1, brisk_seconds=60)
    app = create_app(Models([load(resolve(str(folders[0])))]), Settings(limits, tokens=digests_of([TOKEN])))
    protocol = partial(BoundedProtocol, limits=limits, door=app.door)
    config = uvicorn.Config(cast(Any, app), http=cast(Any, protocol), ws="none", log_config=None, access_log=False)
    listener = listen("127.0.0.1", 0)
    server, found = _Server(config, listener, Tally(1), 0), int(listener.getsockname()[1])
    thread = threading.Thread(target=server.run)
    thread.start()
    yield found
    server.should_exit = True
    thread.join()


@pytest.fixture
def holder(port: int) -> Iterator[socket.socket]:
    """A request that holds the place; its last byte is still to come."""
    body = json.dumps({"items": [{"text": "return class"}]})
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"{HEAD}Content-Length: {len(body)}\r\n\r\n{body[:-1]}".encode())
        ready = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while True:
            ready.request("GET", "/readyz")
            answer = ready.getresponse()
            answer.read()
            if answer.status == 429:
                break
        ready.close()
        yield connection


def ask(connection: http.client.HTTPConnection, body: bytes, **headers: str) -> tuple[http.client.HTTPResponse, Any]:
    given = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request("POST", "/v1/score", body, given)
    answer = connection.getresponse()
    return answer, json.loads(answer.read())


def test_a_request_that_is_turned_away_is_answered_whole_and_its_connection_lives_on(
    port: int, holder: socket.socket
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = json.dumps({"items": [{"text": "return class"}] * 3000}).encode()
    for _ in range(2):
        answer, problem = ask(connection, body, X_Request_Id="mine", **KEY)
        assert (answer.status, problem["type"]) == (429, "urn:recall:problem:busy")
        assert problem["instance"] == "urn:recall:request:mine"
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["X-Request-Id"] == "mine"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    connection.request("GET", "/metrics", headers=KEY)
    counted = connection.getresponse().read().decode()
    assert 'recall_requests_total{route="/v1/score",status="429"}' in counted
    holder.sendall(b"}")
    assert holder.recv(1000).startswith(b"HTTP/1.1 200")
    answer, problem = ask(connection, body, **KEY)
    assert answer.status == 422, "3,000 items are more than it takes, but now there is a place to say so"
    connection.close()


@pytest.mark.usefixtures("holder")
def test_who_has_no_token_does_not_learn_how_busy_it_is(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    assert ask(connection, b"{}")[0].status == 401
    connection.close()


@pytest.mark.usefixtures("holder")
@pytest.mark.parametrize(
    "more",
    [
        "Connection: close\r\nContent-Length: 100000\r\n",
        "Expect: 100-continue\r\nContent-Length: 100000\r\n",
        "Content-Length: 20000000\r\n",
        "Transfer-Encoding: chunked\r\n",
    ],
)
def test_who_asks_first_or_wants_no_more_or_has_much_to_send_is_refused_before_the_body(port: int, more: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"{HEAD}{more}\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 429")


@pytest.mark.usefixtures("holder")
def test_requests_sent_in_one_go_are_each_answered_in_order(port: int) -> None:
    one = f"{HEAD}Content-Length: 2\r\n\r\n{{}}".encode()
    health = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(one + one + health)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert [answer.count(line) for line in (b"HTTP/1.1 429", b"HTTP/1.1 200")] == [2, 1]
    assert answer.index(b"HTTP/1.1 200") > answer.rindex(b"HTTP/1.1 429")
