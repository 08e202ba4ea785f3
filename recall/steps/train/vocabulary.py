"""The words of a training: the tokenizer, trained in round 1 on texts balanced over languages, and the tokens to learn.

In: scoring texts of examples (a seeded sample of many) and of the random sample, most of them in a few languages;
token lines with their registered domains. Out: a BPE tokenizer, trained on the texts' first characters, those in rarer
languages several times, so that their words become tokens as well; which tokens are learned: not those that too few
domains use, as what only a few sites write says little about others.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from recall.labels.examples import Example, texts_of
from recall.model.features import Ids
from recall.model.tokens import Tokenizer, split_marks
from recall.page.text.prose_language import language_of
from recall.run.rounds import Round
from recall.run.sampling import priority

FIRST = 10_000
"""Characters of a page: a few very long ones would fill the vocabulary."""

MOST_TIMES = 8
"""Of a text, so that one page of a language does not fill the vocabulary either."""

MOST_TEXTS = 10_000
"""Examples that the vocabulary is learned from: more of them change few of its tokens, and all are in memory."""

PER_FAMILIES = 20
"""With fewer than this many domains for each one asked for, as many fewer are asked for; small sets keep all."""


def vocabulary_texts(texts: Sequence[str], balance: float) -> Iterator[str]:
    """Every text without its marks, once or several times in a row, in the order they came.

    A language with 1/n of the text of the largest counts about n ** balance times: 0 leaves all as they are, 1 gives
    all languages the same weight.
    """
    pages = [split_marks(text)[0][:FIRST] for text in texts]
    languages = [language_of(page) for page in pages]
    characters: Counter[str] = Counter()
    for language, page in zip(languages, pages, strict=True):
        characters[language] += len(page)
    largest = max(characters.values(), default=0)
    for language, page in zip(languages, pages, strict=True):
        times = (largest / max(1, characters[language])) ** balance
        for _ in range(max(1, min(MOST_TIMES, round(times)))):
            yield page


def supported(lines: Sequence[Ids], families: Sequence[str], size: int, minimum: int) -> NDArray[np.bool_]:
    """Which tokens (ids below `size`) at least `minimum` registered domains use; lines are read one by one.

    With less than PER_FAMILIES * minimum domains the minimum shrinks in proportion, down to 1, which takes all.
    """
    least = min(minimum, len(set(families)) // PER_FAMILIES)
    if least < 2:
        return np.ones(size, dtype=bool)
    used = np.zeros(size, dtype=np.int64)
    own, last = np.zeros(size, dtype=bool), ""
    for row in sorted(range(len(families)), key=families.__getitem__):
        if families[row] != last:
            used += own
            own[:], last = False, families[row]
        own[lines[row]] = True
    learned: NDArray[np.bool_] = used + own >= least
    return learned


def sample_texts(round_: Round) -> list[str]:
    """Scoring texts of the seed's random sample."""
    run = round_.run
    texts: list[str] = run.store.read_table(run.step("seed").key("sample.parquet"), ["text"]).column("text").to_pylist()
    return texts


def round_tokenizer(round_: Round, examples: list[Example], sample: list[str]) -> Tokenizer:
    """The tokenizer of round 1, trained there, so that kept token ids stay valid."""
    run = round_.run
    if round_.number > 1:
        first = run.round(1).step("train").key("tokenizer.json")
        return Tokenizer(run.store.read(first).decode(), first)
    few = sorted(examples, key=lambda one: priority(run.config.run.seed, one.url))[:MOST_TEXTS]
    few.sort(key=lambda one: one.url)
    texts = dict(texts_of(run.store, few))
    learned = [*(texts[number] for number in range(len(few))), *sample]
    return Tokenizer.train(vocabulary_texts(learned, run.config.train.balance), run.config.train.vocabulary)
