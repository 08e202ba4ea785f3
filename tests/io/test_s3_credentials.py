"""Credentials of a machine, which come from its metadata server: when that is away, and when it answers."""

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from recall import io
from recall.config import AccessSection
from recall.errors import Refused
from recall.io import objects, ratelimit_files, s3

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fault_server import FaultServer

DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"
ROLE = "latest/meta-data/iam/security-credentials/"


class MetadataServer(http.server.ThreadingHTTPServer):
    """EC2's instance metadata service, version 2, as far as credentials go. away: it answers 500."""

    away = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Metadata)


class _Metadata(http.server.BaseHTTPRequestHandler):
    server: MetadataServer

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_PUT(self) -> None:
        self._say(b"token")

    def do_GET(self) -> None:
        until = (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys = {"Code": "Success", "AccessKeyId": "one", "SecretAccessKey": "two", "Token": "t", "Expiration": until}
        self._say(b"role" if self.path.endswith(ROLE) else json.dumps(keys).encode())

    def _say(self, body: bytes) -> None:
        self.send_response(500 if self.server.away else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch, tmp_path: "Path") -> Iterator[MetadataServer]:
    """A machine whose only credentials are those of its metadata server."""
    server = MetadataServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setattr(ratelimit_files, "shared_folder", lambda: tmp_path)
    s3.forget_credentials()
    yield server
    s3.forget_credentials()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def access(fault_server: "FaultServer", pauses: list[float]) -> AccessSection:  # noqa: ARG001 - no test here waits
    fault_server.files["bucket/file"] = b"private"
    return AccessSection(s3_endpoint=fault_server.url("").rstrip("/"), attempts=3, timeout_seconds=1.0)


@pytest.mark.parametrize("way", ["read", "publish", "size"])
def test_a_refusal_without_credentials_is_asked_again_with_those_that_came_since(
    fault_server: "FaultServer", access: AccessSection, metadata: MetadataServer, way: str
) -> None:
    assert not s3.signed(access)
    metadata.away = False
    assert not s3.signed(access), "it holds for a while"
    fault_server.then(status=403, body=DENIED)
    if way == "read":
        assert io.read_all("s3://bucket/file", access) == b"private"
    elif way == "publish":
        assert io.publish("s3://bucket/new", b"x", access)
    else:
        assert io.size("s3://bucket/file", access) == 7
    assert s3.signed(access)
    assert len(fault_server.asked) == 2


def test_that_there_are_no_credentials_is_not_remembered_for_ever(
    metadata: MetadataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl = AccessSection(contact="someone")
    assert objects._readable("s3://commoncrawl/x", crawl) == "https://data.commoncrawl.org/x"
    metadata.away = False
    assert objects._readable("s3://commoncrawl/x", crawl) == "https://data.commoncrawl.org/x"
    monkeypatch.setattr(s3, "_unsigned_until", {crawl: 1.0})
    assert objects._readable("s3://commoncrawl/x", crawl) == "s3://commoncrawl/x"
    metadata.away = True
    assert objects._readable("s3://commoncrawl/x", crawl) == "s3://commoncrawl/x", "they were found"


@pytest.mark.parametrize("anonymous", [True, False])
def test_a_refusal_says_whether_there_were_credentials(
    fault_server: "FaultServer",
    access: AccessSection,
    metadata: MetadataServer,  # noqa: ARG001 - it is away
    anonymous: bool,
) -> None:
    fault_server.then(status=403, body=DENIED)
    with pytest.raises(Refused) as caught:
        io.read_all("s3://bucket/file", access.model_copy(update={"anonymous": anonymous}))
    assert ("no credentials were found" in str(caught.value)) is not anonymous
    assert len(fault_server.asked) == 1
