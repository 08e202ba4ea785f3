import asyncio
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.app import create_app
from service.api.models import Models, load, resolve
from service.api.requests import Settings
from service.limits import Limits
from service.server.access_tokens import digests_of
from service.server.connections import Connections, Listener, Tally
from service.server.workers import listen

TOKEN = "a-token-that-is-long-enough"
KEY = {"Authorization": f"Bearer {TOKEN}"}
HEAD = f"POST /v1/score HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"


@contextmanager
def serving(app: ASGIApp, limits: Limits) -> Iterator[int]:
    """A worker in a thread; its port."""
    connections = Connections(app, limits, Tally(1), 0)
    config = uvicorn.Config(connections, http="httptools", ws="none", log_config=None, access_log=False)
    shared = listen("127.0.0.1", 0)
    found = int(shared.getsockname()[1])
    server, listener = uvicorn.Server(config), Listener(shared, connections)

    async def run() -> None:
        sweeping = asyncio.create_task(connections.sweep())
        await server.serve(sockets=[listener])
        sweeping.cancel()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    yield found
    server.should_exit = True
    thread.join()


@pytest.fixture
def port(folders: list[Path]) -> Iterator[int]:
    """A worker with one slot, which a body that is slow to come does not lose."""
    limits = Limits(queue=1, brisk_seconds=60)
    app = create_app(Models([load(resolve(str(folders[0])))]), Settings(limits, tokens=digests_of([TOKEN])))
    with serving(app, limits) as found:
        yield found


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


async def answer_ok(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that reads a body to its end, unless its path is /unread, and answers much at /much."""
    if scope["type"] != "http":
        return
    while scope["path"] != "/unread" and (await receive()).get("more_body"):
        pass
    content = b"x" * (64 << 20 if scope["path"] == "/much" else 2)
    headers = [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def until_closed(connection: socket.socket) -> bytes:
    """All that comes before the server closes."""
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except OSError:
        pass
    return answer


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_connection_too_many_is_refused_and_another_is_taken_when_there_is_room() -> None:
    with serving(answer_ok, Limits(connections=2)) as port:
        first, second = (socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(2))
        for connection in (first, second):
            connection.sendall(GET)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as third:
            refused = until_closed(third)
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"urn:recall:problem:unavailable" in refused
        first.close()
        deadline, answer = time.monotonic() + 30, b""
        while not answer.startswith(b"HTTP/1.1 200") and time.monotonic() < deadline:  # it is noticed a moment later
            with socket.create_connection(("127.0.0.1", port), timeout=10) as third, suppress(OSError):
                third.sendall(GET)
                answer = third.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200")
        second.close()


@pytest.mark.parametrize(
    "before",
    [
        b"",
        GET,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000,
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxx\r\n0\r\n\r\n",
    ],
    ids=["at first", "after a request", "after a body", "after chunks"],
)
def test_a_head_that_grows_too_large_is_refused_before_it_ends(before: bytes) -> None:
    with (
        serving(answer_ok, Limits(head_bytes=10_000)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
    ):
        if before:
            connection.sendall(before)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for number in range(100):
            try:
                connection.sendall(b"x-%d: %s\r\n" % (number, b"a" * 1000))
            except OSError:
                break
            time.sleep(0.005)
        answer = until_closed(connection)
    assert b"HTTP/1.1 431" in answer
    assert b"urn:recall:problem:head-too-large" in answer


def test_bodies_of_any_length_are_no_part_of_a_head() -> None:
    whole = b"POST /%s HTTP/1.1\r\nHost: x\r\n%s\r\n%s"
    body = b"x" * 2_000_000
    length = b"Content-Length: %d\r\n" % len(body)
    chunks = b"".join(b"10000\r\n%s\r\n" % (b"x" * 0x10000) for _ in range(30)) + b"0\r\n\r\n"
    sent = [
        whole % (b"", length, body),
        whole % (b"unread", length, body),
        whole % (b"", b"Transfer-Encoding: chunked\r\n", chunks),
        GET * 200,
    ]
    with (
        serving(answer_ok, Limits(head_bytes=3000)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
    ):
        for request in sent:
            connection.sendall(request)
            count, answer = request.count(b"HTTP/1.1"), b""
            while answer.count(b"HTTP/1.1 200") < count:
                piece = connection.recv(65536)
                assert piece, answer
                answer += piece
            assert b"431" not in answer


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", GET, GET + b"GET /"])
def test_a_connection_that_keeps_still_is_closed(sent: bytes) -> None:
    limits = Limits(head_seconds=1.0, idle_seconds=1.5)
    with (
        serving(answer_ok, limits) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
    ):
        began = time.monotonic()
        connection.sendall(sent)
        answer = until_closed(connection)
        took = time.monotonic() - began
    assert answer.count(b"HTTP/1.1 200") == (GET in sent)
    assert 0.9 < took < 20


def test_a_client_that_reads_nothing_is_given_up() -> None:
    with serving(answer_ok, Limits(idle_seconds=1)) as port, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", port))
        connection.sendall(GET.replace(b"GET /", b"GET /much"))
        state = f"/proc/{os.getpid()}/net/tcp"
        deadline = time.monotonic() + 20
        own = f":{connection.getsockname()[1]:04X}"
        while time.monotonic() < deadline:
            rows = [line.split() for line in Path(state).read_text().splitlines()[1:]]
            if not any(row[2].endswith(own) and row[3] == "01" for row in rows):
                return
            time.sleep(0.1)
        raise AssertionError("the connection is still there")


def test_connections_are_dealt_out_among_workers_and_taken_where_the_other_does_not() -> None:
    tally = Tally(2)
    shared = listen("127.0.0.1", 0)
    address = shared.getsockname()
    workers = [Listener(shared.dup(), Connections(answer_ok, Limits(), tally, number)) for number in range(2)]
    shared.close()
    clients, kept = [], []
    for _ in range(10):
        clients.append(socket.create_connection(address, timeout=10))
        for number in (0, 1):  # the first always looks first
            try:
                kept.append((number, workers[number].accept()[0]))
            except BlockingIOError:
                continue
            break
    assert [number for number, _ in kept] == [0, 1] * 5
    for number, connection in kept:
        if number == 1:
            connection.close()
    assert tally.counts() == (5, 0)
    clients.append(socket.create_connection(address, timeout=10))
    with pytest.raises(BlockingIOError):
        workers[0].accept()
    time.sleep(0.005)
    kept.append((0, workers[0].accept()[0]))
    for connection in (*clients, *(connection for _, connection in kept), *workers):
        connection.close()


def test_a_request_that_outlives_its_answer_does_not_make_the_next_one_idle() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == "/slow":
            await asyncio.sleep(2.5)
        await answer_ok(scope, receive, send)
        if scope.get("path") == "/fast":
            await asyncio.sleep(0.2)  # work in the background, after the answer

    with serving(app, Limits(head_seconds=1.5, idle_seconds=1.5)) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for path in ("/fast", "/slow"):
            connection.request("GET", path)
            assert connection.getresponse().read() == b"xx"
        connection.close()
