"""A local server that speaks the chat completions protocol, with known errors, for tests and benchmarks."""

import json
import math
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from recall.run.sampling import priority

URL_LINE = re.compile(r"^URL: (\S+)$", re.MULTILINE)


@dataclass
class JudgeServer:
    """What the server was asked and how it answers: `say` gives the share of each option for a prompt.

    failures: statuses of the next answers, before it answers properly; plain: answers without log-probabilities;
    refuses_logprobs: answers 400 to who asks for them; raw: bodies that are sent instead, in turn.
    """

    say: Callable[[str], Mapping[str, float]]
    url: str = ""
    failures: list[int] = field(default_factory=list)
    plain: bool = False
    refuses_logprobs: bool = False
    retry_after: str = "0"
    raw: list[bytes] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    most_at_once: int = 0
    barrier: threading.Barrier | None = None
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def status(self, body: Mapping[str, Any]) -> int:
        """The status of the next answer."""
        with self._lock:
            if self.failures:
                return self.failures.pop(0)
        return 400 if self.refuses_logprobs and "logprobs" in body else 200

    def answer(self, body: Mapping[str, Any]) -> bytes:
        """The answer to a request, as the protocol has it."""
        with self._lock:
            if self.raw:
                return self.raw.pop(0)
        return json.dumps(completion(self.say(body["messages"][0]["content"]), plain=self.plain)).encode()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count how many requests are answered at once."""
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


def completion(shares: Mapping[str, float], *, plain: bool = False) -> dict[str, Any]:
    """A chat completion in which the options have these shares of the probability, in two spellings each."""
    best = max(shares, key=lambda option: shares[option])
    tokens = {f" {option}": 0.7 * share for option, share in shares.items()}
    tokens |= {option.capitalize() + ".": 0.2 * share for option, share in shares.items()} | {"Maybe": 0.1}
    top = [{"token": token, "logprob": math.log(max(value, 1e-9)), "bytes": None} for token, value in tokens.items()]
    content = [{"token": f" {best}", "logprob": -0.1, "bytes": None, "top_logprobs": top}]
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": f" {best}"}}
    return {
        "object": "chat.completion",
        "choices": [{**choice, "logprobs": None if plain else {"content": content}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101},
    }


class JudgeListener(ThreadingHTTPServer):
    """All workers of a judge connect at once: with the usual backlog of 5 a busy machine turns some of them away."""

    daemon_threads = True
    request_queue_size = 128


@contextmanager
def serving(server: JudgeServer) -> Iterator[JudgeServer]:
    """Run a server on loopback; `url` is where."""

    class Endpoint(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            with server.counted():
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(body)
                server.keys.append(self.headers.get("Authorization"))
                server.paths.append(self.path)
                if server.barrier is not None:
                    server.barrier.wait(120)
                status = server.status(body)
                data = server.answer(body) if status == 200 else b'{"error": {"message": "no"}}'
            self.send_response(status)
            if status in (429, 503):
                self.send_header("Retry-After", server.retry_after)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            try:
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # who asked has read enough

        def log_message(self, *_: Any) -> None:
            """Keep the terminal quiet."""

    listener = JudgeListener(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url = f"http://127.0.0.1:{listener.server_address[1]}/v1"
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def annotator(truth: Mapping[str, bool], error: float, seed: int = 0) -> Callable[[str], Mapping[str, float]]:
    """Answers tasks about pages: 1 for code, 3 for none, wrong on a share `error` of the pages, the same each time.

    An error of 1 or more: always 1.
    """

    def say(prompt: str) -> Mapping[str, float]:
        match = URL_LINE.search(prompt)
        url = match[1] if match else ""
        slip = priority(seed, f"slip\0{url}") / 2**64 < error
        positive = error >= 1 or (truth.get(url, False) != slip)
        return {"1": 0.97 if positive else 0.01, "2": 0.01, "3": 0.01 if positive else 0.97, "4": 0.01}

    return say
