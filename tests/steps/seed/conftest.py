"""A local server that speaks the protocol of a language model's endpoint."""

import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Sure = Callable[[str], float]


@dataclass
class Stub:
    """What the server was asked and how it answers: `sure` gives the share of YES for a prompt.

    failures: statuses of the next answers, before it answers properly; plain: answers without log-probabilities.
    """

    url: str = ""
    sure: Sure = lambda prompt: 0.9 if "return" in prompt else 0.05
    failures: list[int] = field(default_factory=list)
    plain: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


def _answer(stub: Stub, prompt: str) -> dict[str, Any]:
    share = stub.sure(prompt)
    tokens = {" YES": 0.6 * share, "Yes": 0.2 * share, "NO": 0.8 * (1 - share), "Maybe": 0.2}
    top = [{"token": token, "logprob": math.log(max(value, 1e-9)), "bytes": None} for token, value in tokens.items()]
    content = [{"token": top[0]["token"], "logprob": top[0]["logprob"], "bytes": None, "top_logprobs": top}]
    choice = {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "YES"}}
    return {
        "object": "chat.completion",
        "choices": [{**choice, "logprobs": None if stub.plain else {"content": content}}],
    }


@pytest.fixture
def stub() -> Iterator[Stub]:
    state = Stub()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append(body)
            state.keys.append(self.headers.get("Authorization"))
            state.paths.append(self.path)
            status = state.failures.pop(0) if state.failures else 200
            data = json.dumps(_answer(state, body["messages"][0]["content"])).encode() if status == 200 else b"no"
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Keep the terminal quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()
