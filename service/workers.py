"""One process that loads and watches over many that serve: they are forked after the models are loaded and share them.

All listen on one socket, so a worker that dies loses the requests it held and no other; another takes its place.
SIGTERM and SIGINT are handed on, each worker finishes what it took, and those that do not in time are ended.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from recall.errors import BadInput
from service.limits import Limits
from service.logs import say
from service.protocol import BoundedProtocol

BACKLOG = 2048
_YOUNG_SECONDS = 5.0
_PATIENCE = 1.0
"""Wait before a worker is replaced that died young, so that a fault at start does not become a storm of forks."""
_SWITCH_SECONDS = 0.0005
"""For how long the scoring thread may keep the event loop waiting for the interpreter."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises BadInput when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise BadInput(f"serve: cannot listen on {host} port {port}: {error.strerror or error}") from None
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


class _Server(uvicorn.Server):
    """A uvicorn server that takes one connection at a time, so that workers get about as many each."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(BACKLOG)  # asyncio accepts `backlog` connections in a row and sets the queue to that


def serve(app: ASGIApp, listener: socket.socket, limits: Limits, grace: float) -> None:
    """Serve in this process until a signal comes."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    config = uvicorn.Config(
        cast(Any, app),
        http=cast(Any, partial(BoundedProtocol, limits=limits)),
        ws="none",
        loop="asyncio",
        backlog=1,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=int(limits.idle_seconds),
        timeout_graceful_shutdown=int(grace),
        proxy_headers=False,
    )
    server = _Server(config)
    with asyncio.Runner() as runner:
        runner.run(server.serve([listener]))


@dataclass(slots=True)
class Workers:
    """The process above the workers."""

    app: ASGIApp
    listener: socket.socket
    count: int
    limits: Limits
    grace: float = 30.0

    def run(self) -> None:
        """Fork, replace what dies, until a signal comes; then end all, and return when the last has ended."""
        stopping = False

        def stop(_signal: int, _frame: FrameType | None) -> None:
            nonlocal stopping
            stopping = True

        previous = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        gc.collect()
        gc.freeze()  # what is there now is never looked at again by the collector, so its pages stay shared
        born = {self._fork(previous): time.monotonic() for _ in range(self.count)}
        while not stopping:
            time.sleep(0.05)
            for pid, status in _ended(born):
                age = time.monotonic() - born.pop(pid)
                if stopping:
                    break
                say(logging.WARNING, "worker ended", pid=pid, status=status, seconds=round(age, 1))
                if age < _YOUNG_SECONDS:
                    time.sleep(_PATIENCE)
                born[self._fork(previous)] = time.monotonic()
        self._end(list(born))
        gc.unfreeze()
        for number, handler in previous.items():
            signal.signal(number, handler)

    def _fork(self, handlers: dict[signal.Signals, Any]) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            serve(self.app, self.listener, self.limits, self.grace)
            code = 0
        except KeyboardInterrupt:
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)  # nothing of the parent's is to be undone here

    def _end(self, pids: list[int]) -> None:
        say(logging.INFO, "stopping", workers=len(pids))
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        left = dict.fromkeys(pids, 0.0)
        deadline = time.monotonic() + self.grace + 5
        while left and time.monotonic() < deadline:
            for pid, _ in _ended(left):
                left.pop(pid)
            time.sleep(0.02)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _ended(pids: dict[int, float]) -> list[tuple[int, int]]:
    """Those that have ended, with their exit codes (minus the signal's number when one ended them)."""
    found = []
    for pid in pids:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            found.append((pid, os.waitstatus_to_exitcode(status)))
    return found
