"""Reading from datasets on the Hub: ranges, commits, tokens and faults."""

import io
import logging
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub.errors import HFValidationError, OfflineModeIsEnabled

from recall.config import AccessSection
from recall.errors import BadInput, RecallError, Refused, ShardUnreadable
from recall.io import exists, list_keys, open_readahead, pinned, publish, read_all, read_range, size
from recall.io.hub_errors import translated
from recall.io.parquet import ParquetReader
from recall.io.retry_policy import Again
from tests.hub_server import TOKEN, Dataset, HubServer

URL = "hf://datasets/us/pages"
DATA = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def _datasets(hub_server: HubServer, pauses: list[float]) -> None:  # noqa: ARG001 - no test here waits in earnest
    files = {"small.txt": b"few", "data/a.bin": DATA, "data/deep/b c.bin": DATA[1:], "data/c.bin": DATA[2:]}
    hub_server.datasets["us/pages"].commit(files)
    hub_server.datasets["us/secret"] = Dataset(private=True)
    hub_server.datasets["us/secret"].commit({"a.bin": DATA})


@pytest.mark.parametrize(
    ("name", "data"), [("small.txt", b"few"), ("data/a.bin", DATA), ("data/deep/b c.bin", DATA[1:])]
)
def test_a_file_is_read_whole_and_by_range(patient: AccessSection, name: str, data: bytes) -> None:
    url = f"{URL}/{name}"
    assert read_all(url, patient) == data
    assert read_range(url, 1, 2, patient) == data[1:3]
    assert size(url, patient) == len(data)
    with open_readahead(url, patient) as stream:
        assert stream.read() == data


def test_what_is_not_there_has_no_size(patient: AccessSection) -> None:
    assert not exists(f"{URL}/gone.bin", patient)
    with pytest.raises(ShardUnreadable, match=r"not found"):
        read_all(f"{URL}/gone.bin", patient)


def test_a_folder_is_listed_page_by_page(hub_server: HubServer, patient: AccessSection) -> None:
    assert sorted(list_keys(f"{URL}/data", patient)) == ["a.bin", "c.bin", "deep/b c.bin"]
    assert sum("/tree/" in asked for asked in hub_server.asked) == 2


def test_a_branch_is_taken_at_its_commit_once(hub_server: HubServer, patient: AccessSection) -> None:
    dataset = hub_server.datasets["us/pages"]
    commit = dataset.branches["main"]
    at_commit = pinned(f"{URL}/small.txt", patient)
    assert at_commit == f"{URL}@{commit}/small.txt"
    dataset.commit({"small.txt": b"more"})
    assert pinned(f"{URL}/data/a.bin", patient) == f"{URL}@{commit}/data/a.bin"
    assert read_all(at_commit, patient) == b"few"
    assert read_all(f"{URL}@main/small.txt", patient) == b"more"
    assert pinned(at_commit, patient) == at_commit
    assert pinned("https://example.org/a", patient) == "https://example.org/a"


def test_a_revision_may_be_a_branch_or_a_pull_request(hub_server: HubServer, patient: AccessSection) -> None:
    for branch in ("next", "refs/pr/3"):
        commit = hub_server.datasets["us/pages"].commit({"small.txt": branch.encode()}, branch)
        url = f"{URL}@{branch}/small.txt"
        assert read_all(url, patient) == branch.encode()
        assert pinned(url, patient) == f"{URL}@{commit}/small.txt"


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        ({"status": 429, "headers": {"Retry-After": "7"}}, 7),
        ({"status": 429, "headers": {"RateLimit": '"resolvers";r=0;t=9'}}, 9),
        ({"status": 503}, 0),
        ({"status": 500}, 0),
        ({"cut": 0}, 0),
        ({"cut": 100}, 0),
    ],
    ids=str,
)
@pytest.mark.parametrize("route", ["resolve", "/cdn/"])
def test_what_may_pass_is_tried_again(
    hub_server: HubServer, patient: AccessSection, pauses: list[float], route: str, fault: dict[str, object], pause: int
) -> None:
    hub_server.fault(route, **fault)
    assert read_all(f"{URL}/data/a.bin", patient) == DATA
    if not (route == "resolve" and "cut" in fault):  # a redirect has no body to cut
        assert pauses
        assert max(pauses) >= pause


@pytest.mark.parametrize("status", [429, 503])
def test_questions_are_tried_again_too(hub_server: HubServer, patient: AccessSection, status: int) -> None:
    hub_server.fault("paths-info", status=status)
    assert size(f"{URL}/small.txt", patient) == 3


