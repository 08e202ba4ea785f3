"""The language of a scoring text: for figures, the tokenizer's balance and what people are asked, never for a score.

In: a scoring text. Out: an ISO 639-1 code, "" for texts too short to tell. Fast and rough: on pages of little prose it
errs, so figures of one language are estimates.
"""

from resiliparse.parse.lang import detect_fast

from recall.records import MARK

ENOUGH = 40
"""Characters of the shortest text whose language is told."""

READ = 4_000
"""Characters that are looked at."""

LANGUAGES = (
    *("en", "zh", "ja", "ko", "ru", "uk", "es", "de", "fr", "pt", "it", "pl", "nl", "sv", "da", "no", "fi", "cs"),
    *("sk", "hu", "ro", "bg", "sr", "hr", "el", "tr", "vi", "id", "ar", "fa", "he", "hi", "th"),
)


def language_of(text: str) -> str:
    """The language of most of the text's first characters."""
    page = text.partition(MARK)[0][:READ]
    if len(page.strip()) < ENOUGH:
        return ""
    language: str = detect_fast(page, langs=list(LANGUAGES), cutoff=100_000)[0]
    return language if language in LANGUAGES else ""
