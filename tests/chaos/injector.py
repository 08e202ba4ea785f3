"""Fault injection for servers: files over https and an S3 server behind a proxy that mixes faults into the answers.

One port speaks TLS and serves a folder with ranges, as a static file server does; one speaks HTTP and passes requests
on to a real S3 server, Host and signature untouched. `Injector.inject` sets the share of requests that meet a fault and
the chance they are drawn from; `strike` sets the next fault; `faults` counts the injected faults by kind; `damage` lets
a file of the folder appear damaged, over https and on the S3 server; `divert` hands what is asked of a part of a bucket
on to another S3 server, or answers that there is no such bucket.
"""

import http.client
import random
import re
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message><RequestId>1</RequestId></Error>"
)
_NO_SUCH_BUCKET = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchBucket</Code>'
    b"<Message>The specified bucket does not exist</Message><RequestId>1</RequestId></Error>"
)
STALL_SECONDS = 3.0
"""Longer than the runs' [access] timeout_seconds."""

ROTTEN = 2000
"""Bytes in the middle of a rotten file that are others."""

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_LONGEST = 1 << 26

STATUSES: dict[str, tuple[int, Mapping[str, str], bytes]] = {
    "429": (429, {}, b""),
    "429 retry-after": (429, {"Retry-After": "1"}, b""),
    "500": (500, {}, b"<html>Internal Server Error</html>"),
    "503": (503, {}, b""),
    "503 retry-date": (503, {"Retry-After": "DATE"}, b""),
    "slowdown": (503, {"Content-Type": "application/xml"}, SLOW_DOWN),
}
ALWAYS = (*STATUSES, "429", "500", "503", "slowdown", "reset", "reset")
"""Those that make a client wait a second are drawn half as often as the others."""

OF_BODIES = ("short", "reset in body", "stall")
OF_RANGES = ("200 for a range", "wrong range", "no range")
OF_TLS = ("tls closed", "tls garbage")
OF_FILES = ("dns",)
OF_S3 = ("answer lost",)
REFUSED = "403"


class _Closed(Exception):
    """The connection has ended, by the client or by a fault."""


@dataclass
class Answer:
    """What a server says: status, headers (without Content-Length) and body. length: announced; for HEAD no body."""

    status: int
    headers: dict[str, str]
    body: bytes
    length: int


