"""One pass over a corpus: what its card and its report count, and a seeded sample of its pages.

In: the published part files, each read in pieces by a worker. Out: Survey, whose size does not grow with the corpus.
What a corpus does not say (language, category) is told anew.
"""

import heapq
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from recall.config import ClusterSection
from recall.corpus.tags import category
from recall.page.text.prose_language import language_of
from recall.run.jobs import complete
from recall.run.rounds import Run
from recall.run.sampling import priority
from recall.run.store import Store

PART = re.compile(r"(?:.*/)?part-[0-9]+[^/]*\.parquet")
ROWS = 512
"""Rows of a part that are held at a time."""

SAMPLE = 1_500
"""Pages of the sample: as many as a map shows without becoming a blot."""

TEXT = 20_000
"""Characters of a sampled page that are kept."""

STEPS = 2
"""Bins of text length for each power of two."""


@dataclass(frozen=True, slots=True, order=True)
class Page:
    """A sampled page. text: its first TEXT characters; bytes: of the whole text in UTF-8."""

    priority: int
    url: str
    score: float
    reason: str
    round: int
    language: str
    category: str
    bytes: int
    text: str = field(repr=False)


@dataclass(slots=True)
class Survey:
    """A corpus in counts of pages, and a sample.

    lengths: pages by bin of their text's bytes (see `length_bin`); merged: pages by the number of duplicates that were
    merged into them, empty where the corpus does not say.
    """

    pages: int = 0
    bytes: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    rounds: Counter[int] = field(default_factory=Counter)
    crawls: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    language_bytes: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    merged: Counter[int] = field(default_factory=Counter)
    sample: list[Page] = field(default_factory=list)

    def add(self, page: Page, crawl: str, size: int) -> None:
        """Count a page; the sample keeps the `size` pages of lowest priority."""
        self.pages += 1
        self.bytes += page.bytes
        self.reasons[page.reason] += 1
        self.rounds[page.round] += 1
        self.crawls[crawl] += 1
        self.languages[page.language] += 1
        self.categories[page.category] += 1
        self.language_bytes[page.language] += page.bytes
        self.lengths[length_bin(page.bytes)] += 1
        self.sample.append(page)
        if len(self.sample) > 2 * size:
            self.sample = heapq.nsmallest(size, self.sample)

    def take(self, other: "Survey", size: int) -> None:
        """Count what another part counted."""
        self.pages += other.pages
        self.bytes += other.bytes
        for name in ("reasons", "rounds", "crawls", "languages", "categories", "language_bytes", "lengths", "merged"):
            getattr(self, name).update(getattr(other, name))
        self.sample = heapq.nsmallest(size, self.sample + other.sample)


def length_bin(count: int) -> int:
    """Bin of a number of bytes, STEPS to each power of two: bin b begins at 2^(b / STEPS) bytes."""
    return int(STEPS * math.log2(max(1, count)))


@dataclass(frozen=True, slots=True)
class Job:
    """What surveying a part needs. size: pages of the sample."""

    store: Store
    seed: int
    size: int


def survey_part(job: Job, key: str) -> Survey:
    """Survey one part file."""
    survey = Survey()
    wanted = ["url", "text", "score", "reason", "round", "crawl", "language", "category", "duplicates"]
    for table in job.store.read_batches(key, present(job.store, key, wanted), ROWS):
        for row in table.to_pylist():
            text: str = row["text"]
            page = Page(
                priority(job.seed, row["url"]),
                row["url"],
                float(row["score"]),
                row["reason"],
                int(row["round"]),
                language_of(text) if (known := row.get("language")) is None else known,
                category(row["url"], text) if (known := row.get("category")) is None else known,
                len(text.encode("utf-8", "replace")),
                text[:TEXT],
            )
            survey.add(page, row["crawl"], job.size)
            if row.get("duplicates") is not None:
                survey.merged[row["duplicates"]] += 1
    survey.sample = heapq.nsmallest(job.size, survey.sample)
    return survey


def present(store: Store, key: str, wanted: Sequence[str]) -> list[str]:
    """Those of some columns that a table has."""
    names = store.columns_of(key)
    return [name for name in wanted if name in names]


def part_keys(run: Run) -> list[str]:
    """Keys of the corpus' part files, in order."""
    step = run.step("corpus")
    files = [output.file for output in step.outputs()] if step.done else _published(run, step.folder)
    return [step.key(file) for file in sorted(files) if PART.fullmatch(file)]


def _published(run: Run, folder: str) -> Iterable[str]:
    return (key.removeprefix(f"{folder}/") for key in run.store.keys(f"{folder}/"))


def survey_of(run: Run, size: int = SAMPLE, cluster: ClusterSection | None = None) -> Survey:
    """Survey the run's corpus, of which every part is published; a sample of the same pages whatever the parts are."""
    job, keys = Job(run.store, run.config.run.seed, size), part_keys(run)
    whole = Survey()
    for outcome in complete(survey_part, job, keys, cluster or run.config.cluster, "survey"):
        whole.take(outcome.result, size)
    return whole


def ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Counts, the highest first, and by name where they are equal: parts are counted in whatever order they end."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
