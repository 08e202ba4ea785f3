"""Scores of single HTML files and of the pages of a WARC, with the label that a model's thresholds give.

In: a scorer, and files or a WARC. Out: a ScoredPage for each page, in order, with the score that a scan gives it.
Refuses a file that cannot be read; a WARC raises what reading it raises.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from recall.archive.warc import captures
from recall.errors import BadInput
from recall.model.scorer import Scorer
from recall.model.scorer.card import threshold_for
from recall.page.text import scoring_text
from recall.records import OTHER_LABEL, Capture
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
        score = float(scorer.score([scoring_text(body)])[0])
        yield ScoredPage(file, score, _label(scorer, score))


def score_warc(scorer: Scorer, url: str) -> Iterator[ScoredPage]:
    """Score every page of a WARC; labels follow the thresholds of its URL's kind of site, as in a scan."""
    for batch in batches(captures(url), BATCH_PAGES):
        texts = [scoring_text(page.body, page.charset, page.url) for page in batch]
        for page, score in zip(batch, scorer.score(texts).tolist(), strict=True):
            yield ScoredPage(url, score, _label(scorer, score, page.url), page)


def _label(scorer: Scorer, score: float, url: str | None = None) -> str:
    return scorer.positive if score >= threshold_for(scorer.card, url) else OTHER_LABEL
