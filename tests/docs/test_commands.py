"""Every command that a document or the Makefile names runs, or names only what exists."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recall.config import dump_config
from tests.conftest import make_run, play
from tests.docs.commands import (
    DOCUMENTS,
    MAKEFILE,
    MARKS,
    PROJECT,
    Block,
    blocks,
    fault_of,
    inline_commands,
    make_targets,
)

if TYPE_CHECKING:
    from tests.conftest import Crawl

BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
INLINE = sorted({(document.name, command) for document in DOCUMENTS for command in inline_commands(document)})
BIN = Path(sys.executable).parent


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_of_commands_is_marked_and_names_what_exists(block: Block) -> None:
    assert block.mark in MARKS, f"{block}: write <!-- run -->, <!-- parse --> or <!-- cluster --> before it"
    assert [fault for command in block.commands if (fault := fault_of(command))] == []


@pytest.mark.parametrize(("document", "command"), INLINE)
def test_a_command_in_prose_names_what_exists(document: str, command: str) -> None:
    assert fault_of(command) == "", document


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("recall status runs/mine --json", ""),
        ("recall annotate wait RUN --until 0.9", ""),
        ("recall stats runs/mine", "recall has no verb stats"),
        ("recall status runs/mine --jsn", "status has no --jsn"),
        ("make chaos CHAOS_RUNS=2", ""),
        ("make chaos RUNS=2", "the Makefile does not read RUNS"),
        ("make cake", "the Makefile has no target cake"),
        ("python tests/benchmarks/scan.py --warc FILE", ""),
        ("python tests/benchmarks/scan.py --wark FILE", "scan.py has no --wark"),
        ("python tests/benchmarks/scans.py", "no script tests/benchmarks/scans.py"),
        ("docker build --target cook -f docker/Dockerfile .", "the Dockerfile has no stage cook"),
        ("ray up docker/azure.yaml", "no file docker/azure.yaml"),
        ('ray exec docker/aws.yaml "recall runs"', "recall has no verb runs"),
    ],
)
def test_what_does_not_exist_is_noticed(command: str, fault: str) -> None:
    assert fault_of(command) == fault


@pytest.mark.parametrize("target", sorted(make_targets()))
def test_a_target_is_marked_and_calls_scripts_that_exist(target: str) -> None:
    mark = make_targets()[target]
    assert mark.partition(" ")[0] in {"run", "parse"}, f"write #: run or #: parse before {target}"
    body = re.search(rf"^{target}:.*\n((?:\t.*\n|\n)*)", MAKEFILE, re.M)
    assert body is not None
    for script in re.findall(r"\$\(BIN\)/python ((?:-m )?[\w./]+(?:.*[^\\]$)?)", body[1].replace("\\\n", ""), re.M):
        words = script.split()
        flags = re.findall(r"--[a-z][a-z-]*", script)
        if words[0] != "-c":
            assert fault_of(shlex.join(["python", *words[: 2 if words[0] == "-m" else 1], *flags])) == ""


def test_every_target_is_phony() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)
    assert phony is not None
    assert set(phony[1].split()) == set(make_targets())


@pytest.fixture(scope="module")
def mine(crawl: "Crawl", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three rounds on the small crawl."""
    run = make_run(tmp_path_factory.mktemp("mine") / "run", crawl.config(rounds=3))
    play(run)
    return Path(run.store.root)


@pytest.fixture
def sandbox(crawl: "Crawl", mine: Path, tmp_path: Path) -> Path:
    """A folder with the files that README's commands name; its example config is one of the small crawl."""
    config = crawl.config(rounds=3, label={"pages": 20, "audit": 10, "answers": ""})
    (tmp_path / "config.example.toml").write_text(dump_config(config), encoding="utf-8")
    shutil.copy(crawl.folder / "labels.jsonl", tmp_path)
    shutil.copy(crawl.warcs[0], tmp_path / "crawl.warc.gz")
    (tmp_path / "page.html").write_bytes(crawl.sites[0].body)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(mine)
    return tmp_path


@contextlib.contextmanager
def served(command: str, folder: Path, env: dict[str, str]) -> Iterator[str]:
    """Start a service on a free port; yields its host and port."""
    process = subprocess.Popen(
        [*shlex.split(command), "--port", "0"], cwd=folder, env=env, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        with process.stdout:
            yield process.stdout.readline().strip().removeprefix("http://").rstrip("/")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("block", [block for block in BLOCKS if block.mark == "run"], ids=str)
def test_a_block_that_says_so_runs_as_it_is_written(block: Block, sandbox: Path) -> None:
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    if any(command.startswith("recall init ") for command in block.commands):
        (sandbox / "runs" / "mine").unlink()
    with contextlib.ExitStack() as servers:
        address = ""
        for command in block.commands:
            if command.startswith("recall serve"):
                address = servers.enter_context(served(command, sandbox, env))
                assert re.fullmatch(r"[\w.]+:\d+", address)
                continue
            line = command.replace("curl -s ", "curl -sf ").replace("localhost:8000", address)
            done = subprocess.run(
                ["bash", "-c", line], cwd=sandbox, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
            assert done.stdout or command.startswith("cp "), command


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("target", [name for name, mark in make_targets().items() if mark.startswith("run")])
def test_a_target_that_says_so_runs_to_its_first_useful_line(target: str, tmp_path: Path) -> None:
    settings, _, until = make_targets()[target].removeprefix("run").strip().partition("until ")
    for name in ("recall", "annotation", "service", "tests", "docker", "pyproject.toml"):
        (tmp_path / name).symlink_to(PROJECT / name)
    command = ["make", "--no-print-directory", "-f", str(PROJECT / "Makefile"), "-o", "install", target, f"BIN={BIN}"]
    env = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}}
    sought = re.compile(until[1:-1] if until.startswith("/") else re.escape(until))
    lines = []
    with subprocess.Popen(
        [*command, *settings.split()],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if until and sought.search(line):
                os.killpg(process.pid, signal.SIGTERM)
                return
    assert not until, f"ended without {until!r}: {''.join(lines)}"
    assert process.returncode == 0, "".join(lines)
    assert lines[-1].startswith("{"), lines[-1]
