"""The rate limiter: wraps a source or a request, so that all workers together ask an endpoint as often as it bears.

In: an endpoint and the ceilings of [access]. Out: a `Token` for each request or open body, after a wait where needed.
Refuses an endpoint whose circuit is open: it answered 403 less than a minute ago.
The limiter travels with the access settings it belongs to (`LimitedAccess`); plain settings count with the other
processes of this machine. A backend keeps the counts: in memory, in files of this machine, in an actor of a cluster.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Protocol, TypeVar

from recall.config import AccessSection
from recall.errors import Refused
from recall.io.ratelimit_files import FileBackend
from recall.io.retry_policy import Again
from recall.io.stream import ByteSource, OpenBody, ReaderGone
from recall.io.token_bucket import FINE, REFUSED, RENEW_SECONDS, SLOW, Grant

T = TypeVar("T")


class LimiterBackend(Protocol):
    """Keeps the limits of all endpoints, for whoever shares it."""

    def acquire(self, endpoint: str, requests: float, connections: float) -> Grant:
        """A token, or how long to wait. requests, connections: ceilings, 0 for none."""

    def release(self, endpoint: str, token: int, signal: str) -> None:
        """Give a token back. signal: FINE, SLOW or REFUSED."""

    def renew(self, endpoint: str, token: int) -> None:
        """Keep a token that is long in use."""


class Token:
    """The right to ask an endpoint once and to read the answer."""

    def __init__(self, backend: LimiterBackend, endpoint: str, number: int) -> None:
        self._backend, self._endpoint, self._number = backend, endpoint, number
        self._renewed = time.monotonic()

    def release(self, signal: str = FINE) -> None:
        """Give it back; giving it back twice changes nothing."""
        if self._number:
            number, self._number = self._number, 0
            self._backend.release(self._endpoint, number, signal)

    def renew(self) -> None:
        """Say that the answer is still being read; the backend hears it now and then."""
        now = time.monotonic()
        if self._number and now - self._renewed > RENEW_SECONDS:
            self._renewed = now
            self._backend.renew(self._endpoint, self._number)


@dataclass(frozen=True, slots=True)
class RateLimiter:
    """Lets requests through as its backend grants them."""

    backend: LimiterBackend

    def acquire(self, endpoint: str, access: AccessSection, gone: threading.Event | None = None) -> Token:
        """Wait until the endpoint may be asked. Raises Refused while its circuit is open, ReaderGone for `gone`."""
        while True:
            if gone is not None and gone.is_set():
                raise ReaderGone
            grant = self.backend.acquire(endpoint, access.requests_per_second, access.connections)
            if grant.refused:
                raise Refused(f"circuit open: 403 from {endpoint}, next request in {grant.refused:.0f} s")
            token = Token(self.backend, endpoint, grant.token)
            if grant.wait and gone is not None and gone.wait(grant.wait):
                token.release()
                raise ReaderGone
            if grant.wait and gone is None:
                time.sleep(grant.wait)
            if grant.token:
                return token

    def call(self, request: Callable[[], T], endpoint: str, access: AccessSection) -> T:
        """One request with a token of its own. Raises what the request raises, and Refused as `acquire`."""
        token = self.acquire(endpoint, access)
        try:
            return request()
        except (Again, Refused) as error:
            token.release(_signal_of(error))
            raise
        finally:
            token.release()


class LimitedAccess(AccessSection):
    """[access] with the rate limiter that its requests go through; a plain [access] goes through this machine's."""

    limiter: Any

    @classmethod
    def of(cls, access: AccessSection, limiter: RateLimiter) -> "LimitedAccess":
        """The same settings with a limiter."""
        plain = {name: getattr(access, name) for name in AccessSection.model_fields}
        return cls(**plain, limiter=limiter)


def limiter_of(access: AccessSection) -> RateLimiter:
    """The limiter that comes with the settings, or the one of this machine."""
    return access.limiter if isinstance(access, LimitedAccess) else _limiter_of_the_machine()


@cache
def _limiter_of_the_machine() -> RateLimiter:
    return RateLimiter(FileBackend())


class LimitedSource:
    """A source that takes a token for each body it opens, and keeps it until the body is closed.

    gone: ends the wait for a token, when nobody reads any more.
    """

    def __init__(self, source: ByteSource, limiter: RateLimiter, gone: threading.Event | None = None) -> None:
        self.url, self.endpoint = source.url, source.endpoint
        self.access, self.attempts = source.access, source.attempts
        self._source, self._limiter, self._gone = source, limiter, gone

    def open(self, start: int, stop: int | None) -> OpenBody:
        """As the source's `open`, when the endpoint may be asked."""
        token = self._limiter.acquire(self.endpoint, self.access, self._gone)
        body: OpenBody | None = None
        try:
            body = self._source.open(start, stop)
        except (Again, Refused) as error:
            token.release(_signal_of(error))
            raise
        finally:
            if body is None:
                token.release()
        return replace(body, chunks=_renewing(body.chunks, token), close=partial(_close, body, token))


def _renewing(chunks: Iterator[bytes], token: Token) -> Iterator[bytes]:
    for chunk in chunks:
        token.renew()
        yield chunk


def _close(body: OpenBody, token: Token) -> None:
    body.close()
    token.release()


def _signal_of(error: Again | Refused) -> str:
    """What an error tells the backend."""
    if isinstance(error, Refused):
        return REFUSED
    return SLOW if error.slow_down else FINE
