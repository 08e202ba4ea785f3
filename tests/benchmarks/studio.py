"""Many tasks into a real Label Studio and their answers back: time, memory, and kills at random moments.

    python tests/benchmarks/studio.py [--tasks 20000] [--kills 50] [--characters 4000] [--folder DIR [--minutes 8]]

Starts a Label Studio on loopback and a run whose label step holds synthetic page tasks. Each synchronisation (push and
pull, `annotation.studio.sync.synchronise`) is a process of its own. Half of the kills (SIGKILL) hit those that push:
one when a random number of tasks arrived, the next at a random moment after its start, in turn. Half hit those that
pull, at random moments, while answers keep coming; they are written straight into the server's database, as so many
requests would measure the server only. Afterwards every task must be there once and every answer in the log once.
With --folder it may be stopped and goes on when called again: the server stops too, and starts again on what is there.
The last line is one JSON object with "lost" and "doubled", or with "todo": what is left when the minutes were over.
"""

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.answers import last_answers
from annotation.label_state import label_state_of
from annotation.studio.local import default_venv, install, serve
from annotation.studio.sync import open_connection, synchronise
from annotation.tasks import EXAMPLE_PAGES, EXAMPLES, PREFIXES, STRATA, TASKS
from recall.config import Config, dump_config
from recall.labels.decisions import PAGE_TASKS, PREFIX_TASKS
from recall.records import Shard
from recall.run.rounds import Run

WORDS = "the function returns a list of every module that was loaded before it is called again with no argument".split()


LOOK_SECONDS, FIRST_LONGEST = 0.2, 10.0


