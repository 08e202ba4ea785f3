"""Bodies without end: NDJSON in and out, and a WARC in and lines out, with back-pressure both ways.

What was read and not yet scored is bounded, so a fast sender waits; a reader that is slow is waited for, so scoring
waits. Between any two pieces of a body, compressed or not, other requests have their turn. An error before the first
line is a problem response; after it, it is the last line: {"problem": {...}}.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic_core import to_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from recall.archive.warc import captures
from recall.errors import ShardFailed
from recall.records import Capture
from service.api.bodies import STEP_SECONDS, BodyDecoder, Line, LineCutter
from service.api.scoring import Scoring, score_lines
from service.limits import Limits
from service.problems import Refusal, respond
from service.server.logs import say
from service.server.scheduler import HEAVY, Scheduler, SteppedJob

MEDIA = "application/x-ndjson"

_HIGH = 1 << 20
"""Bytes of lines that wait to be scored, beyond which no more are read."""
_CUT = 256 << 10
"""Bytes that are cut into lines at a time: at most 130,000 lines."""
_WORTH = 32 << 10
"""Bytes of outcomes that are sent at once while further lines wait."""
_PAGES = 32
_PAGE_BYTES = 4 << 20
"""A step over a WARC ends at the first that is reached."""


class LineStream(Response):
    """A response whose lines are sent as they are made; the status is chosen when the first one is there."""

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        super().__init__(media_type=MEDIA)
        del self.headers["content-length"]
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        started = False
        last = b""
        try:
            async for piece in self._lines:
                if not started:
                    await send(start)
                    started = True
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except ClientDisconnect:
            scope["recall.reason"] = "gone"
            return
        except Refusal as refusal:
            scope["recall.reason"] = refusal.reason
            if not started:
                await respond(refusal, scope["recall.id"])(scope, receive, send)
                return
            last = to_json({"problem": refusal.members(scope["recall.id"])}) + b"\n"
        if not started:
            await send(start)
        await send({"type": "http.response.body", "body": last, "more_body": False})


async def _chunks(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    """The body as it comes. Raises Refusal when it stands still, or goes on for too long."""
    stream = request.stream()
    deadline = time.monotonic() + limits.stream_seconds
    while True:
        try:
            async with asyncio.timeout(limits.idle_seconds):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise Refusal("too-slow", f"No byte came for {limits.idle_seconds:g} s", {"Connection": "close"}) from None
        if chunk is None:
            return
        if time.monotonic() > deadline:
            raise Refusal("too-slow", f"At most {limits.stream_seconds:g} s", {"Connection": "close"})
        yield chunk


class LineReader:
    """Reads lines ahead of the scoring, up to a bound."""

    def __init__(self, request: Request, encoding: str, limits: Limits) -> None:
        self._request = request
        self._decoder = BodyDecoder(encoding)
        self._cutter = LineCutter(limits.line_bytes)
        self._limits = limits
        self._waiting: list[Line] = []
        self._bytes = 0
        self._ended = False
        self._ready = asyncio.Event()
        self._room = asyncio.Event()

    async def fill(self) -> None:
        """Read to the end of the body. Raises Refusal, or ClientDisconnect when it breaks off."""
        began = time.monotonic()
        try:
            async for chunk in _chunks(self._request, self._limits):
                for piece in self._decoder.feed(chunk):
                    for start in range(0, len(piece), _CUT):
                        self._add(self._cutter.feed(piece[start : start + _CUT]))
                        if await self._waited_for_room():
                            began = time.monotonic()
                    if time.monotonic() - began > STEP_SECONDS:
                        await asyncio.sleep(0)
                        began = time.monotonic()
            self._decoder.finish()
            self._add(self._cutter.finish())
        finally:
            self._ended = True
            self._ready.set()

    async def _waited_for_room(self) -> bool:
        """Wait until no more lines wait than may; whether that took time."""
        full = self._bytes > _HIGH
        while self._bytes > _HIGH:
            self._room.clear()
            await self._room.wait()
        return full

    def _add(self, lines: Iterator[Line]) -> None:
        for line in lines:
            self._waiting.append(line)
            self._bytes += 64 + len(line or b"")
        if self._waiting:
            self._ready.set()

    @property
    def waiting(self) -> bool:
        """Whether lines are here to be scored."""
        return bool(self._waiting)

    async def take(self) -> list[Line]:
        """All lines that wait, at least one; none at the end."""
        if not self._waiting and not self._ended:
            self._ready.clear()
            await self._ready.wait()
        taken, self._waiting, self._bytes = self._waiting, [], 0
        self._room.set()
        return taken


async def score_batch(request: Request, encoding: str, scoring: Scoring, scheduler: Scheduler) -> AsyncIterator[bytes]:
    """Lines of outcomes for the body's lines, in order, as they come."""
    intake = LineReader(request, encoding, scoring.limits)
    filling = asyncio.create_task(intake.fill())
    try:
        done = b""
        while lines := await intake.take():
            weight = sum(len(line) for line in lines if line is not None)
            done += await scheduler.run(score_lines(lines, scoring), weight)
            if len(done) > _WORTH or not intake.waiting:
                yield done
                done = b""
        if done:
            yield done
        await filling
    finally:
        filling.cancel()
        with suppress(asyncio.CancelledError, ClientDisconnect, Refusal):
            await filling


