"""Pages to Markdown in a process of its own, which is ended when a page takes too long or too much memory.

The extractor is written for any page, not for every one that was made to hurt it. Started when the first page comes,
started again after it was ended. Requests are one JSON object on a line of stdin, answers one JSON string on stdout.
"""

import asyncio
import base64
import resource
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress

from pydantic_core import from_json, to_json

from service.problems import Refusal

MEMORY_BYTES = 3 << 30
_LINE = 64 << 20


class Extractor:
    """The process, and who may talk to it: one page at a time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self._process: Process | None = None

    async def markdown(self, body: bytes, url: str | None, charset: str | None) -> str:
        """A page's Markdown. Raises Refusal when it takes longer than it may."""
        line = to_json([body, url, charset], bytes_mode="base64") + b"\n"
        async with self._turn:
            try:
                async with asyncio.timeout(self._seconds):
                    process = await self._started()
                    assert process.stdin is not None  # noqa: S101 - it was asked for
                    assert process.stdout is not None  # noqa: S101
                    process.stdin.write(line)
                    await process.stdin.drain()
                    answer = await process.stdout.readline()
            except TimeoutError:
                await self.end()
                raise Refusal("too-long", f"This page takes more than {self._seconds:g} s to extract") from None
            except (ConnectionError, ValueError):
                answer = b""
            except asyncio.CancelledError:
                await self.end()  # its answer would be taken for the next page's
                raise
            if not answer.endswith(b"\n"):
                await self.end()
                raise Refusal("too-long", "The extractor ended over this page")
        text: str = from_json(answer)
        return text

    async def _started(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "service.api.extraction", stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=_LINE
            )
        return self._process

    async def end(self) -> None:
        """End the process, whatever it is at."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            with suppress(ConnectionError):
                await process.communicate()  # to the end of its pipes, and of it


def serve() -> None:
    """Answer line by line until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    from recall.page.markdown import markdown  # noqa: PLC0415 - only this process needs it, and only when it is used

    for line in sys.stdin.buffer:
        body, url, charset = from_json(line)
        text = markdown(base64.urlsafe_b64decode(body), url, charset)
        sys.stdout.buffer.write(to_json(text.encode("utf-8", "replace").decode()) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
