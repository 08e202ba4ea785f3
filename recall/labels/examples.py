"""The examples that a round trains on, one a page.

In: the seed, and labels and harvested pages of earlier rounds. Out: Example, and, in a stream, its text. Audit pages
and the holdout are excluded.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern

import numpy as np
from numpy.typing import NDArray

from recall.config import TrainSection
from recall.labels.decisions import audit_urls, page_labels
from recall.labels.label_noise import error_rates, label_error_chance
from recall.records import OTHER_LABEL
from recall.run.rounds import Round, Run
from recall.run.store import Store
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of, url_key

ASKED = "asked"
"""Source of pages that annotators labelled in a round, as "label" is that of the seed's labels."""

CHOSEN = "chosen"
"""Source of pages that were chosen for annotation by more than their score (strata SUSPECTED): they train and are
scored, but have no weight, as they do not represent the other pages of their score."""

SUSPECTED = ("suspect_high", "suspect_low", "language", "gold")

SEED_TEXT = "text"
"""Source of texts of other corpora ([seed] texts): they are no pages of the crawl and have no HTML."""

INFERRED = ("prefix", "structure", "judge", "model", "random", "harvest", SEED_TEXT)
"""Sources whose label no annotator gave to a page of the crawl: they train, but no figure is measured on them."""

_ROWS = 256
"""Rows of a table that are held at once."""


@dataclass(frozen=True, slots=True)
class StoredText:
    """Where a text lies: a row of a table of the run."""

    table: str
    row: int


@dataclass(frozen=True, slots=True)
class Example:
    """A page to train on. source: label (of the seed), ASKED, CHOSEN or one of INFERRED.

    text: its scoring text where annotators were shown it, as these are few, else where it lies (see `texts_of`);
    error_chance: of its label, from its annotators' answers to gold tasks; 0 where that is not known.
    """

    url: str
    label: str
    family: str
    source: str
    text: str | StoredText = field(repr=False)
    error_chance: float = 0.0


def one_a_text(texts: NDArray[np.int64], examples: Sequence[Example]) -> NDArray[np.intp]:
    """Rows of the examples that are learned from: of those of one text (equal numbers) one.

    Annotators' labels before others, of each the commonest label, of equals the first.
    """
    members: dict[int, list[int]] = {}
    for row, text in enumerate(texts.tolist()):
        members.setdefault(text, []).append(row)
    return np.array([_best(examples, rows) for rows in members.values()], dtype=np.intp)


def _best(examples: Sequence[Example], rows: list[int]) -> int:
    given = [row for row in rows if examples[row].source not in INFERRED] or rows
    votes = Counter(examples[row].label for row in given)
    return max(given, key=lambda row: votes[examples[row].label])


def gather(round_: Round) -> list[Example]:
    """All examples of a round, one a URL key, sorted by URL.

    Annotators' labels win over the seed's, the seed's over its texts, these over the harvest's.
    """
    run = round_.run
    earlier = range(1, round_.number)
    seeds = list(_seeds(run))
    families = {host_of(example.url): example.family for example in seeds if example.source != SEED_TEXT}
    examples: dict[str, Example] = {}
    rates = error_rates(run, earlier)
    for url, label in page_labels(run, earlier).items():
        if label.use == "train":
            source = CHOSEN if label.stratum in SUSPECTED else ASKED
            error_chance = label.error_chance
            if error_chance is None:
                error_chance = label_error_chance(label.source, label.annotators, label.agreement, rates)
            examples[url_key(url)] = Example(url, label.value, _family(url, families), source, label.text, error_chance)
    for example in seeds:
        examples.setdefault(url_key(example.url), example)
    for number in earlier:
        for page in _harvested(run, number, families):
            examples.setdefault(url_key(page.url), page)
    audited = {url_key(url) for url in audit_urls(run, earlier)}
    chosen = (example for key, example in examples.items() if key not in audited)
    return sorted((one for one in chosen if not run.holdout.covers(one.url)), key=lambda one: one.url)


def seed_tables(run: Run) -> list[str]:
    """The tables of the seed's examples: those of the crawl, then [seed] texts; none in a run without a seed."""
    if run.parent is not None:
        return []
    seed = run.step("seed")
    return [seed.key("examples.parquet"), *([seed.key("texts.parquet")] if run.config.seed.texts else [])]


def _seeds(run: Run) -> Iterator[Example]:
    for table in seed_tables(run):
        row = 0
        for batch in run.store.read_batches(table, ["url", "label", "family", "source"]):
            for values in batch.to_pylist():
                label, family, source = (intern(values[name]) for name in ("label", "family", "source"))
                yield Example(values["url"], label, family, source, StoredText(table, row))
                row += 1


def _harvested(run: Run, number: int, families: Mapping[str, str]) -> Iterator[Example]:
    table = run.round(number).step("harvest").key("pages.parquet")
    columns = ["url", *(["topic"] if run.config.train.topics else [])]
    for at, row in enumerate(run.store.read_table(table, columns).to_pylist()):
        label = row.get("topic", run.config.train.positive)
        yield Example(row["url"], label, _family(row["url"], families), "harvest", StoredText(table, at))


def texts_of(store: Store, examples: Sequence[Example]) -> Iterator[tuple[int, str]]:
    """The text of every example with its number among them, table by table, so that few are in memory at a time."""
    stored: dict[str, list[tuple[int, int]]] = {}
    for number, example in enumerate(examples):
        if isinstance(example.text, str):
            yield number, example.text
        else:
            stored.setdefault(example.text.table, []).append((example.text.row, number))
    for table, wanted in sorted(stored.items()):
        wanted.sort(reverse=True)
        start = 0
        for batch in store.read_batches(table, ["text"], _ROWS):
            texts = batch.column("text")
            while wanted and wanted[-1][0] < start + len(texts):
                row, number = wanted.pop()
                yield number, texts[row - start].as_py()
            start += len(texts)


def _family(url: str, known: Mapping[str, str]) -> str:
    """Family of a URL: that of its host in the seed labels, else its registered domain."""
    host = host_of(url)
    return known.get(host) or registered_domain(host)


def class_of(example: Example, settings: TrainSection) -> str:
    """The class of an example in training: its own with labels = "all", else the positive one or OTHER_LABEL."""
    if example.label == settings.positive:
        return settings.positive
    return example.label if settings.labels == "all" and example.source != "random" else OTHER_LABEL
