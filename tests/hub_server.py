"""A small Hugging Face Hub of ours on loopback: datasets in memory, with commits, and faults that a test asks for.

Routes it answers, as huggingface_hub 2.4 asks them (O/N: a dataset, REV: a branch or commit, REF the same, quoted):

    GET  /api/datasets/O/N[/revision/REV]             its commit
    POST /api/datasets/O/N/paths-info/REV             size and digest of some files
    GET  /api/datasets/O/N/tree/REV[/FOLDER]          the files below a folder, two a page (Link: rel="next")
    GET  /datasets/O/N/resolve/REV/PATH               bytes, by range; large files by a redirect to /cdn/
    GET  /cdn/SHA256                                  the bytes of a large file; a token that comes along is an error
    POST /api/validate-yaml                           the head of a README.md
    POST /api/datasets/O/N/preupload/BRANCH           which files are large ones (LFS)
    POST /datasets/O/N.git/info/lfs/objects/batch     where large files go
    PUT  /lfs/SHA256, POST /lfs/verify                a large file; whether it is there
    POST /api/datasets/O/N/commit/BRANCH              a commit, refused with 412 where its parent is not the head

A private dataset answers 401 without the token, as one that is not there does.
"""

import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

TOKEN = "hf_test_0123456789"


@dataclass(frozen=True)
class HubFault:
    """What one answer does wrong. route: which requests take it; cut: bytes of the body before the connection ends.

    then: called before the answer is made.
    """

    route: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    then: Callable[[], None] = lambda: None


@dataclass
class Dataset:
    """Commits (files by path) by hash, and the hash of each branch."""

    private: bool = False
    ignored: tuple[str, ...] = ()
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        """Add files on top of a branch; returns the commit."""
        held = {**self.commits.get(self.branches.get(branch, ""), {}), **files}
        told = "".join(f"{path} {hashlib.sha256(data).hexdigest()}\n" for path, data in sorted(held.items()))
        number = hashlib.sha1(f"{len(self.commits)} {told}".encode()).hexdigest()
        self.commits[number] = held
        self.branches[branch] = number
        return number

    def head(self, branch: str = "main") -> dict[str, bytes]:
        return self.commits[self.branches[branch]]


