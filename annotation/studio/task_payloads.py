"""A round's tasks as Label Studio is given them: what an annotator sees, and what decides the order.

In: tasks.parquet, prefixes.parquet, examples.parquet and the round's model. Out: payloads, few in memory at a time.
Blind tasks carry no score, no n-grams and no prediction. The others carry a prediction without a choice, so that
nothing is filled in before an annotator looked: its score is the confidence of the model, and the least confident come
first. Of prefixes, those about which a question brings most come first.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from math import log1p
from typing import Any

from annotation.studio.safe_html import encodable, link, page_html, sanitise
from annotation.tasks import EXAMPLES, JUDGED, PREFIXES, TASKS, confidence
from recall.model.scorer import Scorer
from recall.run import Round, load_scorer, threshold_of
from recall.sites import EVERY, host_of

ROWS = 64
"""Tasks read at a time."""

SIGNALS = 8
"""Strongest n-grams shown for and against."""

FIRST_LINES = 280
"""Characters of an example page shown before it is opened."""

MORE = 3_000
"""Characters shown when it is opened."""

REASONS = {
    "uncertain": "near the threshold",
    "suspect_high": "recalled, without code",
    "suspect_low": "much code, not recalled",
    "language": "a rarer language",
}
"""Why a page is asked about, by stratum, as the list of tasks says it; all others are SPREAD, gold tasks too."""

SPREAD, UNSAID = "spread over hosts", "shown blind"
"""Reason of other pages, and of those whose stratum people are not told."""


@dataclass(frozen=True, slots=True)
class TaskPayload:
    """A task to push. data: its content with our key; votes: annotators wanted; confidence: None where it is blind."""

    key: str
    data: Mapping[str, Any] = field(repr=False)
    votes: int
    confidence: float | None


@dataclass(frozen=True, slots=True)
class ModelView:
    """The model by which a round's tasks are explained. scorer: None where the round has none that can be loaded."""

    scorer: Scorer | None
    threshold: float
    version: str


def model_view_of(round_: Round) -> ModelView:
    """The model of a round. version: names it in Label Studio."""
    store, step = round_.run.store, round_.step("train")
    version = f"round {round_.number} ({step.manifest.digest[:8]})"
    scorer = load_scorer(store, step.folder) if store.exists(step.key("scorer.npz")) else None
    return ModelView(scorer, threshold_of(round_), version)


def strongest(scorer: Scorer, text: str) -> list[tuple[str, float]]:
    """The n-grams that moved a page's logit most, each once with the sum of what it adds, strongest first."""
    sums: dict[str, float] = {}
    for part in scorer.explain(text).parts:
        name = part.name.strip()
        if part.kind in {"token", "ngram"} and name and "\ufffd" not in name:
            sums[name] = sums.get(name, 0.0) + part.contribution
    ranked = sorted(sums.items(), key=lambda item: (-abs(item[1]), item[0]))
    return ranked[: 2 * SIGNALS]


def _chips(parts: Iterable[tuple[str, float]], kind: str) -> str:
    return " ".join(f'<span class="chip {kind}">{escape(name)}</span>' for name, _ in parts)


def signals_html(score: float, view: ModelView, text: str) -> str:
    """The score beside the threshold, and the n-grams that moved it."""
    side = "above" if score >= view.threshold else "below"
    lines = [
        f'<div class="score"><b>{score:.3f}</b> model score, {side} the threshold of {view.threshold:.3f}</div>',
    ]
    if view.scorer is not None:
        parts = strongest(view.scorer, text)
        towards = [part for part in parts if part[1] > 0][:SIGNALS]
        away = [part for part in parts if part[1] < 0][:SIGNALS]
        lines += [f'<div class="chips">for code: {_chips(towards, "for")}</div>'] if towards else []
        lines += [f'<div class="chips">against: {_chips(away, "against")}</div>'] if away else []
    return sanitise("".join(lines))


BLIND = '<div class="score">No score is shown for this page.</div>'


def head_html(title: str, url: str) -> str:
    """Title and address of a page; the address leads to the original."""
    return sanitise(f'<div class="title">{escape(title or "(no title)")}</div><div class="url">{link(url, url)}</div>')


def page_data(round_: Round, row: Mapping[str, Any], view: ModelView) -> dict[str, Any]:
    """Content of a page task."""
    signals = BLIND if row["blind"] else signals_html(row["score"], view, row["text"])
    return {
        "key": row["key"],
        "round": round_.number,
        "url": encodable(row["url"]),
        "host": host_of(row["url"]),
        "score": None if row["blind"] else round(row["score"], 3),
        "reason": UNSAID if row["blind"] else REASONS.get(row["stratum"], SPREAD),
        "head": head_html(row["title"], row["url"]),
        "page": page_html(row["markdown"]) or '<p class="gone">(no text was found on this page)</p>',
        "signals": signals,
    }


