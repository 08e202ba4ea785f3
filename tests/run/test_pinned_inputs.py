"""A run over datasets on the Hub reads what a branch was when the run was made."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from recall.archive.shards import read_shard
from recall.cli import verbs
from recall.config import Config, CrawlSection, DuplicatesSection, SeedSection, dump_config, load_config
from recall.corpus.dedup.earlier import earlier_files
from recall.errors import RecallError
from recall.records import Capture
from recall.run.rounds import Run
from tests.hub_server import HubServer

URL = "hf://datasets/us/pages"


def corpus(*texts: str) -> bytes:
    held = io.BytesIO()
    urls = [f"https://{text}.example/" for text in texts]
    pq.write_table(pa.table({"url": urls, "text": list(texts)}), held)
    return held.getvalue()


@pytest.fixture
def commit(hub_server: HubServer) -> str:
    files = {
        "data/b.parquet": corpus("second", "third"),
        "data/a.parquet": corpus("first"),
        "data/notes.txt": b"none",
        "list.paths": f"{URL}/data/a.parquet\n".encode(),
        "old/part-00000.parquet": corpus("earlier"),
        "labels.jsonl": b'{"url": "https://first.example/", "label": "C"}\n',
    }
    return hub_server.datasets["us/pages"].commit(files)


def texts_of(run: Run) -> list[str]:
    pages = [page for shard in run.shards for page in read_shard(shard, run.config.access)]
    return [page.body.rpartition(b">")[2].decode().strip() for page in pages if isinstance(page, Capture)]


def made(folder: Path, config: Config) -> Run:
    (folder / "run.toml").write_text(dump_config(config))
    answer = CliRunner().invoke(verbs, ["init", str(folder / "run"), "--config", str(folder / "run.toml")])
    assert answer.exit_code == 0, (answer.output, answer.exception)
    return Run.open(str(folder / "run"))


def test_every_input_is_noted_at_its_commit(hub_server: HubServer, commit: str, tmp_path: Path) -> None:
    config = Config(
        crawl=CrawlSection(warcs=(f"{URL}/data/",)),
        seed=SeedSection(labels=f"{URL}/labels.jsonl", texts=(f"{URL}@main/data/b.parquet",)),
        duplicates=DuplicatesSection(against=(f"{URL}/old",)),
    )
    run = made(tmp_path, config)
    pinned = f"{URL}@{commit}"
    assert [shard.path for shard in run.shards] == [f"{pinned}/data/a.parquet", f"{pinned}/data/b.parquet"]
    frozen = load_config(tmp_path / "run" / "config.toml")
    assert frozen.seed.labels == f"{pinned}/labels.jsonl"
    assert frozen.seed.texts == (f"{pinned}/data/b.parquet",)
    assert frozen.duplicates.against == (f"{pinned}/old",)
    hub_server.datasets["us/pages"].commit({"data/a.parquet": corpus("changed"), "data/c.parquet": corpus("new")})
    assert texts_of(run) == ["first", "second", "third"]
    assert [file.source for file in earlier_files(frozen.duplicates.against, frozen.access, 5)] == [
        f"{pinned}/old/part-00000.parquet"
    ]


def test_a_list_of_files_is_pinned_with_what_it_names(commit: str, tmp_path: Path) -> None:
    run = made(tmp_path, Config(crawl=CrawlSection(paths=(f"{URL}/list.paths",))))
    assert [shard.url for shard in run.shards] == [f"{URL}@{commit}/data/a.parquet"]
    assert texts_of(run) == ["first"]


@pytest.mark.parametrize(("folder", "line"), [("none/", "not found"), ("texts/", "holds no Parquet file")])
def test_a_folder_without_parquet_is_refused(hub_server: HubServer, tmp_path: Path, folder: str, line: str) -> None:
    hub_server.datasets["us/pages"].commit({"texts/notes.txt": b"none"})
    (tmp_path / "run.toml").write_text(f'[crawl]\nwarcs = ["{URL}/{folder}"]\n')
    answer = CliRunner().invoke(verbs, ["init", str(tmp_path / "run"), "--config", str(tmp_path / "run.toml")])
    assert isinstance(answer.exception, RecallError)
    assert folder in str(answer.exception)
    assert line in str(answer.exception)


def test_pages_on_the_hub_are_scored(commit: str, tmp_path: Path) -> None:
    target = tmp_path / "scores.jsonl"
    answer = CliRunner().invoke(verbs, ["score", f"{URL}/data/b.parquet", "--to", str(target)])
    assert answer.exit_code == 0, (answer.output, answer.exception)
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["url"] for row in rows] == ["https://second.example/", "https://third.example/"]
    assert {row["path"] for row in rows} == {f"{URL}@{commit}/data/b.parquet"}
