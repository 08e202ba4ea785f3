"""A Label Studio that restarts, waits for its database or turns us away, and several people at work at once."""

import re
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from annotation.answers import in_force, last_answers, read_tasks
from annotation.label_state import label_state_of
from annotation.label_step import talk
from annotation.studio import studio_api as api
from annotation.studio.local import Login, free_port, prepare, serve
from annotation.studio.studio_api import Studio
from annotation.studio.sync import StudioConnection, open_connection, synchronise
from annotation.tasks import push
from recall.errors import Refused
from recall.run.rounds import Round

pytestmark = [pytest.mark.label_studio, pytest.mark.slow]


def synchronised(round_: Round) -> tuple[StudioConnection, list[str]]:
    """Synchronise a round as it is now; returns the connection and what happened."""
    connection, _, lines = synchronise(label_state_of(round_))
    return connection, lines


MINT = """
import os, sys
import label_studio
sys.path.insert(0, os.path.dirname(label_studio.__file__))
os.environ["DJANGO_SETTINGS_MODULE"] = "core.settings.label_studio"
import django
django.setup()
from datetime import timedelta
from jwt_auth.models import LSAPIToken
from users.models import User
token = LSAPIToken.for_user(User.objects.order_by("id").first())
token.set_exp(lifetime=timedelta(seconds=float(sys.argv[1])))
print("token", token.get_full_jwt())
"""
"""Run in Label Studio's own environment: a personal access token that lives so many seconds."""


@dataclass
class Machine:
    """A server that can be stopped and started again at the same address."""

    folder: Path
    environment: Path
    port: int = field(default_factory=free_port)
    starts: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start it; returns when it answers."""
        up, stop = threading.Event(), threading.Event()
        self._stop = stop

        def live() -> None:
            with serve(self.folder, self.environment, self.port):
                up.set()
                stop.wait()

        self._thread = threading.Thread(target=live)
        self._thread.start()
        assert up.wait(120)
        self.starts += 1

    def stop(self) -> None:
        """Stop it; returns when it is gone."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def restart(self) -> None:
        """Stop it, and start it a moment later."""
        self.stop()
        time.sleep(1)
        self.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def login(self) -> Login:
        """Its owner."""
        return prepare(self.folder, self.environment)

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return self.folder / "label_studio.sqlite3"

    def mint(self, seconds: float) -> str:
        """A personal access token that lives so many seconds, signed by the server's own key."""
        environment = {"LABEL_STUDIO_BASE_DATA_DIR": str(self.folder), "LATEST_VERSION_CHECK": "false"}
        command = [str(self.environment / "bin/python"), "-c", MINT, str(seconds)]
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        return str(re.findall(r"^token (\S+)$", said, re.MULTILINE)[0])


