"""What every request passes: its id, its head and token checked, the headers of its answer, its log line, its metrics.

Refuses, before the app sees the request: a head too large, a request without a token, and requests to score while the
queue is full, which takes little from those that are being answered. Their bodies are left to the HTTP server, which
passes them over, so that the connection lives on.
"""

import logging
import re
import time
import uuid
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.limits import Limits
from service.problems import Refusal, respond
from service.server.access_tokens import admits
from service.server.logs import say
from service.server.metrics import OPEN, REFUSED, REQUESTS, SECONDS
from service.server.scheduler import Slots

PUBLIC = ("/", "/healthz", "/readyz", "/openapi.json")
"""Paths that need no token, and all below /static/: they hold nothing of a model or a page."""

SCORE = "/v1/score"

_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
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


class RequestMiddleware:
    """The outermost layer of the app. tokens: digests of those that are let in; without any, everybody is.

    queue: slots of requests to SCORE, which are refused here while none is free.
    """

    def __init__(self, app: ASGIApp, tokens: tuple[bytes, ...], queue: Slots, limits: Limits) -> None:
        self._app = app
        self._tokens = tokens
        self._queue = queue
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        scope["recall.id"] = request_id = _id_of(headers)
        answer = _Answer(send, request_id.encode())
        started = time.perf_counter()
        OPEN.inc()
        try:
            refusal = self._head_too_large(scope) or self._unauthorised(scope, headers) or self._early_reject(scope)
            if refusal is None:
                await self._app(scope, receive, answer)
            else:
                scope["recall.reason"] = refusal.reason
                await respond(refusal, request_id)(scope, receive, answer)
        finally:
            OPEN.dec()
            _record(scope, answer.status, time.perf_counter() - started)

    def _head_too_large(self, scope: Scope) -> Refusal | None:
        size = len(scope.get("raw_path", b"")) + len(scope["query_string"])
        size += sum(len(name) + len(value) + 4 for name, value in scope["headers"])
        if size <= self._limits.head_bytes:
            return None
        return Refusal("head-too-large", f"At most {self._limits.head_bytes} bytes", {"Connection": "close"})

    def _unauthorised(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Refusal | None:
        path = scope["path"]
        if not self._tokens or path in PUBLIC or path.startswith("/static/"):
            return None
        if admits(self._tokens, headers.get(b"authorization", b"")):
            return None
        return Refusal("no-token", "Send Authorization: Bearer", {"WWW-Authenticate": "Bearer"})

    def _early_reject(self, scope: Scope) -> Refusal | None:
        if self._queue.free or scope["path"] != SCORE or scope["method"] != "POST":
            return None
        scope["recall.route"] = SCORE
        return self._queue.refusal()


def _id_of(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if _ID.fullmatch(given) else uuid.uuid4().hex


def _record(scope: Scope, status: int, seconds: float) -> None:
    """Count and log an answered request. recall.route: its route, where it never came to the router."""
    route = getattr(scope.get("route"), "path", scope.get("recall.route", "other"))
    REQUESTS.labels(route, str(status)).inc()
    SECONDS.labels(route).observe(seconds)
    fields = {"id": scope["recall.id"], "method": scope["method"][:16], "route": route, "status": status}
    fields["ms"] = round(seconds * 1000, 2)
    if "recall.reason" in scope:
        REFUSED.labels(scope["recall.reason"]).inc()
        fields["reason"] = scope["recall.reason"]
    say(logging.WARNING if status >= 500 else logging.INFO, "request", error=scope.get("recall.error"), **fields)
