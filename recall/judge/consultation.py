"""Consults a judge: questions in, answers out in the same order, each asked once.

In: a stream of questions and how their answers are read; no more of them than a few a worker are held. Out: what was
read of each answer, None where none can be used. [judge] workers requests are under way at a time. A worker is free for
the next question when its answer is written: a kill loses at most the requests under way. With [judge] batch nothing is
asked; the questions without an answer are written as files (`batch_files`), and AnswersWanted is raised.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from recall.errors import BadInput
from recall.judge.answer_log import AnswerLog, read_answers
from recall.judge.batch_files import AnswersWanted, write_requests
from recall.judge.completions import Completion, Question
from recall.judge.endpoint import Endpoint
from recall.run.rounds import Run

T = TypeVar("T")
Reader = Callable[[Completion], T | None]

AHEAD = 4
"""Questions held for each worker: while one takes long the others go on."""

GATHER_SECONDS = 0.5
"""So long an answer waits for others to be written with, while requests are under way."""

TRIAL = 20
"""Answers of which at least one must be usable."""


def consult(run: Run, questions: Iterable[Question], read: Reader[T]) -> Iterator[tuple[str, T | None]]:
    """Yield the subject of each question with what `read` makes of its answer; questions answered before are not asked.

    A question whose answer could not be used is asked again by the next call. Raises as `Endpoint.ask`, what came
    before being kept; BadInput where none of the first answers can be used; AnswersWanted where questions were written
    as files.
    """
    known = read_answers(run.store, read)
    if run.config.judge.batch:
        yield from _answered_in_files(run, questions, known)
        return
    settled = {key: value for key, value in known.items() if value is not None}
    consultation = Consultation(run, read, settled)
    most, stream = AHEAD * run.config.judge.workers, iter(questions)
    held: deque[Question] = deque()
    ended = False
    try:
        while not ended or held:
            while not ended and consultation.free and len(held) < most:
                question = next(stream, None)
                ended = question is None
                if question is not None:
                    held.append(question)
                    consultation.ask(question)
            while held and held[0].id in consultation.settled:
                first = held.popleft()
                yield first.subject, consultation.settled[first.id]
            if consultation.under_way:
                consultation.receive()
    finally:
        consultation.end()


def _answered_in_files(
    run: Run, questions: Iterable[Question], known: Mapping[str, T | None]
) -> Iterator[tuple[str, T | None]]:
    """Yield the subjects when all questions have an answer. Raises AnswersWanted otherwise."""
    answered: list[tuple[str, T | None]] = []

    def missing() -> Iterator[Question]:
        for question in questions:
            if question.id in known:
                answered.append((question.subject, known[question.id]))
            else:
                yield question

    wanted = write_requests(run, missing())
    if wanted:
        raise AnswersWanted(wanted, run.store)
    yield from answered


class Consultation(Generic[T]):
    """Requests under way and the answers that came. settled: by question id, None for those that cannot be used."""

    def __init__(self, run: Run, read: Reader[T], settled: dict[str, T]) -> None:
        self._run, self._read = run, read
        self._endpoint = Endpoint(run.config.judge, run.config.access.attempts)
        self._log = AnswerLog(run.store)
        self._pool = ThreadPoolExecutor(run.config.judge.workers)
        self._asked: set[str] = set()
        self._usable = bool(settled)
        self.settled: dict[str, T | None] = dict(settled)
        self.under_way: dict[Future[Completion], Question] = {}

    @property
    def free(self) -> bool:
        """True while another request may be sent."""
        return len(self.under_way) < self._run.config.judge.workers

    def ask(self, question: Question) -> None:
        """Send a question, unless it was sent before."""
        if question.id not in self.settled and question.id not in self._asked:
            self._asked.add(question.id)
            self.under_way[self._pool.submit(self._endpoint.ask, question)] = question

    def receive(self) -> None:
        """Wait for answers and write them. Raises what a request raised, when the others that came are written."""
        wait(self.under_way, return_when=FIRST_COMPLETED)
        done = wait(self.under_way, timeout=GATHER_SECONDS, return_when=ALL_COMPLETED).done
        self._write(done)

    def _write(self, done: Iterable[Future[Completion]]) -> None:
        came: dict[str, Completion] = {}
        errors: list[BaseException] = []
        for future in done:
            question = self.under_way.pop(future)
            if future.cancelled():
                continue
            if (error := future.exception()) is not None:
                errors.append(error)
            else:
                came[question.id] = future.result()
        self._run.check_lease()
        self._log.add(sorted(came.items(), key=lambda item: item[0]))
        for key, completion in came.items():
            self.settled[key] = self._read(completion)
            self._usable = self._usable or self.settled[key] is not None
        if errors:
            raise errors[0]
        if came and not self._usable and len(self.settled) >= TRIAL:
            last = next(reversed(came.values()))
            said = last.problem or f"the answer {last.content[:40]!r}"
            settings = self._run.config.judge
            raise BadInput(
                f"[judge] {settings.url}: none of the first {len(self.settled)} answers can be used, the last: {said}; "
                f"is model {settings.model!r} the right one?"
            )

    def end(self) -> None:
        """Wait for the requests under way, send no other, and write what came."""
        self._endpoint.gone.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        answered = [future for future in self.under_way if future.cancelled() or future.exception() is None]
        self._write(answered)
        self._log.gather()