@pytest.fixture(scope="module")
def machine(studio_venv: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("machine"), studio_venv)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def local(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine, named in the environment."""
    monkeypatch.setenv("RECALL_STUDIO_URL", machine.url)
    monkeypatch.setenv("RECALL_STUDIO_TOKEN", machine.login.token)
    return machine


@pytest.fixture
def first(
    make_loop: Any, local: Machine, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Round]:
    """A round at its label step, half of its pages for two people; projects of its own."""
    del local
    loop = make_loop(label="overlap = 0.5\ngold_share = 0.0\nsuspect_share = 0.0")
    key = re.sub(r"\W", "-", request.node.name)[:40]
    for name, value in (("SETTLE_SECONDS", 0.5), ("BATCH", 5), ("PAGE", 7), ("ATTEMPTS", 14)):
        monkeypatch.setattr(api, name, value)
    settings = loop.run.config.studio.model_copy(update={"key": key})
    loop.run.config = loop.run.config.model_copy(update={"studio": settings})
    with loop.run.lease():
        loop.first.begin("label")
        push(loop.first)
        yield loop.first


def keys_there(connection: StudioConnection) -> Counter[str]:
    """How often each key is there."""
    return Counter(
        str(task.data["key"])
        for name in ("pages", "prefixes")
        for task in connection.studio.tasks(connection.projects[name].id)
    )


def once(round_: Round) -> Counter[str]:
    return Counter(task.key for task in read_tasks(round_))


def disturb(monkeypatch: pytest.MonkeyPatch, method: str, calls: tuple[int, ...], act: Callable[[], None]) -> list[int]:
    """Do something while some calls of a method are under way; returns the list of calls that were disturbed."""
    real, count, disturbed = getattr(Studio, method), 0, list[int]()

    def call(self: Studio, *given: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        if count not in calls:
            return real(self, *given, **more)
        disturbed.append(count)
        other = threading.Thread(target=act)
        other.start()
        try:
            time.sleep(0.05)
            return real(self, *given, **more)
        finally:
            other.join()

    monkeypatch.setattr(Studio, method, call)
    return disturbed


def work(local: Machine, token: str, project: int, choose: Callable[[str], str]) -> int:
    """Answer a project's tasks one after the other, as the next one is given, until there is none."""
    count = 0
    with httpx.Client(base_url=local.url, timeout=60, headers={"Authorization": f"Token {token}"}) as client:
        while (reply := client.get(f"/api/projects/{project}/next")).status_code != 404:
            task = reply.raise_for_status().json()
            value = {"choices": [choose(str(task["data"]["key"]))]}
            result = [{"from_name": "verdict", "to_name": "page", "type": "choices", "value": value}]
            body = {"result": result, "lead_time": 2.0}
            client.post(f"/api/tasks/{task['id']}/annotations/", json=body).raise_for_status()
            count += 1
    return count


def sign_up(local: Machine, email: str) -> str:
    """Make an account by the organization's invitation, as a person does; returns its token."""
    owner = {"Authorization": f"Token {local.login.token}"}
    invited = httpx.get(f"{local.url}/api/invite", headers=owner).raise_for_status().json()["invite_url"]
    with httpx.Client(base_url=local.url, timeout=60, follow_redirects=True) as browser:
        browser.get(invited)
        form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], "email": email, "password": "long-enough-1"}
        browser.post(invited, data=form, headers={"Referer": local.url + invited})
        return str(browser.get("/api/current-user/token").raise_for_status().json()["token"])


