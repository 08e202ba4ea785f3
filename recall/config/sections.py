"""The tables of config.toml, each a frozen section with its defaults."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A frozen table of the file; a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RunSection(Section):
    """[run] The loop as a whole."""

    rounds: Positive = 3
    seed: Count = 0
    holdout: str = ""
    stop_saturation: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0


class CrawlSection(Section):
    """[crawl] Which WARC files; at least one of ids, paths and warcs."""

    ids: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    warcs: tuple[str, ...] = ()
    base: str = "https://data.commoncrawl.org/"
    index: str = ""
    limit: Count = 0
    sample: bool = False
    url_column: str = "url"
    text_column: Annotated[str, Field(min_length=1)] = "text"

    @property
    def columns(self) -> tuple[str, str]:
        """Columns of URL and text."""
        return self.url_column, self.text_column


class AccessSection(Section):
    """[access] How files are read: endpoints, patience, who we say we are. Never part of a digest."""

    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    anonymous: bool = False
    contact: str = ""
    timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    least_bytes_per_second: Annotated[float, Field(ge=0)] = 1024.0
    attempts: Positive = 6
    requests_per_second: Annotated[float, Field(ge=0)] = 200.0
    connections: Count = 4096


class SeedSection(Section):
    """[seed] The first examples."""

    labels: str = ""
    use: str = "seed"
    texts: tuple[str, ...] = ()
    texts_label: str = ""
    texts_limit: Positive = 500_000
    prefixes: tuple[str, ...] = ()
    known_prefixes: bool | Literal["all"] = False
    structure: Count = 0
    model: str = ""
    model_pages: Positive = 200
    per_family: Positive = 100
    random_negatives: Count = 0
    sample_pages: Count = 500
    sample_shards: Positive = 8


class JudgeSection(Section):
    """[judge] A language model behind an OpenAI-compatible endpoint, for the seed and in every round."""

    url: str = ""
    model: str = ""
    pages: Count = 1000
    questions: Annotated[tuple[str, ...], Field(min_length=2, max_length=2)] = (
        "Is this page about programming, software development or system administration, with code, commands, "
        "an API or a technical answer in it?",
        "Would a programmer learn something from this page that helps to write, read or run code?",
    )
    accept: Share = 0.6
    reject: Share = 0.1
    people: Count = 100
    batch: bool = False
    price: tuple[float, float] = (0.0, 0.0)
    per_minute: Annotated[float, Field(ge=0)] = 0.0
    workers: Annotated[int, Field(ge=1, le=100)] = 16
    timeout_seconds: Annotated[float, Field(gt=0)] = 60.0

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "JudgeSection":
        if self.reject >= self.accept:
            raise ValueError("reject must lie below accept")
        return self


class TrainSection(Section):
    """[train] Tokens, fastText and the threshold."""

    positive: str = "C"
    labels: Literal["binary", "all"] = "binary"
    topics: dict[str, str] = Field(default_factory=dict)
    vocabulary: Annotated[int, Field(ge=300)] = 32_768
    balance: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    dim: Positive = 8
    epochs: Positive = 12
    learning_rate: Annotated[float, Field(gt=0)] = 2.0
    ngrams: Positive = 1
    buckets: Count = 0
    min_count: Positive = 2
    min_families: Count = 5
    doubtful: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.3
    shrinkage: Count = 300
    search: Count = 0
    folds: Annotated[int, Field(ge=2)] = 5
    thresholds: Literal["one", "kind"] = "one"
    target: Literal["precision", "recall", "pages", "tokens"] = "precision"
    target_value: Annotated[float, Field(gt=0.0)] = 0.9

    @model_validator(mode="after")
    def _ngrams_need_buckets(self) -> "TrainSection":
        if self.ngrams > 1 and self.buckets == 0:
            raise ValueError("ngrams above 1 need buckets above 0, for example 2000000")
        return self

    @model_validator(mode="after")
    def _target_fits(self) -> "TrainSection":
        if self.target != "tokens" and self.target_value >= 1:
            raise ValueError(f"target_value is a share above 0 and below 1 of target = {self.target!r}")
        if self.target == "tokens" and self.target_value < 1:
            raise ValueError("target_value is a number of tokens, for example 30e9, of target = 'tokens'")
        if not self.by_quality and (self.thresholds == "kind" or self.topics):
            raise ValueError(f"target = {self.target!r} is of all pages together: no topics, thresholds = 'one'")
        return self

    @property
    def by_quality(self) -> bool:
        """True for a target of precision or recall; a share of pages or a number of tokens is kept by rank alone."""
        return self.target in ("precision", "recall")

    @model_validator(mode="after")
    def _topics_fit(self) -> "TrainSection":
        if self.topics and (self.positive not in self.topics or len(self.topics) < 2):
            raise ValueError(f"topics names two positive labels or more, {self.positive!r} (positive) among them")
        if not all(self.topics) or not all(self.topics.values()) or len(set(self.topics.values())) < len(self.topics):
            raise ValueError("topics gives each label a tag of its own")
        if self.topics and (self.labels != "all" or self.thresholds != "one"):
            raise ValueError('topics need labels = "all" and thresholds = "one"')
        return self

    @property
    def positives(self) -> frozenset[str]:
        """Every label whose pages are wanted: those of the topics, or the positive one."""
        return frozenset(self.topics or (self.positive,))

    def label_of_tag(self, tag: str) -> str | None:
        """The positive label of a shipped prefix's tag, None where the run wants none of it.

        Code that no topic is named for is the positive label's.
        """
        named = next((label for label, own in self.topics.items() if own == tag), None)
        return named or (self.positive if tag == "Code" else None)


class ScanSection(Section):
    """[scan] What a scan reads, what it keeps and what later rounds read again."""

    input: Literal["warc", "wet", "text"] = "warc"
    floor_found: Share = 0.98
    candidates_share: Share = 0.1
    keep: Literal["body", "reference"] = "body"
    rescan: Literal["candidates", "all"] = "candidates"
    types: tuple[Literal["text", "markdown", "source", "notebook"], ...] = ()

    @model_validator(mode="after")
    def _types_fit(self) -> "ScanSection":
        if self.types and self.input != "warc":
            raise ValueError('types need input = "warc": Common Crawl\'s text is of HTML alone')
        return self


class DomainsSection(Section):
    """[domains] When a host is a code domain and which prefixes are proposed."""

    share: Share = 0.10
    confidence: Annotated[float, Field(ge=0.5, lt=1.0)] = 0.8
    min_pages: Positive = 3
    prefix_min_pages: Positive = 3
    prefixes_per_host: Positive = 5


class LabelSection(Section):
    """[label] What people are asked, and the file that answers where labels exist already."""

    pages: Count = 300
    audit: Count = 100
    prefixes: Count = 100
    uncertain_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.6
    suspect_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1
    language_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1
    doubted_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    examples: Positive = 10
    overlap: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1
    overlap_votes: Annotated[int, Field(ge=2)] = 2
    adjudicate: bool = True
    gold: str = ""
    gold_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    gold_votes: Positive = 5
    gold_accuracy: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.75
    gold_min: Positive = 10
    answers: str = ""
    prefix_min_labels: Positive = 3
    prefix_min_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.8

    @model_validator(mode="after")
    def _shares_fit(self) -> "LabelSection":
        if self.uncertain_share + self.suspect_share + self.language_share > 1:
            raise ValueError("uncertain_share, suspect_share and language_share together must not exceed 1")
        return self


class StudioSection(Section):
    """[studio] The Label Studio where people answer; never part of a digest."""

    url: str = ""
    key: str = ""
    title: str = ""
    webhook: str = ""
    other_labels: Annotated[tuple[str, ...], Field(min_length=3, max_length=3)] = ("A", "N", "J")
    categories: tuple[str, ...] = (
        "documentation or reference",
        "tutorial or course",
        "question and answer",
        "forum or mailing list",
        "blog post or article",
        "source code",
        "issue or release notes",
        "other",
    )
    timeout_seconds: Annotated[float, Field(gt=0)] = 60.0

    @model_validator(mode="after")
    def _url_is_http(self) -> "StudioSection":
        if self.url and not self.url.startswith(("http://", "https://")):
            raise ValueError("url must start with http:// or https://")
        return self


class HarvestSection(Section):
    """[harvest] How much of a prefix joins the next round."""

    per_prefix: Positive = 200
    limit: Positive = 100_000
    unscanned: Count = 10_000


class BuildSection(Section):
    """[build] The corpus files. extractor: who chooses the main content of a page, a model of recall or trafilatura."""

    rows_per_file: Positive = 50_000
    extractor: Literal["recall", "trafilatura"] = "recall"


class ClusterSection(Section):
    """[cluster] Where work runs: "here" (this process), "local" (Ray on this machine) or a Ray address."""

    address: str = "here"
    workers: Count = 0
    attempts: Positive = 3
    shard_seconds: Annotated[float, Field(gt=0)] = 3600.0
    failed_share: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.02
