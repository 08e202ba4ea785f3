"""Runs with a report: of the tiny crawl, and of the shared one."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from recall import loop
from recall.archive.manifest import resolve
from recall.cli import verbs
from recall.config import Config, dump_config
from recall.records import Done
from recall.run.progress_bar import silence
from recall.run.rounds import Run
from recall.run.store import table_bytes


def write(run: Run, labels: Path, *options: str) -> dict[str, Any]:
    """Have the verb write the report of a run; what it says as JSON."""
    answer = CliRunner().invoke(verbs, ["report", run.store.root, "--measure", str(labels), "--json", *options])
    assert answer.exit_code == 0, answer.output
    said: dict[str, Any] = json.loads(answer.stdout)
    assert said["report"] == run.store.url("report/index.html")
    return said


COLOURS = "red green blue amber violet white black grey".split()
NOTES = "reviewed unused obsolete overflow rewrite deprecated cleanup legacy".split()
THINGS = "river stone meadow window garden morning market harbour".split()


def other_texts() -> list[str]:
    """Texts of a corpus that is no run's: sixty of one kind, and three each that lie outside for reasons of theirs."""
    drawn = random.Random(5)
    prose = [
        " ".join(
            f"the {drawn.choice(COLOURS)} {drawn.choice(THINGS)} is seen from the {drawn.choice(THINGS)}."
            for _ in range(30)
        )
        for _ in range(60)
    ]
    dumps = ["\n".join(" ".join(f"{drawn.randrange(256):02x}" for _ in range(16)) for _ in range(30)) for _ in range(3)]
    notes = ["\n".join(f"// todo: {drawn.choice(NOTES)} {drawn.choice(NOTES)}" for _ in range(30)) for _ in range(3)]
    odd = [*(("", dump) for dump in dumps), *(("c", note) for note in notes), *(("c", name) for name in "xyz")]
    return [*prose, *(f"```{word}\n{code}\n```\n" for word, code in odd)]


@pytest.fixture(scope="session")
def other_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Parquet file with a column of texts and nothing else."""
    path = tmp_path_factory.mktemp("other") / "texts.parquet"
    path.write_bytes(table_bytes({"text": other_texts()}, {"text": "string"}))
    return path


@pytest.fixture(scope="session")
def reported(played: Run, other_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A copy of the run over the tiny crawl, with its report, in which another corpus stands beside its own."""
    folder = tmp_path_factory.mktemp("reported") / "run"
    shutil.copytree(played.store.root, folder)
    run = Run.open(folder)
    said = write(run, Path(run.config.seed.labels), "--beside", str(other_corpus))
    (folder / "said.json").write_text(json.dumps(said))
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