@pytest.mark.parametrize(
    ("url", "token", "line"),
    [
        ("hf://datasets/us/secret/a.bin", "", "no such dataset, or it is private; no token was sent: set HF_TOKEN"),
        ("hf://datasets/us/none/a.bin", "", "set HF_TOKEN or run `hf auth login`"),
        ("hf://datasets/us/none/a.bin", TOKEN, "no such dataset"),
        (f"{URL}@nowhere/small.txt", TOKEN, "no such revision"),
    ],
)
@pytest.mark.parametrize("act", [read_all, size, pinned])
def test_what_is_refused_says_why_in_one_line(
    monkeypatch: pytest.MonkeyPatch, patient: AccessSection, url: str, token: str, line: str, act: object
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(RecallError) as caught:
        act(url, patient)  # type: ignore[operator]
    assert line in str(caught.value)
    assert str(caught.value).startswith(url.partition("/a.bin")[0].partition("/small")[0])
    assert "\n" not in str(caught.value)


def test_a_gated_dataset_asks_for_a_token(hub_server: HubServer, patient: AccessSection) -> None:
    hub_server.fault("resolve", status=403, headers={"X-Error-Code": "GatedRepo"})
    with pytest.raises(Refused, match=r"gated .403.: ask for access"):
        read_all(f"{URL}/small.txt", patient)


def test_a_private_dataset_is_read_with_the_token_that_is_never_told(
    hub_server: HubServer, patient: AccessSection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert read_all("hf://datasets/us/secret/a.bin", patient) == DATA
    hub_server.fault("resolve", status=403)
    with pytest.raises(Refused) as caught:
        read_all("hf://datasets/us/secret/a.bin", patient)
    assert TOKEN not in caplog.text + str(caught.value)
    anonymous = patient.model_copy(update={"anonymous": True})
    with pytest.raises(Refused, match=r"no token was sent"):
        read_all("hf://datasets/us/secret/a.bin", anonymous)


@pytest.mark.parametrize(
    ("raised", "error", "line"),
    [
        (RuntimeError("store is away"), Again, "connection broke: RuntimeError"),
        (ConnectionResetError(), Again, "connection broke: ConnectionResetError"),
        (TimeoutError(), Again, "connection broke: TimeoutError"),
        (PermissionError("no"), Refused, "look at the token's rights"),
        (OfflineModeIsEnabled("off"), ShardUnreadable, "HF_HUB_OFFLINE is set"),
        (HFValidationError("no name"), BadInput, "expected hf://datasets/OWNER/NAME"),
        (ValueError("not\nJSON"), ShardUnreadable, "the Hub's answer is not understood"),
    ],
    ids=str,
)
def test_errors_are_sorted_by_what_follows(raised: Exception, error: type[Exception], line: str) -> None:
    def wrapped() -> None:
        try:
            raise raised
        except type(raised) as cause:
            raise RuntimeError("while uploading") from cause

    def plain() -> None:
        raise raised

    for act in (wrapped, plain):
        with pytest.raises(error, match=line) as caught, translated(URL, named=True, writing=False):
            act()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["hf://datasets/us", "hf://us/model/a.bin", "hf://", "hf://spaces/a/b/c", "hf://datasets/us/pages/../a"]
)
def test_other_places_are_no_input(patient: AccessSection, url: str) -> None:
    with pytest.raises(BadInput, match=r"expected hf://datasets/OWNER/NAME"):
        read_all(url, patient)


def test_nothing_is_written_to_the_hub_file_by_file() -> None:
    with pytest.raises(BadInput, match=r"`recall release` and `recall export` write to the Hub"):
        publish(f"{URL}/a.txt", b"a")


def test_of_a_parquet_file_the_bytes_that_are_needed_come(hub_server: HubServer, patient: AccessSection) -> None:
    table = pa.table({"n": list(range(20_000)), "s": [random.Random(n).randbytes(50).hex() for n in range(20_000)]})
    held = io.BytesIO()
    pq.write_table(table, held, row_group_size=1_000)
    hub_server.datasets["us/pages"].commit({"big.parquet": held.getvalue()})
    reader = ParquetReader(pinned(f"{URL}@main/big.parquet", patient), patient)
    assert reader.read_group(7, ["n"]).column("n").to_pylist() == list(range(7_000, 8_000))
    assert hub_server.sent < len(held.getvalue()) / 5
