"""Reading a published corpus: its part files, statistics with a sample of pages, and whether its rows have their pages.

In: the part files, each read in pieces by a task. Out: CorpusStatistics, whose size does not grow with the corpus, and
damages of lineage. Language and category of a corpus without these columns are computed again.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from recall.archive.warc import read_at
from recall.config import ClusterSection
from recall.config.corpus_sections import QUALITY
from recall.errors import RecallError
from recall.page.files.notebook import OUTPUT
from recall.page.markdown.code_hints import LANGUAGES, OTHER_LANGUAGES
from recall.page.text.prose_language import language_of
from recall.records import OTHER_BODIES, BodyKind, WarcRef
from recall.run.jobs import complete
from recall.run.rounds import Damage, Run
from recall.run.sampling import BottomK, priority
from recall.run.store import Store, by_number
from recall.sites.kinds import kind_of

PART = re.compile(r"(?:.*/)?part-[0-9]+[^/]*\.parquet")
ROWS = 512
"""Rows of a part that are held at a time."""

SAMPLE = 1_500
"""Pages of the sample: as many as a map of points can show."""

TEXT = 20_000
"""Characters of a sampled page that are kept."""

BINS_PER_DOUBLING = 2
"""Of text length."""

_COUNTERS = (
    *("reasons", "rounds", "crawls", "languages", "categories", "language_bytes", "lengths", "merged"),
    *("licenses", "code", "qualities", "quality_tokens", "bodies"),
)

OTHER_WORD = "another word"
KNOWN_WORDS = LANGUAGES | OTHER_LANGUAGES | {"", OUTPUT}
"""Words of fences that are counted by themselves."""

LINEAGE_COLUMNS = ["url", "warc_path", "offset", "length", "digest"]
Lineage = tuple[str, str, int, int, str]


@dataclass(frozen=True, slots=True, order=True)
class SampledPage:
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


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page's row says beside what is sampled. code: characters of its fenced blocks by language.

    license: an SPDX expression or an address; tokens, named_tokens: as in the corpus, 0 where it has no such column;
    quality: None without a ranker; body: kind of the response.
    """

    crawl: str
    license: str = ""
    tokens: int = 0
    named_tokens: int = 0
    code: Mapping[str, int] = field(default_factory=dict)
    quality: float | None = None
    body: str = BodyKind.HTML.value


