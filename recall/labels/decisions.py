"""The label/ folders of rounds, read: labelled pages, accepted prefixes, audit pages, excluded annotators.

In: tasks.parquet, labels.parquet and agreement.json, which annotation writes: tasks when a round's tasks are pushed,
labels when the label step ends. Their schemas lie here, below annotation, as train, harvest, build and the report read
them. Out: PageLabel by URL, prefix values, sets of URLs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recall.model.near_texts import Sketches
from recall.records import Label, LabelUse, PrefixValue, TaskUse
from recall.run.rounds import Round, Run
from recall.sites.prefixes import PrefixSet, parse_prefix
from recall.sites.urls import url_key

PAGE_TASKS = {
    "key": "string",
    "url": "string",
    "path": "string",
    "offset": "int64",
    "length": "int64",
    "shard": "int32",
    "score": "float64",
    "stratum": "string",
    "probability": "float64",
    "use": "string",
    "title": "string",
    "text": "string",
    "markdown": "string",
    "votes": "int32",
    "blind": "bool",
    "answer": "string",
    "sketch": "uint64",
}
"""use: a TaskUse. votes: how many annotators are wanted; blind: to be shown without score, order or n-grams;
answer: the known answer of a gold task, "" for others. stratum, probability, use and answer are never shown to people.
sketch: of the page's text (`recall.model.near_texts`), 0 where it is not known; earlier versions did not write it.
"""

ASKED_AGAIN = "doubted"
"""Stratum of pages that are asked about a second time, as their label was probably wrong. Their weight comes from the
stratum of the first time."""

PREFIX_TASKS = {
    "key": "string",
    "prefix": "string",
    "host": "string",
    "pages": "int64",
    "kept": "int64",
    "added": "float64",
    "low": "float64",
    "high": "float64",
    "gain": "float64",
    "examples": "list<string>",
    "votes": "int32",
}
"""added, low, high, gain: as a Candidate has them; prefixes of earlier versions lack them."""

LABELS = {
    "target": "string",
    "kind": "string",
    "value": "string",
    "annotators": "list<string>",
    "agreement": "float64",
    "use": "string",
    "source": "string",
    "category": "string",
    "error_chance": "float64",
}
"""error_chance: null where it follows from the annotators' error rates; earlier versions wrote no such column."""


INHERITED_LABELS = "inherited.parquet"
"""In the train folder of an applied run that is audited: the judged prefixes of the run that its model comes from."""


@dataclass(frozen=True, slots=True)
class PageLabel:
    """A page that annotators labelled. value: a label name; text: its scoring text when it was shown.

    stratum: for what it was chosen; source: a LabelSource; annotators, agreement, error_chance: as a Label has them.
    """

    url: str
    value: str
    use: LabelUse
    source: str
    annotators: tuple[str, ...]
    agreement: float
    stratum: str
    path: str
    offset: int
    length: int
    text: str
    error_chance: float | None = None


def seed_rows(run: Run, columns: Iterable[str]) -> list[dict[str, Any]]:
    """Some columns of the seed's examples; none in a run that inherited its model, and so has no seed."""
    if run.parent is not None:
        return []
    rows: list[dict[str, Any]] = run.store.read_table(
        run.step("seed").key("examples.parquet"), list(columns)
    ).to_pylist()
    return rows


def excluded_annotators(run: Run, rounds: Iterable[int]) -> frozenset[str]:
    """Annotators whose votes no longer count, as the last of some rounds says."""
    for number in sorted(rounds, reverse=True):
        key = run.round(number).step("label").key("agreement.json")
        if run.store.exists(key):
            return frozenset(run.store.read_json(key)["left_out"])
    return frozenset()


def label_rows(run: Run, number: int, ignored: frozenset[str]) -> list[dict[str, Any]]:
    """Rows of a round's labels.parquet (LABELS), without those that rest on `ignored` annotators alone."""
    rows: list[dict[str, Any]] = run.store.read_table(run.round(number).step("label").key("labels.parquet")).to_pylist()
    return [row for row in rows if not row["annotators"] or set(row["annotators"]) - ignored]


def inherited_labels(round_: Round) -> list[Label]:
    """Labels of judged prefixes that an audited round took over with its model; empty in any other."""
    store, key = round_.run.store, round_.step("train").key(INHERITED_LABELS)
    if not round_.run.audited or not store.exists(key):
        return []
    return [
        Label(row["target"], "prefix", row["value"], (), 1.0, "train", "vote")
        for row in store.read_table(key, ["target", "value"]).to_pylist()
    ]