async def score_warc(request: Request, encoding: str, scoring: Scoring, scheduler: Scheduler) -> AsyncIterator[bytes]:
    """A line for each page of the WARC in the body, once all of it is here."""
    spool = await asyncio.to_thread(_Spool, encoding, scoring.limits.warc_bytes)
    try:
        async for chunk in _chunks(request, scoring.limits):
            await _finished(spool.write, chunk)
        await _finished(spool.finish)
        pages = captures(spool.name)
        while True:
            lines, refusal = await scheduler.run(_score_pages(pages, scoring, Path(spool.name)), HEAVY)
            if lines:
                yield lines
            if refusal is not None:
                raise refusal
            if not lines:
                return
    finally:
        await _finished(spool.close)


async def _finished(step: Callable[..., None], *arguments: object) -> None:
    """Do a step in a thread. A caller that is cancelled waits for its end: what it closes next is used by nobody."""
    doing = asyncio.ensure_future(asyncio.to_thread(step, *arguments))
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise


class _Spool:
    """A WARC on its way to a file that is gone when it is closed. Every method blocks."""

    def __init__(self, encoding: str, most: int) -> None:
        self._decoder = BodyDecoder(encoding)
        self._most = most
        self._written = 0
        with _room_for_spool():
            self._file = NamedTemporaryFile(prefix="recall-service-", suffix=".warc")  # noqa: SIM115 - closed by close
        self.name = self._file.name

    def write(self, chunk: bytes) -> None:
        """Write a part of the body. Raises Refusal where it is too large, not of its encoding, or the disk is full."""
        with _room_for_spool():
            for piece in self._decoder.feed(chunk):
                self._written += len(piece)
                if self._written > self._most:
                    raise Refusal("too-large", f"A WARC has at most {self._most} bytes")
                self._file.write(piece)

    def finish(self) -> None:
        """Write what is left. Raises Refusal where the body ends inside its encoding, or the disk is full."""
        self._decoder.finish()
        with _room_for_spool():
            self._file.flush()

    def close(self) -> None:
        """Remove the file."""
        with suppress(OSError):  # what could not be written before cannot be now
            self._file.close()


@contextmanager
def _room_for_spool() -> Iterator[None]:
    """Raise a Refusal where the temporary folder takes no more."""
    try:
        yield
    except OSError as error:
        say(logging.ERROR, "no room for a WARC", reason=os.strerror(error.errno or 0))
        raise Refusal(
            "unavailable", "The service has no room for this body; try again", {"Retry-After": "60"}
        ) from None


def _score_pages(pages: Iterator[Capture], scoring: Scoring, path: Path) -> SteppedJob[tuple[bytes, Refusal | None]]:
    """A job of one step: lines of the next pages, none at the end, and the damage that was met behind them."""
    batch: list[Capture] = []
    refusal = None
    try:
        size = 0
        for page in islice(pages, _PAGES):
            batch.append(page)
            size += len(page.body)
            if size > _PAGE_BYTES:
                break
    except ShardFailed as error:
        refusal = Refusal("not-a-warc", str(error).replace(str(path), "the body"))
    return scoring.captures(batch), refusal
    yield  # a generator, as every job is
