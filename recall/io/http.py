"""https and http: streamed answers, byte ranges that are checked, JSON questions, errors sorted by consequence.

429 and 5xx are tried again; 429 and 503 mean slow down. 403 means we are blocked: it is not tried again, and for a
minute nobody asks that host anything more. The status is looked at before the body.
Range: RFC 9110, 14: an answer must be 206 with the Content-Range that was asked for.
"""

import atexit
import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version

import httpx

from recall.config import AccessSection
from recall.errors import RecallError, Refused, ShardUnreadable
from recall.io.retry_policy import Again, parse_retry_after
from recall.io.stream import OpenBody
from recall.sites.urls import address_of

try:
    _VERSION = version("recall")
except PackageNotFoundError:  # run from a folder that was never installed
    _VERSION = "0"
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_MISSING = {404, 410}
_AGAIN = {408, 425, 429}
_SLOW_DOWN = {429, 503}


def user_agent(access: AccessSection) -> str:
    """Who we say we are."""
    contact = f" (+{access.contact})" if access.contact else ""
    return f"recall/{_VERSION}{contact}"


@lru_cache(maxsize=8)
def _client_of(pid: int, access: AccessSection) -> httpx.Client:  # noqa: ARG001 - a fork makes its own connections
    client = httpx.Client(
        headers={"User-Agent": user_agent(access), "Accept-Encoding": "identity"},
        timeout=access.timeout_seconds,
        follow_redirects=True,
        max_redirects=5,
    )
    atexit.register(client.close)
    return client


class HttpSource:
    """A URL as a source.

    endpoint: that the rate limiter counts. address, headers, check: where it is asked for, with what, and how an error
    status is sorted, where a URL is not itself an address.
    """

    def __init__(self, url: str, access: AccessSection, endpoint: str = "") -> None:
        self.url = self.address = url
        self.endpoint = endpoint or endpoint_of(url, access)
        self.access = access
        self.attempts = access.attempts
        self.headers: dict[str, str] = {}
        self.check: Callable[[httpx.Response, str], None] = check_status

    def open(self, start: int, stop: int | None) -> OpenBody:
        """Ask for the bytes; a whole file from byte 0 is asked for without a range."""
        ranged = start > 0 or stop is not None
        wanted = {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"} if ranged else {}
        client = _client_of(os.getpid(), self.access)
        try:
            answer = client.send(client.build_request("GET", self.address, headers=self.headers | wanted), stream=True)
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            raise Again(f"{type(error).__name__}: {error}", None) from None
        except (httpx.InvalidURL, ValueError) as error:
            raise ShardUnreadable(f"{self.url}: not a URL that can be fetched: {error}") from None
        try:
            size = self._check(answer, start, stop, ranged=ranged)
        except RecallError:
            answer.close()
            raise
        return OpenBody(
            _chunks(answer), size, answer.headers.get("ETag", ""), answer.close, partial(_interrupt, answer)
        )

    def _check(self, answer: httpx.Response, start: int, stop: int | None, *, ranged: bool) -> int | None:
        self.check(answer, self.url)
        if not ranged:
            if answer.status_code != 200:
                raise Again(f"answered {answer.status_code} to a request for the whole file", None)
            announced = answer.headers.get("Content-Length", "")
            return int(announced) if announced.isdigit() else None
        if answer.status_code != 206:
            raise Again(f"answered {answer.status_code} instead of 206 to a request for a range", None)
        return check_range(answer.headers.get("Content-Range", ""), start, stop)


def check_range(header: str, start: int, stop: int | None) -> int | None:
    """Total size from a Content-Range header. Raises Again unless it is the range [start, stop) that was asked for."""
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        raise Again(f"range answer without a usable Content-Range ({header[:80]!r})", None)
    first, last = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    if first != start or (stop is not None and last != (stop if total is None else min(stop, total)) - 1):
        raise Again(f"asked for bytes {start}-{'' if stop is None else stop - 1}, was sent {first}-{last}", None)
    return total


def endpoint_of(url: str, access: AccessSection) -> str:  # noqa: ARG001 - as in s3
    """Scheme, host and port, the default one left out, also of what turns out to be no URL."""
    address = address_of(url)
    return f"{address.scheme}://{address.host}{':' if address.port else ''}{address.port}"


def check_status(answer: httpx.Response, url: str) -> None:
    """Sort an error status by what follows from it."""
    code = answer.status_code
    if code < 400:
        return
    if code in (401, 403):
        raise Refused(f"{url}: the server refuses us ({code}); wait before asking again, or use s3:// with credentials")
    if code in _MISSING:
        raise ShardUnreadable(f"{url}: not found ({code})")
    if code == 416:
        raise ShardUnreadable(f"{url}: the range lies beyond the end of the file (416)")
    if code >= 500 or code in _AGAIN:
        wait = parse_retry_after(answer.headers.get("Retry-After"), answer.headers.get("Date"))
        raise Again(f"answered {code}", wait, code in _SLOW_DOWN)
    raise ShardUnreadable(f"{url}: answered {code}")


def _interrupt(answer: httpx.Response) -> None:
    """End the wait of the thread that reads an answer. Raises OSError when the connection has ended."""
    connection = answer.extensions["network_stream"].get_extra_info("socket")
    socket.socket.shutdown(connection, socket.SHUT_RDWR)  # that of TLS would send something first


def _chunks(answer: httpx.Response) -> Iterator[bytes]:
    try:
        yield from answer.iter_raw()
    except (httpx.HTTPError, httpx.StreamError, ssl.SSLError, OSError) as error:
        raise Again(f"connection broke: {type(error).__name__}", None) from None


def size(url: str, access: AccessSection) -> int | None:
    """Announced size of a URL, None if it is not there. Raises Again, Refused, ShardUnreadable."""
    try:
        answer = _client_of(os.getpid(), access).head(url)
    except (httpx.HTTPError, ssl.SSLError, OSError) as error:
        raise Again(f"{type(error).__name__}: {error}", None) from None
    if answer.status_code in _MISSING:
        return None
    check_status(answer, url)
    announced = answer.headers.get("Content-Length", "")
    return int(announced) if announced.isdigit() else 0


def post_json(url: str, value: object, headers: Mapping[str, str], seconds: float, most: int) -> tuple[int, bytes]:
    """Post a value as JSON; returns status and body, of which at most `most` bytes. Redirects are not followed.

    Raises Again after 408, 425, 429, 5xx, a broken connection, and where an answer is not whole after twice `seconds`.
    """
    client, pieces, left = _client_of(os.getpid(), AccessSection()), [], most
    end = time.monotonic() + 2 * seconds
    try:
        with client.stream(
            "POST", url, json=value, headers=dict(headers), timeout=seconds, follow_redirects=False
        ) as answer:
            if answer.status_code in _AGAIN or answer.status_code >= 500:
                wait = parse_retry_after(answer.headers.get("Retry-After"), answer.headers.get("Date"))
                raise Again(f"answers {answer.status_code}", wait, answer.status_code in _SLOW_DOWN)
            for piece in answer.iter_bytes():
                pieces.append(piece[:left])
                left -= len(pieces[-1])
                if not left:
                    break
                if time.monotonic() > end:
                    raise Again(f"the answer was not whole after {2 * seconds:g} seconds")
            return answer.status_code, b"".join(pieces)
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
        raise Again(f"{type(error).__name__}: {error}") from None
