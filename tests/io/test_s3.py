"""The S3 back end against a real S3-compatible server."""

import threading
from typing import TYPE_CHECKING

import pytest

from recall import io
from recall.config import AccessSection
from recall.errors import BadInput, Refused, ShardUnreadable, Transient
from recall.io import s3 as s3_module

if TYPE_CHECKING:
    from tests.conftest import S3Server

pytestmark = pytest.mark.s3


@pytest.fixture
def access(s3: "S3Server") -> AccessSection:
    return AccessSection(s3_endpoint=s3.endpoint, attempts=3)


def test_an_object_is_read_whole_by_range_and_from_an_offset(s3: "S3Server", access: AccessSection) -> None:
    data = bytes(range(256)) * 4000
    url = s3.url("reading/object")
    assert io.publish(url, data, access)
    assert io.read_all(url, access) == data
    assert io.read_range(url, 1000, 5, access) == data[1000:1005]
    with io.open_stream(url, access, offset=len(data) - 3) as stream:
        assert (stream.size, stream.tell()) == (len(data), len(data) - 3)
        assert stream.read() == data[-3:]
    assert io.size(url, access) == len(data)


def test_a_name_is_published_once(s3: "S3Server", access: AccessSection) -> None:
    url = s3.url("publishing/name")
    assert io.publish(url, b"first", access)
    assert not io.publish(url, b"second", access)
    assert io.read_all(url, access) == b"first"


def test_of_many_writers_of_a_name_one_wins(s3: "S3Server", access: AccessSection) -> None:
    url = s3.url("racing/name")
    won: list[int] = []

    def write(number: int) -> None:
        if io.publish(url, b"%d" % number, access):
            won.append(number)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert io.read_all(url, access) == b"%d" % won[0]
    assert len(won) == 1


def test_a_lease_changes_hands_only_from_what_was_seen(s3: "S3Server", access: AccessSection) -> None:
    url = s3.url("lease/driver.json")
    assert not io.swap(url, b"someone", b"me", access)
    assert io.swap(url, None, b"one", access)
    assert not io.swap(url, None, b"two", access)
    assert not io.swap(url, b"other", b"two", access)
    assert io.swap(url, b"one", b"two", access)
    assert io.read_all(url, access) == b"two"


def test_a_folder_is_listed_page_by_page(
    s3: "S3Server", access: AccessSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"deep/file-{number:02}" for number in range(7)] + ["top"]
    for name in names:
        io.publish(s3.url(f"listing/{name}"), b"x", access)
    io.publish(s3.url("listing-beside"), b"x", access)
    one_page = s3_module.list_page
    pages = []

    def short_page(url: str, token: str, access: AccessSection) -> tuple[list[str], str]:
        client = s3_module.client(access)
        bucket, prefix = s3_module.split(url)
        more = {"ContinuationToken": token} if token else {}
        answer = client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=3, **more)
        pages.append(token)
        return [entry["Key"] for entry in answer["Contents"]], answer.get("NextContinuationToken", "")

    assert sorted(io.list_keys(s3.url("listing"), access)) == names
    assert one_page(s3.url("listing/"), "", access)[1] == ""
    monkeypatch.setattr(s3_module, "list_page", short_page)
    assert sorted(io.list_keys(s3.url("listing/"), access)) == names
    assert len(pages) == 3


def test_removing_is_no_error_when_nothing_is_there(s3: "S3Server", access: AccessSection) -> None:
    url = s3.url("removing/name")
    io.publish(url, b"x", access)
    io.remove(url, access)
    io.remove(url, access)
    assert not io.exists(url, access)


def test_a_missing_object_or_bucket_is_unreadable_at_once(s3: "S3Server", access: AccessSection) -> None:
    with pytest.raises(ShardUnreadable, match="missing/name: not found"):
        io.read_all(s3.url("missing/name"), access)
    with pytest.raises(ShardUnreadable, match="not found"):
        io.read_all("s3://no-such-bucket/name", access)
    assert not io.exists(s3.url("missing/name"), access)


def test_a_range_beyond_the_end_is_unreadable(s3: "S3Server", access: AccessSection) -> None:
    url = s3.url("short/name")
    io.publish(url, b"12345", access)
    with pytest.raises(ShardUnreadable, match="ends before byte 13"):
        io.read_range(url, 3, 10, access)
    with pytest.raises(ShardUnreadable, match="beyond the end"):
        io.read_range(url, 50, 10, access)


def test_without_credentials_the_server_refuses(s3: "S3Server", access: AccessSection) -> None:
    url = s3.url("closed/name")
    io.publish(url, b"x", access)
    anonymous = access.model_copy(update={"anonymous": True})
    with pytest.raises(Refused, match="403"):
        io.read_all(url, anonymous)
    with pytest.raises(Refused, match="403"):
        io.publish(url, b"y", anonymous)


def test_a_server_that_is_away_is_unreadable_or_worth_another_try() -> None:
    away = AccessSection(s3_endpoint="http://127.0.0.1:9", attempts=2, timeout_seconds=1, anonymous=True)
    with pytest.raises(ShardUnreadable, match="gave up after 2 attempts"):
        io.read_all("s3://bucket/name", away)
    with pytest.raises(Transient, match="gave up after 2 attempts"):
        io.publish("s3://bucket/name", b"x", away)


@pytest.mark.parametrize(("url", "endpoint"), [("s3:///key", ""), ("s3://bucket/key", "localhost:8333")])
def test_a_url_or_endpoint_that_cannot_be_used_is_bad_input(url: str, endpoint: str) -> None:
    with pytest.raises(BadInput):
        io.read_all(url, AccessSection(s3_endpoint=endpoint))
