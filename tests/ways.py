"""The files on three ways through a checkout: a capture's through a scan, a page's through a build, a request's.

The demo is run once. Then its first scan and its build are taken out of the run folder and done again, and a request
is sent to a warm service, each with `sys.setprofile` in every process and thread. A file counts when one of its
functions is called; code that runs because a module is imported, and class bodies, do not count. Compiled functions
have no Python frames: a file that imports numba or llvmlite, or lies in `recall/kernels`, counts when a file of the
way imports it, by itself or through other such files.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.house import compiled_files, imports_of, module_of, sources

PROFILER = """
import os, sys, threading
ROOT, FLAG, SEEN = os.environ["HOUSE_ROOT"], os.environ["HOUSE_FLAG"], set()
ROOMS = tuple(os.path.join(ROOT, room) + os.sep for room in ("recall", "annotation", "service"))
def importing(frame):
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(ROOMS):
            return True
        frame = frame.f_back
    return False
def look(frame, event, _):
    code = frame.f_code
    if event != "call" or code in SEEN or not code.co_filename.startswith(ROOMS) or not os.path.exists(FLAG):
        return
    if code.co_flags & 1 and not importing(frame):  # CO_OPTIMIZED: neither a module nor a class body
        SEEN.add(code)
        with open(FLAG + ".files", "a") as stream:
            stream.write(os.path.relpath(code.co_filename, ROOT) + chr(10))
threading.setprofile(look)
sys.setprofile(look)
"""


class Ways:
    """A checkout whose verbs are run with their calls recorded; folder holds the demo and the profiler."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout, self.folder, self.flag = checkout, folder, folder / "record"
        (folder / "site").mkdir()
        (folder / "site/sitecustomize.py").write_text(PROFILER)
        own = checkout / ".venv/bin/recall"
        self.recall = str(own if own.exists() else Path(sys.executable).parent / "recall")

    def start(self, *arguments: str, profiled: bool = True) -> "subprocess.Popen[str]":
        """Start a verb."""
        env = os.environ | {"HOUSE_ROOT": str(self.checkout), "HOUSE_FLAG": str(self.flag)}
        env["PYTHONPATH"] = str(self.folder / "site") if profiled else ""
        command = [self.recall, *arguments]
        return subprocess.Popen(command, env=env, cwd=self.folder, text=True, stdout=subprocess.PIPE)

    def do(self, *arguments: str, profiled: bool = True) -> None:
        """Run a verb to its end."""
        with self.start("--quiet", *arguments, profiled=profiled) as process:
            process.communicate()
        if process.returncode:
            raise SystemExit(f"recall {' '.join(arguments)}: exit code {process.returncode}")

    def recorded(self, work: Callable[[], None]) -> list[str]:
        """Files of the checkout that some work passes."""
        self.flag.touch()
        work()
        self.flag.unlink()
        record = self.flag.with_suffix(".files")
        files = set(record.read_text().split())
        record.unlink()
        compiled = compiled_files(self.checkout)
        paths = {module_of(self.checkout, path): path for path in sources(self.checkout)}
        new = [module_of(self.checkout, self.checkout / file) for file in files]
        while new:
            names = imports_of(ast.parse(paths[new.pop()].read_text(encoding="utf-8")))
            for module in sorted(names & set(compiled)):
                file = str(paths[module].relative_to(self.checkout))
                if file not in files:
                    files.add(file)
                    new.append(module)
        return sorted(files)

    @contextmanager
    def served(self) -> Iterator[str]:
        """A service over the demo's last model, with one worker; its URL."""
        process = self.start("serve", "--model", "demo/run", "--port", "0", "--workers", "1", "--log-level", "error")
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(60)


def score(url: str) -> None:
    """Send one request of one page."""
    body = json.dumps({"items": [{"html": "<p>Call <code>map</code>.<pre>map(f, xs)</pre>"}]}).encode()
    request = urllib.request.Request(f"{url.rstrip('/')}/v1/score", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert "score" in json.load(answer)["items"][0]


def ways(checkout: Path) -> dict[str, list[str]]:
    """Files on the ways of a capture (scan), a page (build) and a request. Takes minutes: it runs the demo."""
    with tempfile.TemporaryDirectory(prefix="recall-house-") as name:
        way = Ways(checkout, Path(name))
        run = Path(name) / "demo/run"
        way.do("demo", "--folder", "demo", profiled=False)
        with way.served() as url:
            score(url)
            time.sleep(1)
            request = way.recorded(lambda: score(url))
        shutil.rmtree(run / "corpus")
        build = way.recorded(lambda: way.do("build", "demo/run"))
        shutil.rmtree(run / "corpus")
        for path in [run / "rounds/2", run / "rounds/3", *(run / "rounds/1").iterdir()]:
            if path.is_dir() and path.name != "train":
                shutil.rmtree(path)
            elif path.is_file():
                path.unlink()
        scan = way.recorded(lambda: way.do("scan", "demo/run"))
    return {"scan": scan, "build": build, "request": request}
