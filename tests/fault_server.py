"""A small http server that serves bytes with ranges and does wrong what a test asks for."""

import http.server
import re
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from recall.config import AccessSection


@dataclass(frozen=True)
class Fault:
    """What one answer does wrong.

    status, headers, body: answered instead of the file. after: bytes of the body before the connection breaks, by a
    reset or, with `clean`, by a plain close. content_range: sent instead of the right one ("" leaves it out).
    ignore_range: the whole file with 200. stall: the answer begins and then nothing comes. etag: of another version.
    trickle: seconds between the bytes of the body, of which the first `after` come at once.
    silent: not even the head of an answer comes.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: int | None = None
    clean: bool = False
    content_range: str | None = None
    ignore_range: bool = False
    stall: bool = False
    etag: str = '"one"'
    trickle: float = 0.0
    silent: bool = False


class FaultServer(http.server.ThreadingHTTPServer):
    """Serves `files`; each request takes the next fault from `faults`, None or none left means a right answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files: dict[str, bytes] = {}
        self.faults: list[Fault | None] = []
        self.asked: list[str] = []
        self.agents: set[str] = set()
        self.closing = threading.Event()
        self.announce_size = True

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def then(self, **settings: Any) -> None:
        """The next answer that has no fault yet is given with this Fault."""
        self.faults.append(Fault(**settings))

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections break here on purpose."""


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultServer

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self._answer(head=True)

    def do_GET(self) -> None:
        self._answer(head=False)

    def do_PUT(self) -> None:
        """Take an object, unless a fault is due; what was sent is read either way."""
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        server.asked.append(f"{self.command} {self.path}")
        fault = server.faults.pop(0) if server.faults else None
        if fault is not None and fault.status:
            self._send(fault.status, fault.headers, fault.body, fault)
            return
        server.files[self.path.lstrip("/").partition("?")[0]] = body
        self._send(200, {}, b"", Fault())

    do_POST = do_DELETE = do_PUT  # noqa: N815 - names of the standard library

    def _answer(self, *, head: bool) -> None:
        server = self.server
        wanted = self.headers.get("Range", "")
        server.asked.append(wanted)
        server.agents.add(self.headers.get("User-Agent", ""))
        fault = server.faults.pop(0) if server.faults else None
        fault = fault or Fault()
        if fault.silent:
            server.closing.wait(30)
            self.close_connection = True
            return
        data = server.files.get(self.path.lstrip("/"))
        if fault.status or data is None:
            self._send(fault.status or 404, fault.headers, fault.body, fault)
            return
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
        if match is None or fault.ignore_range:
            self._send(200, {}, b"" if head else data, fault, len(data))
            return
        start, stop = int(match[1]), min(len(data), int(match[2]) + 1 if match[2] else len(data))
        if start >= len(data):
            self._send(416, {}, b"", fault)
            return
        right = f"bytes {start}-{stop - 1}/{len(data)}"
        content_range = right if fault.content_range is None else fault.content_range
        self._send(206, {"Content-Range": content_range} if content_range else {}, data[start:stop], fault)

    def _send(self, status: int, headers: dict[str, str], body: bytes, fault: Fault, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.server.announce_size:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        else:
            self.send_header("Connection", "close")
        self.send_header("ETag", fault.etag)
        self.end_headers()
        if self.command == "HEAD":
            body = b""  # what came behind the head would be read as the beginning of the next answer
        if fault.stall:
            self.server.closing.wait(30)
        if fault.trickle:
            self._trickle(body, fault)
            return
        if fault.after is None:
            self.wfile.write(body)
            return
        self.wfile.write(body[: fault.after])
        self.wfile.flush()
        if not fault.clean:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _trickle(self, body: bytes, fault: Fault) -> None:
        start = fault.after or 0
        self.wfile.write(body[:start])
        for at in range(start, len(body)):
            if self.server.closing.wait(fault.trickle):
                return
            try:
                self.wfile.write(body[at : at + 1])
            except OSError:
                return


@pytest.fixture
def fault_server() -> Iterator[FaultServer]:
    """A running fault server; put bytes into `files` and faults into `faults`."""
    server = FaultServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, noted instead of slept."""
    noted: list[float] = []
    monkeypatch.setattr("time.sleep", noted.append)
    return noted


@pytest.fixture
def patient() -> AccessSection:
    """Four attempts, a second each."""
    return AccessSection(attempts=4, timeout_seconds=1.0, contact="https://example.org/crawling")