def page_payloads(round_: Round, wanted: Collection[str], view: ModelView) -> Iterator[TaskPayload]:
    """Payloads of some page tasks, in the order of their keys; few of them in memory at a time.

    Confidence is that of the model and, where there is one, of the judge together.
    """
    store, key = round_.run.store, round_.step("label").key(TASKS)
    together: dict[str, float] = {}
    if store.exists(judged := round_.step("label").key(JUDGED)):
        together = {row["key"]: row["confidence"] for row in store.read_table(judged).to_pylist()}
    columns = ["key", "url", "score", "stratum", "title", "text", "markdown", "votes", "blind"]
    for batch in store.read_batches(key, columns, ROWS):
        for row in batch.to_pylist():
            if row["key"] in wanted:
                sure = together.get(row["key"], confidence(row["score"], view.threshold))
                blind = row["blind"]
                yield TaskPayload(row["key"], page_data(round_, row, view), row["votes"], None if blind else sure)


def _examples(round_: Round) -> dict[str, list[dict[str, Any]]]:
    """Example pages of each prefix, by task key."""
    table = round_.run.store.read_table(round_.step("label").key(EXAMPLES))
    examples: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        examples.setdefault(row["key"], []).append(row)
    return examples


def first_lines(markdown: str) -> str:
    """The beginning of a page on one line, without its markup."""
    plain = re.sub(r"[`#*|>]+|\]\([^)]*\)|!?\[", " ", markdown[: 4 * FIRST_LINES])
    return " ".join(plain.split())[:FIRST_LINES]


def example_html(row: Mapping[str, Any], threshold: float) -> str:
    """One example page: score, title and first lines, opening to more."""
    text = str(row.get("markdown") or "")
    title = str(row.get("title") or "") or str(row["url"])
    first = first_lines(text)
    opened = page_html(text[:MORE])
    side = "high" if row["score"] >= threshold else "low"
    return (
        f'<div class="example"><div class="line"><span class="score {side}">{row["score"]:.3f}</span> '
        f"{link(row['url'], title)}</div>"
        + (f'<div class="url">{escape(row["url"])}</div>' if title != row["url"] else "")
        + (f'<details><summary>{escape(first)}…</summary><div class="opened">{opened}</div></details>' if first else "")
        + "</div>"
    )


def added_html(row: Mapping[str, Any]) -> str:
    """How many code pages accepting a prefix would add, with the interval; "" where an earlier version asked."""
    if "added" not in row:
        return ""
    return f"would add about <b>{row['added']:,.0f}</b> code pages ({row['low']:,.0f} to {row['high']:,.0f})"


def prefix_data(
    round_: Round, row: Mapping[str, Any], examples: Iterable[Mapping[str, Any]], view: ModelView
) -> dict[str, Any]:
    """Content of a prefix task. Examples with low scores come first."""
    share = row["kept"] / row["pages"] if row["pages"] else 0.0
    shown = sorted(examples, key=lambda example: (example["score"], example["url"]))
    listed = "".join(example_html(example, view.threshold) for example in shown) or '<p class="gone">(no examples)</p>'
    title = f'<div class="title">{escape(row["prefix"])}</div>'
    address, where = link(f"https://{row['prefix']}", f"open https://{row['prefix']}"), f"host {escape(row['host'])}"
    if row["host"] == EVERY:
        address, where = "in any folder of any host", "all hosts; no two examples are of one"
    signals = (
        f'<div class="score">{added_html(row)}</div>'
        f'<div class="score"><b>{share:.0%}</b> recalled: {row["kept"]} of the {row["pages"]} pages seen under it</div>'
        f'<div class="score">{where}</div>'
        f'<div class="score">threshold {view.threshold:.3f}; a score is shown before each example</div>'
    )
    return {
        "key": row["key"],
        "round": round_.number,
        "url": encodable(row["prefix"]),
        "host": row["host"],
        "score": round(share, 3),
        "reason": f"{row['kept']} of {row['pages']} pages recalled",
        "head": sanitise(f'{title}<div class="url">{address}</div>'),
        "page": sanitise(listed),
        "signals": sanitise(signals),
    }


def prefix_payloads(round_: Round, wanted: Collection[str], view: ModelView) -> Iterator[TaskPayload]:
    """Payloads of some prefix tasks; those of largest gain come first."""
    table = round_.run.store.read_table(round_.step("label").key(PREFIXES))
    examples = _examples(round_)
    for row in sorted(table.to_pylist(), key=lambda row: (-row.get("gain", row["pages"]), row["prefix"])):
        if row["key"] in wanted:
            order = 1 / (2 + log1p(row.get("gain", row["pages"])))
            yield TaskPayload(
                row["key"], prefix_data(round_, row, examples.get(row["key"], ()), view), row["votes"], order
            )
