"""A crawl of a few hundred tiny pages, written by the test, and runs over it that the real steps fill."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from recall import loop
from recall.archive.manifest import resolve
from recall.archive.warc import WarcWriter
from recall.config import Config, dump_config
from recall.records import Done
from recall.run.progress import silence
from recall.run.rounds import Run

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


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    silence()
    yield
    silence(False)


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
