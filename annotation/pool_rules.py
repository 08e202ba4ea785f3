"""Which pages a round may ask about: what was asked, learned, audited or held out before, and what is worth asking.

In: the folders of earlier steps and rounds. Out: the rules by which `annotation.page_pool` goes through the scan.

Two kinds of pages are asked about on purpose. Gold: their answer is known, from the [label] gold file, the seed's
labels or earlier decisions. Suspected errors: labels by vote that are probably wrong; where a second vote is for the
same value the label is believed (the slip of one annotator is seldom that of another), else it waits for a decision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from annotation.strata import SamplingPlan
from recall.labels import (
    ASKED_AGAIN,
    audit_urls,
    error_posteriors,
    evaluation_mask,
    gather,
    page_labels,
    seed_rows,
    seed_tables,
    shown_sketches,
    shown_urls,
)
from recall.model import NearTexts
from recall.run import CrawlPages, Round, Run, Store, crawl_pages, floor_of, threshold_of, usable
from recall.sites import Holdout, PrefixSet, host_of, stored_host, url_key

LABELLED = "label"
"""Source of seed examples that a person labelled; the others (prefixes, random pages) may be asked about."""

MIN_CHANCE = 0.2
"""Chance of being wrong from which on a label is asked about again: below it, four votes of five would tell nothing
new."""


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """The answer to a page as the run knows it. order: of the pages with a known answer, low ones are asked first.

    learned: the label is in the run already, so that asking about the page measures annotators and nothing else.
    """

    value: str
    order: int
    learned: bool


@dataclass(frozen=True, slots=True)
class SuspectedError:
    """A label that may be wrong. url: by which the page was asked about; chance: that it is wrong."""

    url: str
    chance: float


@dataclass(frozen=True, slots=True)
class PoolRules:
    """What sampling a shard needs beside the shard. prefixes: those that want example pages, this many each.

    document: the model's tokenizer.json; marked: False for text without structure marks.
    positives: the labels of wanted pages; pages: reads the scan's pages, each once. All by URL key:
    known: pages that may be gold; asked: never offered again; suspected: of them, those that are;
    texts: theirs, which are not asked about under other URLs either (not by key);
    learned: a model may have learned from them; audited: shown without a score.
    """

    pages: CrawlPages
    plan: SamplingPlan
    holdout: Holdout
    prefixes: PrefixSet
    examples: int
    document: str = field(repr=False)
    marked: bool
    positives: frozenset[str]
    known: Mapping[str, KnownAnswer] = field(repr=False)
    asked: frozenset[str] = field(repr=False)
    texts: NearTexts = field(repr=False)
    suspected: Mapping[str, SuspectedError] = field(repr=False)
    learned: frozenset[str] = field(repr=False)
    audited: frozenset[str] = field(repr=False)

    @property
    def store(self) -> Store:
        """Of the run."""
        return self.pages.store

    @property
    def example_room(self) -> int:
        """Examples to remember per prefix: audit pages of this round turn out to be among them only later."""
        return self.examples + self.plan.audit


def pool_rules(round_: Round, prefixes: Sequence[str]) -> PoolRules:
    """Everything that decides a round's draw. prefixes: those that annotators are asked about."""
    run, earlier = round_.run, range(1, round_.number)
    asked = shown_urls(run, earlier)
    learned: set[str] = set()
    for key in seed_tables(run):
        for row in run.store.read_table(key, ["url", "source"]).to_pylist():
            (asked if row["source"] == LABELLED else learned).add(row["url"])
    for number in earlier:
        table = run.store.read_table(run.round(number).step("harvest").key("pages.parquet"), ["url"])
        learned.update(str(url) for url in table.column("url").to_pylist())
    return PoolRules(
        document=run.store.read(run.round(1).step("train").key("tokenizer.json")).decode(),
        marked=run.config.scan.input != "text",
        positives=run.config.train.positives,
        known=known_answers(run, round_.number),
        pages=crawl_pages(round_),
        plan=sampling_plan(round_, frozenset(host_of(url) for url in asked)),
        holdout=run.holdout,
        prefixes=PrefixSet(prefixes),
        examples=run.config.label.examples,
        asked=frozenset(map(url_key, asked)),
        texts=NearTexts(known_sketches(round_)),
        suspected=suspected_errors(round_),
        learned=frozenset(map(url_key, learned)),
        audited=frozenset(map(url_key, audit_urls(run, earlier))),
    )


