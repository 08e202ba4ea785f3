"""One process that loads and watches over many that serve: they are forked after the models are loaded and share them.

All listen on one socket, so a worker that dies loses the requests it held and no other; another takes its place.
SIGTERM and SIGINT are handed on, each worker finishes what it took, and those that do not in time are ended.
"""

import asyncio
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from recall.errors import BadInput
from service.limits import Limits
from service.server.connections import Connections, Listener, Tally
from service.server.logs import say
from service.server.metrics import forget

BACKLOG = 2048
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_YOUNG_SECONDS = 5.0
_PATIENCE = 1.0
"""Wait before a worker is replaced that died young, so that a fault at start does not become a burst of forks."""
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


def _give_back_memory() -> None:
    """Have glibc return the memory of large bodies that are done with; others do anyway.

    It keeps what is asked for again at once, as pieces and ordinary bodies are: new pages cost more than what is read.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in ((_M_ARENA_MAX, 2), (_M_MMAP_THRESHOLD, 1 << 20), (_M_TRIM_THRESHOLD, 8 << 20)):
            mallopt(option, value)


async def serve(workers: "Workers", tally: Tally, worker: int) -> None:
    """Serve in this process, as the worker of that number, until a signal comes."""
    limits = workers.limits
    connections = Connections(workers.app, limits, tally, worker)
    config = uvicorn.Config(
        connections,
        http="httptools",
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=int(limits.idle_seconds),
        timeout_graceful_shutdown=int(workers.grace),
        proxy_headers=False,
        backlog=BACKLOG,
    )
    server = uvicorn.Server(config)

    def end_with_the_sweep(_task: "asyncio.Task[None]") -> None:
        server.should_exit = True  # a worker whose time-outs are gone is replaced

    sweeping = asyncio.create_task(connections.sweep())
    sweeping.add_done_callback(end_with_the_sweep)
    await server.serve(sockets=[Listener(workers.listener, connections)])
    sweeping.cancel()


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

        previous = {one: signal.signal(one, stop) for one in (signal.SIGTERM, signal.SIGINT)}
        gc.collect()
        gc.freeze()  # what is there now is never looked at again by the collector, so its pages stay shared
        tally = Tally(self.count)
        born = {self._fork(previous, tally, number): (number, time.monotonic()) for number in range(self.count)}
        while not stopping:
            time.sleep(0.05)
            for pid, status in _ended(born):
                number, since = born.pop(pid)
                if stopping:
                    break
                age = time.monotonic() - since
                say(logging.WARNING, "worker ended", pid=pid, status=status, seconds=round(age, 1))
                if age < _YOUNG_SECONDS:
                    time.sleep(_PATIENCE)
                tally.put(number, 0)
                forget(pid)
                born[self._fork(previous, tally, number)] = (number, time.monotonic())
        self._end(list(born))
        gc.unfreeze()
        for signal_number, handler in previous.items():
            signal.signal(signal_number, handler)

    def _fork(self, handlers: dict[signal.Signals, Any], tally: Tally, number: int) -> int:
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            for signal_number, handler in handlers.items():
                signal.signal(signal_number, handler)
            sys.setswitchinterval(_SWITCH_SECONDS)
            _give_back_memory()
            asyncio.run(serve(self, tally, number))
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
        left = set(pids)
        deadline = time.monotonic() + self.grace + 5
        while left and time.monotonic() < deadline:
            for pid, _ in _ended(left):
                left.discard(pid)
            time.sleep(0.02)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _ended(pids: Iterable[int]) -> list[tuple[int, int]]:
    """Those that have ended, with their exit codes (minus the signal's number when one ended them)."""
    found = []
    for pid in list(pids):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            found.append((pid, os.waitstatus_to_exitcode(status)))
    return found