@dataclass(slots=True)
class CorpusStatistics:
    """A corpus in counts of pages, and a sample.

    lengths: pages by bin of their text's bytes (see `length_bin`); merged: pages by the number of duplicates that were
    merged into them, empty where the corpus does not say; code: characters of fenced blocks by language, "" for none;
    qualities, quality_tokens: pages and their tokens by quality, rounded down; empty without a ranker; bodies: pages by
    kind of response.
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
    tokens: int = 0
    named_tokens: int = 0
    licenses: Counter[str] = field(default_factory=Counter)
    code: Counter[str] = field(default_factory=Counter)
    qualities: Counter[int] = field(default_factory=Counter)
    quality_tokens: Counter[int] = field(default_factory=Counter)
    bodies: Counter[str] = field(default_factory=Counter)
    bottom: BottomK[SampledPage, SampledPage] = field(default_factory=lambda: BottomK(SAMPLE), repr=False)

    @property
    def sample(self) -> list[SampledPage]:
        """A uniform sample of the pages, lowest priority first."""
        return self.bottom.values()

    def add(self, page: SampledPage, facts: PageFacts) -> None:
        """Count a page."""
        self.pages += 1
        self.bytes += page.bytes
        self.reasons[page.reason] += 1
        self.rounds[page.round] += 1
        self.crawls[facts.crawl] += 1
        self.licenses[facts.license] += 1
        self.tokens += facts.tokens
        self.named_tokens += facts.named_tokens
        self.code.update(facts.code)
        if facts.quality is not None:
            self.qualities[int(facts.quality)] += 1
            self.quality_tokens[int(facts.quality)] += facts.named_tokens or facts.tokens
        self.bodies[facts.body] += 1
        self.languages[page.language] += 1
        self.categories[page.category] += 1
        self.language_bytes[page.language] += page.bytes
        self.lengths[length_bin(page.bytes)] += 1
        self.bottom.offer(page, (page.priority,), page)

    def merge(self, other: "CorpusStatistics") -> None:
        """Add the statistics of other pages."""
        self.pages += other.pages
        self.bytes += other.bytes
        self.tokens += other.tokens
        self.named_tokens += other.named_tokens
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))
        self.bottom.merge(other.bottom)


def length_bin(count: int) -> int:
    """Bin of a number of bytes: bin b begins at 2^(b / BINS_PER_DOUBLING) bytes."""
    return int(BINS_PER_DOUBLING * math.log2(max(1, count)))


@dataclass(frozen=True, slots=True)
class StatisticsInputs:
    """What counting a part needs. size: pages of the sample."""

    store: Store
    seed: int
    size: int


def part_statistics(inputs: StatisticsInputs, key: str) -> CorpusStatistics:
    """Statistics of one part file."""
    statistics = CorpusStatistics(bottom=BottomK(inputs.size))
    wanted = ["url", "text", "score", "reason", "round", "crawl", "language", "category", "duplicates"]
    wanted += ["license", "tokens", "named_tokens", "fences", QUALITY, "body"]
    for table in inputs.store.read_batches(key, present(inputs.store, key, wanted), ROWS):
        for row in table.to_pylist():
            text: str = row["text"]
            page = SampledPage(
                priority(inputs.seed, row["url"]),
                row["url"],
                float(row["score"]),
                row["reason"],
                int(row["round"]),
                language_of(text) if (known := row.get("language")) is None else known,
                kind_of(row["url"]) if (known := row.get("category")) is None else known,
                len(text.encode("utf-8", "replace")),
                text[:TEXT],
            )
            statistics.add(page, _facts_of(row))
            if row.get("duplicates") is not None:
                statistics.merged[row["duplicates"]] += 1
    return statistics


def _facts_of(row: Mapping[str, Any]) -> PageFacts:
    code: Counter[str] = Counter()
    for fence in row.get("fences") or ():
        word = fence["language"]  # of a text that others extracted it may be anything
        code[word if word in KNOWN_WORDS else OTHER_WORD] += fence["chars"]
    tokens, named = row.get("tokens") or 0, row.get("named_tokens") or 0
    body = row.get("body") or BodyKind.HTML.value
    return PageFacts(row["crawl"], row.get("license") or "", tokens, named, code, row.get(QUALITY), body)


def present(store: Store, key: str, wanted: Sequence[str]) -> list[str]:
    """Those of some columns that a table has."""
    names = store.columns_of(key)
    return [name for name in wanted if name in names]


def part_keys(run: Run) -> list[str]:
    """Keys of the corpus' part files, in order."""
    step = run.step("corpus")
    files = [output.file for output in step.outputs()] if step.done else _published(run, step.folder)
    return [step.key(file) for file in sorted(files, key=by_number) if PART.fullmatch(file)]


def _published(run: Run, folder: str) -> Iterable[str]:
    return (key.removeprefix(f"{folder}/") for key in run.store.keys(f"{folder}/"))


def corpus_statistics(run: Run, size: int = SAMPLE, cluster: ClusterSection | None = None) -> CorpusStatistics:
    """Statistics of the run's corpus, of which every part is published; the same sample whatever the parts are."""
    inputs, keys = StatisticsInputs(run.store, run.config.run.seed, size), part_keys(run)
    whole = CorpusStatistics(bottom=BottomK(size))
    for outcome in complete(part_statistics, inputs, keys, cluster or run.config.cluster, "survey"):
        whole.merge(outcome.result)
    return whole


def ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Counts, the highest first, and by name where they are equal: parts are counted in whatever order they end."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def check_lineage(run: Run, count: int) -> tuple[int, list[Damage]]:
    """Read `count` sampled corpus rows back from the WARCs: how many were read, and those that lead elsewhere."""
    urls = {shard.path: shard.url for shard in run.shards}
    sample: BottomK[Lineage, Lineage] = BottomK(count)
    for row in _lineages(run):
        sample.offer(row, (priority(run.config.run.seed, row[0]),), row)
    rows = sample.values()
    damages = []
    for url, path, offset, length, digest in rows:
        where = f"{path} at {offset}"
        try:
            capture = read_at(WarcRef(path, offset, length), urls[path], run.config.access, OTHER_BODIES)
        except (RecallError, KeyError) as error:
            damages.append(Damage(where, f"cannot be read back: {error}"))
            continue
        if capture.url != url or f"sha256:{sha256(capture.body).hexdigest()}" != digest:
            damages.append(Damage(where, "holds another page than the corpus says"))
    return len(rows), damages


def _lineages(run: Run) -> Iterator[Lineage]:
    step = run.step("corpus")
    for output in step.outputs():
        if output.file.startswith("part-"):
            for table in run.store.read_batches(step.key(output.file), LINEAGE_COLUMNS):
                yield from zip(*(table.column(name).to_pylist() for name in LINEAGE_COLUMNS), strict=True)