def sampling_plan(round_: Round, known_hosts: frozenset[str]) -> SamplingPlan:
    """[label] as a plan for the round. known_hosts: hosts of pages that annotators labelled already."""
    config, store = round_.run.config, round_.run.store
    table = store.read_table(round_.step("domains").key("domains.parquet"), ["host", "code"])
    return SamplingPlan(
        seed=config.run.seed,
        round=round_.number,
        pages=config.label.pages,
        audit=config.label.audit,
        uncertain_share=config.label.uncertain_share,
        floor=floor_of(round_),
        threshold=threshold_of(round_),
        suspect_share=config.label.suspect_share,
        language_share=config.label.language_share,
        doubted_share=config.label.doubted_share,
        gold=round(config.label.gold_share * (config.label.pages + config.label.audit)),
        code_hosts=frozenset(stored_host(row["host"]) for row in table.to_pylist() if row["code"]),
        known_hosts=known_hosts,
    )


def known_sketches(round_: Round) -> NDArray[np.uint64]:
    """Sketches of texts that annotators labelled or were shown before the round; what earlier versions did has none."""
    run, key = round_.run, round_.step("train").key("out_of_fold.parquet")
    shown = shown_sketches(run, range(1, round_.number))
    if run.parent is not None or "sketch" not in run.store.columns_of(key):  # who inherits a model has no examples
        return shown
    rows = run.store.read_table(key, ["source", "sketch"]).to_pylist()
    return np.concatenate([shown, np.array([row["sketch"] for row in rows if row["source"] == LABELLED], np.uint64)])


def known_answers(run: Run, number: int) -> dict[str, KnownAnswer]:
    """Pages whose answer is known in a round, by URL key.

    Those of the [label] gold file come first, then the seed's labels, then what was decided in earlier rounds. Held-out
    pages are never among them, nor is what earlier rounds showed; but what was decided there may be asked once more.
    """
    earlier = range(1, number)
    shown = set(map(url_key, shown_urls(run, earlier)))
    twice = set(map(url_key, shown_urls(run, earlier, "gold") | shown_urls(run, earlier, stratum=ASKED_AGAIN)))
    known: dict[str, KnownAnswer] = {}
    for url, label in page_labels(run, earlier).items():
        if label.source == "decision" and label.use == "train" and url_key(url) not in twice:
            known[url_key(url)] = KnownAnswer(label.value, 2, True)
    for row in seed_rows(run, ["url", "label", "source"]):
        if row["source"] == LABELLED and (key := url_key(row["url"])) not in shown:
            known[key] = KnownAnswer(row["label"], 1, True)
    for url, value in usable(run.gold, run.holdout).items():
        if (key := url_key(url)) not in shown:
            known[key] = KnownAnswer(value, 0, key in known)
    return known


def suspected_errors(round_: Round) -> dict[str, SuspectedError]:
    """Pages, by URL key, whose label is wrong with a chance of MIN_CHANCE or more; asked again once each.

    The chance rests on what the round's model made of a page when it had not learned from it. Only labels by vote are
    ever suspected, of pages that train. Empty without gold tasks in earlier rounds.
    """
    run = round_.run
    if round_.number == 1 or not run.config.label.doubted_share:
        return {}
    table = run.store.read_table(round_.step("train").key("out_of_fold.parquet"), ["url", "score"])
    unseen = {row["url"]: row["score"] for row in table.to_pylist() if row["score"] is not None}
    labelled = [example for example in gather(round_) if example.url in unseen]
    truth = np.array([example.label in run.config.train.positives for example in labelled], dtype=bool)
    counts = evaluation_mask([example.source for example in labelled], truth)
    scores = np.array([unseen[example.url] for example in labelled])
    chances = error_posteriors(scores, truth, counts, np.array([example.error_chance for example in labelled]))
    again = set(map(url_key, shown_urls(run, range(1, round_.number), stratum=ASKED_AGAIN)))
    rounded = chances.round(6).tolist()  # the last bit on another machine moves no page
    return {
        key: SuspectedError(example.url, chance)
        for example, chance in zip(labelled, rounded, strict=True)
        if chance >= MIN_CHANCE and (key := url_key(example.url)) not in again
    }
