"""A run of which nothing is done, and a language model on loopback."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recall.config import Config, dump_config
from recall.judge import Question
from recall.records import Shard
from recall.run.rounds import Run
from tests.judge_server import JudgeServer, serving

MakeRun = Callable[..., Run]


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    """Says YES to prompts that hold "code"."""
    with serving(
        JudgeServer(lambda prompt: {"YES": 0.9, "NO": 0.1} if "code" in prompt else {"YES": 0, "NO": 1})
    ) as one:
        yield one


@pytest.fixture
def make_run(tmp_path: Path, server: JudgeServer) -> MakeRun:
    """Make the run, or open it with other [judge] settings."""

    def make(**judge: Any) -> Run:
        config = Config.model_validate(
            {"judge": {"url": server.url, "model": "small", **judge}, "access": {"attempts": 2}}
        )
        number = len(list(tmp_path.glob("run*")))
        return Run.create(tmp_path / f"run{number}", config, dump_config(config), [Shard(0, "", "p", "p")])

    return make


@pytest.fixture
def questions() -> list[Question]:
    return [
        Question("small", f"page {number} {'code' if number % 3 == 0 else 'shoes'}", str(number))
        for number in range(30)
    ]
