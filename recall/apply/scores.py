"""Scores of single HTML files and of the pages of a WARC, with the label that a model's thresholds give.

In: a scorer, and files or a WARC. Out: a ScoredPage for each page, in order, with the score that a scan gives it.
Refuses a file that cannot be read; a WARC raises what reading it raises.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from recall.errors import BadInput
from recall.model.scorer import Scorer, label_of
from recall.page.text import scoring_text
from recall.records import Capture
from recall.run.sampling import batches

BATCH_PAGES = 64


@dataclass(frozen=True, slots=True)
class ScoredPage:
    """A page with its score. path: its file or WARC; page: of a WARC, the capture."""

    path: str
    score: float
    label: str
    page: Capture | None = None


def score_files(scorer: Scorer, files: Iterable[str]) -> Iterator[ScoredPage]:
    """Score HTML files one by one; labels follow the threshold for all pages, as a file has no URL."""
    for file in files:
        try:
            body = Path(file).read_bytes()
        except OSError as error:
            raise BadInput(f"{file}: cannot be read: {error.strerror}") from None
        text = scoring_text(body)
        score = float(scorer.score([text])[0])
        yield ScoredPage(file, score, label_of(scorer.card, score, text))


def score_warc(scorer: Scorer, url: str) -> Iterator[ScoredPage]:
    """Score every page of a WARC; labels follow the thresholds of its URL's kind of site, as in a scan."""
    from recall.archive.warc import captures  # noqa: PLC0415 - files need no readers of WARCs, which take a while

    for batch in batches(captures(url), BATCH_PAGES):
        texts = [scoring_text(page.body, page.charset, page.url) for page in batch]
        for page, text, score in zip(batch, texts, scorer.score(texts).tolist(), strict=True):
            yield ScoredPage(url, score, label_of(scorer.card, score, text, page.url), page)
