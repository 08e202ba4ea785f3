"""Many tasks into a real Label Studio and their answers back: time, memory, and kills at random moments.

    python tests/benchmarks/studio.py [--tasks 20000] [--kills 50] [--characters 4000]

Starts a Label Studio on loopback and a run whose label step holds synthetic page tasks. Each exchange (push and pull,
`annotation.studio.desk.exchange`) is a process of its own. Half of the kills (SIGKILL) hit exchanges that push, half
exchanges that pull, while answers keep coming; they are written straight into the server's database, as so many
requests would measure the server only. Afterwards every task must be there once and every answer in the log once.
The last line is one JSON object with "lost" and "doubled".
"""

import argparse
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from annotation.answers import last_answers
from annotation.studio.desk import exchange, open_desk
from annotation.studio.local import default_venv, install, serve
from annotation.tasks import EXAMPLE_PAGES, EXAMPLES, PREFIXES, STRATA, TASKS
from recall.config import Config, dump_config
from recall.records import Shard
from recall.run.rounds import Run
from recall.steps.judgements import PAGE_TASKS, PREFIX_TASKS

WORDS = "the function returns a list of every module that was loaded before it is called again with no argument".split()


def page(number: int, characters: int) -> str:
    """Markdown with prose and a block of code, different for every number."""
    chance = random.Random(number)
    prose = " ".join(chance.choice(WORDS) for _ in range(characters // 8))
    code = "".join(f"    value_{line} = call({chance.randrange(99)})\n" for line in range(characters // 80))
    return f"# Page {number}\n\n{prose}\n\n```python\ndef f{number}():\n{code}```\n"


def make_run(folder: Path, tasks: int, characters: int) -> Run:
    """A run whose first label step holds page tasks; the steps before it are empty."""
    config = Config.model_validate({"crawl": {"warcs": ["none"]}, "run": {"rounds": 1}, "studio": {"batch": 100}})
    run = Run.create(folder / "run", config, dump_config(config), [Shard(0, "", "none", "none")])
    run.begin("seed").finish({}, {})
    round_ = run.round(1)
    for name in ("train", "scan", "domains"):
        step = round_.begin(name)
        if name == "train":
            step.publish_json("model.json", {"threshold": 0.5})
        step.finish({}, {})
    round_.begin("label")
    rows: dict[str, list[Any]] = {name: [] for name in PAGE_TASKS}
    for number in range(tasks):
        known: dict[str, Any] = {
            **{name: "" for name, kind in PAGE_TASKS.items() if kind == "string"},
            **{name: 0 for name, kind in PAGE_TASKS.items() if kind != "string"},
            "key": f"r1-page-{number:06d}",
            "url": f"https://example.org/{number}",
            "use": "train",
            "title": f"Page {number}",
            "markdown": page(number, characters),
            "score": (number % 997) / 997,
            "votes": 1,
            "blind": number % 4 == 0,
        }
        for name, column in rows.items():
            column.append(known[name])
    key = round_.step("label").key
    run.store.publish_json(key(STRATA), {})
    run.store.publish_table(key(EXAMPLES), {name: [] for name in EXAMPLE_PAGES}, EXAMPLE_PAGES)
    run.store.publish_table(key(PREFIXES), {name: [] for name in PREFIX_TASKS}, PREFIX_TASKS)
    run.store.publish_table(key(TASKS), rows, PAGE_TASKS)
    return run


def child(root: str) -> None:
    """One exchange; prints its seconds and peak memory."""
    start = time.monotonic()
    run = Run.open(root)
    with run.lease():
        round_ = run.round(1)
        round_.begin("label")
        _, lines = exchange(round_)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": time.monotonic() - start, "peak_mib": peak, "lines": lines}))  # noqa: T201 - as above


def run_exchange(root: str, kill_after: float | None = None) -> dict[str, Any] | None:
    """Run an exchange in a process of its own; None when it was killed before its end."""
    command = [sys.executable, __file__, "--child", root]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        said, _ = process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    if process.returncode:
        raise SystemExit(f"an exchange ended with exit code {process.returncode}")
    found: dict[str, Any] = json.loads(said)
    return found


class Annotators:
    """Writes answers into the server's database, as if people had given them."""

    def __init__(self, database: Path, project: int, first: int) -> None:
        self._database = database
        self._project = project
        self._first = first

    def answer(self, count: int) -> int:
        """Answer so many open tasks; returns how many there were."""
        with sqlite3.connect(self._database, timeout=60) as base:
            base.row_factory = sqlite3.Row
            pattern = dict(base.execute("SELECT * FROM task_completion WHERE id = ?", (self._first,)).fetchone())
            query = "SELECT id FROM task WHERE project_id = ? AND total_annotations = 0 ORDER BY id LIMIT ?"
            tasks = [row["id"] for row in base.execute(query, (self._project, count))]
            pattern.pop("id")
            names = ", ".join(f'"{name}"' for name in pattern)
            marks = ", ".join("?" for _ in pattern)
            for task in tasks:
                row = {**pattern, "task_id": task, "unique_id": uuid.uuid4().hex}
                base.execute(f"INSERT INTO task_completion ({names}) VALUES ({marks})", tuple(row.values()))
            marked = ((task,) for task in tasks)
            base.executemany("UPDATE task SET total_annotations = 1, is_labeled = 1 WHERE id = ?", marked)
        base.close()
        return len(tasks)


def kill_pushes(root: str, kills: int, longest: float) -> int:
    """Kill exchanges that push at random moments; returns how many were hit before everything was there."""
    chance = random.Random(1)
    for done in range(kills):
        if run_exchange(root, 1.0 + chance.random() * longest) is not None:
            return done
    return kills


def kill_pulls(root: str, kills: int, longest: float, annotators: Annotators, tasks: int) -> int:
    """Kill exchanges that pull at random moments while answers keep coming."""
    chance, hit = random.Random(2), 0
    for _ in range(kills):
        annotators.answer(max(1, tasks // (2 * kills)))
        hit += run_exchange(root, 1.0 + chance.random() * longest) is None
    return hit


def first_answer(desk: Any, token: str) -> int:
    """Answer one task through the API; the pattern of all other answers."""
    import httpx

    task = next(iter(desk.studio.tasks(desk.projects["pages"].id)))
    result = [{"from_name": "verdict", "to_name": "page", "type": "choices", "value": {"choices": ["code"]}}]
    said = httpx.post(
        f"{desk.studio.url}/api/tasks/{task.id}/annotations/",
        json={"result": result, "lead_time": 7.5},
        headers={"Authorization": f"Token {token}"},
        timeout=60,
    )
    return int(said.raise_for_status().json()["id"])


def verify(run: Run, tasks: int) -> dict[str, int]:
    """Count tasks and answers that are lost or doubled."""
    desk = open_desk(run.round(1), [])
    there = Counter(str(task.data["key"]) for task in desk.studio.tasks(desk.projects["pages"].id))
    answers = Counter(answer.key for answer in last_answers(run.round(1)))
    folder = Path(run.store.root) / run.round(1).step("label").key("answers")
    lines = sum(len(file.read_bytes().splitlines()) for file in folder.glob("*.jsonl"))
    return {
        "tasks_there": len(there),
        "answers": len(answers),
        "lost": 2 * tasks - len(there) - len(answers),
        "doubled": there.total() - len(there) + lines - len(answers),
    }


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, default=20_000)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--characters", type=int, default=4_000)
    options.add_argument("--longest", type=float, default=10.0, help="latest kill, seconds after a process began")
    options.add_argument("--child", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        child(given.child)
        return
    install(default_venv())
    with tempfile.TemporaryDirectory(prefix="studio-") as name:
        folder = Path(name)
        run = make_run(folder, given.tasks, given.characters)
        with serve(folder / "server", default_venv()) as local:
            os.environ["RECALL_STUDIO_URL"], os.environ["RECALL_STUDIO_TOKEN"] = local.url, local.login.token
            figures = measure(run, folder / "server" / "label_studio.sqlite3", given, local.login.token)
    print(json.dumps(figures))  # noqa: T201 - as above


def measure(run: Run, database: Path, given: argparse.Namespace, token: str) -> dict[str, Any]:
    """Push and pull with kills, then count."""
    root = run.store.root
    in_push = kill_pushes(root, given.kills // 2, given.longest)
    push = run_exchange(root) or {}
    print(f"pushed: {push}", flush=True)  # noqa: T201 - a benchmark reports to the terminal
    desk = open_desk(run.round(1), [])
    annotators = Annotators(database, desk.projects["pages"].id, first_answer(desk, token))
    in_pull = kill_pulls(root, given.kills - in_push, given.longest, annotators, given.tasks) if given.kills else 0
    while annotators.answer(1_000):
        pass
    pull = run_exchange(root) or {}
    print(f"pulled: {pull}", flush=True)  # noqa: T201 - as above
    again = run_exchange(root) or {}
    figures = {
        f"{what}_{name}": round(one[name], 1)
        for what, one in (("push", push), ("pull", pull), ("again", again))
        for name in ("seconds", "peak_mib")
    }
    return {
        "tasks": given.tasks,
        "kills": in_push + in_pull,
        "kills_push": in_push,
        **figures,
        **verify(run, given.tasks),
    }


if __name__ == "__main__":
    main()
