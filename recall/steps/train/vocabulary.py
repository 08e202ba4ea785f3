"""The texts that the tokenizer learns from, balanced over languages.

In: scoring texts as they come, most of them in a few languages. Out: their first characters, those in rarer languages
several times, so that words of these become tokens as well and a page in them is not a heap of syllables.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from recall.model.tokens import split_marks
from recall.page.text.prose_language import language_of

FIRST = 10_000
"""Characters of a page: a few very long ones would fill the vocabulary."""

MOST_TIMES = 8
"""Of a text, so that one page of a language does not fill the vocabulary either."""


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