def test_a_restart_in_mid_push_and_in_mid_pull_loses_and_doubles_nothing(
    first: Round, local: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        disturbed = disturb(patch, "import_tasks", (3,), local.restart)
        synchronised(first)
    assert disturbed == [3]
    connection, _ = synchronised(first)
    assert keys_there(connection) == once(first)
    work(local, local.login.token, connection.projects["pages"].id, lambda _: "code")
    work(local, local.login.token, connection.projects["prefixes"].id, lambda _: "accept")
    with monkeypatch.context() as patch:
        disturbed = disturb(patch, "_tasks_after", (5,), local.restart)
        synchronised(first)
    assert disturbed == [5]
    assert local.starts >= 3
    assert Counter(answer.key for answer in in_force(last_answers(first))) == once(first)
    assert keys_there(connection) == once(first)


@pytest.mark.parametrize("patience", [60.0, 2.0])
def test_a_locked_database_is_waited_for(
    first: Round, local: Machine, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    """Another process holds SQLite's write lock for seven seconds, longer than the server's own wait for it."""
    settings = first.run.config.studio.model_copy(update={"timeout_seconds": patience})
    monkeypatch.setattr(api, "SETTLE_SECONDS", 15.0)
    first.run.config = first.run.config.model_copy(update={"studio": settings})
    held: list[float] = []

    def hold() -> None:
        with closing(sqlite3.connect(local.database, timeout=30, isolation_level=None)) as base:
            base.execute("BEGIN IMMEDIATE")
            start = time.monotonic()
            time.sleep(7)
            base.execute("ROLLBACK")
            held.append(time.monotonic() - start)

    with monkeypatch.context() as patch:
        disturb(patch, "import_tasks", (2,), hold)
        synchronised(first)
    assert len(held) == 1
    still, deadline = 0, time.monotonic() + 100
    while still < 3 and time.monotonic() < deadline:
        time.sleep(2)  # an import that was given up may still happen; the push after that takes away what came twice
        connection, said = synchronised(first)
        still = still + 1 if not said and keys_there(connection) == once(first) else 0
    assert still == 3


def test_an_answer_that_the_server_did_not_count_is_counted_by_the_next_pull(first: Round, local: Machine) -> None:
    """Its database was locked between the answer and the count: the task stays open, though nobody can take it."""
    connection, _ = synchronised(first)
    project = connection.projects["pages"].id
    tokens = [sign_up(local, f"{name}-{project}@people.example.org") for name in ("cat", "dan")]
    for token in tokens:
        work(local, token, project, lambda _: "code")
    with closing(sqlite3.connect(local.database, timeout=30)) as base, base:
        lost = [row[0] for row in base.execute("SELECT id FROM task WHERE project_id = ? AND overlap = 2", (project,))]
        marks = ",".join("?" * len(lost))
        base.execute(f"UPDATE task SET total_annotations = 1, is_labeled = 0 WHERE id IN ({marks})", lost)
    assert len(lost) > 5
    before = {task.id: task.annotations for task in connection.studio.tasks(project, annotations=True)}
    synchronised(first)
    after = {task.id: task for task in connection.studio.tasks(project, annotations=True)}
    assert {after[number].annotated for number in lost} == {2}
    said = {number: [(one.id, one.user, one.result) for one in before[number]] for number in lost}
    assert {number: [(one.id, one.user, one.result) for one in after[number].annotations] for number in lost} == said
    assert synchronised(first)[1] == []
    with closing(sqlite3.connect(local.database, timeout=30)) as base:
        found = base.execute("SELECT count(*) FROM task WHERE project_id = ? AND is_labeled = 0", (project,)).fetchone()
    assert found == (0,)


def test_two_people_at_once_on_the_same_and_on_different_tasks(first: Round, local: Machine) -> None:
    connection, _ = synchronised(first)
    names = [f"{name}-{connection.projects['pages'].id}@people.example.org" for name in ("ann", "bob")]
    tokens = [sign_up(local, name) for name in names]
    votes = {task.key: task.votes for task in read_tasks(first)}
    meet = threading.Barrier(2)
    pulling = threading.Event()

    def label(token: str, choice: str) -> int:
        meet.wait()
        return work(local, token, connection.projects["pages"].id, lambda _: choice)

    with ThreadPoolExecutor(3) as pool:

        def pull_meanwhile() -> int:
            rounds = 0
            while not pulling.is_set():
                talk(label_state_of(first))
                rounds += 1
            return rounds

        pulls = pool.submit(pull_meanwhile)
        counts = [0, 0]
        for _ in range(3):  # who finds nothing but what the other has open is told that nothing is left
            done = [pool.submit(label, token, choice) for token, choice in zip(tokens, ("code", "junk"), strict=True)]
            counts = [count + one.result() for count, one in zip(counts, done, strict=True)]
        pulling.set()
        assert pulls.result() > 0
    talk(label_state_of(first))
    pages = [answer for answer in in_force(last_answers(first)) if answer.kind == "page"]
    assert Counter(answer.slot for answer in pages).total() == len({answer.slot for answer in pages}) == sum(counts)
    given = Counter(answer.key for answer in pages)
    assert set(given) == {key for key in votes if "-page-" in key}
    assert all(votes[key] <= count <= 2 for key, count in given.items())
    assert {answer.value for answer in pages} == {"C", "J"}
    assert len({answer.annotator for answer in pages}) == 2
    by_annotator = Counter(answer.annotator for answer in pages)
    assert sorted(by_annotator.values()) == sorted(counts)
    assert {ballot.task.key for ballot in label_state_of(first).queue} >= {
        key for key, count in votes.items() if count == 2 and "-page-" in key
    }


def test_a_token_that_expires_or_is_taken_back_is_said_and_a_new_one_goes_on(
    first: Round, local: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_STUDIO_TOKEN", local.mint(-1))
    with pytest.raises(Refused, match=r"token in RECALL_STUDIO_TOKEN is not valid or has expired"):
        synchronised(first)
    monkeypatch.setenv("RECALL_STUDIO_TOKEN", local.login.token)
    owner = {"Authorization": f"Token {local.login.token}"}
    fresh: list[str] = []

    def take_back() -> None:
        reply = httpx.post(f"{local.url}/api/current-user/reset-token", headers=owner).raise_for_status()
        fresh.append(str(reply.json()["token"]))

    real = Studio.import_tasks

    def refuse(self: Studio, *given: Any, **more: Any) -> list[int]:
        if not fresh:
            take_back()
        return real(self, *given, **more)

    monkeypatch.setattr(Studio, "import_tasks", refuse)
    with pytest.raises(Refused, match=r"take a new one from Label Studio's account page"):
        synchronised(first)
    monkeypatch.setenv("RECALL_STUDIO_TOKEN", fresh[0])
    assert keys_there(synchronised(first)[0]) == once(first)
    login = local.folder / "login.json"
    login.write_text(login.read_text().replace(local.login.token, fresh[0]))
    assert keys_there(open_connection(first, [])) == once(first)
