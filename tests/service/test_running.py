import gzip
import json
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from recall.model.scorer import Scorer
from service.client import Client, Failure, Item, Score, ServiceError

pytestmark = pytest.mark.slow

HEAD = "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"


def talk(port: int, data: bytes, seconds: float = 60) -> bytes:
    """Send bytes and read until the server closes, or nothing comes for a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with suppress(OSError):
            connection.sendall(data)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
                if b"\r\n\r\n" in answer and (b"chunked" not in answer or answer.endswith(b"\r\n0\r\n\r\n")):
                    break
        except OSError:
            pass
        return answer


def head(path: str, kind: str = "application/json", **more: Any) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in more.items())
    return (HEAD.format(path=path, kind=kind) + lines + "\r\n").encode()


def memory(pid: int) -> int:
    """Private memory of a process, in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) // 1024


def callers_of(pid: int) -> set[int]:
    """The ports at the other end of the connections that a process has accepted."""
    links = [link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()]
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    established = "01"
    return {int(row[2][-4:], 16) for row in rows if f"socket:[{row[9]}]" in links and row[3] == established}


def test_the_client_gets_the_scorers_scores(running: Any, folders: list[Path]) -> None:
    scorer = Scorer.load(folders[0])
    given = [Item(text=f"return the class {n}", id=n) for n in range(1500)]
    with Client(running.url) as client:
        found = list(client.score_many([*given, Item(id="none")]))
        assert [one.score for one in found[:-1] if isinstance(one, Score)] == scorer.score(
            [item.text or "" for item in given]
        ).tolist()
        assert isinstance(found[-1], Failure)
        assert found[-1].id == "none"
        assert [one.id for one in client.score(given[:3])] == [0, 1, 2]
        assert client.explain(Item(text="return"))["parts"]
        assert "code" in client.extract("<html><body><p>" + "code " * 50)
        second = client.models()[1]
        assert second["name"] == folders[1].name
        pinned = client.score([Item(html="<p>x")], model=second["version"])[0]
        assert isinstance(pinned, Score)
        assert pinned.model == second["version"]
        with pytest.raises(ServiceError) as refused:
            client.score([], model="nobody")
        assert refused.value.status == 404


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST /v1/score HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/score HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused(running: Any, data: bytes) -> None:
    answer = talk(running.port, data)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in answer


def test_heads_are_bounded(running: Any) -> None:
    answer = talk(
        running.port, b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(400))
    )
    assert answer.startswith(b"HTTP/1.1 431")
    answer = talk(running.port, b"GET /" + b"a" * 1_000_000)
    assert answer.startswith(b"HTTP/1.1 431")


def test_bombs_and_long_lines_take_no_memory(running: Any) -> None:
    before = [memory(pid) for pid in running.workers]
    bomb = gzip.compress(b"\0" * 300_000_000, 9)
    kind: dict[str, Any] = {"Content_Encoding": "gzip", "Content_Length": len(bomb)}
    assert talk(running.port, head("/v1/score", **kind) + bomb).startswith(b"HTTP/1.1 413")
    lines = talk(running.port, head("/v1/score:batch", "application/x-ndjson", **kind, Connection="close") + bomb)
    assert b"too-large" in lines
    line = b"x" * (100 << 20)
    plain = head("/v1/score:batch", "application/x-ndjson", Content_Length=len(line), Connection="close")
    assert b"too-large" in talk(running.port, plain + line)
    nested = b'{"items":' + b"[" * 20_000_000
    assert talk(running.port, head("/v1/score", Content_Length=len(nested)) + nested).startswith(b"HTTP/1.1 400")
    assert running.process.poll() is None
    after = [memory(pid) for pid in running.workers]
    assert max(after) < max(before) + 150


def test_broken_bodies_and_lost_clients_leave_nothing_behind(running: Any) -> None:
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", running.port)) as connection:
            connection.sendall(head("/v1/score", Content_Length=1000) + b"half of it")
        with socket.create_connection(("127.0.0.1", running.port)) as connection:
            connection.sendall(head("/v1/score:batch", "application/x-ndjson", Content_Length=9999) + b'{"text":"a"}\n')
    with Client(running.url) as client:
        assert client.models()
    time.sleep(0.3)
    events = [line for line in running.lines() if line["level"] == "error"]
    assert not events


def test_a_full_queue_refuses_at_once_and_what_was_taken_is_finished(start: Any, folders: list[Path]) -> None:
    running = start("--model", folders[0], "--queue", 1, workers=1)
    body = json.dumps({"items": [{"text": "return class " * 2000}] * 500}).encode()
    statuses: list[tuple[int, float]] = []

    def send() -> None:
        began = time.monotonic()
        answer = talk(running.port, head("/v1/score", Content_Length=len(body)) + body)
        statuses.append((int(answer[9:12] or b"0"), time.monotonic() - began))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in statuses} == {200, 429}
    assert running.stop() == 0


def test_a_worker_that_dies_is_replaced_and_others_serve_on(start: Any, folders: list[Path]) -> None:
    running = start("--model", folders[0])
    with Client(running.url) as client:
        for _ in range(4):
            os.kill(running.workers[0], signal.SIGKILL)
            for _ in range(20):
                assert client.score([Item(text="return")])
    deadline = time.monotonic() + 20
    while len(running.workers) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(running.workers) == 2
    assert running.stop() == 0


def open_requests(client: Client) -> float:
    """The gauge of open requests; the one that asks is one."""
    lines = client._send("GET", "/metrics", b"", {}).decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("recall_requests_open "))


