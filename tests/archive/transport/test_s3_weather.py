"""Reading from a bucket in bad weather: boto3 against a server that misbehaves."""

from typing import TYPE_CHECKING

import pytest

from recall.archive import transport
from recall.archive.transport import s3
from recall.config import AccessSection
from recall.errors import Refused, ShardUnreadable, Transient

if TYPE_CHECKING:
    from tests.archive.conftest import FaultServer

DATA = bytes(range(256)) * 2000
SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
URL = "s3://bucket/file"


@pytest.fixture
def access(weather: "FaultServer", pauses: list[float]) -> AccessSection:  # noqa: ARG001 - no test here waits in earnest
    weather.files["bucket/file"] = DATA
    return AccessSection(s3_endpoint=weather.url("").rstrip("/"), attempts=4, timeout_seconds=1.0, anonymous=True)


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
    weather: "FaultServer", access: AccessSection, pauses: list[float], settings: dict[str, object]
) -> None:
    weather.then(**settings)
    weather.then(**settings)
    assert transport.read_all(URL, access) == DATA
    assert len(weather.asked) == 3
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
    weather: "FaultServer", access: AccessSection, settings: dict[str, object]
) -> None:
    weather.then(**settings)
    assert transport.read_range(URL, 100, 100, access) == DATA[100:200]
    assert len(weather.asked) == 2


def test_a_broken_download_goes_on_at_its_byte(weather: "FaultServer", access: AccessSection) -> None:
    weather.then(after=200_000, clean=True)
    weather.then(after=100_000, clean=True)
    assert transport.read_all(URL, access) == DATA
    assert weather.asked == ["", "bytes=200000-", "bytes=300000-"]


def test_sizes_are_asked_for_again(weather: "FaultServer", access: AccessSection) -> None:
    weather.then(status=503, body=SLOW_DOWN)
    assert transport.size(URL, access) == len(DATA)


def test_a_refusal_of_one_request_holds_for_the_bucket(weather: "FaultServer", access: AccessSection) -> None:
    weather.files["bucket/other"] = weather.files["elsewhere/file"] = DATA
    weather.then(status=403, body=b"<Error><Code>AccessDenied</Code></Error>")
    with pytest.raises(Refused, match=r"403 AccessDenied.*check credentials"):
        transport.read_all(URL, access)
    with pytest.raises(Refused, match=r"s3://bucket at http.* left in peace"):
        transport.read_all("s3://bucket/other", access)
    with pytest.raises(Refused, match="left in peace"):
        transport.publish("s3://bucket/new", b"x", access)
    assert len(weather.asked) == 1
    assert transport.read_all("s3://elsewhere/file", access) == DATA


def test_what_keeps_failing_says_why(weather: "FaultServer", access: AccessSection) -> None:
    for _ in range(8):
        weather.then(status=503, body=SLOW_DOWN)
    with pytest.raises(ShardUnreadable, match=r"s3://bucket/file: answered 503 SlowDown \(gave up after 4 attempts\)"):
        transport.read_all(URL, access)
    with pytest.raises(Transient, match="gave up after 4 attempts"):
        transport.remove(URL, access)


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")


@pytest.mark.usefixtures("no_credentials", "pauses")
def test_common_crawl_is_read_over_https_by_those_without_credentials(
    weather: "FaultServer", monkeypatch: pytest.MonkeyPatch
) -> None:
    weather.files["crawl-data/file"] = DATA
    monkeypatch.setattr(transport, "COMMON_CRAWL_HTTPS", weather.url(""))
    access = AccessSection(contact="nobody", timeout_seconds=1.0)
    s3.signed.cache_clear()
    assert transport.read_range("s3://commoncrawl/crawl-data/file", 3, 4, access) == DATA[3:7]
    assert transport.size("s3://commoncrawl/crawl-data/file", access) == len(DATA)


@pytest.mark.usefixtures("no_credentials")
def test_those_with_credentials_ask_the_bucket_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    s3.signed.cache_clear()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "one")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "two")
    assert transport._reachable("s3://commoncrawl/x", AccessSection(contact="someone")) == "s3://commoncrawl/x"
    assert transport._reachable("s3://elsewhere/x", AccessSection(anonymous=True)) == "s3://elsewhere/x"
    s3.signed.cache_clear()