def page_labels(run: Run, rounds: Iterable[int]) -> dict[str, PageLabel]:
    """Labelled pages of some rounds by URL, audit pages included (`use` tells); of a URL key the last label counts.

    A round's labels may be of an earlier round's tasks, where answers came after that round had ended.
    Labels that rest on excluded annotators alone do not count.
    """
    numbers = sorted(rounds)
    labelled: dict[str, PageLabel] = {}
    asked: dict[str, dict[str, Any]] = {}
    ignored = excluded_annotators(run, numbers)
    for number in numbers:
        step = run.round(number).step("label")
        columns = ["url", "path", "offset", "length", "text", "stratum"]
        for task in run.store.read_table(step.key("tasks.parquet"), columns).to_pylist():
            key = url_key(task["url"])
            first = asked.get(key, task)
            asked[key] = {**task, "stratum": first["stratum"]} if task["stratum"] == ASKED_AGAIN else task
        for label in label_rows(run, number, ignored):
            if label["kind"] == "page" and (key := url_key(label["target"])) in asked:
                of_label = {name: label[name] for name in ("value", "use", "source", "agreement")}
                of_label["annotators"] = tuple(label["annotators"])
                of_label["error_chance"] = label.get("error_chance")
                labelled[key] = PageLabel(**of_label, **asked[key])
    return {label.url: label for label in labelled.values()}


def prefix_labels(run: Run, rounds: Iterable[int]) -> dict[str, str]:
    """Labelled prefixes of some rounds and their PrefixValue; a later round's label wins unless it is "unsure".

    Prefixes are as `parse_prefix` gives them, whatever version of recall asked about them. Labels that rest on excluded
    annotators alone do not count.
    """
    numbers = sorted(rounds)
    values: dict[str, str] = {}
    ignored = excluded_annotators(run, numbers)
    for number in numbers:
        for row in label_rows(run, number, ignored):
            prefix = parse_prefix(row["target"]) if row["kind"] == "prefix" else ""
            if prefix and (row["value"] != "unsure" or prefix not in values):
                values[prefix] = row["value"]
    return values


def accepted_prefixes(run: Run, rounds: Iterable[int]) -> tuple[str, ...]:
    """Prefixes whose last label in some rounds is "accept", sorted."""
    return prefixes_labelled("accept", prefix_labels(run, rounds))


def prefixes_labelled(value: PrefixValue, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Prefixes with one value, sorted. labels: PrefixValue by prefix."""
    return tuple(sorted(prefix for prefix, given in labels.items() if given == value))


def accepted_set(run: Run, rounds: Iterable[int]) -> PrefixSet:
    """What the accepted prefixes of some rounds cover, as `accepted_among` has it."""
    return accepted_among(prefix_labels(run, rounds))


def accepted_among(labels: Mapping[str, str]) -> PrefixSet:
    """What accepted prefixes cover, without what a longer rejected one covers. labels: PrefixValue by prefix."""
    accepted = prefixes_labelled("accept", labels)
    return PrefixSet(accepted, prefixes_labelled("reject", labels) if accepted else ())


def shown_urls(run: Run, rounds: Iterable[int], use: TaskUse | None = None, stratum: str | None = None) -> set[str]:
    """URLs of the page tasks of some rounds, answered or not; of one use or stratum when it is given."""
    shown: set[str] = set()
    for number in rounds:
        table = run.store.read_table(run.round(number).step("label").key("tasks.parquet"), ["url", "use", "stratum"])
        rows = (row for row in table.to_pylist() if use in (None, row["use"]) and stratum in (None, row["stratum"]))
        shown.update(row["url"] for row in rows)
    return shown


def shown_sketches(run: Run, rounds: Iterable[int]) -> Sketches:
    """Sketches of the texts of some rounds' page tasks; none of rounds by earlier versions."""
    shown = [np.zeros(0, np.uint64)]
    for number in rounds:
        key = run.round(number).step("label").key("tasks.parquet")
        if "sketch" in run.store.columns_of(key):
            shown.append(run.store.read_table(key, ["sketch"]).column("sketch").to_numpy())
    return np.concatenate(shown)


def audit_urls(run: Run, rounds: Iterable[int]) -> set[str]:
    """URLs drawn for the audit sample of some rounds, answered or not: they never train."""
    return shown_urls(run, rounds, "audit")
