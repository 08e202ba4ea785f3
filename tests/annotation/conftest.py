"""A small run whose first round stands before its label step: real folders and WARCs, invented scores."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from recall.archive.warc import WarcWriter
from recall.config import parse_config
from recall.model.tokens import Tokenizer
from recall.records import MARKS, Shard
from recall.run.candidate_writer import CANDIDATES
from recall.run.crawl_pages import REPEATS_FILE
from recall.run.label_files import LabelledUrl
from recall.run.progress_bar import silence
from recall.run.rounds import Round, Run
from recall.run.scanned import ROWS, SHARDS, SHARDS_FILE
from recall.run.store import Store
from recall.steps.domains import CANDIDATES as PREFIXES
from recall.steps.domains import DOMAINS
from recall.steps.harvest import PAGES as HARVEST
from recall.steps.seed import EXAMPLES, SAMPLE
from recall.steps.train import OUT_OF_FOLD

FLOOR, THRESHOLD = 0.02, 0.6
DATE = "2026-01-31T00:00:00Z"
HELD_OUT = "held.example.net"
CODE_HOSTS = tuple(f"docs{n}.example{n}.org" for n in range(4))
OTHER_HOSTS = tuple(f"www.shop{n}.com" for n in range(8))

PLAIN = "overlap = 0.0\ngold_share = 0.0\nsuspect_share = 0.0\nlanguage_share = 0.0"
"""[label] settings with which the round asks each annotator about other pages, and about none whose answer is known."""

CONFIG = """
[run]
rounds = {rounds}
seed = 7
holdout = "{folder}/holdout.txt"
[crawl]
warcs = ["unused"]
[label]
pages = 20
audit = 12
prefixes = 5
examples = 3
{label}
answers = "{answers}"
"""


@dataclass(frozen=True)
class Site:
    """A page of the invented crawl."""

    url: str
    score: float
    code: bool


def invent_crawl() -> list[Site]:
    """120 pages: code hosts with docs (code) and news, shops, and a held-out host; scores follow the truth loosely."""
    chance = np.random.default_rng(1)
    sites: list[Site] = []
    for host in (*CODE_HOSTS, *OTHER_HOSTS, HELD_OUT):
        for number in range(10):
            code = host not in OTHER_HOSTS and number < 7
            folder = "docs" if code else "news"
            score = chance.beta(5, 2) if code else chance.beta(0.5, 8)
            sites.append(Site(f"https://{host}/{folder}/{number}.html", float(score), code))
    return sites


TOKENIZER = Tokenizer.train(["a"], 300)

Placed = tuple[Shard, list[tuple[Site, int, int]]]
"""A shard, and its pages with offset and length."""


@dataclass
class Loop:
    """A run and the crawl it is about."""

    run: Run
    sites: list[Site]
    shards: list[Placed]

    @property
    def first(self) -> Round:
        return self.run.round(1)

    @property
    def labels(self) -> list[LabelledUrl]:
        """The truth of every page, held-out ones included, as a labels file has it."""
        return [LabelledUrl(site.url, "C" if site.code else "N") for site in self.sites]


def body_of(site: Site) -> bytes:
    text = "def main(): return 0" if site.code else "lovely shoes &amp; socks"
    return f"<html><head><title> Page\n{site.url} </title></head><body><p>{text}</p></body></html>".encode()


def tokens_of(site: Site) -> list[int]:
    """Token ids as a scan keeps them: two of text, then the marks of code pages but every third."""
    marked = site.code and not site.url.endswith(("0.html", "3.html", "6.html"))
    return [1, 2, *(TOKENIZER.vocabulary + MARKS.index(mark) for mark in ("pre1", "block7") if marked)]


def write_shards(folder: Path, sites: list[Site]) -> list[Placed]:
    """Three WARCs with the pages dealt out in turn, and where each page lies."""
    shards = []
    for number in range(3):
        path = folder / f"part-{number}.warc.gz"
        with path.open("wb") as stream:
            writer = WarcWriter(stream, path=path.name)
            placed = [(site, writer.page(site.url, body_of(site), "text/html", DATE)) for site in sites[number::3]]
        shard = Shard(number, "", path.name, str(path))
        shards.append((shard, [(site, ref.offset, ref.length) for site, ref in placed]))
    return shards


def publish_scan(round_: Round, shards: list[Placed]) -> None:
    step = round_.begin("scan")
    listing = []
    pack = zstandard.ZstdCompressor()
    for shard, placed in shards:
        scores = np.array([site.score for site, _, _ in placed])
        keep = np.flatnonzero(scores >= FLOOR)
        rows = {
            "url": [site.url for site, _, _ in placed],
            "offset": [offset for _, offset, _ in placed],
            "length": [length for _, _, length in placed],
            "score": scores,
            "kept": scores >= THRESHOLD,
            "model": ["m"] * len(placed),
            "candidate": scores >= FLOOR,
            "time": [0] * len(placed),
            "sketch": [0] * len(placed),
        }
        kept = {
            "row": [int(row) for row in keep],
            "tokens": [tokens_of(placed[row][0]) for row in keep],
            "charset": ["utf-8"] * len(keep),
            "fetched": [""] * len(keep),
            **{name: [""] * len(keep) for name in ("robots", "truncated", "record_id", "dump", "file_path")},
            "body": [pack.compress(body_of(placed[row][0])) for row in keep],
        }
        names = (f"rows-{shard.number}.parquet", f"candidates-{shard.number}.parquet")
        step.publish_table(names[0], rows, ROWS)
        step.publish_table(names[1], kept, CANDIDATES)
        known = {
            "shard": shard.number,
            "path": shard.path,
            "read": len(placed),
            "skipped": "{}",
            "rejected": 0,
            "kept": len(placed),
            "candidates": len(keep),
            "rows_file": step.key(names[0]),
            "candidates_file": step.key(names[1]),
        }
        listing.append(known)
    step.publish_table(SHARDS_FILE, {name: [row[name] for row in listing] for name in SHARDS}, SHARDS)
    step.finish({}, {})


def publish_domains(round_: Round, sites: list[Site]) -> None:
    step = round_.begin("domains")
    hosts = sorted({site.url.split("/")[2] for site in sites})
    rows = {
        "host": hosts,
        "pages": [10] * len(hosts),
        "kept": [5 * (host in CODE_HOSTS) for host in hosts],
        "share": [0.5 * (host in CODE_HOSTS) for host in hosts],
        "low": [0.4 * (host in CODE_HOSTS) for host in hosts],
        "code": [host in (*CODE_HOSTS, HELD_OUT) for host in hosts],
    }
    step.publish_table("domains.parquet", rows, DOMAINS)
    step.publish_json(REPEATS_FILE, {"files": [], "size": 1})
    docs = [(f"{host}/docs/", host, 7, 5, 1.2, 0.4, 2.0, 0.9) for host in (*CODE_HOSTS, HELD_OUT)]
    news = [
        (f"{CODE_HOSTS[0]}/news/", CODE_HOSTS[0], 3, 1, 0.7, 0.1, 1.6, 0.3),
        (f"{CODE_HOSTS[1]}/blog/", CODE_HOSTS[1], 2, 1, 0.4, 0.0, 1.0, 0.1),
    ]
    columns = zip(*(docs + news), strict=True)
    step.publish_table("candidates.parquet", dict(zip(PREFIXES, map(list, columns), strict=True)), PREFIXES)
    step.finish({}, {})


def ready_round(round_: Round, sites: list[Site], shards: list[Placed]) -> None:
    """Publish what comes before the label step of a round."""
    train = round_.begin("train")
    train.publish_json("model.json", {"threshold": THRESHOLD, "metrics": {"floor": FLOOR}})
    train.publish("tokenizer.json", TOKENIZER.document.encode())
    judged = sites[2:]  # the first two are of the seed
    unseen = {"url": [site.url for site in judged], "score": [site.score for site in judged]}
    filled = {name: [None] * len(judged) for name in OUT_OF_FOLD if name not in unseen}
    train.publish_table("out_of_fold.parquet", {**filled, **unseen}, OUT_OF_FOLD)
    train.finish({}, {})
    publish_scan(round_, shards)
    publish_domains(round_, sites)


def end_round(round_: Round) -> None:
    """Publish an empty harvest and seal the round."""
    step = round_.begin("harvest")
    step.publish_table("pages.parquet", {name: [] for name in HARVEST}, HARVEST)
    step.finish({}, {})
    round_.seal()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    silence()
    yield
    silence(False)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file of a run folder is read from now on."""
    counted: Counter[str] = Counter()

    def count(name: str) -> None:
        reader = getattr(Store, name)

        def read(self: Store, key: str) -> Any:
            counted[key] += 1
            return reader(self, key)

        monkeypatch.setattr(Store, name, read)

    count("read")
    count("_parquet")
    return counted