def test_requests_of_a_worker_that_died_are_open_no_more(start: Any, folders: list[Path]) -> None:
    running = start("--model", folders[0], workers=1)
    body = b'{"items":[{"text":"return class"}]}'
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection, Client(running.url) as client:
        connection.sendall(head("/v1/score", Content_Length=len(body)) + body[:-1])
        deadline = time.monotonic() + 20
        while open_requests(client) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert open_requests(client) == 2
        asked = client._send("GET", "/metrics", b"", {}).decode()
        os.kill(running.workers[0], signal.SIGKILL)
    with Client(running.url) as client:
        deadline = time.monotonic() + 20
        while open_requests(client) > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert open_requests(client) == 1
        now = client._send("GET", "/metrics", b"", {}).decode()
        counted = [
            [float(line.split()[1]) for line in text.splitlines() if line.startswith('recall_requests_total{route="/m')]
            for text in (asked, now)
        ]
        assert sum(counted[1]) > sum(counted[0]) > 0, "what it had counted stays"
    assert running.stop() == 0


def test_a_worker_that_dies_loses_what_it_held_and_no_more(start: Any, folders: list[Path]) -> None:
    running = start("--model", folders[0])
    body = b'{"items":[{"text":"return class"}]}'
    begun: list[socket.socket] = []
    deadline = time.monotonic() + 60
    while not all(callers_of(pid) for pid in running.workers) and time.monotonic() < deadline:
        for _ in range(4):  # one worker may take all that comes at once
            connection = socket.create_connection(("127.0.0.1", running.port), timeout=20)
            connection.sendall(head("/v1/score", Content_Length=len(body), Connection="close") + body[:-1])
            begun.append(connection)
        while sum(len(callers_of(pid)) for pid in running.workers) < len(begun) and time.monotonic() < deadline:
            time.sleep(0.02)
    victim = running.workers[0]
    os.kill(victim, signal.SIGSTOP)  # what it holds is now what it dies with
    late = socket.create_connection(("127.0.0.1", running.port), timeout=20)
    held = callers_of(victim)
    os.kill(victim, signal.SIGKILL)
    late.sendall(head("/v1/score", Content_Length=len(body), Connection="close") + body[:-1])
    lost = set()
    for connection in [*begun, late]:
        with connection:
            port = connection.getsockname()[1]
            try:
                connection.sendall(body[-1:])
                answered = connection.recv(1000).startswith(b"HTTP/1.1 200")
            except OSError:
                answered = False
            if not answered:
                lost.add(port)
    assert 0 < len(held) < len(begun)
    assert lost == held
    assert running.stop() == 0


def test_stopping_finishes_what_was_taken(start: Any, folders: list[Path]) -> None:
    running = start("--model", folders[0], workers=1)
    answers: list[list[Score | Failure]] = []

    def stream() -> None:
        with Client(running.url, attempts=1) as client:
            answers.append(list(client.score_many([Item(text="return class " * 500)] * 6000, together=6000)))

    thread = threading.Thread(target=stream)
    thread.start()
    with Client(running.url) as client:
        while 'outcome="scored"' not in client._send("GET", "/metrics", b"", {}).decode():
            time.sleep(0.02)
    assert running.stop() == 0
    thread.join()
    assert len(answers[0]) == 6000


def test_the_pointer_swaps_the_default_and_no_request_is_lost(start: Any, folders: list[Path], tmp_path: Path) -> None:
    pointer = tmp_path / "model"
    pointer.write_text(str(folders[0]))
    running = start("--watch", pointer)
    scorers = {scorer.digest[:12]: scorer for scorer in map(Scorer.load, folders)}
    text = "return the class of summer"
    expected = {version: float(scorer.score([text])[0]) for version, scorer in scorers.items()}
    seen: list[str] = []
    ending = threading.Event()

    def ask() -> None:
        with Client(running.url, attempts=1) as client:
            while not ending.is_set():
                found = client.score([Item(text=text)])[0]
                assert isinstance(found, Score)
                assert found.score == expected[found.model]
                seen.append(found.model)

    def refusals() -> int:
        return sum(line["event"] == "pointer not followed" for line in running.lines())

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(1, 7):
        time.sleep(0.6)
        deadline = time.monotonic() + 30
        while turn == 4 and refusals() < 2 and time.monotonic() < deadline:  # a busy worker looks later
            time.sleep(0.1)
        staged = tmp_path / "next"
        staged.write_text("nowhere" if turn == 3 else str(folders[turn % 2]))  # nowhere changes nothing
        staged.replace(pointer)
    ending.set()
    for thread in threads:
        thread.join()
    assert set(seen) == set(expected)
    assert refusals() == 2  # one a worker
    assert running.stop() == 0


def test_the_log_is_json_and_holds_no_content(start: Any, folders: list[Path]) -> None:
    secret = "xyzzy-content-of-a-page"
    token = "token-that-nobody-may-see"
    running = start("--model", folders[0], workers=1, env={"RECALL_SERVICE_TOKENS": token})
    with Client(running.url, token=token) as client:
        client.score([Item(text=secret, url=f"https://{secret}/")])
        client.extract(f"<p>{secret}")
        with pytest.raises(ServiceError):
            client.score([Item(text="x")], model=secret)
    talk(running.port, f"GET /{secret}?q={secret} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert running.stop() == 0
    lines = running.lines()
    assert {line["status"] for line in lines if line["event"] == "request"} == {200, 404, 401}
    assert secret not in running.log.read_text()
    assert token not in running.log.read_text()
    assert all("id" in line and "ms" in line for line in lines if line["event"] == "request")
