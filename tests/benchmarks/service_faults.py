"""Overload and fault injection for service.py: more requests than the service can answer, workers that are killed."""

import http.client
import os
import signal
import socket
import statistics
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.service_load import WORKERS, Shot, callers_of, memory, service, workers_of

CLIENTS, TIMES = 320, 4
ASKERS, KILLS = 12, 6
GROWN_UP = 6.0
"""Seconds after which a worker that dies is replaced at once; one that dies younger, after a second."""
PATIENCE = 30.0


def overload(model: str, shot: Shot, seconds: float) -> dict[str, Any]:
    """Four times as many requests as it can answer, from clients that take a rest between two.

    A further client asks ten times a second for one text to be scored, and takes the time.
    """
    with service("--model", model) as (url, pid):
        shot.fire(url, 8, 2)
        alone = statistics.median(shot.fire(url, 8, 2).rate for _ in range(5))
        rest = 2000 * CLIENTS / (TIMES * alone)
        for _ in range(8):  # a client waits for its answer too, so it may rest for less
            trial = shot.fire(url, CLIENTS, 3, _up_to(rest))
            offered = max((trial.good + trial.busy) / trial.seconds, 1)
            if offered > 1.05 * TIMES * alone:
                break
            rest = max(0.0, rest - 2000 * CLIENTS * (1 / offered - 1 / (1.1 * TIMES * alone)))
        workers = workers_of(pid)
        before = [memory(worker, "Private") for worker in workers]
        watch = _Watch(url, workers)
        load = shot.fire(url, CLIENTS, seconds, _up_to(rest))
        watch.end()
        whole = workers_of(pid) == workers
        again = statistics.median(shot.fire(url, 8, 2).rate for _ in range(5))
    grown = [max(now - then for now, then in zip(sample, before, strict=True)) for sample in watch.samples]
    half = len(grown) // 2
    return {
        "seconds": round(load.seconds),
        "offered_to_saturation": round((load.good + load.busy) / load.seconds / alone, 1),
        "accepted_to_saturation": round(load.rate / alone, 2),
        "saturation_afterwards": round(again / alone, 2),
        "generator_cores": round(load.cores, 2),
        "answered": load.good,
        "refused": load.busy,
        "other_statuses": load.bad,
        "lost": load.errors,
        "refused_ms_p50_p99": watch.quantiles(429, 503),
        "accepted_ms_p50_p99": watch.quantiles(200),
        "workers_alive": whole,
        "grown_mb_halves": [round(max(part, default=0), 1) for part in (grown[:half], grown[half:])],
    }


def _up_to(rest: float) -> str:
    return f"math.random(0, {rest:.0f})"


class _Watch:
    """Asks for one text at a time while others press, and looks at the workers' memory."""

    def __init__(self, url: str, workers: list[int]) -> None:
        self._port = int(url.rpartition(":")[2])
        self._workers = workers
        self._ending = threading.Event()
        self._took: list[tuple[int, float]] = []
        self.samples: list[list[float]] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        body, kind = b'{"items":[{"text":"return the class of summer"}]}', {"Content-Type": "application/json"}
        while not self._ending.wait(0.1):
            began = time.perf_counter()
            connection.request("POST", "/v1/score", body, kind)
            answer = connection.getresponse()
            answer.read()
            self._took.append((answer.status, (time.perf_counter() - began) * 1000))
            if len(self._took) % 10 == 0:
                self.samples.append([memory(worker, "Private") for worker in self._workers])
        connection.close()

    def end(self) -> None:
        """Stop."""
        self._ending.set()
        self._thread.join()

    def quantiles(self, *statuses: int) -> list[float]:
        """Median and 99 % of the times of answers with such a status, in ms."""
        times = sorted(took for status, took in self._took if status in statuses)
        return [round(times[int(share * (len(times) - 1))], 1) for share in (0.5, 0.99)] if times else []


@dataclass
class _Askers:
    """Clients that ask again and again, each on one connection, and know which one broke.

    broken: local ports of connections that ended before the answer to a request did.
    """

    port: int
    body: bytes
    answers: Counter[int] = field(default_factory=Counter)
    broken: list[int] = field(default_factory=list)
    unreached: int = 0
    ending: bool = False
    threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        """Start asking."""
        self.threads = [threading.Thread(target=self._ask) for _ in range(ASKERS)]
        for thread in self.threads:
            thread.start()

    def _ask(self) -> None:
        connection, own = None, 0
        while not self.ending:
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
                try:
                    connection.connect()
                except OSError:
                    self.unreached += 1
                    connection = None
                    continue
                own = connection.sock.getsockname()[1]
            try:
                connection.request("POST", "/v1/score", self.body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                self.answers[answer.status] += 1
            except (OSError, http.client.HTTPException):
                self.broken.append(own)
                connection = None
        if connection is not None:
            connection.close()

    def end(self) -> None:
        """Stop asking."""
        self.ending = True
        for thread in self.threads:
            thread.join()


def kill(model: str, body: bytes) -> dict[str, Any]:
    """Workers are killed under load: what was lost, and on whose connections.

    A worker is stopped first, so that what it holds does not change while it is counted; a connection has one request
    at a time.
    """
    held: set[int] = set()
    counts, replaced = [], []
    with service("--model", model) as (url, pid):
        askers = _Askers(int(url.rpartition(":")[2]), body)
        askers.begin()
        for _ in range(KILLS):
            time.sleep(GROWN_UP)
            victim = workers_of(pid)[0]
            os.kill(victim, signal.SIGSTOP)
            callers = callers_of(victim)
            os.kill(victim, signal.SIGKILL)
            replaced.append(_seconds_until_another_serves(pid, victim, askers.port))
            held |= callers
            counts.append(len(callers))
        askers.end()
        alive = len(workers_of(pid))
    return {
        "kills": KILLS,
        "connections_held": counts,
        "lost": len(askers.broken),
        "lost_that_others_held": len([port for port in askers.broken if port not in held]),
        "not_connected": askers.unreached,
        "answered": askers.answers[200],
        "other_statuses": sum(askers.answers.values()) - askers.answers[200],
        "seconds_until_another_served": round(max(replaced), 2),
        "workers_after": alive,
    }


def _seconds_until_another_serves(pid: int, victim: int, port: int) -> float:
    """From now until there are as many workers as before, each of which has taken a connection; waits a bound."""
    began = time.monotonic()
    with ExitStack() as newcomers:  # clients keep their connections, so those that broke are at the other worker by now
        while time.monotonic() < began + PATIENCE:
            workers = [worker for worker in workers_of(pid) if worker != victim]
            if len(workers) == WORKERS and all(map(_serves, workers)):
                return time.monotonic() - began
            newcomers.enter_context(socket.create_connection(("127.0.0.1", port)))
            time.sleep(0.02)
    raise RuntimeError("a worker that was killed is not replaced")


def _serves(worker: int) -> bool:
    try:
        return bool(callers_of(worker))
    except OSError:
        return False  # it has just ended
