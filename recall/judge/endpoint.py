"""An OpenAI-compatible endpoint: POST <url>/chat/completions, one question a request.

In: a Question. Out: a Completion, one with a `problem` where a page cannot be judged (the server refuses its text, or
sends what is no completion). Requests keep [judge] per_minute; when a server asks for a pause (Retry-After) all wait.
Raises Refused for a key, URL or model that is not accepted, Transient when no attempt came through.
The key is read from the environment for each request and is in no error, file or log.
"""

import os
import threading
import time
from dataclasses import dataclass, field
from typing import NoReturn

from recall.config import JudgeSection
from recall.errors import BadInput, Refused, Transient
from recall.io import Again, Retry, RetryPolicy, post_json
from recall.judge.completions import Completion, Question, completion_of

KEY_VARIABLE = "RECALL_JUDGE_KEY"
"""Environment variable that holds the endpoint's key; unset for servers without keys."""

LONGEST_WAIT = 60.0
"""Seconds; a server that asks for more is asked again sooner."""

MAX_ANSWER = 1 << 20
"""Bytes of an answer that are read; one with log-probabilities has some 10,000."""

_REFUSES_PARAMETERS = (400, 422)
_REFUSED = (401, 402, 403, 404)


class Pace:
    """Spaces requests evenly, `per_minute` of them; 0 does not limit them. All may be held for some seconds.

    gone: ends all waits when it is set.
    """

    def __init__(self, per_minute: float, gone: threading.Event | None = None) -> None:
        self._gone = gone or threading.Event()
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is this caller's turn. Raises Again when `gone` is set."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if self._gone.wait(max(0.0, turn - now)):
            raise Again("it was stopped")

    def hold(self, seconds: float) -> None:
        """Let nobody's turn come before so many seconds have passed."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + min(seconds, LONGEST_WAIT))


def address_of(settings: JudgeSection) -> str:
    """The URL that questions are posted to.

    Raises BadInput for another scheme than http and https, and for a URL with a password: that would lie in config.toml
    and in errors.
    """
    if "@" in settings.url.partition("://")[2].partition("/")[0]:
        raise BadInput(f"[judge] url: it has a user name or password; give a key in {KEY_VARIABLE} instead")
    url = settings.url.rstrip("/") + "/chat/completions"
    if not url.startswith(("http://", "https://")):
        raise BadInput(f"[judge] url: {settings.url}: expected http:// or https://")
    return url


def _key() -> str:
    """The key, "" without one. Raises Refused, without showing it, for what no header can hold."""
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not all("!" <= character <= "~" for character in key):
        raise Refused(
            f"{KEY_VARIABLE}: no key: it has spaces, line breaks or letters beyond ASCII; was it pasted whole?"
        )
    return key


@dataclass(slots=True)
class Endpoint:
    """An endpoint, for any number of threads. attempts: tries of one request; gone: set it to end all pauses."""

    settings: JudgeSection
    attempts: int
    gone: threading.Event = field(default_factory=threading.Event)
    _pace: Pace = field(init=False)
    _plain: bool = False

    def __post_init__(self) -> None:
        self._pace = Pace(self.settings.per_minute, self.gone)

    def ask(self, question: Question) -> Completion:
        """Ask a question; again without log-probabilities where the server takes no request for them."""
        status, data = self._post(question, logprobs=not self._plain)
        if status in _REFUSES_PARAMETERS and not self._plain:
            plain, answer = self._post(question, logprobs=False)
            if plain < 300:
                self._plain, status, data = True, plain, answer
        if status in _REFUSED:
            self._refuse(status)
        if status >= 300:
            return Completion(problem=f"answered {status}")
        return completion_of(data)

    def _post(self, question: Question, *, logprobs: bool) -> tuple[int, bytes]:
        url, key = address_of(self.settings), _key()
        headers = {"Authorization": f"Bearer {key}"} if key else {}

        def attempt() -> tuple[int, bytes]:
            self._pace.wait()
            try:
                return post_json(
                    url, question.body(logprobs=logprobs), headers, self.settings.timeout_seconds, MAX_ANSWER
                )
            except Again as error:
                if error.slow_down and error.retry_after:
                    self._pace.hold(error.retry_after)
                raise

        policy = RetryPolicy(self.attempts, longest=LONGEST_WAIT, longest_asked=LONGEST_WAIT)
        try:
            return Retry(policy, Again, gone=self.gone).call(attempt)
        except Again as error:
            raise Transient(
                f"{url}: {self.attempts} attempts failed, the last: {error.reason}; what was answered is kept, run "
                "again to go on"
            ) from None

    def _refuse(self, status: int) -> NoReturn:
        raise Refused(f"{address_of(self.settings)}: answered {status}; check [judge] url, model and {KEY_VARIABLE}")
