"""Pages to Markdown in a process of its own, which is ended when a page takes too long or too much memory.

The extractor is written for any page, not for every one that was made to hurt it. The process (`extracting_process`) is
started when the first page comes, and again after it ended. Refuses a page that takes too long or too much memory; a
crash is a fault of ours, so its trace is logged.
"""

import asyncio
import logging
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json, to_json

from service.api.extracting_process import OUT_OF_MEMORY
from service.problems import Refusal
from service.server.logs import FRAMES, say

_LINE: Final = 64 << 20
"""Bytes of an answer: eight times the largest page."""
_TAIL: Final = 16 << 10
"""Bytes of the process's stderr that are kept, its last ones."""
_END_SECONDS: Final = 2.0
"""From the end of a process's answers to the end of the process."""

_FAULT = re.compile(r"Fatal Python error: [A-Z][A-Za-z ]{1,60}")
_FRAME = re.compile(r'  File "([^"]{1,200})", line (\d{1,7}) in (\w{1,80})')
"""What faulthandler writes. Other lines could hold page content."""
_ALLOCATION = re.compile(r"bad_alloc|memory allocation of \d+ bytes failed|MemoryError")
"""Said by C++, Rust and Python when they end a process that gets no more memory."""


def order_line(body: bytes, url: str | None, charset: str | None, echo: Mapping[str, Any]) -> bytes:
    """What the process reads: a page as a line of JSON. echo: what its answer repeats before the Markdown."""
    return to_json([body, url, charset, echo], bytes_mode="base64") + b"\n"


@dataclass(frozen=True, slots=True)
class _Running:
    """A process and the end of what it wrote to stderr."""

    process: Process
    written: "asyncio.Task[bytes]"


class Extractor:
    """The process, and who may talk to it: one page at a time. bytes: of memory it may have."""

    def __init__(self, seconds: float, memory: int) -> None:
        self._seconds = seconds
        self._memory = memory
        self._turn = asyncio.Lock()
        self._running: _Running | None = None

    async def answer(self, order: bytes, request_id: str) -> bytes:
        """The JSON with a page's Markdown. Raises Refusal where the page takes too much, or the process crashed."""
        answer = b""
        async with self._turn:
            try:
                async with asyncio.timeout(self._seconds):
                    answer = await self._ask(order)
            except TimeoutError:
                await self.end()
                raise Refusal("too-long", f"This page takes more than {self._seconds:g} s to extract") from None
            except ValueError:  # asyncio's, of a line without end
                await self.end()
                raise Refusal("too-much-memory", f"Its Markdown takes more than {_LINE} bytes") from None
            except asyncio.CancelledError:
                await self.end()  # its answer would be taken for the next page's
                raise
            if not answer.endswith(b"\n"):
                raise await self._crashed(request_id)
        return answer

    async def _ask(self, order: bytes) -> bytes:
        """The line that the process answers, not ended where the process has."""
        process = (await self._started()).process
        assert process.stdin is not None  # noqa: S101 - it was asked for
        assert process.stdout is not None  # noqa: S101
        with suppress(ConnectionError):  # its exit code says why
            process.stdin.write(order)
            await process.stdin.drain()
        return await process.stdout.readline()

    async def _started(self) -> _Running:
        if self._running is None or self._running.process.returncode is not None:
            await self.end()
            command = (sys.executable, "-m", "service.api.extracting_process", str(self._memory))
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_LINE)
            assert process.stderr is not None  # noqa: S101 - it was asked for
            self._running = _Running(process, asyncio.ensure_future(_tail(process.stderr)))
        return self._running

    async def _crashed(self, request_id: str) -> Refusal:
        """The refusal of the page over which the process ended by itself; its trace is logged."""
        running = self._running
        assert running is not None  # noqa: S101 - it was asked just now
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await running.process.wait()
        await self.end()
        code, written = running.process.returncode, (await running.written).decode("utf-8", "replace")
        say(logging.ERROR, "extractor ended", id=request_id, code=code, **_trace(written))
        if code in (OUT_OF_MEMORY, -signal.SIGKILL) or (code == -signal.SIGABRT and _ALLOCATION.search(written)):
            return Refusal("too-much-memory", f"The extractor ran out of memory over this page ({_ended_by(code)})")
        return Refusal("extractor-crashed", f"The log has more under this request's id ({_ended_by(code)})")

    async def end(self) -> None:
        """End the process, whatever it is at."""
        running, self._running = self._running, None
        if running is None:
            return
        process = running.process
        if process.returncode is None:
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        if process.stdout is not None:
            await process.stdout.read()
        await running.written
        await process.wait()


async def _tail(stream: asyncio.StreamReader) -> bytes:
    """The last bytes of a stream, read to its end."""
    tail = b""
    while piece := await stream.read(_TAIL):
        tail = (tail + piece)[-_TAIL:]
    return tail


def _ended_by(code: int | None) -> str:
    """A process's exit code in words."""
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _trace(written: str) -> dict[str, Any]:
    """Fields for the log: the exception and its frames, as the process or faulthandler wrote them, and nothing else."""
    last = written.rstrip("\n").rpartition("\n")[2]
    if last.startswith('{"exception":'):
        with suppress(ValueError):
            told = from_json(last)
            return {
                "exception": str(told["exception"])[:80],
                "frames": [str(one)[:300] for one in told["frames"]][-FRAMES:],
            }
    fault = _FAULT.search(written)
    frames = [f"{file}:{line} {name}" for file, line, name in _FRAME.findall(written)]
    return {"exception": fault[0] if fault else "", "frames": frames[:FRAMES][::-1]}
