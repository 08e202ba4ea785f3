"""What leaves a run goes to a folder or to a dataset on the Hub, with the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recall.cli import verbs
from recall.errors import Damaged
from recall.run.rounds import Run
from tests.hub_server import HubServer

URL = "hf://datasets/us/pages"

pytestmark = pytest.mark.filterwarnings("ignore:Use .content=:DeprecationWarning")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(verbs, list(arguments))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def there(hub_server: HubServer, start: str) -> dict[str, bytes]:
    held = hub_server.datasets["us/pages"].head()
    return {path.removeprefix(start): data for path, data in held.items() if path.startswith(start)}


@pytest.mark.parametrize(
    ("verb", "options"), [("release", ["--signatures"]), ("export", ["--format", "corpus"])], ids=["release", "corpus"]
)
def test_a_folder_is_the_same_on_the_hub(
    hub_server: HubServer, played: Run, tmp_path: Path, verb: str, options: list[str]
) -> None:
    local = call(verb, played.store.root, str(tmp_path / "made"), *options)
    assert local.exit_code == 0, local.output
    far = call(verb, played.store.root, f"{URL}/2026", *options)
    assert far.exit_code == 0, far.output
    assert far.output.partition(": ")[2] == local.output.partition(": ")[2]
    assert there(hub_server, "2026/") == bytes_of(tmp_path / "made")
    assert sum("/commit/" in asked for asked in hub_server.asked) == 1


def test_a_corpus_is_its_parts_and_its_card(played: Run, tmp_path: Path) -> None:
    assert call("export", played.store.root, f"{tmp_path}/./made/", "--format", "corpus").exit_code == 0
    assert not any(path.is_symlink() for path in (tmp_path / "made").iterdir())
    kept = bytes_of(Path(played.store.root) / "corpus")
    parts = {name: data for name, data in kept.items() if name.startswith("part-")}
    assert bytes_of(tmp_path / "made") == parts | {"README.md": kept["card.md"]}
    again = call("export", played.store.root, str(tmp_path / "made"), "--format", "corpus")
    assert again.exit_code
    assert "exists already" in str(again.exception)


@pytest.mark.parametrize(("kind", "name"), [("hosts", "hosts.parquet"), ("jsonl", "pages.jsonl.gz")])
def test_a_file_is_the_same_on_the_hub(
    hub_server: HubServer, played: Run, tmp_path: Path, kind: str, name: str
) -> None:
    assert call("export", played.store.root, str(tmp_path / name), "--format", kind).exit_code == 0
    assert call("export", played.store.root, f"{URL}/lists/{name}", "--format", kind).exit_code == 0
    assert there(hub_server, "lists/") == {name: (tmp_path / name).read_bytes()}


def test_a_dataset_that_is_not_there_is_refused_before_anything_is_made(
    hub_server: HubServer, played: Run, pauses: list[float]
) -> None:
    answer = call("release", played.store.root, "hf://datasets/us/none/r1")
    assert answer.exit_code
    assert "no such dataset" in str(answer.exception)
    assert len(hub_server.asked) == 1
    assert not pauses


@pytest.mark.slow
def test_the_environment_alone_is_enough(hub_server: HubServer, played: Run, tmp_path: Path) -> None:
    """As a user calls it: a process of its own, that knows the server by HF_ENDPOINT and its token by a file."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text(os.environ["HF_TOKEN"])
    kept = {name: value for name, value in os.environ.items() if name != "HF_TOKEN"}
    environment = {**kept, "HF_HOME": str(home)}
    command = [sys.executable, "-m", "recall.cli", "release", played.store.root, f"{URL}/alone"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "SHA256SUMS" in there(hub_server, "alone/")
    assert answer.stderr == ""


def test_a_run_starts_from_a_release_on_the_hub(hub_server: HubServer, played: Run, tmp_path: Path) -> None:
    assert call("release", played.store.root, f"{URL}/r2", "--signatures").exit_code == 0
    commit = hub_server.datasets["us/pages"].branches["main"]
    config = tmp_path / "run.toml"
    config.write_text(f"[crawl]\nwarcs = {list(played.config.crawl.warcs)}\n")
    answer = call("init", str(tmp_path / "far"), "--from", f"{URL}/r2", "--config", str(config))
    assert answer.exit_code == 0, answer.exception
    made = Run.open(str(tmp_path / "far"))
    assert made.parent is not None
    assert made.parent.root == f"{URL}@{commit}/r2"
    assert made.config.duplicates.against == (f"{URL}@{commit}/r2",)
    assert made.parent.digest == played.round(2).record.digest


def test_a_release_on_the_hub_that_is_not_whole_is_refused(hub_server: HubServer, played: Run, tmp_path: Path) -> None:
    assert call("release", played.store.root, f"{URL}/r2").exit_code == 0
    hub_server.datasets["us/pages"].commit({"r2/model/model.json": b"{}"})
    answer = call("init", str(tmp_path / "far"), "--from", f"{URL}/r2", "--crawl", "CC-MAIN-2026-01")
    assert isinstance(answer.exception, Damaged)
    assert "model.json: differs from its digest" in str(answer.exception)


def test_what_is_neither_a_path_nor_a_dataset_is_refused(played: Run) -> None:
    result = call("export", played.store.root, "s3://bucket/pages", "--format", "corpus")
    assert result.exit_code
    assert "s3://bucket/pages: neither a path nor hf://datasets/OWNER/NAME/PATH" in str(result.exception)
    assert not Path("s3:").exists()
