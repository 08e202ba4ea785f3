"""A worker's connections: dealt out among the workers, bounded in number, closed when they keep still.

A `Listener` is a socket that the HTTP server listens on; what it accepts are sockets that know whether a request is
under way. Refuses what an HTTP server sees too late or not at all: a connection too many, a head that does not end in
time or grows too large, a client that reads nothing. Every bound is a method of `socket.socket`, so any asyncio server
that is given a socket keeps them. A sweep once a second closes what has waited for too long.
"""

import asyncio
import mmap
import socket
import time
from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.limits import Limits
from service.problems import Refusal, write_out
from service.server.metrics import REFUSED

_DEFER_SECONDS = 0.003
"""For how long a worker leaves a new connection to one that has fewer, its event loop asking again and again."""
_SWEEP_SECONDS = 1.0
_UNREAD_BYTES = 1 << 20
"""Of a chunked body that nobody reads: so much is passed over before the connection is closed."""
_ENDLESS = 1 << 62

Address = tuple[str, int]


class Tally:
    """How many connections each worker has, in memory that all share; made before the fork."""

    def __init__(self, workers: int) -> None:
        self._memory = mmap.mmap(-1, 4 * workers)
        self._counts = memoryview(self._memory).cast("i")

    def put(self, worker: int, count: int) -> None:
        """Publish a worker's count."""
        self._counts[worker] = count

    def counts(self) -> tuple[int, ...]:
        """The count of each worker."""
        return tuple(self._counts)


class Connection(socket.socket):
    """An accepted connection.

    allowed: bytes that may still come before another request has to begin; request: that which is under way, or None;
    idle: nothing came since the last answer; since: when it began to wait for a head.
    """

    def __init__(self, accepted: socket.socket, address: Address, owner: "Connections") -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.address = address
        self.request: object | None = None
        self.idle = False
        self.since = time.monotonic()
        self.allowed = owner.limits.head_bytes
        self._owner = owner

    def recv(self, *arguments: Any) -> bytes:
        """Receive; the end of the stream where a head has grown too large, which is answered."""
        if self.allowed < 0:
            if self.request is None:  # else an answer may be half sent
                self._owner.refuse(self, Refusal("head-too-large", f"At most {self._owner.limits.head_bytes} bytes"))
            return b""
        data = super().recv(*arguments)
        self.allowed -= len(data)
        if self.idle:
            self.idle, self.since = False, time.monotonic()
        return data

    def close(self) -> None:
        """Close, and count no more."""
        self._owner.drop(self)
        super().close()


class Connections:
    """The connections of one worker, by the client's address, and the ASGI layer that tells them of their requests."""

    def __init__(self, app: ASGIApp, limits: Limits, tally: Tally, worker: int) -> None:
        self.limits = limits
        self._app = app
        self._tally = tally
        self._worker = worker
        self._open: dict[Address, Connection] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; its connection waits for no head meanwhile."""
        client = scope.get("client") if scope["type"] == "http" else None
        connection = self._open.get((client[0], client[1])) if client else None
        if connection is None:
            await self._app(scope, receive, send)
            return
        head = self.limits.head_bytes
        length = _body_bytes(scope["headers"])
        connection.request = request = object()  # the next one may begin before this function ends
        connection.idle, connection.allowed = False, head + length

        async def received() -> Message:
            message = await receive()
            if not message.get("more_body", False) and connection.request is request:
                connection.allowed = head  # what comes now is the next head
            return message

        try:
            await self._app(scope, received, send)
        finally:
            if connection.request is request:
                connection.request, connection.idle, connection.since = None, True, time.monotonic()
                connection.allowed = min(connection.allowed, head + (_UNREAD_BYTES if length == _ENDLESS else length))

    def take(self, accepted: socket.socket, address: Any) -> Connection | None:
        """The connection of an accepted socket; None where it is one too many, which is refused."""
        accepted.setblocking(False)
        connection = Connection(accepted, (str(address[0]), int(address[1])), self)
        if len(self._open) >= self.limits.connections:
            retry = {"Retry-After": str(self.limits.retry_seconds)}
            self.refuse(connection, Refusal("unavailable", "Too many connections; try again", retry))
            connection.close()
            return None
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: a client that reads nothing is given up after so long
            milliseconds = int(self.limits.idle_seconds * 1000)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        self._open[connection.address] = connection
        self._tally.put(self._worker, len(self._open))
        return connection

    def drop(self, connection: Connection) -> None:
        """Forget a connection."""
        if self._open.get(connection.address) is connection:
            del self._open[connection.address]
            self._tally.put(self._worker, len(self._open))

    def counts_if_most(self) -> tuple[int, ...] | None:
        """All workers' counts where this worker has more than another, by more than an eighth; else None."""
        counts = self._tally.counts()
        least = min(counts)
        return counts if len(self._open) > least + least // 8 else None

    def refuse(self, connection: Connection, refusal: Refusal) -> None:
        """Answer where there is no request, as far as the answer can be sent at once."""
        REFUSED.labels(refusal.reason).inc()
        try:
            connection.send(write_out(refusal, headers=((b"connection", b"close"),)))
        except OSError:
            return  # it is closed all the same

    async def sweep(self) -> None:
        """Close connections that wait for a head for too long, until cancelled."""
        while True:
            await asyncio.sleep(min(_SWEEP_SECONDS, self.limits.head_seconds / 4))
            now = time.monotonic()
            for connection in list(self._open.values()):
                most = self.limits.idle_seconds if connection.idle else self.limits.head_seconds
                if connection.request is None and now - connection.since > most:
                    _shut(connection)


class Listener(socket.socket):
    """The socket of all workers as one of them sees it: it leaves connections to those that have fewer."""

    def __init__(self, shared: socket.socket, connections: Connections) -> None:
        super().__init__(shared.family, shared.type, shared.proto, shared.detach())
        self.setblocking(False)
        self._connections = connections
        self._deferred: tuple[float, tuple[int, ...] | None] = (0.0, None)

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept. Raises BlockingIOError where none is there, or it is left to another worker for a moment."""
        counts = self._connections.counts_if_most()
        if counts is not None:
            now = time.monotonic()
            if self._deferred[1] != counts:  # nobody took the connection that was left to others, if they are the same
                self._deferred = (now, counts)
            if now - self._deferred[0] < _DEFER_SECONDS:
                raise BlockingIOError
        accepted, address = super().accept()
        self._deferred = (0.0, None)
        connection = self._connections.take(accepted, address)
        if connection is None:
            raise BlockingIOError
        return connection, address


def _shut(connection: Connection) -> None:
    """End both directions; who reads from it sees the end of the stream and closes."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        connection.since = time.monotonic()  # its end is on the way already


def _body_bytes(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """The length of a request's body, as its head says."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return min(int(value), _ENDLESS - 1)
        if name == b"transfer-encoding":
            return _ENDLESS
    return 0
