"""Request bodies: their type and encoding checked, undone piece by piece, cut into lines; all of it bounded.

A body that is larger than its limit is refused while it arrives, compressed or not. gzip and zstd are undone into
pieces of bounded size whatever they were made to grow to. Long lines are passed over, not collected.
"""

import asyncio
import re
import time
import zlib
from collections.abc import Iterator
from email.message import Message
from typing import Final

import zstandard
from starlette.requests import Request

from service.limits import Limits
from service.problems import Refusal
from service.server.scheduler import MemoryShare, SteppedJob

JSON: Final = ("application/json",)
LINES: Final = ("application/x-ndjson", "application/jsonl", "application/ndjson", "application/json-lines")
WARC: Final = ("application/warc", "application/octet-stream", "application/gzip", "application/x-gzip")
ENCODINGS: Final = ("gzip", "zstd")

Line = bytes | memoryview | None
"""Of NDJSON, without its end; None is one that is too long."""

_LAST_SPACE: Final = 0x20
"""No whitespace of ASCII comes behind it."""
_SPACES: Final = re.compile(rb"[ \t\n\r\x0b\x0c]+")
_PIECE: Final = 1 << 20
_GZIP_STEP: Final = 16 << 10
"""Compressed bytes looked at for a piece: some 800 members, where each of them is empty."""
STEP_SECONDS: Final = 0.005
"""Of undoing an encoding, before other jobs have their turn."""
_ZSTD_STEP: Final = 256
"""Compressed bytes fed at a time: a zstd block takes at least 4 bytes and holds at most 128 KiB, so 8 MiB come out."""
_ZSTD_WINDOW: Final = 8 << 20
"""RFC 9659: what a decoder must offer for Content-Encoding."""


def check_type(request: Request, expected: tuple[str, ...]) -> None:
    """Raise Refusal unless the Content-Type is one of those expected, in UTF-8 where it says."""
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    charset = message.get_param("charset", "utf-8")
    sound = isinstance(charset, str) and charset.lower() in ("utf-8", "utf8", "us-ascii")
    if message.get_content_type() not in expected or "content-type" not in request.headers or not sound:
        raise Refusal("not-supported", f"Send {expected[0]} in UTF-8", {"Accept": ", ".join(expected)})


def check_encoding(request: Request) -> str:
    """The Content-Encoding: "", "gzip" or "zstd". Raises Refusal for others."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    encoding = {"x-gzip": "gzip", "identity": ""}.get(encoding, encoding)
    if encoding and encoding not in ENCODINGS:
        raise Refusal("not-supported", "Send gzip, zstd or no encoding", {"Accept-Encoding": ", ".join(ENCODINGS)})
    return encoding


class BodyDecoder:
    """Undoes a Content-Encoding; "" hands bytes on as they are."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._started = not encoding
        self._frame = self._new_frame() if encoding else None

    def _new_frame(self) -> "zlib._Decompress | zstandard.ZstdDecompressionObj":
        if self._encoding == "gzip":
            return zlib.decompressobj(31)
        return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces of at most 8 MiB, empty ones too: each takes some ms. Raises Refusal where it is not the encoding."""
        if self._frame is None:
            if data:
                yield data
            return
        try:
            yield from self._gunzip(data) if self._encoding == "gzip" else self._unzstd(data)
        except (zlib.error, zstandard.ZstdError):
            raise Refusal("bad-encoding", f"It is not {self._encoding}") from None

    def _gunzip(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _GZIP_STEP):
            yield from self._gunzip_step(data[start : start + _GZIP_STEP])
            yield b""

    def _gunzip_step(self, data: bytes) -> Iterator[bytes]:
        while data:
            self._begin()
            frame = self._frame
            piece = frame.decompress(data, _PIECE)  # type: ignore[union-attr, call-arg] # of zlib here
            if piece:
                yield piece
            data = frame.unused_data if frame.eof else frame.unconsumed_tail  # type: ignore[union-attr]
            while not data and not frame.eof and len(piece) == _PIECE:  # type: ignore[union-attr]
                piece = frame.decompress(b"", _PIECE)  # type: ignore[union-attr, call-arg]
                if piece:
                    yield piece

    def _unzstd(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_STEP):
            step = data[start : start + _ZSTD_STEP]
            while step:
                self._begin()
                frame = self._frame
                yield frame.decompress(step)  # type: ignore[union-attr]
                step = frame.unused_data if frame.eof else b""  # type: ignore[union-attr]

    def _begin(self) -> None:
        """A new frame where the last one has ended: both formats may be several, one after the other."""
        if self._frame is not None and self._frame.eof:
            self._frame = self._new_frame()
        self._started = True

    def finish(self) -> None:
        """Raise Refusal when the data ended inside a frame."""
        if self._frame is not None and self._started and not self._frame.eof:
            raise Refusal("bad-encoding", f"The {self._encoding} data is cut short")


class LineCutter:
    """Bytes to lines, without their ends; None stands for a line longer than the limit. Blank lines are left out.

    A line that lies in one piece is a view of it, so that it is not copied before it is read. Runs of blank lines are
    passed over at once, whatever their length.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open = bytearray()
        self._passing = False

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines that end in these bytes."""
        view, start = memoryview(data).toreadonly(), data.find(b"\n") + 1
        self._extend(view[: start - 1] if start else view)
        if not start:
            return
        yield from self.finish()
        while end := data.find(b"\n", start) + 1:
            if end - 1 - start > self._limit:
                yield None
            elif data[start] > _LAST_SPACE or not data[start:end].isspace():
                yield view[start : end - 1]
            elif blank := _SPACES.match(data, end):
                end = max(end, data.rfind(b"\n", end, blank.end()) + 1)
            start = end
        self._extend(view[start:])

    def _extend(self, data: memoryview) -> None:
        if self._passing:
            return
        if len(self._open) + len(data) > self._limit:
            self._open, self._passing = bytearray(), True
            return
        self._open += data

    def finish(self) -> Iterator[Line]:
        """The line that is open, if it is one."""
        line, passed = bytes(self._open), self._passing
        self._open, self._passing = bytearray(), False
        if passed:
            yield None
        elif line.strip():
            yield line


async def read_body(request: Request, limits: Limits, share: MemoryShare) -> bytes:
    """The body as it was sent. Raises Refusal when it is too large or too slow, ClientDisconnect when it breaks off."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limits.body_bytes:
        raise Refusal("too-large", f"At most {limits.body_bytes} bytes")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > limits.body_bytes:
                    raise Refusal("too-large", f"At most {limits.body_bytes} bytes")
                share.grow(len(chunk))
                chunks.append(chunk)
    except TimeoutError:
        raise Refusal("too-slow", f"At most {limits.body_seconds:g} s", {"Connection": "close"}) from None
    return b"".join(chunks)


def inflate(body: bytes, encoding: str, limit: int, share: MemoryShare) -> SteppedJob[bytes]:
    """A job: the body with its encoding undone. Raises Refusal when that is too large or breaks off."""
    if not encoding:
        return body
    decoder = BodyDecoder(encoding)
    whole = bytearray()
    began = time.monotonic()
    for piece in decoder.feed(body):
        if len(whole) + len(piece) > limit:
            raise Refusal("too-large", f"At most {limit} bytes once its encoding is undone")
        share.grow(len(piece))
        whole += piece
        if time.monotonic() - began > STEP_SECONDS:
            yield
            began = time.monotonic()
    decoder.finish()
    return bytes(whole)
