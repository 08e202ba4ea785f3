"""uvicorn's HTTP protocol with bounds that it lacks: connections, size and time of heads, readers that stand still.

A client that has sent all of its request and closes its side still gets its answer. What is not HTTP is answered
with problem details, as everything else is. Bytes are received into one buffer that all connections share. A request
that the door turns away is never made one: a short body is passed over before it is answered, as most clients do not
look for an answer before they have sent all.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.api.problems import Refusal, write_out
from service.limits import Limits
from service.server.metrics import REFUSED

Door = Callable[[bytes, bytes, list[tuple[bytes, bytes]]], bytes | None]
"""Method, target and headers of a request → the whole answer to it when it is turned away, else None."""

_BUFFER = memoryview(bytearray(240 << 10))
"""A piece of a body takes some turns of the loop, which few lines would not be worth; of a larger one, what is made of
it would push the encoder's tables out of the processor's cache."""
_SHORT_BYTES = 1 << 20
"""Of a body that is passed over."""
_HIGH_BYTES = 1 << 20
"""Of a body that nobody has asked for yet, beyond which no more is read."""


class BoundedProtocol(HttpToolsProtocol, asyncio.BufferedProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        limits: Limits | None = None,
        door: Door | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._limits = limits or Limits()
        self._door = door
        self._turned_away: bytes | None = None
        self._head_open = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._refusal: Refusal | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Begin; or refuse, when there are too many."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self._limits.head_seconds, self._close_idle)
        if len(self.connections) > self._limits.connections:
            retry = {"Retry-After": str(self._limits.retry_seconds)}
            self._refuse(Refusal("unavailable", "Too many connections; try again", retry))

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop(self._head_timer)
        self._stop(self._write_timer)
        super().connection_lost(exc)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - as asyncio calls it
        """Where bytes are received; they are parsed before any other connection's come."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes came."""
        self.data_received(_BUFFER[:nbytes])  # type: ignore[arg-type] # the parser takes any buffer

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless a head grows too large."""
        if self.transport.is_closing():
            return
        if self._head_open:
            self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._head_open and self._head_bytes > self._limits.head_bytes:
            self._refuse(Refusal("head-too-large", f"At most {self._limits.head_bytes} bytes"))
        elif self._idle and self._head_timer is None:
            self._head_timer = self.loop.call_later(self._limits.head_seconds, self._close_idle)

    @property
    def _idle(self) -> bool:
        return not self.pipeline and (self.cycle is None or self.cycle.response_complete)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head_open, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is whole: its request begins, if the head is not too large."""
        self._head_open = False
        self._stop(self._head_timer)
        self._head_timer = None
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._limits.head_bytes:
            self._refusal = Refusal("head-too-large", f"At most {self._limits.head_bytes} bytes")
            raise ValueError  # the parser hands it on as its own error, which is answered in send_400_response
        if self._door is not None and self._idle and self._comes_anyway():
            self._turned_away = self._door(self.parser.get_method(), self.url, self.headers)
        if self._turned_away is None:
            super().on_headers_complete()

    def _comes_anyway(self) -> bool:
        """Whether a body is small and under way: it is not worth a connection to refuse it before it is here."""
        announced = dict(self.headers).get(b"content-length", b"")
        short = announced.isdigit() and len(announced) < 10 and int(announced) <= _SHORT_BYTES
        return short and self.parser.should_keep_alive() and not self.expect_100_continue

    def on_body(self, body: bytes) -> None:
        """Keep a part of a body for the app."""
        if self._turned_away is not None or self.cycle.response_complete:
            return
        kept: bytes | bytearray = self.cycle.body
        if not kept:
            self.cycle.body = body  # type: ignore[assignment] # as long as it is alone, it is not copied again
        else:
            self.cycle.body = kept if isinstance(kept, bytearray) else bytearray(kept)
            self.cycle.body += body
        if len(self.cycle.body) > _HIGH_BYTES:
            self.flow.pause_reading()
        self.cycle.message_event.set()

    def on_message_complete(self) -> None:
        """The body is whole."""
        if self._turned_away is None:
            super().on_message_complete()
        else:
            self.transport.write(self._turned_away)
            self._turned_away = None

    def eof_received(self) -> bool | None:  # type: ignore[override] # asyncio's protocol allows it
        """The client closed its side: what it asked for in whole is still answered."""
        if self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body:
            self.cycle.keep_alive = False
            return True
        return None

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - ours says more
        """Refuse what cannot be parsed."""
        self._refuse(self._refusal or Refusal("bad-request", "The request cannot be parsed"))

    def pause_writing(self) -> None:
        """The client reads more slowly than it is written to."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self._limits.idle_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        self._stop(self._write_timer)
        super().resume_writing()

    def _refuse(self, refusal: Refusal) -> None:
        REFUSED.labels(refusal.reason).inc()
        self.transport.write(write_out(refusal, headers=((b"connection", b"close"),)))
        self.transport.close()

    def _close_idle(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing() and (self._head_open or self._idle):
            self.transport.close()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
