"""A language model as a judge: seed examples from pages of the crawl's sample that it scores.

In: sampled pages. Out: examples of source `judge`, positive from [judge] accept on, negative up to reject, and scores.
A score is, for each of two questions, the share of YES against NO by log-probability, multiplied (AutoDS, Zhang et al.
2024, section 3: LM-Score). Speaks POST <url>/chat/completions with `logprobs`, as OpenAI-compatible servers do. Answers
are kept in judge/ in the run folder, by digest of the model, the questions and the text shown, so that no page is paid
for twice. Asks at most `per_minute` times a minute; refuses an answer without log-probabilities.
"""

import math
import os
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Lock
from typing import Any

from recall.config import Config, JudgeSection
from recall.errors import BadInput, Refused, Transient
from recall.io import Again, RetryPolicy, post_json
from recall.records import MARK, OTHER_LABEL
from recall.run.progress_bar import progress
from recall.run.rounds import Run
from recall.run.sampling import priority
from recall.run.store import Store, canonical_json
from recall.steps.seed.collect import SeedPage

FOLDER = "judge"

TOP = 20
"""Log-probabilities asked for: the most that servers give."""

KEY_VARIABLE = "RECALL_JUDGE_KEY"
"""Environment variable that holds the endpoint's key; unset for servers without keys."""

SHOWN = 4096
"""Characters of a page that the judge sees, from the start: what fits into small models beside the question."""

LONGEST_WAIT = 60.0
"""Seconds; a server that asks for more is asked again sooner."""

PROMPT = (
    "You see the start of a web page between the lines.\n----\n{page}\n----\n"
    "{question} Answer with one word, YES or NO.\nAnswer:"
)


class Pace:
    """Spaces requests evenly, `per_minute` of them; 0 does not limit them."""

    def __init__(self, per_minute: float) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = Lock()

    def wait(self) -> None:
        """Return when it is this caller's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        time.sleep(max(0.0, turn - now))


@dataclass(slots=True)
class Judge:
    """An endpoint with its questions. attempts: tries of one request."""

    settings: JudgeSection
    attempts: int
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.settings.per_minute)

    def shown(self, text: str) -> str:
        """The part of a scoring text that the judge sees: its first characters, without structure marks."""
        return text.partition(MARK)[0][:SHOWN]

    def score(self, text: str) -> list[float]:
        """Share of YES for each question; their product is the LM-Score.

        Raises Refused for a key that is not accepted, Transient when no attempt came through, BadInput for an answer
        without log-probabilities.
        """
        page = self.shown(text)
        return [self._ask(PROMPT.format(page=page, question=question)) for question in self.settings.questions]

    def _ask(self, prompt: str) -> float:
        body = {
            "model": self.settings.model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": 1,
            "temperature": 0,
            "logprobs": True,
            "top_logprobs": TOP,
        }
        answer = self._post(body)
        try:
            top = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
            return share_of_yes({str(entry["token"]): float(entry["logprob"]) for entry in top})
        except (KeyError, IndexError, TypeError, ValueError):
            raise BadInput(f"{self.settings.url}: answers without log-probabilities of YES or NO") from None

    def _post(self, question: object) -> Any:
        url = self.settings.url.rstrip("/") + "/chat/completions"
        if not url.startswith(("http://", "https://")):
            raise BadInput(f"[judge] url: {self.settings.url}: expected http:// or https://")
        key = os.environ.get(KEY_VARIABLE, "")
        headers = {"Authorization": f"Bearer {key}"} if key else {}

        def attempt() -> Any:
            self.pace.wait()
            return post_json(url, question, headers, self.settings.timeout_seconds)

        try:
            return RetryPolicy(self.attempts, longest=LONGEST_WAIT, longest_asked=LONGEST_WAIT).call(attempt)
        except Refused as error:
            raise Refused(f"{error}; check [judge] url, model and key") from None
        except Again as error:
            raise Transient(
                f"{url}: {self.attempts} attempts failed, the last: {error.reason}; what was answered is kept, run "
                "again to go on"
            ) from None


def share_of_yes(logprobs: Mapping[str, float]) -> float:
    """YES against NO, over all spellings of each; one that is not listed is as likely as the last that is.

    Raises ValueError when neither is listed.
    """
    sums = {"yes": 0.0, "no": 0.0}
    for token, logprob in logprobs.items():
        word = token.strip(" \t\n.\u2581\u0120").lower()
        if word in sums:
            sums[word] += math.exp(logprob)
    if not any(sums.values()):
        raise ValueError("neither YES nor NO")
    least = math.exp(min(logprobs.values()))
    yes, no = (total or least for total in (sums["yes"], sums["no"]))
    return yes / (yes + no)


def pages_to_judge(sample: Iterable[SeedPage], config: Config) -> list[SeedPage]:
    """Choose [judge] pages by seed: half with structure marks, where code is likely, and half without."""
    ranked = sorted(sample, key=lambda page: priority(config.run.seed, f"judge\0{page.url}"))
    marked = [page for page in ranked if MARK in page.text][: config.judge.pages // 2]
    plain = [page for page in ranked if MARK not in page.text][: config.judge.pages - len(marked)]
    return sorted([*marked, *plain], key=lambda page: page.url)


def judge_page(store: Store, judge: Judge, page: SeedPage) -> list[float]:
    """A page's shares of YES, from the run folder or from the judge."""
    asked = [judge.settings.model, list(judge.settings.questions), judge.shown(page.text)]
    digest = sha256(canonical_json(asked)).hexdigest()
    key = f"{FOLDER}/{digest[:2]}/{digest}.json"
    if not store.exists(key):
        store.publish_json(key, {"shares": judge.score(page.text)}, first_wins=True)
    return [float(share) for share in store.read_json(key)["shares"]]


def judge_pages(run: Run, sample: Iterable[SeedPage]) -> tuple[list[SeedPage], dict[str, float]]:
    """Examples from the judge, and the LM-Score of every page that it scored, by URL.

    Raises as `Judge.score` does; answers received before are kept.
    """
    settings = run.config.judge
    pages = pages_to_judge(sample, run.config)
    if not pages or not settings.url:
        return [], {}
    judge = Judge(settings, run.config.access.attempts)
    scores: dict[str, float] = {}
    with ThreadPoolExecutor(settings.workers) as workers:
        answers = workers.map(lambda page: judge_page(run.store, judge, page), pages)
        for page, shares in zip(pages, progress(answers, len(pages), "judge", "pages"), strict=True):
            scores[page.url] = round(shares[0] * shares[1], 9)
    positive = run.config.train.positive
    examples = [
        replace(page, label=positive if scores[page.url] >= settings.accept else OTHER_LABEL, source="judge")
        for page in pages
        if not settings.reject < scores[page.url] < settings.accept
    ]
    return examples, scores
