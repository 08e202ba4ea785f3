"""Writing a folder to a dataset on the Hub: whole, once, and over nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from recall.config import AccessSection
from recall.errors import BadInput, Refused, StorageUnusable, Transient
from recall.io import objects, publish_folder
from recall.io.hub_commit import HubFolder
from tests.hub_server import TOKEN, Dataset, HubServer

T = TypeVar("T")

URL = "hf://datasets/us/pages/2026"
LAST = ("README.md", "SUMS")

pytestmark = pytest.mark.filterwarnings("ignore:Use .content=:DeprecationWarning")  # huggingface_hub's way to put files


@pytest.fixture
def folder(tmp_path: Path, pauses: list[float]) -> Path:  # noqa: ARG001 - no test here waits in earnest
    made = tmp_path / "made"
    (made / "model").mkdir(parents=True)
    for name, data in FILES.items():
        (made / name).write_bytes(data)
    return made


FILES = {"README.md": b"---\nlicense: other\n---\n", "SUMS": b"sums", "model/a.bin": b"a" * 5_000, "b.json": b"{}"}


def write(folder: Path, access: AccessSection, url: str = URL) -> str:
    return publish_folder(url, folder, LAST, "Add it", access)


def there(hub_server: HubServer, start: str = "2026/") -> dict[str, bytes]:
    held = hub_server.datasets["us/pages"].head()
    return {path.removeprefix(start): data for path, data in held.items() if path.startswith(start)}


def commits(hub_server: HubServer) -> int:
    return sum("/commit/" in asked for asked in hub_server.asked)


def test_all_files_are_one_commit(hub_server: HubServer, folder: Path, patient: AccessSection) -> None:
    number = write(folder, patient)
    assert number == hub_server.datasets["us/pages"].branches["main"]
    assert there(hub_server) == FILES
    assert commits(hub_server) == 1


def test_the_same_folder_again_is_no_commit(hub_server: HubServer, folder: Path, patient: AccessSection) -> None:
    assert write(folder, patient) == write(folder, patient)
    assert commits(hub_server) == 1


def test_a_dataset_itself_and_another_branch_are_written_to(
    hub_server: HubServer, folder: Path, patient: AccessSection
) -> None:
    dataset = hub_server.datasets["us/pages"]
    dataset.commit({}, "next")
    write(folder, patient, "hf://datasets/us/pages@next")
    assert FILES.items() <= dataset.head("next").items()
    assert set(dataset.head("main")) == {".gitattributes"}


def test_of_many_files_those_that_vouch_for_the_others_come_last(
    hub_server: HubServer, folder: Path, patient: AccessSection
) -> None:
    def call(action: Callable[[], T]) -> T:
        return objects.request(action, URL, patient, reading=False)

    HubFolder(URL, patient, call, files=1).publish(folder, LAST, "Add it")
    dataset = hub_server.datasets["us/pages"]
    seen = [
        {name.removeprefix("2026/") for name in files if name != ".gitattributes"} for files in dataset.commits.values()
    ]
    assert [len(names) for names in seen] == [0, 1, 2, 3, 4]
    assert seen[2] == {"b.json", "model/a.bin"}


@pytest.mark.parametrize(
    ("route", "fault"),
    [
        ("/commit/", {"status": 409}),
        ("/commit/", {"status": 412}),
        ("/commit/", {"status": 503}),
        ("/commit/", {"status": 429, "headers": {"Retry-After": "1"}}),
        ("/preupload/", {"status": 503}),
        ("/objects/batch", {"status": 503}),
        ("/lfs/", {"status": 500}),
        ("/paths-info/", {"status": 429}),
        ("/revision/", {"status": 502}),
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again(
    hub_server: HubServer, folder: Path, patient: AccessSection, route: str, fault: dict[str, object]
) -> None:
    url = URL.replace("pages/", "pages@main/")
    hub_server.fault(route, **fault)
    write(folder, patient, url)
    assert there(hub_server) == FILES
    assert hub_server.faults == []


def test_a_commit_of_others_in_between_is_built_upon(
    hub_server: HubServer, folder: Path, patient: AccessSection
) -> None:
    dataset = hub_server.datasets["us/pages"]
    hub_server.fault("/preupload/", then=lambda: dataset.commit({"theirs": b"x"}))
    write(folder, patient)
    assert there(hub_server) == FILES
    assert dataset.head()["theirs"] == b"x"
    assert commits(hub_server) == 2


def test_other_bytes_in_between_are_not_written_over(
    hub_server: HubServer, folder: Path, patient: AccessSection
) -> None:
    dataset = hub_server.datasets["us/pages"]
    hub_server.fault("/preupload/", then=lambda: dataset.commit({"2026/b.json": b"[]"}))
    with pytest.raises(BadInput, match=r"2026/b.json is there already, with other bytes"):
        write(folder, patient)
    assert there(hub_server) == {"b.json": b"[]"}


def test_a_lost_answer_makes_no_second_commit(hub_server: HubServer, folder: Path, patient: AccessSection) -> None:
    hub_server.fault("/commit/", cut=0)
    write(folder, patient)
    assert there(hub_server) == FILES
    assert commits(hub_server) == 1


def test_what_keeps_being_refused_ends(hub_server: HubServer, folder: Path, patient: AccessSection) -> None:
    for _ in range(patient.attempts):
        hub_server.fault("/commit/", status=412)
    with pytest.raises(Transient, match=r"the branch has moved .gave up after 4 attempts."):
        write(folder, patient)
    assert there(hub_server) == {}


@pytest.mark.parametrize(
    ("url", "token", "refusal"),
    [
        ("hf://datasets/us/none", TOKEN, (StorageUnusable, "make the dataset or the branch first")),
        ("hf://datasets/us/none", "", (Refused, "no token was sent: set HF_TOKEN")),
        ("hf://datasets/us/pages@nowhere/a", TOKEN, (StorageUnusable, "make the dataset or the branch first")),
        (f"hf://datasets/us/pages@{'0' * 40}/a", TOKEN, (BadInput, "name a branch to write to")),
        (URL, "", (Refused, "no right to write there")),
        (URL, "hf_another", (Refused, "look at the token's rights")),
    ],
)
def test_what_cannot_be_written_says_why(
    hub_server: HubServer,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    token: str,
    refusal: tuple[type[Exception], str],
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(refusal[0], match=refusal[1]):
        write(folder, AccessSection(), url)
    assert there(hub_server) == {}


def test_a_file_that_the_dataset_ignores_is_missed(hub_server: HubServer, folder: Path, patient: AccessSection) -> None:
    hub_server.datasets["us/pages"] = Dataset(ignored=("2026/model/a.bin",))
    hub_server.datasets["us/pages"].commit({})
    with pytest.raises(StorageUnusable, match=r"gitignore keeps 2026/model/a.bin out"):
        write(folder, patient)
