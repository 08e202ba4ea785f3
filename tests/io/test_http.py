"""Reading over http against a faulty server."""

from typing import TYPE_CHECKING

import pytest

from recall.config import AccessSection
from recall.errors import BadInput, Refused, ShardUnreadable
from recall.io import exists, open_stream, publish, read_all, read_range, size
from recall.io.http import endpoint_of
from recall.io.retry_policy import LONGEST_RETRY_AFTER

if TYPE_CHECKING:
    from tests.fault_server import FaultServer

DATA = bytes(range(256)) * 2000
SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)


@pytest.fixture(autouse=True)
def _served(fault_server: "FaultServer", pauses: list[float]) -> None:  # noqa: ARG001 - no test here waits in earnest
    fault_server.files["file"] = DATA


def test_a_file_is_read_whole_and_by_range(fault_server: "FaultServer", patient: AccessSection) -> None:
    url = fault_server.url("file")
    assert read_all(url, patient) == DATA
    assert read_range(url, 5, 300, patient) == DATA[5:305]
    with open_stream(url, patient, offset=len(DATA) - 4) as stream:
        assert (stream.size, stream.read(), stream.tell()) == (len(DATA), DATA[-4:], len(DATA))
    assert fault_server.asked == ["", "bytes=5-304", f"bytes={len(DATA) - 4}-"]


def test_we_say_who_we_are(fault_server: "FaultServer", patient: AccessSection) -> None:
    read_all(fault_server.url("file"), patient)
    (agent,) = fault_server.agents
    assert agent.startswith("recall/")
    assert agent.endswith("(+https://example.org/crawling)")


@pytest.mark.parametrize(
    "settings",
    [
        {"status": 503},
        {"status": 503, "body": SLOW_DOWN, "headers": {"Content-Type": "application/xml"}},
        {"status": 429},
        {"status": 500},
        {"stall": True},
        {"after": 0},
        {"after": 1000},
        {"after": 100_000},
        {"after": 100_000, "clean": True},
        {"after": 1000, "trickle": 0.2},
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again(
    fault_server: "FaultServer", patient: AccessSection, pauses: list[float], settings: dict[str, object]
) -> None:
    fault_server.then(**settings)
    fault_server.then(**settings)
    assert read_all(fault_server.url("file"), patient) == DATA
    assert len(fault_server.asked) == 3
    assert len(pauses) == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"ignore_range": True},
        {"content_range": ""},
        {"content_range": "bytes 0-99/512000"},
        {"content_range": "bytes 101-200/512000"},
        {"content_range": "bytes 100-150/512000"},
        {"content_range": "nonsense"},
        {"after": 50, "clean": True},
    ],
    ids=str,
)
def test_a_range_answer_is_taken_only_with_the_range_asked_for(
    fault_server: "FaultServer", patient: AccessSection, settings: dict[str, object]
) -> None:
    fault_server.then(**settings)
    assert read_range(fault_server.url("file"), 100, 100, patient) == DATA[100:200]
    assert len(fault_server.asked) == 2


def test_a_broken_download_goes_on_at_its_byte(fault_server: "FaultServer", patient: AccessSection) -> None:
    fault_server.then(after=200_000, clean=True)
    fault_server.then(after=100_000, clean=True)
    assert read_all(fault_server.url("file"), patient) == DATA
    assert fault_server.asked == ["", "bytes=200000-", "bytes=300000-"]


def test_a_download_that_moves_on_may_break_more_often_than_attempts(
    fault_server: "FaultServer", patient: AccessSection
) -> None:
    fault_server.files["large"] = DATA * 4
    for _ in range(20):
        fault_server.then(after=100_000, clean=True)
    assert read_all(fault_server.url("large"), patient) == DATA * 4


def test_a_download_that_creeps_is_given_up(fault_server: "FaultServer", patient: AccessSection) -> None:
    for _ in range(20):
        fault_server.then(after=10, clean=True)
    with pytest.raises(ShardUnreadable, match="gave up after 4 attempts"):
        read_all(fault_server.url("file"), patient)
    assert len(fault_server.asked) == 4


def test_what_keeps_failing_is_unreadable_and_says_why(fault_server: "FaultServer", patient: AccessSection) -> None:
    for _ in range(4):
        fault_server.then(status=503, body=SLOW_DOWN)
    with pytest.raises(ShardUnreadable, match=r"/file: answered 503 \(gave up after 4 attempts\)"):
        read_all(fault_server.url("file"), patient)
    assert len(fault_server.asked) == 4


