"""Two tiny models, an app over them, and a real service with workers on a free port."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from recall.model.fasttext import Recipe, fit
from recall.model.scorer import ModelCard, Scorer, write_model
from recall.model.tokens import Tokenizer

pytest.importorskip("fastapi", reason="the service extra is not installed")

CODE = "function return variable compile module import class loop pointer array stack parser".split()
LIFE = "garden summer recipe butter mountain river football season market travel village music".split()


def page_text(chance: random.Random, code: bool) -> str:
    """Words that tell, and some that do not; now and then other alphabets and marks."""
    words = [chance.choice((CODE if code else LIFE) + ["the", "a", "of", "größe", "日本語"]) for _ in range(60)]
    return " ".join(words) + ("\ue000pre2\ue000code1" if code else "")


def train(folder: Path, seed: int) -> Scorer:
    """A model folder of its own seed."""
    chance = random.Random(seed)
    labels = ["C" if chance.random() < 0.4 else "other" for _ in range(200)]
    texts = [page_text(chance, label == "C") for label in labels]
    tokenizer = Tokenizer.train(texts, 400)
    recipe = Recipe(4, 5, 0.5, 2, 500, 1, 20, seed)
    folder.mkdir(parents=True)
    fit(tokenizer.lines(texts), labels, recipe, tokenizer.size, folder / "model.bin")
    card = ModelCard(("C", "other"), "C", "html", recipe, 0.5, metrics={"precision": 0.9})
    return write_model(folder, tokenizer, folder / "model.bin", card)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two model folders."""
    root = tmp_path_factory.mktemp("models")
    for number in (1, 2):
        train(root / f"model{number}", number)
    return [root / "model1", root / "model2"]


@pytest.fixture(scope="session")
def texts() -> Callable[[int], list[str]]:
    """So many texts, every second one about code."""

    def make(count: int) -> list[str]:
        chance = random.Random(9)
        return [page_text(chance, bool(number % 2)) for number in range(count)]

    return make


@dataclass
class Running:
    """A service in processes of its own."""

    process: "subprocess.Popen[str]"
    url: str
    log: Path
    given: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def lines(self) -> list[dict[str, object]]:
        """The log; every line of it must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> int:
        """End it as an operator would; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


Serve = Callable[..., Running]


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Starts services: start("--model", folder, workers=2, env={...})."""
    started: list[Running] = []

    def begin(*arguments: object, workers: int = 2, env: dict[str, str] | None = None) -> Running:
        log = tmp_path_factory.mktemp("service") / "log"
        command = [sys.executable, "-m", "recall.cli", "serve", "--port", "0", "--workers", str(workers)]
        given = [str(argument) for argument in arguments]
        with log.open("w") as stream:
            process = subprocess.Popen(
                [*command, *given], stdout=subprocess.PIPE, stderr=stream, text=True, env={**os.environ, **(env or {})}
            )
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, log.read_text()
        started.append(Running(process, url, log, given))
        deadline = time.monotonic() + 20
        while len(started[-1].workers) < workers and time.monotonic() < deadline:
            time.sleep(0.02)
        return started[-1]

    yield begin
    for running in started:
        running.stop()
        if running.process.stdout is not None:
            running.process.stdout.close()


@pytest.fixture(scope="session")
def running(start: Serve, folders: list[Path]) -> Running:
    """A service with two workers and both models."""
    return start("--model", folders[0], "--model", folders[1])
