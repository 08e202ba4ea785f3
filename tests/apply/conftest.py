"""A small crawl with its index, the same pages in every other form, and two models."""

import gzip
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from warcio.warcwriter import WARCWriter

from recall.archive.index import TABLE, IndexRow, write_index
from recall.archive.warc import WarcWriter
from recall.cli import verbs
from recall.io.parquet import table_bytes
from recall.model.fasttext import Recipe, fit
from recall.model.scorer import ModelCard, write_model
from recall.model.tokens import Tokenizer
from recall.page.text import scoring_text
from recall.records import WarcRef
from tests.conftest import Site, invent

CRAWL = "CC-MAIN-2026-02"
WARCS = [f"crawl-data/{CRAWL}/segments/1.1/warc/part-{number}.warc.gz" for number in range(2)]
WETS = [path.replace("/warc/", "/wet/").replace(".warc.gz", ".warc.wet.gz") for path in WARCS]
DATE = "2026-02-01T00:00:00Z"
GONE = "https://gone.example.org/"
IMAGE = "https://image.example.org/"
ABSENT = "https://absent.example.org/"
COUNT = 24


@dataclass(frozen=True)
class World:
    """Where everything lies. sites: pages in the order of the WARCs; refs: by URL."""

    folder: Path
    sites: list[Site]
    refs: dict[str, WarcRef]
    models: list[Path]

    @property
    def warcs(self) -> list[Path]:
        return [self.folder / path for path in WARCS]

    def text(self, site: Site) -> str:
        return f"text of {site.url}\n{' '.join(site.body.decode().split('<p>')[1].partition('</p>')[0].split())}"


def write_warcs(folder: Path, sites: list[Site]) -> tuple[dict[str, WarcRef], list[IndexRow]]:
    refs: dict[str, WarcRef] = {}
    rows: list[IndexRow] = []
    for number, path in enumerate(WARCS):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with (folder / path).open("wb") as stream:
            writer = WarcWriter(stream, path)
            for site in sites[number * COUNT // 2 : (number + 1) * COUNT // 2]:
                refs[site.url] = writer.page(site.url, site.body, "text/html; charset=utf-8", DATE)
            if number:
                continue
            refs[GONE] = writer.page(GONE, b"<html>gone</html>", "text/html", DATE, "404 Not Found")
            refs[IMAGE] = writer.page(IMAGE, b"GIF89a", "image/gif", DATE)
    for url, ref in refs.items():
        status = 404 if url == GONE else 200
        rows.append(IndexRow(url, ref, status, "image/gif" if url == IMAGE else "text/html", "AAAA", 1_770_000_000))
    # an older capture of the first page, at the byte range of the second: nobody must take it
    rows.append(IndexRow(sites[0].url, refs[sites[1].url], 200, "text/html", "AAAA", 1_700_000_000))
    # a newer one of the last page under http: only a list that spells it so takes it
    other = sites[-1].url.replace("https://", "http://")
    rows.append(IndexRow(other, refs[sites[-2].url], 200, "text/html", "AAAA", 1_780_000_000))
    return refs, rows


def write_forms(world: World) -> None:
    """The pages as WET, HTML files, JSON lines and Parquet."""
    folder = world.folder
    for number, path in enumerate(WETS):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with (folder / path).open("wb") as stream:
            writer = WARCWriter(stream, gzip=True)
            for site in world.sites[number * COUNT // 2 : (number + 1) * COUNT // 2]:
                data = world.text(site).encode()
                writer.write_record(
                    writer.create_warc_record(
                        site.url, "conversion", BytesIO(data), length=len(data), warc_content_type="text/plain"
                    )
                )
    (folder / "html").mkdir()
    for number, site in enumerate(world.sites):
        (folder / "html" / f"{number:03d}.html").write_bytes(site.body)
    urls = [site.url for site in world.sites]
    for name, values in (
        ("html", [site.body.decode() for site in world.sites]),
        ("text", [world.text(site) for site in world.sites]),
    ):
        lines = [json.dumps({"url": url, name: value}) for url, value in zip(urls, values, strict=True)]
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
        (folder / f"{name}.parquet").write_bytes(
            table_bytes({"url": urls, name: values}, {"url": "string", name: "string"})
        )


def train_model(folder: Path, sites: list[Site], seed: int) -> None:
    texts = [scoring_text(site.body) for site in sites]
    tokenizer = Tokenizer.train(texts, 500)
    recipe = Recipe(4, 8, 0.5, 1, 0, 1, 20, seed)
    folder.mkdir(parents=True)
    labels = [site.label if seed == 1 else random.Random(site.url).choice(["C", "N"]) for site in sites]
    fit(tokenizer.lines(texts), labels, recipe, tokenizer.size, folder / "model.bin")
    card = ModelCard(("C", "N"), "C", "html", recipe, 0.5, 0.4)
    write_model(folder, tokenizer, folder / "model.bin", card)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    everybody = invent(seed=11)
    sites = everybody[::13][:COUNT]
    refs, rows = write_warcs(folder, sites)
    part = f"{TABLE}/crawl={CRAWL}/subset=warc/part-00000.gz.parquet"
    (folder / part).parent.mkdir(parents=True)
    write_index(rows, folder / part)
    (folder / "crawl-data" / CRAWL / "cc-index-table.paths.gz").write_bytes(gzip.compress(f"{part}\n".encode()))
    models = [folder / "models" / name / "train" for name in ("first", "second")]
    for seed, model in enumerate(models, 1):
        train_model(model, everybody[::2], seed)
    made = World(folder, sites, refs, models)
    write_forms(made)
    return made


@pytest.fixture
def call(capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., list[dict[str, object]]]:
    """A verb in this process: the rows that it prints."""

    def run(*arguments: object) -> list[dict[str, object]]:
        capsysbinary.readouterr()
        verbs.main([str(argument) for argument in arguments], standalone_mode=False)
        return [json.loads(line) for line in capsysbinary.readouterr().out.splitlines() if line.startswith(b"{")]

    return run