@dataclass
class Request:
    """What a client asked."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def ranged(self) -> bool:
        """True when a part was asked for."""
        return "range" in self.headers


@dataclass
class Faults:
    """What is injected now. rate: share of requests with a fault; refusing: requests that are still answered 403."""

    rate: float = 0.0
    chance: random.Random = field(default_factory=random.Random)
    refusing: int = 0
    next: str = ""


class Injector:
    """The two fronts. folder: what https serves; upstream: host and port of the S3 server."""

    def __init__(self, folder: Path, certificate: Path, upstream: tuple[str, int], ports: tuple[int, int]) -> None:
        self.faults: Counter[str] = Counter()
        self.requests = 0
        self.after_refusal = 0
        self._current = Faults()
        self._damaged: dict[str, str] = {}
        self._diverted: tuple[str, tuple[str, int] | None] | None = None
        self.diverted = 0
        self._lock = threading.Lock()
        self._folder, self._upstream = folder, upstream
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self._fronts = [
            _listen(ports[0], lambda client: self._serve(client, secure=True)),
            _listen(ports[1], lambda client: self._serve(client, secure=False)),
        ]

    def inject(self, rate: float, seed: int = 0) -> None:
        """Set the share of requests that meet a fault, and the seed by which they are drawn."""
        with self._lock:
            self._current = Faults(rate, random.Random(seed))

    def damage(self, name: str, how: str) -> None:
        """Serve the files whose names end so damaged from now on: "cut" in half, "gone", or "rotten"."""
        self._damaged[name] = how

    def divert(self, path: str, upstream: tuple[str, int] | None) -> None:
        """Let another S3 server answer what is asked of a path and what lies in it; None: there is no such bucket."""
        self._diverted, self.diverted = (path, upstream), 0

    def mend(self) -> None:
        """Serve all files whole again, and ask the S3 server again."""
        self._damaged.clear()
        self._diverted = None

    def refuse(self, requests: int) -> None:
        """Answer the next requests with 403."""
        with self._lock:
            self._current.refusing = requests

    def strike(self, kind: str) -> None:
        """Let the next request that can meet this fault meet it."""
        with self._lock:
            self._current.next = kind

    def stop(self) -> None:
        """Inject no more faults."""
        self.inject(0.0)

    def close(self) -> None:
        """Stop listening."""
        for front in self._fronts:
            front.close()

    def _draw(self, kinds: tuple[str, ...]) -> str:
        """The fault that the next request meets, "" for none; counted."""
        with self._lock:
            current = self._current
            if current.next in kinds:
                kind, current.next = current.next, ""
                self.faults[kind] += 1
                return kind
            if not kinds or current.chance.random() >= current.rate:
                return ""
            kind = current.chance.choice(kinds)
            self.faults[kind] += 1
            return kind

    def _serve(self, client: socket.socket, *, secure: bool) -> None:
        """One connection, from its handshake to its end."""
        connection: socket.socket = client
        client.settimeout(60)
        try:
            if secure:
                fault = self._draw(OF_TLS) if self._draw_connection() else ""
                if fault == "tls garbage":
                    client.recv(64)
                    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                if fault:
                    return
                connection = self._tls.wrap_socket(client, server_side=True)
            with connection.makefile("rb") as stream:
                while request := _read_request(stream, connection):
                    self._answer(request, connection, files=secure)
        except (OSError, _Closed, ValueError):
            pass
        finally:
            connection.close()
            client.close()

    def _draw_connection(self) -> bool:
        """Connections are kept for many requests: their faults are drawn more rarely."""
        with self._lock:
            return self._current.next in OF_TLS or (self._current.rate > 0 and self._current.chance.random() < 0.5)

    def _answer(self, request: Request, connection: socket.socket, *, files: bool) -> None:
        with self._lock:
            self.requests += 1
            refused, self._current.refusing = self._current.refusing > 0, max(0, self._current.refusing - 1)
            if refused:
                self.faults[REFUSED] += 1
        if refused:
            _send(connection, request, Answer(403, {}, b"", 0))
            return
        kinds = ALWAYS + (OF_FILES if files else OF_S3)
        if request.method == "GET":
            kinds += OF_BODIES + (OF_RANGES if request.ranged else ())
        fault = self._draw(kinds)
        if fault == "reset":
            _reset(connection)
        if fault in STATUSES:
            status, headers, body = STATUSES[fault]
            headers = {
                name: value.replace("DATE", formatdate(time.time() + 1, usegmt=True)) for name, value in headers.items()
            }
            _send(connection, request, Answer(status, dict(headers), body, len(body)))
            return
        if fault == "dns":
            away = {"Location": f"https://gone.invalid{request.target}"}
            _send(connection, request, Answer(302, away, b"", 0))
            return
        if fault == "200 for a range" and files:
            request.headers.pop("range")
        answer = self._file(request) if files or self._damage_of(request) else self._forward(request)
        _spoil(connection, request, answer, fault)

    def _damage_of(self, request: Request) -> str:
        """How the file that is asked for is damaged, "" when it is whole."""
        path = unquote(urlsplit(request.target).path)
        return next((how for name, how in list(self._damaged.items()) if path.endswith(name)), "")

    def _file(self, request: Request) -> Answer:
        """A file of the folder; in the names of the S3 server's, bucket and folder come first."""
        name = unquote(urlsplit(request.target).path).lstrip("/")
        path = self._folder / name
        if not path.is_file():
            path = self._folder.joinpath(*name.split("/")[2:])
        how = self._damage_of(request)
        if ".." in name.split("/") or not path.is_file() or how == "gone":
            return Answer(404, {}, b"", 0)
        data = _damaged(path.read_bytes(), how)
        headers = {"ETag": f'"{len(data)}{how}"', "Accept-Ranges": "bytes"}
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        if not asked:
            return Answer(200, headers, data, len(data))
        first, last = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
        if first >= len(data):
            return Answer(416, {"Content-Range": f"bytes */{len(data)}"}, b"", 0)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return Answer(206, headers, data[first : last + 1], last + 1 - first)

    def _forward(self, request: Request) -> Answer:
        """Ask the S3 server."""
        upstream, diverted = self._upstream, self._diverted
        if diverted is not None and _concerns(request, diverted[0]):
            self.diverted += 1
            if diverted[1] is None:
                headers = {"Content-Type": "application/xml"}
                return Answer(404, headers, _NO_SUCH_BUCKET, len(_NO_SUCH_BUCKET))
            upstream = diverted[1]
        server = http.client.HTTPConnection(*upstream, timeout=60)
        try:
            server.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name not in ("expect", "connection"):
                    server.putheader(name, value)
            server.putheader("Connection", "close")
            server.endheaders(request.body)
            answer = server.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            return Answer(502, {}, b"", 0)
        finally:
            server.close()
        dropped = {"content-length", "connection", "transfer-encoding", "keep-alive"}
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in dropped}
        announced = answer.getheader("Content-Length")
        length = int(announced) if announced and request.method == "HEAD" else len(body)
        return Answer(answer.status, headers, body, length)


