"""What a round learns from: everything judged before it, one example a page.

In: the seed, labels and harvest of earlier rounds. Audit pages and the holdout never get here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from recall.config import TrainSection
from recall.labels.decisions import audit_urls, page_labels
from recall.labels.label_noise import doubt_of, error_rates
from recall.run.rounds import Round
from recall.sites.hosts import host_of, registered_domain

OTHER_LABEL = "other"
ASKED = "asked"
"""Source of pages that a round asked people about, as "label" is that of the seed's labels."""

CHOSEN = "chosen"
"""Source of pages that people were asked about for what they are (strata SUSPECTED): they train and are scored, but
stand for no pages of the crawl, as other pages of their score are not like them."""

SUSPECTED = ("suspect_high", "suspect_low", "language", "gold")

INFERRED = ("prefix", "structure", "judge", "random", "harvest")
"""Sources whose label no person gave: they train, but measure nothing."""


@dataclass(frozen=True, slots=True)
class Example:
    """A page to learn from. source: label (of the seed), ASKED, CHOSEN or one of INFERRED.

    doubt: the chance that its label is wrong, by how those who gave it did on gold tasks; 0 where that is not known.
    """

    url: str
    label: str
    family: str
    source: str
    text: str
    doubt: float = 0.0


def gather(round_: Round) -> list[Example]:
    """All examples of a round by URL: people's labels first, then the seed, then what prefixes brought."""
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
            doubt = doubt_of(label.source, label.annotators, label.agreement, rates)
            examples[url] = Example(url, label.value, _family(url, families), source, label.text, doubt)
    for example in seeds:
        examples.setdefault(example.url, example)
    for number in earlier:
        table = store.read_table(run.round(number).step("harvest").key("pages.parquet"), ["url", "text"])
        for row in table.to_pylist():
            family = _family(row["url"], families)
            page = Example(row["url"], run.config.train.positive, family, "harvest", row["text"])
            examples.setdefault(page.url, page)
    audited = audit_urls(run, earlier)
    return [examples[url] for url in sorted(examples) if url not in audited and not run.holdout.covers(url)]


def _family(url: str, known: Mapping[str, str]) -> str:
    """Family of a URL: what the seed labels call its host's, else its registered domain."""
    host = host_of(url)
    return known.get(host) or registered_domain(host)


def class_of(example: Example, settings: TrainSection) -> str:
    """The label an example trains: its own with labels = "all", else the positive one or OTHER_LABEL."""
    if example.label == settings.positive:
        return settings.positive
    return example.label if settings.labels == "all" and example.source != "random" else OTHER_LABEL
