"""A service in processes of its own, load on it from wrk, and what its workers hold: for service.py."""

import re
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.client import Client

WORKERS = 2

SCRIPT = """
good, bad, busy = 0, 0, 0
local threads = {}
function setup(thread) table.insert(threads, thread) end
function response(status)
  if status == 200 then good = good + 1
  elseif status == 429 or status == 503 then busy = busy + 1
  else bad = bad + 1 end
end
function done(summary, latency)
  local good, bad, busy = 0, 0, 0
  for _, thread in ipairs(threads) do
    good = good + thread:get("good"); bad = bad + thread:get("bad"); busy = busy + thread:get("busy")
  end
  print(string.format("RESULT %%d %%d %%d %%d %%f %%f %%f", good, bad, busy,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
wrk.method, wrk.path, wrk.headers["Content-Type"] = "POST", "%(path)s", "%(kind)s"
local function read(number)
  local file = io.open("%(folder)s/" .. number, "rb")
  return file and file:read("*a")
end
"""
ONE = 'wrk.body = read("0")\n'
"""What wrk sends again and again without asking the script for it, which costs it least."""
SEVERAL = """
local requests, count, at = {}, 0, 0
function init()
  while read(count) do requests[count] = wrk.format(nil, nil, nil, read(count)); count = count + 1 end
end
function request() at = (at + 1) % count; return requests[at] end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of wrk came to; times in ms. cores: what wrk itself kept busy of those that are measured."""

    good: int
    bad: int
    busy: int
    errors: int
    seconds: float
    p50: float
    p99: float
    cores: float

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds


@dataclass(frozen=True, slots=True)
class Shot:
    """What wrk sends: bodies in a folder, in turn, to a path."""

    folder: Path
    path: str
    kind: str = "application/json"

    @classmethod
    def of(cls, folder: Path, bodies: Sequence[str], path: str, kind: str = "application/json") -> "Shot":
        """Write the bodies into a new folder."""
        folder.mkdir(parents=True)
        for number, body in enumerate(bodies):
            (folder / str(number)).write_text(body, encoding="utf-8")
        return cls(folder, path, kind)

    @property
    def bodies(self) -> list[bytes]:
        """What is sent."""
        return [path.read_bytes() for path in sorted(self.folder.iterdir()) if path.name.isdigit()]

    def fire(self, url: str, connections: int, seconds: float, delay: str = "") -> Load:
        """Run wrk once. delay: how many ms a connection rests before each request, in Lua."""
        script = self.folder / "script.lua"
        written = SCRIPT % {"folder": self.folder, "path": self.path, "kind": self.kind}
        written += SEVERAL if (self.folder / "1").exists() else ONE
        written += f"function delay() return {delay} end\n" if delay else ""
        script.write_text(written)
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "30s", "--latency"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = subprocess.run([*command, "-s", str(script), url], capture_output=True, text=True, check=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        match = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+) ([\d.]+)", out)
        assert match is not None, out
        good, bad, busy, errors, seconds, p50, p99 = map(float, match.groups())
        return Load(int(good), int(bad), int(busy), int(errors), seconds, p50, p99, used / seconds)


@contextmanager
def service(*arguments: str) -> Iterator[tuple[str, int]]:
    """A running service: its URL and the process above its workers."""
    command = [sys.executable, "-m", "recall.cli", "serve", "--port", "0", "--workers", str(WORKERS)]
    process = subprocess.Popen([*command, "--log-level", "error", *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    try:
        with Client(url) as client:
            client.models()
        yield url.rstrip("/"), process.pid
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def workers_of(pid: int) -> list[int]:
    """The processes under a service's own."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def callers_of(pid: int) -> set[int]:
    """The ports at the other end of a process's connections, those that it has accepted and not closed."""
    links = [link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()]
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    established = "01"
    return {int(row[2][-4:], 16) for row in rows if f"socket:[{row[9]}]" in links and row[3] == established}


def memory(pid: int, *kinds: str) -> float:
    """MB of a process: Private (not shared with another), or Pss, or Rss."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(kinds)) / 1024
