"""What every request passes: its id, its token, the headers of its answer, its line in the log, its metrics."""

import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import Refusal, respond, write_out
from service.server.access_tokens import admits
from service.server.logs import say
from service.server.metrics import OPEN, REFUSED, REQUESTS, SECONDS
from service.server.scheduler import Places

PUBLIC = ("/", "/healthz", "/readyz", "/openapi.json")
"""Paths that need no token, and all below /static/: they hold nothing of a model or a page."""

SCORE = "/v1/score"


class _Route:
    """What the log and the metrics call the route of a request that never came to the router."""

    path = SCORE


_SCORE_ROUTE = _Route()
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_SCORE_BYTES = SCORE.encode()
_DEFAULTS = {b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'", b"cache-control": b"no-store"}
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class _Answer:
    """The answer as it passes by: its status, and the headers that are added to it."""

    def __init__(self, send: Send, request_id: bytes) -> None:
        self._send = send
        self._id = request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self._id), *_HEADERS]
            names = {name.lower() for name, _ in headers}
            headers += [default for default in _DEFAULTS.items() if default[0] not in names]
            message = {**message, "headers": headers}
        await self._send(message)


class Gate:
    """The outermost layer of the app. tokens: digests of those that are let in; without any, everybody is.

    queue: places for requests to SCORE. While none is free, `door` answers them before anything is made of them, so
    that refusing takes little from those that are being answered.
    """

    def __init__(self, app: ASGIApp, tokens: tuple[bytes, ...], queue: Places | None = None) -> None:
        self._app = app
        self._tokens = tokens
        self._queue = queue

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        scope["recall.id"] = request_id = _id_of(headers)
        answer = _Answer(send, request_id.encode())
        started = time.perf_counter()
        OPEN.inc()
        try:
            if self._bars(scope["path"], headers.get(b"authorization", b"")):
                refusal = Refusal("no-token", "Send Authorization: Bearer", {"WWW-Authenticate": "Bearer"})
                scope["recall.reason"] = refusal.reason
                await respond(refusal, request_id)(scope, receive, answer)
            else:
                await self._app(scope, receive, answer)
        finally:
            OPEN.dec()
            _record(scope, answer.status, time.perf_counter() - started)

    def _bars(self, path: str, authorization: bytes) -> bool:
        if not self._tokens or path in PUBLIC or path.startswith("/static/"):
            return False
        return not admits(self._tokens, authorization)

    def door(self, method: bytes, target: bytes, given: list[tuple[bytes, bytes]]) -> bytes | None:
        """The answer to a request that finds the queue full, None for those that are let in and looked at as usual."""
        if self._queue is None or self._queue.free or method != b"POST" or target.partition(b"?")[0] != _SCORE_BYTES:
            return None
        headers = dict(given)
        if self._bars(SCORE, headers.get(b"authorization", b"")):
            return None
        refusal, request_id = self._queue.refusal(), _id_of(headers)
        fields = {"route": _SCORE_ROUTE, "recall.id": request_id, "method": "POST", "recall.reason": refusal.reason}
        _record(fields, refusal.status, 0.0)
        return write_out(refusal, request_id, ((b"x-request-id", request_id.encode()), *_HEADERS, *_DEFAULTS.items()))


def _id_of(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _ID.fullmatch(given) else uuid.uuid4().hex


def _record(scope: Mapping[str, Any], status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "other")
    REQUESTS.labels(route, str(status)).inc()
    SECONDS.labels(route).observe(seconds)
    fields = {"id": scope["recall.id"], "method": scope["method"][:16], "route": route, "status": status}
    fields["ms"] = round(seconds * 1000, 2)
    if "recall.reason" in scope:
        REFUSED.labels(scope["recall.reason"]).inc()
        fields["reason"] = scope["recall.reason"]
    say(logging.WARNING if status >= 500 else logging.INFO, "request", **fields)
