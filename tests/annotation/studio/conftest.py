"""A real Label Studio on loopback, and a proxy before it that fails as told."""

import http.client
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from annotation.studio.local import Local, default_venv, install, serve

OPEN = {"SSRF_PROTECTION_ENABLED": "false", "USE_DEFAULT_BANNED_SUBNETS": "false"}
"""Lets a webhook lead to loopback; for tests only."""


@pytest.fixture(scope="session")
def studio_venv() -> Path:
    """Label Studio's virtual environment, installed where it is missing (two minutes; `make test` does it before)."""
    folder = default_venv()
    install(folder)
    return folder


@pytest.fixture(scope="session")
def server(studio_venv: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """A running Label Studio; tests that use it are marked `label_studio`."""
    with serve(tmp_path_factory.mktemp("studio"), studio_venv, settings=OPEN) as running:
        yield running


Fault = Callable[[str, str], str]
"""From method and path: "" to pass on, a status code to answer, "lost" (done, but no answer), "cut" (never arrives)."""


def works(method: str, path: str) -> str:
    """No fault."""
    del method, path
    return ""


@dataclass
class Proxy:
    """A proxy before a server. fault: what goes wrong; may be set at any time; seen: requests, faults included."""

    url: str
    fault: Fault = works
    seen: list[tuple[str, str, str]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy
    upstream: str

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        del format, args

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.fault(self.command, urlsplit(self.path).path)
        self.proxy.seen.append((self.command, self.path, fault))
        if fault == "cut":
            self.close_connection = True
            return
        if fault.isdigit():
            said = b'{"detail": "database is locked", "status_code": 500}'
            self._answer(int(fault), said, "application/json")
            return
        address = urlsplit(self.upstream)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            connection.request(self.command, self.path, body, {**headers, "Host": address.netloc})
            response = connection.getresponse()
            data = response.read()
        except OSError:
            self._answer(502, b"<html>bad gateway</html>", "text/html")
            return
        finally:
            connection.close()
        if fault == "lost":
            self.close_connection = True
            return
        self._answer(response.status, data, response.headers.get("Content-Type", "application/json"))

    def _answer(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _pass  # noqa: N815 - names are the library's


@pytest.fixture
def proxy(server: Local) -> Iterator[Proxy]:
    """A proxy before the real server."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made = Proxy(f"http://127.0.0.1:{listener.server_port}")
    listener.RequestHandlerClass = type("Handler", (_Handler,), {"proxy": made, "upstream": server.url})
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    yield made
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture
def connected(server: Local, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    """Let runs find the server behind the proxy, without long waits."""
    monkeypatch.setenv("RECALL_STUDIO_URL", proxy.url)
    monkeypatch.setenv("RECALL_STUDIO_TOKEN", server.login.token)
    monkeypatch.setattr("annotation.studio.studio_api.FIRST_WAIT", 0.01)
    return proxy