MakeLoop = Callable[..., Loop]


@pytest.fixture
def make_loop(tmp_path: Path) -> MakeLoop:
    """Make a run whose round 1 waits for its labels; answers: its [label] answers, written here; label: settings.

    more: further sections.
    """

    def make(
        answers: str = "",
        name: str = "run",
        sites: list[Site] | None = None,
        label: str = PLAIN,
        rounds: int = 2,
        more: str = "",
    ) -> Loop:
        sites = invent_crawl() if sites is None else sites
        (tmp_path / "holdout.txt").write_text(f"{HELD_OUT}\n")
        shards = write_shards(tmp_path, sites)
        if answers:
            labels = [{"url": site.url, "label": "C" if site.code else "N"} for site in sites]
            Path(answers).write_text("".join(json.dumps(row) + "\n" for row in labels))
        text = CONFIG.format(folder=tmp_path, answers=answers, label=label, rounds=rounds) + more
        run = Run.create(tmp_path / name, parse_config(text, "config.toml"), text, [shard for shard, _ in shards])
        seed = run.begin("seed")
        learned = {"url": [sites[0].url, sites[1].url], "label": ["C", "random"], "source": ["label", "random"]}
        filled = {"path": ["p"] * 2, "offset": [0] * 2, "length": [1] * 2, "text": ["t"] * 2, "family": ["f"] * 2}
        seed.publish_table("examples.parquet", {**filled, **learned}, EXAMPLES)
        seed.publish_table("sample.parquet", {name: [] for name in SAMPLE}, SAMPLE)
        seed.finish({}, {})
        ready_round(run.round(1), sites, shards)
        return Loop(run, sites, shards)

    return make


@pytest.fixture
def loop(make_loop: MakeLoop) -> Loop:
    return make_loop()


@pytest.fixture
def next_round() -> Callable[..., None]:
    """End a round (the first) after its label step and bring the next one to its own."""

    def go_on(loop: Loop, number: int = 1) -> None:
        end_round(loop.run.round(number))
        ready_round(loop.run.round(number + 1), loop.sites, loop.shards)

    return go_on
