"""Refusals as RFC 9457 problem details: one type a reason, JSON everywhere, nothing of the page in them."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

MEDIA: Final = "application/problem+json"
_PREFIX: Final = "urn:recall:problem:"

TITLES: Final[Mapping[str, tuple[int, str]]] = {
    "not-json": (400, "The body is not JSON"),
    "bad-encoding": (400, "The body is not what its Content-Encoding says"),
    "gone": (400, "The caller went away"),
    "bad-request": (400, "The request is not HTTP"),
    "no-token": (401, "A bearer token is needed"),
    "not-found": (404, "Nothing is here"),
    "no-model": (404, "No such model version is served"),
    "no-method": (405, "This path has no such method"),
    "too-slow": (408, "The body did not arrive in time"),
    "too-large": (413, "The body is too large"),
    "not-supported": (415, "The body's type or encoding is not supported"),
    "not-valid": (422, "The body is not what this path takes"),
    "not-a-warc": (422, "The body is not a whole WARC"),
    "busy": (429, "The queue is full"),
    "head-too-large": (431, "The request's headers are too large"),
    "unexpected": (500, "Something went wrong here"),
    "extractor-crashed": (500, "The extractor crashed over this page"),
    "too-long": (503, "The answer took too long"),
    "too-much-memory": (503, "The answer took too much memory"),
    "unavailable": (503, "The service is not ready"),
}
"""Reason → status and title. The reason is also the label of the metric that counts refusals."""

_BY_STATUS: Final = {404: "not-found", 405: "no-method", 413: "too-large", 415: "not-supported", 422: "not-valid"}


class Refusal(Exception):
    """The request is refused. reason: a key of TITLES; detail: one line for the caller, without page content."""

    def __init__(self, reason: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.headers = headers

    @property
    def status(self) -> int:
        """HTTP status."""
        return TITLES[self.reason][0]

    def members(self, request_id: str = "") -> dict[str, Any]:
        """The members of the problem's JSON."""
        status, title = TITLES[self.reason]
        members: dict[str, Any] = {"type": _PREFIX + self.reason, "title": title, "status": status}
        members["detail"] = self.detail
        if request_id:
            members["instance"] = f"urn:recall:request:{request_id}"
        return members

    def body(self, request_id: str = "") -> bytes:
        """The problem as JSON bytes."""
        return to_json(self.members(request_id))


def item_error(reason: str, detail: str) -> dict[str, str]:
    """What stands in the place of one item's score."""
    return {"type": _PREFIX + reason, "detail": detail}


def respond(refusal: Refusal, request_id: str) -> Response:
    """A refusal as a response."""
    return Response(refusal.body(request_id), refusal.status, refusal.headers, MEDIA)


def write_out(refusal: Refusal, request_id: str = "", headers: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """A refusal as the bytes of an HTTP response, for those who are answered before there is a request."""
    body = refusal.body(request_id)
    own = ((name.lower().encode(), value.encode()) for name, value in (refusal.headers or {}).items())
    length = (b"content-length", str(len(body)).encode())
    lines = [b"%s: %s" % header for header in ((b"content-type", MEDIA.encode()), length, *own, *headers)]
    status = f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}".encode()
    return b"\r\n".join([status, *lines, b"", body])


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, Refusal):
        refusal = error
    elif isinstance(error, ClientDisconnect):
        refusal = Refusal("gone", "The body did not come to its end")
    else:
        refusal = Refusal("unexpected", "The log has more under this request's id")
        request.scope["recall.error"] = error  # the request's line in the log tells its trace
    request.scope["recall.reason"] = refusal.reason
    return respond(refusal, request.scope.get("recall.id", ""))


async def _framework(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself: unknown paths and methods."""
    if not isinstance(error, HTTPException):
        return await _refused(request, error)
    reason = _BY_STATUS.get(error.status_code, "bad-request" if error.status_code < 500 else "unexpected")
    detail = f"{request.method} is not for this path" if reason == "no-method" else "See /openapi.json for what is"
    return await _refused(request, Refusal(reason, detail, error.headers))


def install(app: FastAPI) -> None:
    """Answer every error of the app with problem details."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(ClientDisconnect, _refused)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, _refused)
