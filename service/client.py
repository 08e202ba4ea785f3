"""A typed client of the scoring service: one connection, no thread.

This file may be copied alone into another project, so it uses the standard library only and has its own back-off
instead of the one policy of `recall.io`.

Refused and broken requests are tried again: 429 and 503 after what Retry-After says, broken connections after a wait
that doubles, with jitter. Scoring changes nothing on the server, so trying again is always safe. Many items are sent
as requests of bounded size, so that both ends hold little of them.
"""

import http.client
import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Client", "Extract", "Failure", "Item", "Score", "ServiceError"]

_AGAIN = (429, 503)
_LONGEST_PAUSE = 60.0
"""Seconds a server may make the client wait, whatever it says."""


class ServiceError(Exception):
    """The service refused a request. status: HTTP's, 0 where no answer came; type: of the problem details."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(f"{status} {kind}: {detail}" if status else detail)
        self.status = status
        self.type = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Item:
    """A page to score: exactly one of html and text. id, url: echoed."""

    html: str | None = None
    text: str | None = None
    id: str | int | None = None
    url: str | None = None

    def members(self) -> dict[str, str | int]:
        """What is sent."""
        every = {"id": self.id, "url": self.url, "html": self.html, "text": self.text}
        return {name: value for name, value in every.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Score:
    """An item's score, bit for bit the model's. label: the positive label at or above the threshold."""

    score: float
    probability: float
    label: str
    threshold: float
    model: str
    id: str | int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item has no score."""

    type: str
    detail: str
    id: str | int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Extract:
    """An item's text as Markdown."""

    markdown: str
    id: str | int | None = None
    url: str | None = None


class Client:
    """A connection to the service at `url`. token: a bearer token; attempts: how often a request is tried in all."""

    def __init__(
        self, url: str = "http://127.0.0.1:8000", token: str | None = None, attempts: int = 6, timeout: float = 60.0
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url}: not an http URL")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=timeout)
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._attempts = attempts

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        self._connection.close()

    def score(self, items: Sequence[Item], model: str | None = None) -> list[Score | Failure]:
        """Outcomes of up to 1,024 items, in order. Raises ServiceError."""
        body = {"items": [item.members() for item in items], **({"model": model} if model else {})}
        return [_outcome(value) for value in self._ask("/v1/score", body)["items"]]

    def score_many(
        self, items: Iterable[Item], model: str | None = None, together: int = 512
    ) -> Iterator[Score | Failure]:
        """Outcomes of any number of items, in order, while they are drawn; `together` of them a request."""
        headers = {"Recall-Model": model} if model else {}
        return map(_outcome, self._in_lines("/v1/score:batch", items, headers, together))

    def extract_many(self, items: Iterable[Item], together: int = 64) -> Iterator[Extract | Failure]:
        """Markdown of any number of items (`html`), in order, while they are drawn; `together` of them a request."""
        for value in self._in_lines("/v1/extract:batch", items, {}, together):
            if "error" in value:
                yield Failure(value["error"]["type"], value["error"]["detail"], value.get("id"), value.get("url"))
            else:
                yield Extract(**value)

    def _in_lines(
        self, path: str, items: Iterable[Item], headers: Mapping[str, str], together: int
    ) -> Iterator[dict[str, Any]]:
        """What is answered to each item, as NDJSON there and back."""
        drawn = iter(items)
        while batch := list(islice(drawn, together)):
            lines = b"".join(json.dumps(item.members()).encode() + b"\n" for item in batch)
            answer = self._send("POST", path, lines, {"Content-Type": "application/x-ndjson", **headers})
            values = [json.loads(line) for line in answer.splitlines()]
            if values and "problem" in values[-1]:
                raise _error(values[-1]["problem"])
            if len(values) != len(batch):
                raise ServiceError(0, "", f"{len(values)} outcomes came for {len(batch)} items")
            yield from values

    def explain(self, item: Item, model: str | None = None) -> dict[str, Any]:
        """The score and its parts, as /v1/explain answers. Raises ServiceError."""
        members = {name: value for name, value in item.members().items() if name != "id"}
        return self._ask("/v1/explain", {**members, **({"model": model} if model else {})})

    def extract(self, html: str, url: str | None = None) -> str:
        """The page's Markdown. Raises ServiceError."""
        found: str = self._ask("/v1/extract", {"html": html, **({"url": url} if url else {})})["markdown"]
        return found

    def models(self) -> list[dict[str, Any]]:
        """Served versions, the default first. Raises ServiceError."""
        found: list[dict[str, Any]] = json.loads(self._send("GET", "/v1/models", b"", {}))["models"]
        return found

    def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(
            self._send("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        )
        return answer

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The body of a good answer, however often it has to be asked for."""
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            wait = random.uniform(0, min(10.0, 0.1 * 2**attempt))  # noqa: S311 - jitter is no secret
            try:
                self._connection.request(method, self._prefix + path, body or None, {**self._headers, **headers})
                response = self._connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if last:
                    raise ServiceError(0, "", f"no answer: {type(error).__name__}") from error
            else:
                if response.status == 200:
                    return content
                if last or response.status not in _AGAIN:
                    raise _error(_problem(response.status, content))
                wait += _pause(response.getheader("Retry-After", ""))
            time.sleep(wait)
        raise ServiceError(0, "", "not tried")


def _pause(after: str) -> float:
    """Seconds that Retry-After asks for; none for a date."""
    return min(float(after), _LONGEST_PAUSE) if after.isascii() and after.isdigit() else 0.0


def _problem(status: int, content: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(content)
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else {"status": status, "title": "not an answer of this service"}


def _error(problem: Mapping[str, Any]) -> ServiceError:
    detail = problem.get("detail") or problem.get("title", "")
    return ServiceError(int(problem.get("status", 0)), str(problem.get("type", "")), str(detail))


def _outcome(value: Mapping[str, Any]) -> Score | Failure:
    own = {"id": value.get("id"), "url": value.get("url")}
    if "error" in value:
        return Failure(value["error"]["type"], value["error"]["detail"], **own)
    return Score(value["score"], value["probability"], value["label"], value["threshold"], value["model"], **own)
