"""Every fault of the campaign, one at a time: a read or a write that meets it comes through."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from recall import io
from recall.config import AccessSection
from recall.errors import Damaged, Refused, ShardUnreadable, StorageUnusable, Transient
from recall.io import http, ratelimit_files
from recall.run.store import Store
from tests.chaos import injector as injector_module
from tests.chaos.injector import Injector
from tests.chaos.s3_without_write import S3WithoutWrite
from tests.chaos.testbed import certificate
from tests.conftest import S3Server, free_ports

pytestmark = pytest.mark.s3
DATA = bytes(range(256)) * 2000
READING = (*sorted({*injector_module.ALWAYS}), *injector_module.OF_BODIES)


@pytest.fixture(scope="module")
def front(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Injector, str, AccessSection]]:
    """The injector, the https base, and how the S3 front is reached."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "files").mkdir()
    (folder / "files" / "data").write_bytes(DATA)
    pem, port = certificate(folder), free_ports(2)
    host, _, upstream = s3.endpoint.removeprefix("http://").partition(":")
    injector = Injector(folder / "files", pem, (host, int(upstream)), (port, port + 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(pem))
        patch.setattr(io.RetryPolicy, "wait", lambda *_: 0.01)
        patch.setattr(injector_module, "STALL_SECONDS", 1.0)
        access = AccessSection(s3_endpoint=f"http://127.0.0.1:{port + 1}", timeout_seconds=0.5, attempts=3)
        yield injector, f"https://127.0.0.1:{port}/", access
    injector.close()


def lay(s3: S3Server, name: str) -> str:
    url = s3.url(f"faults/{name}")
    io.publish(url, DATA, AccessSection(s3_endpoint=s3.endpoint))
    return url


@pytest.mark.parametrize("kind", [*READING, *injector_module.OF_TLS, *injector_module.OF_FILES])
def test_a_file_over_https_is_read_whatever_happens(front: tuple[Injector, str, AccessSection], kind: str) -> None:
    injector, base, access = front
    http._client_of(os.getpid(), access).close()  # faults of a handshake need a new connection
    http._client_of.cache_clear()
    injector.faults.clear()
    injector.strike(kind)
    assert io.read_all(f"{base}data", access) == DATA
    assert dict(injector.faults) == {kind: 1}


@pytest.mark.parametrize("kind", [*READING, *injector_module.OF_RANGES])
def test_ranges_are_read_whatever_happens(front: tuple[Injector, str, AccessSection], s3: S3Server, kind: str) -> None:
    injector, base, access = front
    for url in (f"{base}data", lay(s3, "data")):
        injector.faults.clear()
        injector.strike(kind)
        assert io.read_range(url, 100_000, 200_000, access) == DATA[100_000:300_000]
        assert dict(injector.faults) == {kind: 1}


@pytest.mark.parametrize("kind", [*READING, *injector_module.OF_S3])
def test_an_object_is_read_whatever_happens(
    front: tuple[Injector, str, AccessSection], s3: S3Server, kind: str
) -> None:
    injector, _, access = front
    url = lay(s3, "data")
    injector.faults.clear()
    injector.strike(kind)
    assert io.read_all(url, access) == DATA
    assert dict(injector.faults) == {kind: 1}


@pytest.mark.parametrize("kind", [*sorted({*injector_module.ALWAYS}), *injector_module.OF_S3])
def test_an_object_is_published_once_whatever_happens(
    front: tuple[Injector, str, AccessSection], s3: S3Server, kind: str
) -> None:
    injector, _, access = front
    url = s3.url(f"faults/published-{kind.replace(' ', '-')}")
    injector.strike(kind)
    assert io.publish(url, b"first", access)
    injector.strike(kind)
    assert not io.publish(url, b"second", access)
    assert io.read_all(url, access) == b"first"
    assert io.swap(url, b"first", b"third", access)


def test_a_run_folder_out_of_reach_is_not_called_damaged(
    front: tuple[Injector, str, AccessSection], s3: S3Server
) -> None:
    injector, _, access = front
    lay(s3, "data")
    store = Store(s3.url("faults"), access)
    injector.inject(1.0)
    try:
        with pytest.raises(Transient, match="gave up after 3 attempts"):
            store.read("data")
    finally:
        injector.stop()
    with pytest.raises(Damaged, match="not found"):
        store.read("missing")


def test_a_damaged_file_is_damaged_wherever_it_lies_until_it_is_mended(
    front: tuple[Injector, str, AccessSection], s3: S3Server
) -> None:
    injector, base, access = front
    for url in (f"{base}data", s3.url("faults/data")):
        injector.damage("data", "cut")
        assert io.read_all(url, access) == DATA[: len(DATA) // 2]
        with pytest.raises(ShardUnreadable, match=r"416|ends before"):
            io.read_range(url, len(DATA) // 2 + 1, 100, access)
        injector.damage("data", "gone")
        with pytest.raises(ShardUnreadable, match="not found"):
            io.read_all(url, access)
        injector.damage("data", "rotten")
        read = io.read_all(url, access)
        assert len(read) == len(DATA)
        assert sum(one != other for one, other in zip(read, DATA, strict=True)) == injector_module.ROTTEN
        injector.mend()
        lay(s3, "data")
        assert io.read_all(url, access) == DATA


def test_a_bucket_that_is_not_there_any_more_takes_and_gives_nothing_until_it_is_mended(
    front: tuple[Injector, str, AccessSection], s3: S3Server
) -> None:
    injector, _, access = front
    url = lay(s3, "vanishing/data")
    injector.divert(f"/{s3.bucket}/faults/vanishing", None)
    with pytest.raises(StorageUnusable, match=r"s3://.*404 NoSuchBucket"):
        io.publish(f"{url}-new", DATA, access)
    with pytest.raises(StorageUnusable, match=r"s3://.*404 NoSuchBucket"):
        io.swap(url, DATA, b"other", access)
    assert injector.diverted >= 2
    assert io.read_all(lay(s3, "data"), access) == DATA, "other folders of the bucket are not concerned"
    injector.divert(f"/{s3.bucket}", None)
    with pytest.raises(StorageUnusable, match="there is no bucket"):
        Store(s3.url("faults"), access).read("vanishing/data")
    injector.mend()
    assert io.read_all(url, access) == DATA
    assert io.publish(f"{url}-new", DATA, access)


def test_an_identity_without_write_reads_on_and_is_refused(
    front: tuple[Injector, str, AccessSection], s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    injector, _, access = front
    url = lay(s3, "read-only/data")
    reader = S3WithoutWrite(tmp_path, s3)
    try:
        injector.divert(f"/{s3.bucket}/faults/read-only", reader.address)
        assert io.read_all(url, access) == DATA
        monkeypatch.setattr(ratelimit_files, "shared_folder", lambda: tmp_path)  # a circuit that no other test sees
        with pytest.raises(Refused, match=r"s3://.*403 AccessDenied"):
            io.publish(f"{url}-new", DATA, access)
    finally:
        injector.mend()
        reader.stop()
    monkeypatch.undo()
    assert not io.exists(f"{url}-new", access)
