"""A language model as a judge: seed examples from pages of the crawl's sample that it scores.

In: sampled pages. Out: examples of source `judge`, positive from [judge] accept on, negative up to reject, and scores.
A score is, for each of two questions, the share of YES against NO, multiplied (AutoDS, Zhang et al. 2024, section 3:
LM-Score); where a server gives no log-probabilities a share is 1 or 0. Questions are asked, and answers kept, by
`recall.judge`; of a page nothing but its score is held.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from recall.config import Config, JudgeSection
from recall.judge import Completion, Question, consult, shares_of
from recall.records import MARK, OTHER_LABEL
from recall.run.rounds import Run
from recall.run.sampling import priority
from recall.steps.seed.collect import SeedPage

SHOWN = 4096
"""Characters of a page that the judge sees, from the start: what fits into small models beside the question."""

PROMPT = (
    "You see the start of a web page between the lines.\n----\n{page}\n----\n"
    "{question} Answer with one word, YES or NO.\nAnswer:"
)
OPTIONS = ("YES", "NO")


def shown(text: str) -> str:
    """The part of a scoring text that the judge sees: its first characters, without structure marks."""
    return text.partition(MARK)[0][:SHOWN]


def questions_about(pages: Iterable[SeedPage], settings: JudgeSection) -> Iterator[Question]:
    """The two questions about each page, one after the other."""
    for page in pages:
        for question in settings.questions:
            prompt = PROMPT.format(page=shown(page.text), question=question)
            yield Question(settings.model, prompt, page.url)


def share_of_yes(completion: Completion) -> float | None:
    """YES against NO; None for an answer that is neither."""
    shares = shares_of(completion, OPTIONS)
    return None if shares is None else shares[0]


def score_pages(run: Run, pages: Iterable[SeedPage]) -> dict[str, float]:
    """The LM-Score of each page by URL, without those that the judge gave no usable answer to.

    Raises as `consult` does; answers received before are kept.
    """
    scores: dict[str, float] = {}
    answers = consult(run, questions_about(pages, run.config.judge), share_of_yes)
    for (url, first), (_, second) in zip(answers, answers, strict=True):
        if first is not None and second is not None:
            scores[url] = round(first * second, 9)
    return scores


def pages_to_judge(sample: Callable[[], Iterable[SeedPage]], config: Config) -> frozenset[str]:
    """URLs of [judge] pages by seed: half with structure marks, where code is likely, and half without."""
    ranked = sorted((priority(config.run.seed, f"judge\0{page.url}"), page.url, MARK in page.text) for page in sample())
    marked = [url for _, url, has_marks in ranked if has_marks][: config.judge.pages // 2]
    plain = [url for _, url, has_marks in ranked if not has_marks][: config.judge.pages - len(marked)]
    return frozenset([*marked, *plain])


def judge_pages(run: Run, sample: Callable[[], Iterable[SeedPage]]) -> tuple[Iterator[SeedPage], dict[str, float]]:
    """Examples from the judge, and the LM-Score of every page that it scored, by URL.

    sample: gives the sampled pages anew at every call, so that they need not be in memory. Raises as `consult` does.
    """
    settings = run.config.judge
    if not settings.url or not settings.pages:
        return iter(()), {}
    chosen = pages_to_judge(sample, run.config)
    scores = score_pages(run, (page for page in sample() if page.url in chosen))
    positive = run.config.train.positive
    examples = (
        replace(page, label=positive if scores[page.url] >= settings.accept else OTHER_LABEL, source="judge")
        for page in sample()
        if page.url in scores and not settings.reject < scores[page.url] < settings.accept
    )
    return examples, scores
