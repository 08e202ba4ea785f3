"""Runs with a report: of the tiny crawl, and of the shared one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from recall import loop
from recall.archive.manifest import resolve
from recall.cli import verbs
from recall.config import Config, dump_config
from recall.records import Done
from recall.run.progress_bar import silence
from recall.run.rounds import Run


def write(run: Run, labels: Path) -> None:
    """Have the verb write the report of a run."""
    answer = CliRunner().invoke(verbs, ["report", run.store.root, "--measure", str(labels), "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["report"] == run.store.url("report/index.html")


@pytest.fixture(scope="session")
def reported(played: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A copy of the run over the tiny crawl, with its report."""
    folder = tmp_path_factory.mktemp("reported") / "run"
    shutil.copytree(played.store.root, folder)
    run = Run.open(folder)
    write(run, Path(run.config.seed.labels))
    return run


@pytest.fixture(scope="session")
def shared_run(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Run]:
    """Makes a run of two rounds over the shared crawl with its report, once."""
    made: list[Run] = []

    def make() -> Run:
        if not made:
            silence()
            made.append(play(shared / "crawl", tmp_path_factory.mktemp("shared") / "run"))
            write(made[0], shared / "crawl" / "labels.jsonl")
        return made[0]

    return make


def play(crawl: Path, folder: Path) -> Run:
    labels = str(crawl / "labels.jsonl")
    config = Config.model_validate(
        {
            "run": {"rounds": 2, "holdout": labels},
            "crawl": {
                "paths": [str(crawl / "crawl-data/CC-MAIN-2026-00/warc.paths.gz")],
                "base": f"{crawl}/",
                "index": str(crawl / "cc-index/table/cc-main/warc") + "/",
            },
            "seed": {"labels": labels},
            "label": {"answers": labels, "pages": 300, "audit": 100},
            "scan": {"rescan": "all"},
        }
    )
    run = Run.create(folder, config, dump_config(config), resolve(config.crawl, config.access, config.run.seed))
    for name, result in loop.drive(run):
        assert isinstance(result, Done), f"{name} waits"
    return run
