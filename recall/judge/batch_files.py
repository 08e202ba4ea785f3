"""Offline batches: requests out as JSON lines in OpenAI's batch format, answers in.

A request is {"custom_id", "method": "POST", "url": "/v1/chat/completions", "body"}; at most REQUESTS of them, and
MAX_BYTES, lie in a file below judge/ in the run folder. An answer is {"custom_id", "response": {"status_code", "body"},
"error"}, in any order, in any number of files. Every custom_id is accounted for: answered, failed (with its reason),
still wanted, or of no request. A line that is no JSON object is refused with its number.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from recall.errors import BadInput, Incomplete, printable
from recall.io import json_lines, open_stream
from recall.judge.answer_log import FOLDER, Answered, AnswerLog, read_answers
from recall.judge.completions import Completion, Question, completion_in
from recall.judge.endpoint import address_of
from recall.run.rounds import Run
from recall.run.store import Store

REQUEST_FILES = f"{FOLDER}requests-"
REQUESTS = 50_000
"""Requests of a file: as many as OpenAI takes."""

MAX_BYTES = 150_000_000
"""Of a file; OpenAI takes 200 MB."""

LONGEST_LINE = 1 << 24
SHOWN = 10
"""Errors that are listed one by one."""


class AnswersWanted(Incomplete):
    """Requests lie in files and have no answer yet. Arguments: how many, the store."""

    @property
    def count(self) -> int:
        """Number of requests."""
        return int(self.args[0])

    @property
    def url(self) -> str:
        """Folder of the files."""
        return str(self.args[1].url(FOLDER))

    @property
    def failures(self) -> tuple[tuple[str, str, str], ...]:
        """None: nothing failed."""
        return ()

    def __str__(self) -> str:
        return (
            f"{self.count} questions to the judge lie in {self.url}requests-*.jsonl; when they are answered: "
            f"recall judge {self.args[1].root} ANSWERS..., then go on"
        )


def write_requests(run: Run, questions: Iterable[Question]) -> int:
    """Write questions as request files, each question once; returns how many. Files of earlier calls are removed."""
    path = urlsplit(address_of(run.config.judge)).path
    written: list[str] = []
    asked: set[str] = set()
    with tempfile.TemporaryDirectory(prefix="recall-") as folder:
        file, count, size = Path(folder) / "requests.jsonl", 0, 0
        stream = file.open("wb")
        for question in questions:
            if question.id in asked:
                continue
            asked.add(question.id)
            request = {"custom_id": question.id, "method": "POST", "url": path, "body": question.body()}
            line = json.dumps(request, sort_keys=True).encode() + b"\n"
            if count and (count >= REQUESTS or size + len(line) > MAX_BYTES):
                stream.close()
                written.append(_publish(run.store, file, len(written)))
                stream, count, size = file.open("wb"), 0, 0
            stream.write(line)
            count, size = count + 1, size + len(line)
        stream.close()
        if count:
            written.append(_publish(run.store, file, len(written)))
    run.discard(key for key in run.store.keys(REQUEST_FILES) if key not in written)
    return len(asked)


def _publish(store: Store, file: Path, number: int) -> str:
    stem = f"{REQUEST_FILES.removeprefix(FOLDER)}{number + 1:04d}-"
    return f"{FOLDER}{store.publish_file_named(FOLDER.rstrip('/'), stem, file).file}"


def wanted_ids(store: Store) -> set[str]:
    """The custom_ids of the requests that lie in files."""
    wanted: set[str] = set()
    for key in store.keys(REQUEST_FILES):
        for _, request in json_lines(_pieces(store.url(key), store), store.url(key), longest=LONGEST_LINE):
            wanted.add(str(request["custom_id"]))
    return wanted


def _pieces(url: str, store: Store) -> Iterator[bytes]:
    with open_stream(url, store.access) as stream:
        while piece := stream.read(1 << 20):
            yield piece


@dataclass(slots=True)
class Intake:
    """What answer files held. answered: requests that have an answer now; left: that have none.

    failed: reasons of answers that are none; strangers, again: lines of no request, and of one that was answered.
    """

    answered: int = 0
    left: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    strangers: int = 0
    again: int = 0
    listed: list[str] = field(default_factory=list)

    def fail(self, where: str, reason: str) -> None:
        """Count an answer that is none, and list it where few are."""
        self.failed[reason] += 1
        if len(self.listed) < SHOWN:
            self.listed.append(f"{where}: {reason}")

    def lines(self) -> list[str]:
        """All of it, a line each."""
        parts = [f"{self.answered} answers taken, {self.left} questions still without one"]
        parts += [f"{self.again} were answered before"] if self.again else []
        parts += [f"{self.strangers} lines are of no question of this run"] if self.strangers else []
        reasons = [f"{count} failed: {reason}" for reason, count in self.failed.most_common(SHOWN)]
        return ["; ".join(parts), *self.listed, *(reasons if self.failed.total() > len(self.listed) else [])]


def take_answers(run: Run, files: Sequence[str], *, give_up: bool = False) -> Intake:
    """Read answer files into the run; give_up: what has no answer then is not asked any more.

    Call it with the run's lease held. Raises BadInput for a line that is no JSON object or has no custom_id, and where
    no line is of a question of this run; the answers of earlier lines are kept.
    """
    answered = {key for key, there in read_answers(run.store, lambda _: True).items() if there}
    wanted = wanted_ids(run.store) - answered
    intake, log = Intake(), AnswerLog(run.store)
    taken = (answer for file in files for answer in _usable(run.store, file, wanted, answered, intake))
    log.add_all(taken)
    if files and intake.strangers and not intake.answered + intake.again + intake.failed.total():
        raise BadInput(f"{files[0]}: no custom_id is of a question in {run.store.url(REQUEST_FILES)}*; another file?")
    missing = sorted(wanted - answered)
    if give_up:
        log.add((key, Completion(problem="no answer came")) for key in missing)
    log.gather()
    intake.left = 0 if give_up else len(missing)
    return intake


def _usable(store: Store, file: str, wanted: set[str], answered: set[str], intake: Intake) -> Iterator[Answered]:
    """The answers of a file that are to be taken; all its lines are counted in `intake`."""
    for number, line in json_lines(_pieces(file, store), file, longest=LONGEST_LINE):
        key = line.get("custom_id")
        if not isinstance(key, str) or not key:
            raise BadInput(f"{file}:{number}: no custom_id: expected a line of a batch's output")
        if key in answered:
            intake.again += 1
        elif key not in wanted:
            intake.strangers += 1
        elif (completion := _completion_of(line)).problem:
            intake.fail(f"{printable(file)}:{number}: custom_id {key}", completion.problem)
        else:
            answered.add(key)
            intake.answered += 1
            yield key, completion


def _completion_of(line: Mapping[str, Any]) -> Completion:
    """The completion of a line; one with a `problem` where the server gave none."""
    response, error = line.get("response"), line.get("error")
    if not isinstance(response, Mapping):
        said = error.get("message") or error.get("code") if isinstance(error, Mapping) else error
        return Completion(problem=printable(str(said or "neither response nor error"), 200))
    status = response.get("status_code", 200)
    if status != 200:
        inner = response.get("body")
        said = inner.get("error") if isinstance(inner, Mapping) else None
        said = said.get("message") if isinstance(said, Mapping) else said
        return Completion(problem=printable(f"answered {status}" + (f": {said}" if said else ""), 200))
    return completion_in(response.get("body"))