def page(number: int, characters: int) -> str:
    """Markdown with prose and a block of code, different for every number."""
    chance = random.Random(number)
    prose = " ".join(chance.choice(WORDS) for _ in range(characters // 8))
    code = "".join(f"    value_{line} = call({chance.randrange(99)})\n" for line in range(characters // 80))
    return f"# Page {number}\n\n{prose}\n\n```python\ndef f{number}():\n{code}```\n"


def make_run(folder: Path, tasks: int, characters: int) -> Run:
    """A run whose first label step holds page tasks; the steps before it are empty."""
    config = Config.model_validate({"crawl": {"warcs": ["none"]}, "run": {"rounds": 1}})
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
    """One synchronisation; prints its seconds and peak memory."""
    start = time.monotonic()
    run = Run.open(root)
    with run.lease():
        round_ = run.round(1)
        round_.begin("label")
        *_, lines = synchronise(label_state_of(round_))
    print(json.dumps({"seconds": time.monotonic() - start, "peak_mib": peak_mib(), "lines": lines}))  # noqa: T201 - as above


def peak_mib() -> float:
    """Peak memory of this process; what getrusage says is at least its parent's at the start."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def run_synchronisation(root: str, kill: Callable[[], bool] | None = None) -> dict[str, Any] | None:
    """Run a synchronisation in a process of its own; None when it was killed, as soon as `kill` says so."""
    command = [sys.executable, __file__, "--child", root]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while True:
        try:
            said, _ = process.communicate(timeout=LOOK_SECONDS)
            break
        except subprocess.TimeoutExpired:
            if kill is not None and kill():
                process.kill()
                process.communicate()
                return None
    if process.returncode:
        raise SystemExit(f"an synchronised ended with exit code {process.returncode}")
    found: dict[str, Any] = json.loads(said)
    return found


def after(seconds: float) -> Callable[[], bool]:
    """Kills so many seconds from now."""
    moment = time.monotonic() + seconds
    return lambda: time.monotonic() >= moment


def when_there(database: Path, tasks: int) -> Callable[[], bool]:
    """Kills when so many tasks have arrived."""

    def there() -> bool:
        with closing(sqlite3.connect(database, timeout=60)) as base:
            return int(base.execute("SELECT count(*) FROM task").fetchone()[0]) >= tasks

    return there


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


def first_answer(connection: Any, token: str) -> int:
    """Answer one task through the API; the pattern of all other answers."""
    import httpx

    task = next(iter(connection.studio.tasks(connection.projects["pages"].id)))
    result = [{"from_name": "verdict", "to_name": "page", "type": "choices", "value": {"choices": ["code"]}}]
    said = httpx.post(
        f"{connection.studio.url}/api/tasks/{task.id}/annotations/",
        json={"result": result, "lead_time": 7.5},
        headers={"Authorization": f"Token {token}"},
        timeout=60,
    )
    return int(said.raise_for_status().json()["id"])


def verify(run: Run, tasks: int) -> dict[str, int]:
    """Count tasks and answers that are lost or doubled."""
    connection = open_connection(run.round(1), [])
    there = Counter(str(task.data["key"]) for task in connection.studio.tasks(connection.projects["pages"].id))
    answers = Counter(answer.key for answer in last_answers(run.round(1)))
    folder = Path(run.store.root) / run.round(1).step("label").key("answers")
    lines = sum(len(file.read_bytes().splitlines()) for file in folder.glob("*.jsonl"))
    return {
        "tasks_there": len(there),
        "answers": len(answers),
        "lost": 2 * tasks - len(there) - len(answers),
        "doubled": there.total() - len(there) + lines - len(answers),
    }


@dataclass
class Progress:
    """Where a measurement stands; kept as JSON, so that it goes on when it is called again."""

    file: Path
    state: dict[str, Any]

    @classmethod
    def of(cls, folder: Path) -> "Progress":
        """Read it, or begin."""
        file = folder / "progress.json"
        begun = {"kills_push": 0, "kills_pull": 0, "push_turns": 0, "pull_turns": 0, "longest": FIRST_LONGEST}
        return cls(file, json.loads(file.read_text()) if file.exists() else begun)

    def note(self, **changes: Any) -> None:
        """Add what was done."""
        self.state.update(changes)
        self.file.write_text(json.dumps(self.state))
        print(json.dumps(changes), flush=True)  # noqa: T201 - a benchmark reports to the terminal

    def synchronised(self, what: str, root: str) -> None:
        """Run an synchronised to its end, once."""
        if what not in self.state:
            done = run_synchronisation(root) or {}
            self.note(**{what: done, "longest": done["seconds"]})


def measure(run: Run, database: Path, given: argparse.Namespace, token: str) -> Iterator[str]:
    """Push and pull with kills, step by step, then count; yields what comes next before each step."""
    root, progress = run.store.root, Progress.of(Path(given.folder))
    state, chance = progress.state, random.Random()
    pushes = given.kills // 2
    while state["kills_push"] < pushes and state["push_turns"] < given.kills:
        yield f"kill {state['kills_push'] + 1} while pushing"
        turn = state["push_turns"]
        share = min(1.0, (turn + chance.random()) / pushes)
        kill = after(1 + 20 * chance.random()) if turn % 2 else when_there(database, round(share * given.tasks))
        hit = run_synchronisation(root, kill) is None
        progress.note(kills_push=state["kills_push"] + hit, push_turns=turn + 1)
    yield "push to the end"
    progress.synchronised("push", root)
    connection = open_connection(run.round(1), [])
    if "first" not in state:
        progress.note(first=first_answer(connection, token))
    annotators = Annotators(database, connection.projects["pages"].id, state["first"])
    while state["kills_push"] + state["kills_pull"] < given.kills and state["pull_turns"] < 2 * given.kills:
        yield f"kill {state['kills_pull'] + 1} while pulling"
        annotators.answer(max(1, given.tasks // (2 * given.kills)))
        start = time.monotonic()
        hit = run_synchronisation(root, after(1 + chance.random() * state["longest"])) is None
        longest = state["longest"] if hit else time.monotonic() - start
        progress.note(
            kills_pull=state["kills_pull"] + hit, pull_turns=state["pull_turns"] + 1, longest=round(longest, 1)
        )
    while annotators.answer(1_000):
        pass
    for what in ("pull", "again"):
        yield what
        progress.synchronised(what, root)
    yield "count"
    figures = {
        f"{what}_{name}": round(state[what][name], 1)
        for what in ("push", "pull", "again")
        for name in ("seconds", "peak_mib")
    }
    kills = {"kills": state["kills_push"] + state["kills_pull"], "kills_push": state["kills_push"]}
    progress.note(result={"tasks": given.tasks, **kills, **figures, **verify(run, given.tasks)})


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tasks", type=int, default=20_000)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--characters", type=int, default=4_000)
    options.add_argument("--folder", default="", help="where it goes on when it is called again")
    options.add_argument("--minutes", type=float, default=1e9, help="no step is begun after so many")
    options.add_argument("--child", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        child(given.child)
        return
    install(default_venv())
    with tempfile.TemporaryDirectory(prefix="studio-") as name:
        given.folder = given.folder or name
        print(json.dumps(go_on(given)))  # noqa: T201 - as above


def go_on(given: argparse.Namespace) -> dict[str, Any]:
    """Do what is left, as long as there is time."""
    folder, end = Path(given.folder), time.monotonic() + 60 * given.minutes
    there = (folder / "run" / "run.json").exists()
    run = Run.open(folder / "run") if there else make_run(folder, given.tasks, given.characters)
    with serve(folder / "server", default_venv()) as local:
        os.environ["RECALL_STUDIO_URL"], os.environ["RECALL_STUDIO_TOKEN"] = local.url, local.login.token
        for step in measure(run, folder / "server" / "label_studio.sqlite3", given, local.login.token):
            if time.monotonic() > end:
                return {"todo": step}
    result: dict[str, Any] = Progress.of(folder).state["result"]
    return result


if __name__ == "__main__":
    main()
