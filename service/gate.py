"""What every request passes: its id, its token, the headers of its answer, its line in the log, its metrics."""

import logging
import re
import time
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.lane import Places
from service.logs import say
from service.metrics import OPEN, REFUSED, REQUESTS, SECONDS
from service.problems import Refusal, respond
from service.tokens import admits

PUBLIC = ("/", "/healthz", "/readyz", "/openapi.json")
"""Paths that need no token, and all below /static/: they hold nothing of a model or a page."""

SCORE = "/v1/score"


class _Route:
    """What the log and the metrics call the route of a request that never came to the router."""

    path = SCORE


_SCORE_ROUTE = _Route()
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_POLICY = b"default-src 'none'; frame-ancestors 'none'"
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
            if b"content-security-policy" not in names:
                headers.append((b"content-security-policy", _POLICY))
            if b"cache-control" not in names:
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await self._send(message)


class Gate:
    """The outermost layer of the app. tokens: digests of those that are let in; without any, everybody is.

    queue: places for requests to SCORE; while none is free they are refused here, before anything is made of them, so
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
        given = headers.get(b"x-request-id", b"")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex.encode()
        scope["recall.id"] = request_id.decode()
        answer = _Answer(send, request_id)
        started = time.perf_counter()
        OPEN.inc()
        try:
            refusal = self._refusal(scope, headers.get(b"authorization", b""))
            if refusal is not None:
                scope["recall.reason"] = refusal.reason
                await respond(refusal, scope["recall.id"])(scope, receive, answer)
            else:
                await self._app(scope, receive, answer)
        finally:
            OPEN.dec()
            _record(scope, answer.status, time.perf_counter() - started)

    def _refusal(self, scope: Scope, authorization: bytes) -> Refusal | None:
        """Why a request is not let through, None when it is."""
        if self._bars(scope["path"], authorization):
            return Refusal("no-token", "Send Authorization: Bearer", {"WWW-Authenticate": "Bearer"})
        if self._queue is None or scope["path"] != SCORE or scope["method"] != "POST":
            return None
        try:
            self._queue.check()
        except Refusal as refusal:
            scope["route"] = _SCORE_ROUTE
            return refusal
        return None

    def _bars(self, path: str, authorization: bytes) -> bool:
        if not self._tokens or path in PUBLIC or path.startswith("/static/"):
            return False
        return not admits(self._tokens, authorization)


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "other")
    REQUESTS.labels(route, str(status)).inc()
    SECONDS.labels(route).observe(seconds)
    fields = {"id": scope["recall.id"], "method": scope["method"][:16], "route": route, "status": status}
    fields["ms"] = round(seconds * 1000, 2)
    if "recall.reason" in scope:
        REFUSED.labels(scope["recall.reason"]).inc()
        fields["reason"] = scope["recall.reason"]
    say(logging.WARNING if status >= 500 else logging.INFO, "request", **fields)