class HubServer(http.server.ThreadingHTTPServer):
    """Serves `datasets`; a request takes the first fault whose route is in its path. sent: bytes of files."""

    daemon_threads = True
    LARGE = 1_000

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HubAnswer)
        self.datasets: dict[str, Dataset] = {}
        self.faults: list[HubFault] = []
        self.stored: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.sent = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fault(self, route: str, **settings: Any) -> None:
        self.faults.append(HubFault(route, **settings))

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections break here on purpose."""


class _Refusal(Exception):
    """A status and X-Error-Code."""


class _HubAnswer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HubServer

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._cut: int | None = None
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.command} {self.path}")
        fault = next((one for one in self.server.faults if one.route in self.path), None)
        if fault is not None:
            self.server.faults.remove(fault)
            fault.then()
            self._cut = fault.cut
            if fault.status:
                self._send(fault.status, b"", fault.headers)
                return
        try:
            self._route(urlsplit(self.path), body)
        except _Refusal as refusal:
            status, code = refusal.args
            self._send(status, b'{"error": "said by the test"}', {"X-Error-Code": code} if code else {})

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815 - names of the standard library

    def _send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self._cut is not None:
            self.wfile.write(body[: self._cut])
            self.close_connection = True
            return
        self.wfile.write(body)

    def _json(self, value: object, headers: dict[str, str] | None = None) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _route(self, url: Any, body: bytes) -> None:
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        match parts:
            case ["cdn", digest]:
                if self.headers.get("Authorization"):
                    raise _Refusal(400, "TokenWhereItDoesNotBelong")
                self._file(self.server.stored[digest])
            case ["lfs", "verify"]:
                self._send(200 if json.loads(body)["oid"] in self.server.stored else 404)
            case ["lfs", digest]:
                self.server.stored[digest] = body
                self._send(200)
            case ["api", "validate-yaml"]:
                self._json({"errors": [], "warnings": []})
            case ["datasets", owner, name, "info", "lfs", "objects", "batch"]:
                self._dataset(owner, name.removesuffix(".git"))
                self._batch(json.loads(body))
            case ["datasets", owner, name, "resolve", revision, *path]:
                self._resolve(self._files(owner, name, revision), "/".join(path))
            case ["api", "datasets", owner, name, *rest]:
                self._api(owner, name, rest, url, body)
            case _:
                raise _Refusal(404, "")

    def _dataset(self, owner: str, name: str) -> Dataset:
        found = self.server.datasets.get(f"{owner}/{name}")
        token = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if found is None:
            raise _Refusal(404 if token else 401, "RepoNotFound")
        if found.private and not token:
            raise _Refusal(401, "RepoNotFound")
        return found

    def _commit_of(self, owner: str, name: str, revision: str) -> tuple[str, dict[str, bytes]]:
        found = self._dataset(owner, name)
        number = found.branches.get(revision, revision)
        if number not in found.commits:
            raise _Refusal(404, "RevisionNotFound")
        return number, found.commits[number]

    def _files(self, owner: str, name: str, revision: str) -> dict[str, bytes]:
        return self._commit_of(owner, name, revision)[1]

    def _resolve(self, files: dict[str, bytes], path: str) -> None:
        if path not in files:
            raise _Refusal(404, "EntryNotFound")
        data = files[path]
        if len(data) < self.server.LARGE:
            self._file(data)
            return
        digest = hashlib.sha256(data).hexdigest()
        self.server.stored[digest] = data
        self._send(302, b"", {"Location": f"http://localhost:{self.server.server_address[1]}/cdn/{digest}"})

    def _file(self, data: bytes) -> None:
        wanted = self.headers.get("Range", "")
        if not wanted:
            self.server.sent += len(data)
            self._send(200, data, {"ETag": '"one"'})
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(len(data), int(last) + 1 if last else len(data))
        if start >= len(data):
            self._send(416)
            return
        self.server.sent += stop - start
        self._send(206, data[start:stop], {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}", "ETag": '"one"'})

    def _api(self, owner: str, name: str, rest: list[str], url: Any, body: bytes) -> None:
        match rest:
            case []:
                self._json({"id": f"{owner}/{name}", "sha": self._commit_of(owner, name, "main")[0]})
            case ["revision", revision]:
                self._json({"id": f"{owner}/{name}", "sha": self._commit_of(owner, name, revision)[0]})
            case ["paths-info", revision]:
                files = self._files(owner, name, revision)
                wanted = parse_qs(body.decode())["paths"]
                self._json([_info(path, files[path]) for path in wanted if path in files])
            case ["tree", revision, *folder]:
                self._tree(self._files(owner, name, revision), "/".join(folder), url)
            case ["preupload", branch]:
                self._commit_of(owner, name, branch)
                asked = json.loads(body)["files"]
                self._json({"files": [self._upload_of(self._dataset(owner, name), one) for one in asked]})
            case ["commit", branch]:
                number = self._take(self._dataset(owner, name), branch, body)
                where = f"{self.server.endpoint}/datasets/{owner}/{name}/commit/{number}"
                self._json({"commitUrl": where, "commitOid": number})
            case _:
                raise _Refusal(404, "")

    def _upload_of(self, dataset: Dataset, asked: dict[str, Any]) -> dict[str, Any]:
        mode = "lfs" if asked["size"] >= self.server.LARGE else "regular"
        return {"path": asked["path"], "uploadMode": mode, "shouldIgnore": asked["path"] in dataset.ignored}

    def _tree(self, files: dict[str, bytes], folder: str, url: Any) -> None:
        start = f"{folder}/" if folder else ""
        listed = sorted(path for path in files if path.startswith(start))
        if folder and not listed:
            raise _Refusal(404, "EntryNotFound")
        at = int(parse_qs(url.query).get("cursor", ["0"])[0])
        more = f'<{self.server.endpoint}{url.path}?recursive=true&cursor={at + 2}>; rel="next"'
        self._json(
            [_info(path, files[path]) for path in listed[at : at + 2]], {"Link": more} if listed[at + 2 :] else {}
        )

    def _batch(self, asked: dict[str, Any]) -> None:
        def action(one: dict[str, Any]) -> dict[str, Any]:
            upload = {"upload": {"href": f"{self.server.endpoint}/lfs/{one['oid']}"}}
            verify = {"verify": {"href": f"{self.server.endpoint}/lfs/verify"}}
            return one if one["oid"] in self.server.stored else {**one, "actions": upload | verify}

        self._json({"transfer": "basic", "objects": [action(one) for one in asked["objects"]]})

    def _take(self, dataset: Dataset, branch: str, body: bytes) -> str:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise _Refusal(403, "")
        lines = [json.loads(line) for line in body.splitlines()]
        if lines[0]["value"].get("parentCommit") not in (None, dataset.branches[branch]):
            raise _Refusal(412, "")
        files = {}
        for line in lines[1:]:
            value = line["value"]
            files[value["path"]] = (
                base64.b64decode(value["content"]) if line["key"] == "file" else self.server.stored[value["oid"]]
            )
        return dataset.commit(files, branch)


def _info(path: str, data: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    found: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": blob}
    if len(data) >= HubServer.LARGE:
        digest = hashlib.sha256(data).hexdigest()
        found["lfs"] = {"oid": digest, "size": len(data), "pointerSize": 130}
    return found


@pytest.fixture
def hub_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A running Hub with the dataset `us/pages`, which HF_ENDPOINT names, and its token in HF_TOKEN."""
    from huggingface_hub import constants

    server = HubServer()
    server.datasets["us/pages"] = Dataset()
    server.datasets["us/pages"].commit({".gitattributes": b"*.parquet filter=lfs\n"})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nowhere/token")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # it read the environment when it was loaded
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
