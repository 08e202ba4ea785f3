"""Fork server: starts `recall` as a fork of a process that has imported it, which saves two seconds of CPU a start.

Each child has a session, an environment and an exit code of its own. Where a variable must be there when the program
starts (LD_PRELOAD), a new process is started instead.
"""

import importlib
import json
import os
import queue
import random
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

MODULES = (
    "recall.loop",
    "annotation.label_step",
    "recall.steps.scan.shard",
    "recall.corpus.dedup.near",
    "boto3",
    "httpx",
    "rich",
)
LEASE = "CHAOS_LEASE_SECONDS"
COMMAND = ("-m", "recall.cli")


class Process:
    """A process that was started. What it prints goes to a file."""

    def __init__(self, pid: int, printed: Path) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._printed = printed

    def poll(self) -> int | None:
        """Its exit code, None while it lives."""
        return self.returncode

    def output(self) -> str:
        """What it printed so far."""
        return self._printed.read_text(errors="replace")

    def communicate(self, timeout: float) -> str:
        """What it printed, after its end. Raises TimeoutExpired."""
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.02)
        return self.output()


class _Executed(Process):
    """A process that was not forked."""

    def __init__(self, process: "subprocess.Popen[bytes]", printed: Path) -> None:
        super().__init__(process.pid, printed)
        self._process = process

    def poll(self) -> int | None:
        self.returncode = self._process.poll()
        return self.returncode


class ForkServer:
    """The side that asks for processes. folder: where output is kept, and where processes run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started = 0
        self._children: dict[int, Process] = {}
        self._started_children: queue.Queue[Process] = queue.Queue()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.fork_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def start(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Process:
        """Start `recall` in a session of its own."""
        self._started += 1
        printed = self._folder / f"printed-{self._started % 8}"
        printed.unlink(missing_ok=True)
        if "LD_PRELOAD" in environment:
            with printed.open("wb") as stream:
                command = [sys.executable, *COMMAND, *arguments]
                process = subprocess.Popen(
                    command, env=environment, stdout=stream, stderr=stream, cwd=self._folder, start_new_session=True
                )
            return _Executed(process, printed)
        order = {"arguments": arguments, "environment": dict(environment), "printed": str(printed)}
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order | {"folder": str(self._folder)}) + "\n")
        self._server.stdin.flush()
        return self._started_children.get(timeout=60)

    def _listen(self) -> None:
        """Record which children were started and which ended."""
        assert self._server.stdout is not None
        for line in self._server.stdout:
            what, pid, value = line.rstrip("\n").split(" ", 2)
            if what == "born":
                child = self._children[int(pid)] = Process(int(pid), Path(value))
                self._started_children.put(child)
            else:
                self._children.pop(int(pid)).returncode = int(value)

    def close(self) -> None:
        """End the process that forks."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(60)


def serve_forks() -> None:
    """Fork for each line that is read, and report which children ended."""
    for name in MODULES:
        importlib.import_module(name)
    alive: set[int] = set()
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], 0.02)
        for pid in list(alive):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                alive.discard(pid)
                _report(f"ended {pid} {os.waitstatus_to_exitcode(status)}")
        if not ready:
            continue
        line = sys.stdin.readline()
        if not line:
            return
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            run_child(order)
            return
        alive.add(pid)
        _report(f"born {pid} {order['printed']}")


def _report(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run_child(order: Mapping[str, object]) -> None:
    """Run the verb in this child, to its end. LEASE in its environment: seconds that its lease lasts."""
    from recall.cli import main
    from recall.run.rounds import Run

    os.setsid()
    os.environ.clear()
    os.environ.update({str(name): str(value) for name, value in dict(order["environment"]).items()})  # type: ignore[call-overload]
    os.chdir(str(order["folder"]))
    printed = os.open(str(order["printed"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, printed), (2, printed)):
        os.dup2(source, target)
    if LEASE in os.environ:
        Run.lease.__defaults__ = (float(os.environ[LEASE]),)
    tempfile.tempdir = None  # the environment names it
    random.seed()
    sys.argv = ["recall", *map(str, list(order["arguments"]))]  # type: ignore[call-overload]
    main()


if __name__ == "__main__":
    serve_forks()
