"""The examples that a round trains on, one a page.

In: the seed, and labels and harvested pages of earlier rounds. Out: Example. Audit pages and the holdout are excluded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from recall.config import TrainSection
from recall.labels.decisions import audit_urls, page_labels
from recall.labels.label_noise import error_rates, label_error_chance
from recall.records import OTHER_LABEL
from recall.run.rounds import Round
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of, url_key

ASKED = "asked"
"""Source of pages that annotators labelled in a round, as "label" is that of the seed's labels."""

CHOSEN = "chosen"
"""Source of pages that were chosen for annotation by more than their score (strata SUSPECTED): they train and are
scored, but have no weight, as they do not represent the other pages of their score."""

SUSPECTED = ("suspect_high", "suspect_low", "language", "gold")

INFERRED = ("prefix", "structure", "judge", "model", "random", "harvest")
"""Sources whose label no annotator gave: they train, but no figure is measured on them."""


@dataclass(frozen=True, slots=True)
class Example:
    """A page to train on. source: label (of the seed), ASKED, CHOSEN or one of INFERRED.

    error_chance: of its label, from its annotators' answers to gold tasks; 0 where that is not known.
    """

    url: str
    label: str
    family: str
    source: str
    text: str
    error_chance: float = 0.0


def gather(round_: Round) -> list[Example]:
    """All examples of a round, one a URL key, sorted by URL.

    Annotators' labels win over the seed's, the seed's over the harvest's.
    """
    run, store = round_.run, round_.run.store
    earlier = range(1, round_.number)
    columns = ["url", "label", "family", "source", "text"]
    seeds = [Example(**row) for row in store.read_table(run.step("seed").key("examples.parquet"), columns).to_pylist()]
    families = {host_of(example.url): example.family for example in seeds}
    examples: dict[str, Example] = {}
    rates = error_rates(run, earlier)
    for url, label in page_labels(run, earlier).items():
        if label.use == "train":
            source = CHOSEN if label.stratum in SUSPECTED else ASKED
            error_chance = label_error_chance(label.source, label.annotators, label.agreement, rates)
            examples[url_key(url)] = Example(url, label.value, _family(url, families), source, label.text, error_chance)
    for example in seeds:
        examples.setdefault(url_key(example.url), example)
    for number in earlier:
        columns = ["url", "text", *(["topic"] if run.config.train.topics else [])]
        table = store.read_table(run.round(number).step("harvest").key("pages.parquet"), columns)
        for row in table.to_pylist():
            family, label = _family(row["url"], families), row.get("topic", run.config.train.positive)
            page = Example(row["url"], label, family, "harvest", row["text"])
            examples.setdefault(url_key(page.url), page)
    audited = {url_key(url) for url in audit_urls(run, earlier)}
    chosen = (example for key, example in examples.items() if key not in audited)
    return sorted((one for one in chosen if not run.holdout.covers(one.url)), key=lambda one: one.url)


def _family(url: str, known: Mapping[str, str]) -> str:
    """Family of a URL: that of its host in the seed labels, else its registered domain."""
    host = host_of(url)
    return known.get(host) or registered_domain(host)


def class_of(example: Example, settings: TrainSection) -> str:
    """The class of an example in training: its own with labels = "all", else the positive one or OTHER_LABEL."""
    if example.label == settings.positive:
        return settings.positive
    return example.label if settings.labels == "all" and example.source != "random" else OTHER_LABEL
