"""A round and a real Label Studio: tasks arrive exactly once, answers come back, whatever goes wrong between."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from label_studio_sdk import LabelStudio

from annotation.answers import NO_LABEL, in_force, last_answers, read_tasks
from annotation.label_state import label_state_of
from annotation.label_step import advance, conclude, talk
from annotation.progress_lines import state_line
from annotation.studio import studio_api as api
from annotation.studio.local import Local
from annotation.studio.projects import NAMES, find_projects
from annotation.studio.studio_api import Studio
from annotation.studio.sync import StudioConnection, open_connection, synchronise
from annotation.tasks import push
from recall.errors import BadInput, Refused, Transient
from recall.labels.decisions import page_labels
from recall.records import Done, Waiting
from recall.run.rounds import Round

pytestmark = [pytest.mark.label_studio, pytest.mark.slow, pytest.mark.usefixtures("connected")]


def synchronised(round_: Round) -> tuple[StudioConnection, list[str]]:
    """Synchronise a round as it is now; returns the connection and what happened."""
    connection, _, lines = synchronise(label_state_of(round_))
    return connection, lines


@contextmanager
def at_label(loop: Any) -> Iterator[Round]:
    """The first round, its tasks written, under the run's lease."""
    with loop.run.lease():
        loop.first.begin("label")
        push(loop.first)
        yield loop.first


SHARED = "overlap = 0.5\ngold_share = 0.0\nsuspect_share = 0.0"
"""[label] settings with which half of the pages are asked about twice."""


