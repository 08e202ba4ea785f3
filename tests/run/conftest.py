"""Run folders on a disk and on a real S3-compatible server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recall.config import AccessSection, Config, parse_config
from recall.records import Shard
from recall.run.rounds import Round, Run
from recall.run.store import Store

TEXT = "[run]\nrounds = 2\n"
SHARDS = [Shard(0, "CC-MAIN-1", "a.warc.gz", "/data/a.warc.gz"), Shard(1, "CC-MAIN-1", "b.warc.gz", "/data/b.warc.gz")]


@pytest.fixture(params=["disk", pytest.param("s3", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty folder, here and there."""
    if request.param == "disk":
        return Store(str(tmp_path / "run"))
    server = request.getfixturevalue("s3")
    return Store(server.url(f"{tmp_path.name}/run"), AccessSection(s3_endpoint=server.endpoint))


@pytest.fixture
def make_run() -> Callable[..., Run]:
    """Create a run of two shards and two rounds."""

    def make(root: str | Path, text: str = TEXT, access: AccessSection | None = None, **settings: Any) -> Run:
        config: Config = parse_config(text, "config.toml")
        if access is not None:
            config = config.model_copy(update={"access": access})
        return Run.create(root, config, text, settings.pop("shards", SHARDS), **settings)

    return make


def _fill(where: Round | Run, verb: str) -> None:
    if isinstance(where, Round) and verb == "seal":
        where.seal()
        return
    step = where.begin("corpus" if verb == "build" else verb)
    schema = {"url": "string", "tokens": "list<uint32>"}
    step.publish_table("data.parquet", {"url": ["a", "b"], "tokens": [[1], [2, 3]]}, schema)
    step.publish_json("note.json", {"step": step.folder})
    if verb == "scan":
        for number in range(2):
            output = step.store.publish_table_named(step.folder, "rows-", {"url": [str(number)]}, {"url": "string"})
            report = {"shard": number, "files": [{"file": output.file, "sha256": output.sha256, "rows": 1}]}
            step.store.publish_json(step.key(f"reports/{number:06d}.json"), report, first_wins=True)
        assert [report["shard"] for report in step.reports()] == [0, 1]
    step.finish({"rows": 2}, {"setting": 1})


@pytest.fixture
def drive() -> Callable[..., list[str]]:
    """Do the next steps of a run in small (a table, a note; in scan, shard reports) and name them."""

    def go(run: Run, until: str = "") -> list[str]:
        done: list[str] = []
        while (upcoming := run.next()) is not None:
            where, verb = upcoming
            name = f"{where.number} {verb}" if isinstance(where, Round) else verb
            if name == until:
                break
            _fill(where, verb)
            done.append(name)
        return done

    return go