@pytest.mark.parametrize(("header", "least"), [("7", 7.0), ("999999", LONGEST_RETRY_AFTER), ("-5", 0.0), ("soon", 0.0)])
def test_retry_after_is_honoured_up_to_a_cap(
    fault_server: "FaultServer", patient: AccessSection, pauses: list[float], header: str, least: float
) -> None:
    fault_server.then(status=503, headers={"Retry-After": header})
    assert read_all(fault_server.url("file"), patient) == DATA
    assert least <= pauses[0] <= least + 0.5


def test_a_refusal_is_not_asked_again(fault_server: "FaultServer", patient: AccessSection) -> None:
    fault_server.then(status=403, body=b"<Error><Code>AccessDenied</Code></Error>")
    with pytest.raises(Refused, match="refuses us"):
        read_all(fault_server.url("file"), patient)
    with pytest.raises(Refused, match="circuit open"):
        read_all(fault_server.url("file"), patient)
    with pytest.raises(Refused, match="circuit open"):
        size(fault_server.url("file"), patient)
    assert len(fault_server.asked) == 1


@pytest.mark.parametrize(("status", "line"), [(404, "not found"), (410, "not found"), (400, "answered 400")])
def test_what_will_not_pass_is_unreadable_at_once(
    fault_server: "FaultServer", patient: AccessSection, status: int, line: str
) -> None:
    fault_server.then(status=status)
    with pytest.raises(ShardUnreadable, match=line):
        read_all(fault_server.url("file"), patient)
    assert len(fault_server.asked) == 1


def test_a_file_that_changes_while_it_is_read_is_unreadable(
    fault_server: "FaultServer", patient: AccessSection
) -> None:
    fault_server.then(after=1000, clean=True)
    fault_server.then(etag='"two"')
    with pytest.raises(ShardUnreadable, match="changed while it was read"):
        read_all(fault_server.url("file"), patient)


def test_a_file_shorter_than_its_range_is_unreadable(fault_server: "FaultServer", patient: AccessSection) -> None:
    with pytest.raises(ShardUnreadable, match="ends before byte"):
        read_range(fault_server.url("file"), len(DATA) - 5, 10, patient)
    with pytest.raises(ShardUnreadable, match="beyond the end"):
        read_range(fault_server.url("file"), len(DATA) + 5, 10, patient)


def test_a_file_of_unannounced_size_is_read_to_its_end(fault_server: "FaultServer", patient: AccessSection) -> None:
    fault_server.announce_size = False
    with open_stream(fault_server.url("file"), patient) as stream:
        assert stream.size is None
        assert stream.read() == DATA


def test_a_file_larger_than_the_limit_is_not_read(fault_server: "FaultServer", patient: AccessSection) -> None:
    with pytest.raises(ShardUnreadable, match="larger than 1000 bytes"):
        read_all(fault_server.url("file"), patient, limit=1000)


def test_size_and_existence_come_without_the_body(fault_server: "FaultServer", patient: AccessSection) -> None:
    fault_server.then(status=503)
    assert size(fault_server.url("file"), patient) == len(DATA)
    assert exists(fault_server.url("file"), patient)
    assert not exists(fault_server.url("other"), patient)


def test_a_host_that_is_not_there_is_unreadable(patient: AccessSection) -> None:
    with pytest.raises(ShardUnreadable, match="gave up after 4 attempts"):
        read_all("http://127.0.0.1:9/file", patient)
    with pytest.raises(ShardUnreadable, match="gave up after 4 attempts"):
        read_all("https://nowhere.invalid/file", patient)


def test_plain_http_behind_an_https_url_is_unreadable(fault_server: "FaultServer", patient: AccessSection) -> None:
    with pytest.raises(ShardUnreadable, match="gave up after 4 attempts"):
        read_all(fault_server.url("file").replace("http:", "https:"), patient)


@pytest.mark.parametrize("url", ["http://", "http://[::1", "https://host:port/x", "http://ho st/"])
def test_what_is_no_url_is_unreadable(url: str, patient: AccessSection) -> None:
    with pytest.raises(ShardUnreadable):
        read_all(url, patient)


@pytest.mark.parametrize(
    "url",
    [
        "https://a.org/x",
        "HTTPS://A.org",
        "https://a.org:443/y",
        "https://user:pw@a.org/x",
        "https://a.org?x",
        "https://a.org./x",
        "https:\\\\a.org\\x",
    ],
)
def test_one_host_has_one_rate_limit_however_it_is_written(url: str) -> None:
    assert endpoint_of(url, AccessSection()) == "https://a.org"
    assert endpoint_of("http://a.org/", AccessSection()) == "http://a.org"
    assert endpoint_of("https://a.org:8443/", AccessSection()) == "https://a.org:8443"


def test_nothing_is_written_over_http() -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        publish("https://example.org/file", b"x")
    with pytest.raises(BadInput, match="expected a path"):
        read_all("gopher://example.org/file")