def _concerns(request: Request, path: str) -> bool:
    """Whether a request is about a path of a bucket, or lists it; about the bucket itself, where it is the path."""
    asked = urlsplit(request.target)
    bucket, _, prefix = path.strip("/").partition("/")
    listed = asked.path.strip("/") == bucket and (not prefix or f"prefix={prefix}" in unquote(asked.query))
    return unquote(asked.path).startswith(f"/{bucket}/{prefix}") or listed


def _damaged(data: bytes, how: str) -> bytes:
    """A file's bytes as they lie there."""
    middle = len(data) // 2
    if how == "rotten":
        return data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + ROTTEN]) + data[middle + ROTTEN :]
    return data[:middle] if how == "cut" else data


def _spoil(connection: socket.socket, request: Request, answer: Answer, fault: str) -> None:
    """Send an answer with a fault in it, "" for none."""
    if fault == "answer lost":
        _reset(connection)
    if fault == "200 for a range" and answer.status == 206:  # the S3 server's: a range is part of the signature
        answer.status, answer.headers = 200, {k: v for k, v in answer.headers.items() if k.lower() != "content-range"}
    if fault == "wrong range" and answer.status == 206:
        answer.headers = {**answer.headers, "Content-Range": f"bytes 0-{answer.length}/{2 * answer.length + 7}"}
    if fault == "no range":
        answer.headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-range"}
    if fault not in OF_BODIES:
        _send(connection, request, answer)
        return
    _send(connection, request, answer, part=len(answer.body) // 2)
    if fault == "reset in body":
        _reset(connection)
    if fault == "stall":
        time.sleep(STALL_SECONDS)
    raise _Closed


def _send(connection: socket.socket, request: Request, answer: Answer, part: int | None = None) -> None:
    lines = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, '')}"]
    lines += [f"{name}: {value}" for name, value in ({"Date": formatdate(usegmt=True)} | answer.headers).items()]
    if answer.status not in (204, 304):
        lines.append(f"Content-Length: {answer.length}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    body = b"" if request.method == "HEAD" else answer.body[:part]
    connection.sendall(head + body)


def _reset(connection: socket.socket) -> None:
    """End a connection as a crashed server's kernel does: RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise _Closed


def _read_request(stream: BinaryIO, connection: socket.socket) -> Request | None:
    """The next request of a connection, None at its end."""
    line = stream.readline(1 << 16)
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := stream.readline(1 << 16)) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    length = int(headers.get("content-length", 0))
    if length > _LONGEST or "transfer-encoding" in headers:
        raise ValueError("a body that no run sends")
    return Request(method, target, headers, stream.read(length))


def _listen(port: int, serve: Callable[[socket.socket], None]) -> socket.socket:
    """Give each connection to a port a thread of its own."""
    front = socket.create_server(("127.0.0.1", port), backlog=128)

    def accept() -> None:
        while True:
            try:
                client, _ = front.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return front
