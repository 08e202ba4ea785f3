"""Pages of the crawl's sample that a language model judges, each answer kept, so that a killed seed goes on.

In: sampled pages. Out: examples of source `judge`: positive from [judge] accept on, negative up to reject; what lies
between is used for nothing. Answers lie in judge/ in the run folder, by digest of the model, the questions and what
was shown: the same page is never paid for twice.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256

from recall.config import Config
from recall.records import MARK
from recall.run.progress_bar import progress
from recall.run.rounds import Run
from recall.run.sampling import priority
from recall.run.store import Store, canonical_json
from recall.steps.seed.collect import Found
from recall.steps.seed.judge import Judge

FOLDER = "judge"
NEGATIVE = "other"


def pages_to_judge(sample: Iterable[Found], config: Config) -> list[Found]:
    """Half of them pages with structure marks, where code is likely, and half any others; by seeded choice."""
    ranked = sorted(sample, key=lambda page: priority(config.run.seed, f"judge\0{page.url}"))
    marked = [page for page in ranked if MARK in page.text][: config.judge.pages // 2]
    plain = [page for page in ranked if MARK not in page.text][: config.judge.pages - len(marked)]
    return sorted([*marked, *plain], key=lambda page: page.url)


def answer_of(store: Store, judge: Judge, page: Found) -> list[float]:
    """A page's shares of YES, from the run folder or from the judge."""
    asked = [judge.settings.model, list(judge.settings.questions), judge.shown(page.text)]
    digest = sha256(canonical_json(asked)).hexdigest()
    key = f"{FOLDER}/{digest[:2]}/{digest}.json"
    if not store.exists(key):
        store.publish_json(key, {"shares": judge.score(page.text)}, first_wins=True)
    return [float(share) for share in store.read_json(key)["shares"]]


def judge_pages(run: Run, sample: Iterable[Found]) -> tuple[list[Found], dict[str, float]]:
    """Examples from the judge, and the LM-Score of every page it was shown by URL.

    Raises as `Judge.score` does; answers that came before stay.
    """
    settings = run.config.judge
    pages = pages_to_judge(sample, run.config)
    if not pages or not settings.url:
        return [], {}
    judge = Judge(settings, run.config.access.attempts)
    scores: dict[str, float] = {}
    with ThreadPoolExecutor(settings.workers) as workers:
        answers = workers.map(lambda page: answer_of(run.store, judge, page), pages)
        for page, shares in zip(pages, progress(answers, len(pages), "judge", "pages"), strict=True):
            scores[page.url] = round(shares[0] * shares[1], 9)
    positive = run.config.train.positive
    examples = [
        replace(page, label=positive if scores[page.url] >= settings.accept else NEGATIVE, source="judge")
        for page in pages
        if not settings.reject < scores[page.url] < settings.accept
    ]
    return examples, scores
