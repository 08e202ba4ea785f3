"""Reading from a bucket against a faulty server: boto3 against a server that misbehaves."""

from typing import TYPE_CHECKING

import pytest

from recall import io
from recall.config import AccessSection
from recall.errors import Refused, ShardUnreadable, Transient
from recall.io import objects, s3

if TYPE_CHECKING:
    from tests.fault_server import FaultServer

DATA = bytes(range(256)) * 2000
SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
URL = "s3://bucket/file"


@pytest.fixture
def access(fault_server: "FaultServer", pauses: list[float]) -> AccessSection:  # noqa: ARG001 - no test here waits in earnest
    fault_server.files["bucket/file"] = DATA
    return AccessSection(s3_endpoint=fault_server.url("").rstrip("/"), attempts=4, timeout_seconds=1.0, anonymous=True)


@pytest.mark.parametrize(
    "settings",
    [
        {"status": 503, "body": SLOW_DOWN},
        {"status": 503, "body": SLOW_DOWN, "headers": {"Retry-After": "1"}},
        {"status": 503, "body": b"<html>a proxy's page<br>"},
        {"status": 500},
        {"status": 429, "body": b"slow down"},
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
    fault_server: "FaultServer", access: AccessSection, pauses: list[float], settings: dict[str, object]
) -> None:
    fault_server.then(**settings)
    fault_server.then(**settings)
    assert io.read_all(URL, access) == DATA
    assert len(fault_server.asked) == 3
    assert len(pauses) == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"ignore_range": True},
        {"content_range": ""},
        {"content_range": "bytes 0-99/512000"},
        {"content_range": "bytes 100-150/512000"},
        {"after": 50, "clean": True},
        {"status": 503, "body": SLOW_DOWN},
    ],
    ids=str,
)
def test_a_range_answer_is_taken_only_with_the_range_asked_for(
    fault_server: "FaultServer", access: AccessSection, settings: dict[str, object]
) -> None:
    fault_server.then(**settings)
    assert io.read_range(URL, 100, 100, access) == DATA[100:200]
    assert len(fault_server.asked) == 2


def test_a_broken_download_goes_on_at_its_byte(fault_server: "FaultServer", access: AccessSection) -> None:
    fault_server.then(after=200_000, clean=True)
    fault_server.then(after=100_000, clean=True)
    assert io.read_all(URL, access) == DATA
    assert fault_server.asked == ["", "bytes=200000-", "bytes=300000-"]


def test_sizes_are_asked_for_again(fault_server: "FaultServer", access: AccessSection) -> None:
    fault_server.then(status=503, body=SLOW_DOWN)
    assert io.size(URL, access) == len(DATA)


def test_a_refusal_of_one_request_holds_for_the_bucket(fault_server: "FaultServer", access: AccessSection) -> None:
    fault_server.files["bucket/other"] = fault_server.files["elsewhere/file"] = DATA
    fault_server.then(status=403, body=b"<Error><Code>AccessDenied</Code></Error>")
    with pytest.raises(Refused, match=r"403 AccessDenied.*check credentials"):
        io.read_all(URL, access)
    with pytest.raises(Refused, match=r"circuit open: 403 from s3://bucket at http"):
        io.read_all("s3://bucket/other", access)
    with pytest.raises(Refused, match="circuit open"):
        io.publish("s3://bucket/new", b"x", access)
    assert len(fault_server.asked) == 1
    assert io.read_all("s3://elsewhere/file", access) == DATA


def test_what_keeps_failing_says_why(fault_server: "FaultServer", access: AccessSection) -> None:
    for _ in range(8):
        fault_server.then(status=503, body=SLOW_DOWN)
    with pytest.raises(ShardUnreadable, match=r"s3://bucket/file: answered 503 SlowDown \(gave up after 4 attempts\)"):
        io.read_all(URL, access)
    with pytest.raises(Transient, match="gave up after 4 attempts"):
        io.remove(URL, access)


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")


@pytest.mark.usefixtures("no_credentials", "pauses")
def test_common_crawl_is_read_over_https_by_those_without_credentials(
    fault_server: "FaultServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    fault_server.files["crawl-data/file"] = DATA
    monkeypatch.setattr(objects, "COMMON_CRAWL_HTTPS", fault_server.url(""))
    access = AccessSection(contact="nobody", timeout_seconds=1.0)
    s3.forget_credentials()
    assert io.read_range("s3://commoncrawl/crawl-data/file", 3, 4, access) == DATA[3:7]
    assert io.size("s3://commoncrawl/crawl-data/file", access) == len(DATA)


@pytest.mark.usefixtures("no_credentials")
def test_those_with_credentials_ask_the_bucket_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    s3.forget_credentials()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "one")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "two")
    assert objects._readable("s3://commoncrawl/x", AccessSection(contact="someone")) == "s3://commoncrawl/x"
    assert objects._readable("s3://elsewhere/x", AccessSection(anonymous=True)) == "s3://elsewhere/x"
    s3.forget_credentials()
