"""Writing to a bucket that takes no objects: the run stops and says so, whatever the code."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recall import io
from recall.config import AccessSection, ClusterSection
from recall.errors import RecallError, Refused, ShardUnreadable, StorageUnusable, Transient
from recall.io import ratelimit_files
from recall.run.jobs import each, tolerated
from recall.run.store import Store

if TYPE_CHECKING:
    from tests.fault_server import FaultServer

URL = "s3://bucket/run/file"


def answer(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>No.</Message></Error>".encode()


@pytest.fixture
def access(fault_server: "FaultServer", pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> AccessSection:  # noqa: ARG001
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "one")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "two")
    return AccessSection(s3_endpoint=fault_server.url("").rstrip("/"), attempts=3, timeout_seconds=1.0)


WRITES: dict[str, Callable[[str, AccessSection, Path], object]] = {
    "publish": lambda url, access, _: io.publish(url, b"x", access),
    "publish-file": lambda url, access, path: io.publish_file(url, path, access),
    "swap": lambda url, access, _: io.swap(url, None, b"x", access),
    "remove": lambda url, access, _: io.remove(url, access),
}
UNUSABLE = {
    "NoSuchBucket": (404, "there is no such bucket"),
    "EntityTooLarge": (400, "larger than the server takes"),
    "InvalidBucketState": (409, "takes no writes"),
    "QuotaExceeded": (403, "make room or raise its quota"),
    "XMinioAdminBucketQuotaExceeded": (400, "make room or raise its quota"),
    "XMinioStorageFull": (507, "make room or raise its quota"),
    "MethodNotAllowed": (405, "look at the bucket"),
    "InvalidRequest": (400, "look at the bucket"),
    "KeyTooLongError": (400, "look at the bucket"),
}
REFUSED = {
    "AccessDenied": 403,
    "InvalidAccessKeyId": 403,
    "SignatureDoesNotMatch": 403,
    "AllAccessDisabled": 403,
    "ExpiredToken": 400,
    "InvalidToken": 400,
}


@pytest.mark.parametrize("code", UNUSABLE)
def test_a_bucket_that_takes_no_objects_is_named_with_what_to_do(
    fault_server: "FaultServer", access: AccessSection, tmp_path: Path, code: str
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    status, advice = UNUSABLE[code]
    for count, write in enumerate(WRITES.values(), 1):
        fault_server.then(status=status, body=answer(code))
        with pytest.raises(StorageUnusable, match=rf"s3://bucket/run/file: .*{status} {code}\): .*{advice}.*run again"):
            write(URL, access, tmp_path / "file")
        assert len(fault_server.asked) == count, "it was asked again"


@pytest.mark.parametrize("code", REFUSED)
def test_a_write_without_rights_is_refused(
    fault_server: "FaultServer", access: AccessSection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(ratelimit_files, "shared_folder", lambda: tmp_path)  # no circuit of a test before is open
    (tmp_path / "file").write_bytes(b"x")
    for way, write in WRITES.items():
        fault_server.then(status=REFUSED[code], body=answer(code))
        with pytest.raises(Refused, match=rf"s3://{way}/file: .*{code}\); check credentials and the right to write"):
            write(f"s3://{way}/file", access, tmp_path / "file")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (409, "OperationAborted"),
        (409, "ConditionalRequestConflict"),
        (503, "SlowDown"),
        (500, "InternalError"),
        (400, "RequestTimeout"),
        (400, "BadDigest"),
    ],
)
def test_a_write_that_may_go_through_is_tried_again(
    fault_server: "FaultServer", access: AccessSection, status: int, code: str
) -> None:
    fault_server.then(status=status, body=answer(code))
    assert io.publish(URL, b"x", access)
    assert fault_server.files["bucket/run/file"] == b"x"
    for _ in range(3):
        fault_server.then(status=status, body=answer(code))
    with pytest.raises(Transient, match=rf"{code} \(gave up after 3 attempts\)"):
        io.publish(URL, b"x", access)


def test_an_archived_object_is_that_object_s_own_trouble(fault_server: "FaultServer", access: AccessSection) -> None:
    fault_server.then(status=403, body=answer("InvalidObjectState"))
    with pytest.raises(ShardUnreadable, match="InvalidObjectState"):
        io.read_all(URL, access)
    fault_server.files["bucket/run/file"] = b"x"
    assert io.read_all(URL, access) == b"x"


READS: dict[str, Callable[[Store], object]] = {
    "read": lambda store: store.read("file"),
    "json": lambda store: store.read_json("file"),
    "table": lambda store: store.read_table("file"),
    "exists": lambda store: store.exists("file"),
    "keys": lambda store: store.keys(),
}


@pytest.mark.parametrize("way", READS)
def test_a_run_folder_whose_bucket_has_gone_is_no_bad_shard_and_no_damage(
    fault_server: "FaultServer", access: AccessSection, way: str
) -> None:
    for _ in range(4):
        fault_server.then(status=404, body=answer("NoSuchBucket"))
    with pytest.raises(StorageUnusable, match=r"s3://bucket-[a-z]+/run.*no .*bucket"):
        READS[way](Store(f"s3://bucket-{way}/run", access))


def fail(error: RecallError, _item: int) -> None:
    raise error


@pytest.mark.parametrize("error", [StorageUnusable("full"), Transient("away"), Refused("no")], ids=repr)
def test_trouble_that_is_no_shard_s_own_ends_the_step(error: RecallError) -> None:
    with pytest.raises(type(error), match=error.args[0]):
        list(tolerated(each(fail, error, [1], ClusterSection(attempts=1), "x")))
