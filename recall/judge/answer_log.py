"""The answers of a judge in a run folder: Parquet files below judge/, read by the question's id.

An answer is written with those that come at the same time, in a part; parts are gathered into files of ROWS answers. So
a kill loses no answer that was written, and there are few files. Of two answers to a question the same one always
counts, whatever the order of the files.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from recall.config import JudgeSection
from recall.judge.completions import Completion
from recall.run.sampling import priority
from recall.run.store import Store

T = TypeVar("T")

FOLDER = "judge/"
PARTS, FILES = f"{FOLDER}part-", f"{FOLDER}answers-"
ROWS = 10_000
"""Answers of a file."""

ANSWERS = {
    "id": "string",
    "content": "string",
    "logprobs": "string",
    "prompt_tokens": "int64",
    "completion_tokens": "int64",
    "problem": "string",
}
"""logprobs: a JSON object, token to log-probability; problem: why an answer is none."""

Answered = tuple[str, Completion]
"""A question's id and the answer."""


class AnswerLog:
    """The answers of a run, for one writer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._parts = store.keys(PARTS)
        self._rows = [row for key in self._parts for row in _rows_of(store, key)]

    def add(self, answers: Iterable[Answered]) -> None:
        """Write some answers; they are there when this returns."""
        fresh = [_row(key, completion) for key, completion in answers]
        if not fresh:
            return
        self._rows += fresh
        if len(self._rows) >= ROWS:
            self.gather()
        else:
            self._parts.append(_publish(self._store, PARTS, fresh))

    def add_all(self, answers: Iterable[Answered]) -> None:
        """Write a stream of answers, few in memory at a time; those before an error of the stream are written too."""
        held: list[Answered] = []
        try:
            for answer in answers:
                held.append(answer)
                if len(held) == ROWS:
                    self.add(held)
                    held = []
        finally:
            self.add(held)

    def gather(self) -> None:
        """Put all parts into a file."""
        if self._rows:
            _publish(self._store, FILES, self._rows)
        for key in self._parts:
            self._store.remove(key)
        self._parts, self._rows = [], []


def _row(key: str, completion: Completion) -> dict[str, Any]:
    logprobs = json.dumps(dict(completion.logprobs), sort_keys=True, ensure_ascii=False) if completion.logprobs else ""
    counts = {"prompt_tokens": completion.prompt_tokens, "completion_tokens": completion.completion_tokens}
    return {"id": key, "content": completion.content, "logprobs": logprobs, **counts, "problem": completion.problem}


def _publish(store: Store, stem: str, rows: Iterable[Mapping[str, Any]]) -> str:
    ordered = sorted(rows, key=lambda row: (row["id"], row["content"], row["logprobs"]))
    columns = {name: [row[name] for row in ordered] for name in ANSWERS}
    folder, _, name = stem.rpartition("/")
    return f"{folder}/{store.publish_table_named(folder, name, columns, ANSWERS).file}"


def _rows_of(store: Store, key: str) -> Iterator[dict[str, Any]]:
    for batch in store.read_batches(key, list(ANSWERS)):
        yield from batch.to_pylist()


def _completion(row: Mapping[str, Any]) -> Completion:
    logprobs = json.loads(row["logprobs"]) if row["logprobs"] else {}
    return Completion(row["content"], logprobs, row["prompt_tokens"], row["completion_tokens"], row["problem"])


def _all_rows(store: Store) -> Iterator[dict[str, Any]]:
    for key in store.keys(FOLDER):
        if key.startswith((PARTS, FILES)):
            yield from _rows_of(store, key)


def _rank(row: Mapping[str, Any]) -> int:
    """Orders the answers to a question: those that are answers first; the same row has the same rank."""
    content = "\0".join(str(row[name]) for name in ANSWERS)
    return priority(0, content) + (bool(row["problem"]) << 64)


def read_answers(store: Store, read: Callable[[Completion], T]) -> dict[str, T]:
    """What `read` makes of every answer, by the question's id; only that is held in memory."""
    ranked: dict[str, tuple[int, T]] = {}
    for row in _all_rows(store):
        rank, known = _rank(row), ranked.get(row["id"])
        if known is None or rank < known[0]:
            ranked[row["id"]] = rank, read(_completion(row))
    return {key: value for key, (_, value) in ranked.items()}


@dataclass(frozen=True, slots=True)
class Account:
    """What a judge's answers came to. unusable: those that hold no text; cost: by [judge] price, 0 without."""

    answers: int
    unusable: int
    prompt_tokens: int
    completion_tokens: int
    cost: float

    def line(self) -> str:
        """All of it on one line."""
        refused = f", {self.unusable} without one" if self.unusable else ""
        cost = f", cost {self.cost:.2f}" if self.cost else ""
        tokens = f"{self.prompt_tokens} tokens of prompts, {self.completion_tokens} of answers"
        return f"judge: {self.answers} answers{refused}; {tokens}{cost}"


def account_of(store: Store, settings: JudgeSection) -> Account | None:
    """Count the answers of a run, each once; None where no judge was asked."""
    ranks: set[int] = set()
    sums: Counter[str] = Counter()
    for row in _all_rows(store):
        rank = _rank(row)
        if rank not in ranks:
            ranks.add(rank)
            sums.update({name: row[name] for name in ("prompt_tokens", "completion_tokens")})
            sums["unusable" if row["problem"] else "answers"] += 1
    if not ranks:
        return None
    tokens = sums["prompt_tokens"], sums["completion_tokens"]
    cost = sum(count * price for count, price in zip(tokens, settings.price, strict=True)) / 1e6
    return Account(sums["answers"], sums["unusable"], *tokens, cost)