@pytest.fixture
def talking(make_loop: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The loop at its label step; projects of its own, as all loops of the tests have the same inputs."""
    loop = make_loop(label=SHARED) if "disagreements" in request.node.name else make_loop()
    key = request.node.name.replace("[", "-").replace("]", "")
    for name, value in (("SETTLE_SECONDS", 0.0), ("BATCH", 10), ("PAGE", 16)):
        monkeypatch.setattr(api, name, value)
    settings = loop.run.config.studio.model_copy(update={"key": key})
    loop.run.config = loop.run.config.model_copy(update={"studio": settings})
    with at_label(loop):
        yield loop


@pytest.fixture
def sdk(server: Local) -> Iterator[Any]:
    made: Any = LabelStudio
    with httpx.Client(timeout=60) as client:
        yield made(base_url=server.url, api_key=server.login.token, httpx_client=client)


def verdict(choice: str, name: str = "verdict") -> list[dict[str, Any]]:
    return [{"from_name": name, "to_name": "page", "type": "choices", "value": {"choices": [choice]}}]


def keys_there(connection: StudioConnection) -> Counter[str]:
    """How often each key is there."""
    return Counter(
        str(task.data["key"])
        for name in ("pages", "prefixes")
        for task in connection.studio.tasks(connection.projects[name].id)
    )


def task_ids(connection: StudioConnection, name: Any = "pages") -> dict[str, int]:
    return {str(task.data["key"]): task.id for task in connection.studio.tasks(connection.projects[name].id)}


def all_keys(round_: Round) -> Counter[str]:
    return Counter(task.key for task in read_tasks(round_))


def test_projects_are_made_once_and_screens_put_right(talking: Any, sdk: Any) -> None:
    lines: list[str] = []
    connection = open_connection(talking.first, lines)
    assert [line.split(":")[0] for line in lines] == list(NAMES)
    again: list[str] = []
    assert open_connection(talking.first, again).projects.keys() == connection.projects.keys()
    assert again == []
    other = sdk.projects.get(id=connection.projects["pages"].id).label_config.replace("Adjacent", "Near")
    sdk.projects.update(id=connection.projects["pages"].id, label_config=other)
    copy = sdk.projects.create(title="copy", description=connection.projects["pages"].description)
    open_connection(talking.first, again)
    assert again == [f"pages: put the labelling screen of project {connection.projects['pages'].id} right"]
    assert copy.id not in {project.id for project in connection.studio.projects()}
    assert find_projects(connection.studio, talking.run)["pages"].id == connection.projects["pages"].id


def test_a_round_of_audit_pages_alone_is_pushed_though_no_task_has_a_prediction(
    make_loop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "SETTLE_SECONDS", 0.0)
    loop = make_loop()
    changed = {
        "label": loop.run.config.label.model_copy(update={"pages": 0}),
        "studio": loop.run.config.studio.model_copy(update={"key": "blind"}),
    }
    loop.run.config = loop.run.config.model_copy(update=changed)
    with at_label(loop):
        assert "pages: pushed 12 tasks, 0 were there" in synchronised(loop.first)[1]
        assert synchronised(loop.first)[1] == []


def test_a_push_that_is_repeated_adds_nothing_and_puts_back_what_was_deleted(talking: Any, sdk: Any) -> None:
    connection, lines = synchronised(talking.first)
    assert "pages: pushed 32 tasks, 0 were there" in lines
    assert keys_there(connection) == all_keys(talking.first)
    assert synchronised(talking.first)[1] == []
    ids = task_ids(connection)
    sdk.tasks.delete(id=str(min(ids.values())))
    sdk.projects.import_tasks(
        id=connection.projects["pages"].id, request=[{"data": {"head": "", "page": "", "signals": ""}}]
    )
    twin = next(task for task in connection.studio.tasks(connection.projects["pages"].id) if task.data.get("key"))
    sdk.projects.import_tasks(id=connection.projects["pages"].id, request=[{"data": dict(twin.data)}])
    assert synchronised(talking.first)[1] == [
        "pages: pushed 1 tasks, 31 were there",
        "pages: took away 1 copies of tasks that came twice",
    ]
    stranger = {
        task.id for task in connection.studio.tasks(connection.projects["pages"].id) if not task.data.get("key")
    }
    assert len(stranger) == 1  # not ours: left alone
    sdk.tasks.delete(id=str(stranger.pop()))
    assert keys_there(connection) == all_keys(talking.first)


def test_what_is_there_is_not_listed_again_until_it_changes(talking: Any, sdk: Any, connected: Any) -> None:
    connection, _ = synchronised(talking.first)
    ids = task_ids(connection)

    def asked() -> int:
        connected.seen.clear()
        assert synchronised(talking.first)[1] in ([], ["pages: pushed 1 tasks, 31 were there"])
        return sum(method == "GET" and path.startswith("/api/tasks") for method, path, _ in connected.seen)

    looked, remembered = asked(), asked()
    assert remembered <= looked - 4
    assert asked() == remembered
    sdk.tasks.delete(id=str(max(ids.values())))
    assert asked() > remembered
    assert keys_there(connection) == all_keys(talking.first)
    assert asked() > remembered
    sdk.annotations.create(id=min(ids.values()), result=verdict("code"))
    assert isinstance(conclude(label_state_of(talking.first), now=True), Done)
    assert not talking.run.store.keys("rounds/1/label/studio/")
    assert talking.run.verify() == []


def test_a_poll_reads_each_file_of_the_label_folder_once(talking: Any, sdk: Any, reads: Counter[str]) -> None:
    for _ in range(2):
        synchronised(talking.first)
    ids = task_ids(synchronised(talking.first)[0])
    for number in (min(ids.values()), max(ids.values())):
        sdk.annotations.create(id=number, result=verdict("code"))
    for answers in (2, 0):
        reads.clear()
        told: list[str] = []
        state, url = talk(label_state_of(talking.first), told.append)
        assert isinstance(conclude(state, url), Waiting)
        assert "2 of 37 tasks answered" in state_line(state)
        assert told == ([f"pages: {answers} new answers"] if answers else [])
        assert {key: count for key, count in reads.items() if "/label/" in key and count > 1} == {}


@pytest.mark.parametrize("fault", ["lost", "cut", "500"])
def test_an_import_that_fails_halfway_ends_with_every_task_once(talking: Any, connected: Any, fault: str) -> None:
    count = 0

    def every_second(method: str, path: str) -> str:
        nonlocal count
        count += method == "POST" and path.endswith("/import")
        return fault if method == "POST" and path.endswith("/import") and count % 2 else ""

    connected.fault = every_second
    connection, _ = synchronised(talking.first)
    assert sum(known == fault for *_, known in connected.seen) >= 3
    assert keys_there(connection) == all_keys(talking.first)


@pytest.mark.parametrize("when", [1, 3])
def test_a_push_killed_after_an_import_goes_on(talking: Any, monkeypatch: pytest.MonkeyPatch, when: int) -> None:
    deliver, left = Studio.import_tasks, [when]

    def die_after(self: Studio, project: int, tasks: Any) -> list[int]:
        made = deliver(self, project, tasks)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return made

    with monkeypatch.context() as patch:
        patch.setattr(Studio, "import_tasks", die_after)
        with pytest.raises(KeyboardInterrupt):
            synchronised(talking.first)
    connection, lines = synchronised(talking.first)
    assert f"pages: pushed {32 - 10 * when} tasks, {10 * when} were there" in lines
    assert keys_there(connection) == all_keys(talking.first)


def test_blind_tasks_show_no_score_and_the_others_are_ordered_by_doubt(talking: Any) -> None:
    connection, _ = synchronised(talking.first)
    rows = talking.run.store.read_table(talking.first.step("label").key("tasks.parquet")).to_pylist()
    blind = {row["key"] for row in rows if row["blind"]}
    there = {
        str(task.data["key"]): task
        for task in connection.studio.tasks(connection.projects["pages"].id, annotations=True)
    }
    assert blind
    for row in rows:
        task = there[row["key"]]
        assert bool(task.versions) != (row["key"] in blind)
        shown = json.dumps(task.data)
        assert ("model score" in shown) != (row["key"] in blind)
        assert not {"stratum", "probability", "use", "answer"} & set(task.data)
        assert (task.data["score"] is None) == (row["key"] in blind)
        assert f"{row['score']:.3f}" in shown or row["key"] in blind
        assert task.votes == row["votes"]
    versions = {version for task in there.values() for version in task.versions}
    assert versions == {connection.studio.project(connection.projects["pages"].id).model_version}


def test_answers_come_back_in_every_shape(talking: Any, sdk: Any) -> None:
    connection, _ = synchronised(talking.first)
    ids, prefixes = task_ids(connection), task_ids(connection, "prefixes")
    keys = sorted(ids)[:8]
    ann = sdk.users.create(
        email=f"ann-{connection.projects['pages'].id}@example.org", username="ann", password="long-enough-1"
    )
    extras = [
        {"from_name": "comment", "to_name": "page", "type": "textarea", "value": {"text": ["hard  to\nsay"]}},
        *verdict("tutorial or course", "category"),
    ]
    made = [
        sdk.annotations.create(
            id=ids[keys[0]], result=[*verdict("code"), *extras], lead_time=12.34, completed_by=ann.id
        ),
        sdk.annotations.create(id=ids[keys[0]], result=verdict("adjacent")),
        sdk.annotations.create(id=ids[keys[1]], result=verdict("not_code")),
        sdk.annotations.create(id=ids[keys[2]], result=[], was_cancelled=True),
        sdk.annotations.create(id=ids[keys[3]], result=[]),
        sdk.annotations.create(id=ids[keys[4]], result=verdict("nonsense")),
        sdk.annotations.create(id=ids[keys[5]], result=verdict("junk")),
        sdk.annotations.create(id=ids[keys[5]], result=verdict("code")),
        sdk.annotations.create(id=prefixes[min(prefixes)], result=verdict("split")),
    ]
    lines = synchronised(talking.first)[1]
    assert "pages: 6 new answers" in lines
    assert "pages: 1 answers with a choice that is not on our screen" in lines
    assert "pages: 1 answers by an annotator who answered twice" in lines
    said = {(one.key, one.annotator): one for one in in_force(last_answers(talking.first))}
    first = [one for one in said.values() if one.key == keys[0]]
    assert {one.value for one in first} == {"C", "A"}
    full = next(one for one in first if one.value == "C")
    assert (full.seconds, full.category, full.comment) == (12.3, "tutorial or course", "hard to say")
    assert full.source == f"label-studio/{connection.projects['pages'].id}/{made[0].id}"
    assert full.time.startswith("20")
    assert "@" not in "".join(one.annotator for one in said.values())
    values = {key: value.value for (key, _), value in said.items()}
    assert [values[key] for key in keys[1:4]] == ["N", NO_LABEL, NO_LABEL]
    assert keys[4] not in values
    assert values[keys[5]] == "C"
    assert values[min(prefixes)] == "split"

    sdk.annotations.update(id=made[2].id, result=verdict("code"))
    sdk.annotations.delete(id=made[1].id)
    sdk.tasks.delete(id=str(ids[keys[5]]))
    lines = synchronised(talking.first)[1]
    assert "pages: 2 new answers" in lines
    assert "pages: 1 answers withdrawn, as their annotations were deleted" in lines
    assert "pages: 1 answers kept though their tasks were deleted in Label Studio" in lines
    said = {(one.key, one.annotator): one for one in in_force(last_answers(talking.first))}
    assert {one.value for one in said.values() if one.key == keys[0]} == {"C"}
    assert {one.value for one in said.values() if one.key == keys[1]} == {"C"}
    assert [one.withdrawn for one in last_answers(talking.first)].count(True) == 1
    assert any(key == keys[5] for key, _ in said)


def test_disagreements_are_moved_decided_and_the_step_ends(talking: Any, sdk: Any) -> None:
    connection, _ = synchronised(talking.first)
    ids, prefixes = task_ids(connection), task_ids(connection, "prefixes")
    other = sdk.users.create(
        email=f"o-{connection.projects['pages'].id}@example.org", username="o", password="long-enough-1"
    )
    votes = {task.key: task.votes for task in read_tasks(talking.first)}
    shared = [key for key in ids if votes[key] > 1]
    assert shared
    for key, number in ids.items():
        sdk.annotations.create(id=number, result=verdict("code"))
        if key in shared:
            sdk.annotations.create(id=number, result=verdict("junk"), completed_by=other.id)
    for key, number in prefixes.items():
        sdk.annotations.create(id=number, result=verdict("accept"))
        if votes[key] > 1:
            sdk.annotations.create(id=number, result=verdict("accept"), completed_by=other.id)
    connection, lines = synchronised(talking.first)
    assert f"decide-pages: pushed {len(shared)} tasks, 0 were there" in lines
    assert isinstance(conclude(label_state_of(talking.first)), Waiting)
    cases = task_ids(connection, "decide-pages")
    assert set(cases) == set(shared)
    shown = next(iter(connection.studio.tasks(connection.projects["decide-pages"].id)))
    assert "Annotators disagree." in str(shown.data["signals"])
    for number in cases.values():
        sdk.annotations.create(id=number, result=verdict("adjacent"))
    ended = conclude(*talk(label_state_of(talking.first)))
    assert isinstance(ended, Done)
    rows = talking.run.store.read_table(talking.first.step("label").key("labels.parquet")).to_pylist()
    urls = {task.target for task in read_tasks(talking.first) if task.key in shared}
    assert {row["value"] for row in rows if row["target"] in urls} == {"A"}
    assert {row["source"] for row in rows if row["target"] in urls} == {"decision"}


def test_a_run_waits_at_the_projects_and_survives_an_absent_server(talking: Any, connected: Any) -> None:
    waiting = advance(talking.first)
    assert isinstance(waiting, Waiting)
    assert waiting.url.startswith(f"{connected.url}/projects/")
    connected.fault = lambda *_: "cut"
    with pytest.raises(Transient, match=r"does not answer .* is it running"):
        advance(talking.first)
    failures = iter(["500", "cut", "503"])
    connected.fault = lambda *_: next(failures, "")
    assert advance(talking.first) == waiting


def test_a_token_that_is_not_valid_is_named(talking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_STUDIO_TOKEN", "0" * 40)
    with pytest.raises(Refused, match=r"token in RECALL_STUDIO_TOKEN is not valid or has expired \(Invalid token"):
        synchronised(talking.first)
    expired = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEsInRva2VuX3R5cGUiOiJyZWZyZXNoIn0.c2ln"
    monkeypatch.setenv("RECALL_STUDIO_TOKEN", expired)
    with pytest.raises(Refused, match="has expired"):
        synchronised(talking.first)
    monkeypatch.delenv("RECALL_STUDIO_TOKEN")
    with pytest.raises(BadInput, match="RECALL_STUDIO_TOKEN: not set"):
        synchronised(talking.first)


def test_a_webhook_is_added_once_and_told(talking: Any, sdk: Any, connected: Any) -> None:
    settings = talking.run.config.studio.model_copy(update={"webhook": f"{connected.url}/hook"})
    talking.run.config = talking.run.config.model_copy(update={"studio": settings})
    connection, lines = synchronised(talking.first)
    assert sum("added the webhook" in line for line in lines) == len(NAMES)
    assert synchronised(talking.first)[1] == []
    sdk.annotations.create(id=min(task_ids(connection).values()), result=verdict("code"))
    assert any((method, path) == ("POST", "/hook") for method, path, _ in connected.seen)


def test_answers_to_a_round_that_has_ended_are_said_kept_and_learned_from(
    talking: Any, sdk: Any, next_round: Any
) -> None:
    connection, _ = synchronised(talking.first)
    ids = task_ids(connection)
    train = sorted(task.key for task in read_tasks(talking.first) if task.kind == "page" and task.use == "train")
    early = sdk.annotations.create(id=ids[train[0]], result=verdict("not_code"))
    synchronised(talking.first)
    assert isinstance(conclude(label_state_of(talking.first), now=True), Done)
    next_round(talking)
    second = talking.run.round(2)
    second.begin("label")
    push(second)
    said = "pages: {} answers to tasks of rounds that have ended; kept for this one"
    assert not [line for line in synchronised(second)[1] if "ended" in line]
    sdk.annotations.create(id=ids[train[1]], result=verdict("code"))
    sdk.annotations.create(id=ids[train[2]], result=[], was_cancelled=True)
    assert said.format(2) in synchronised(second)[1]
    assert synchronised(second)[1] == []
    sdk.annotations.update(id=early.id, result=verdict("code"))
    assert said.format(1) in synchronised(second)[1]
    own = next(task for task in read_tasks(second) if task.kind == "page")
    sdk.annotations.create(id=task_ids(connection)[own.key], result=verdict("junk"))
    assert synchronised(second)[1] == ["pages: 1 new answers"]
    assert isinstance(conclude(label_state_of(second), now=True), Done)
    targets = {task.key: task.target for task in read_tasks(talking.first)}
    labelled = page_labels(talking.run, [1, 2])
    assert {labelled[targets[key]].value for key in train[:2]} == {"C"}
    assert targets[train[2]] not in labelled
    assert page_labels(talking.run, [1])[targets[train[0]]].value == "N"
