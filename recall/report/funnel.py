"""The funnel from captures to corpus: pages that each stage passed on, and those it dropped by reason.

In: the last round's ledger of shards and the corpus' own tables, read in pieces. Out: one figure. Pages that only an
earlier round kept never entered the last round's funnel, so they are no part of it.
"""

import json
from collections import Counter
from dataclasses import dataclass, field

from recall.corpus import EARLIER_ONLY, NOT_CODE, NOT_SCANNED, ranked
from recall.labels.decisions import accepted_set
from recall.report.contents import FigureData
from recall.run.jobs import complete
from recall.run.rounds import Round, Run
from recall.run.scanned import SHARDS_FILE, ScannedShard, others_in, read_rows, scanned_shards
from recall.run.store import Store
from recall.sites.prefixes import PrefixSet

FUNNEL = {"stage": "string", "outcome": "string", "reason": "string", "pages": "int64"}
"""outcome: what became of the pages: "in" for those that a stage takes up, "out" for those that end in it."""

OUTSIDE = frozenset({EARLIER_ONLY, NOT_SCANNED})
READ, SCORED, RECALLED, CORPUS = "responses read", "pages scored", "pages recalled", "pages in the corpus"


def skipped_reasons(round_: Round) -> tuple[int, Counter[str]]:
    """Responses that a round's scan read, and those of them that are no page by reason."""
    read, skipped = 0, Counter[str]()
    key = round_.step("scan").key(SHARDS_FILE)
    wanted = ["read", "skipped"] + (["others"] if round_.run.config.scan.types else [])
    for table in round_.run.store.read_batches(key, wanted):
        skipped.subtract(others_in(table))
        read += sum(table.column("read").to_pylist())
        for text in table.column("skipped").to_pylist():
            skipped.update(json.loads(text))
    return read, skipped


def dropped_reasons(run: Run) -> Counter[str]:
    """Pages that the build dropped by reason, from dropped.parquet."""
    step, dropped = run.step("corpus"), Counter[str]()
    for table in run.store.read_batches(step.key("dropped.parquet"), ["reason"]):
        dropped.update(table.column("reason").to_pylist())
    return dropped


@dataclass(frozen=True, slots=True)
class Denied:
    """Input of `count_denied`. urls: of pages that people labelled not code; prefixes: accepted by the last round."""

    store: Store
    prefixes: PrefixSet
    urls: frozenset[str] = field(repr=False)


def count_denied(job: Denied, scanned: ScannedShard) -> int:
    """Pages of a shard that the round recalls although people labelled them not code."""
    tables = [read_rows(job.store, each, ["url", "kept"]) for each in (scanned, scanned.others) if each is not None]
    rows = [row for table in tables for row in table.to_pylist()]
    return sum(row["url"] in job.urls and (row["kept"] or job.prefixes.match(row["url"]) is not None) for row in rows)


def dropped_of_round(round_: Round) -> Counter[str]:
    """Pages that the round recalls and the build dropped, by reason.

    The build lists a page labelled not code also where only an earlier round recalled it: those do not count.
    """
    run, step = round_.run, round_.run.step("corpus")
    dropped = Counter({why: pages for why, pages in dropped_reasons(run).items() if why not in OUTSIDE})
    if NOT_CODE not in dropped:
        return dropped
    urls: set[str] = set()
    for table in run.store.read_batches(step.key("dropped.parquet"), ["url", "reason"]):
        urls.update(row["url"] for row in table.to_pylist() if row["reason"] == NOT_CODE)
    prefixes = accepted_set(run, range(1, round_.number + 1))
    job = Denied(run.store, prefixes, frozenset(urls))
    outcomes = complete(count_denied, job, scanned_shards(round_), run.config.cluster, "report funnel")
    dropped[NOT_CODE] = sum(outcome.result for outcome in outcomes)
    return +dropped


def funnel_of(round_: Round, kept: Counter[str] | None) -> FigureData:
    """The funnel of a scanned round. kept: the corpus' pages by reason, None before the build."""
    read, skipped = skipped_reasons(round_)
    scored = read - sum(skipped.values())
    rows: list[tuple[str, str, str, int]] = [(READ, "in", "", read), *_out(READ, skipped), (SCORED, "in", "", scored)]
    if kept is not None:
        dropped = dropped_of_round(round_)
        recalled = kept.total() + dropped.total()
        rows += [
            (SCORED, "out", "below the threshold and under no accepted prefix", scored - recalled),
            (RECALLED, "in", "", recalled),
            *_out(RECALLED, dropped),
            (CORPUS, "in", "", kept.total()),
            *((CORPUS, "kept by", why, pages) for why, pages in ranked(kept)),
        ]
    return FigureData(
        "funnel",
        "From captures to corpus",
        f"Pages that each stage of round {round_.number} and of the build takes up, and why the others end there.",
        FUNNEL,
        rows,
    )


def _out(stage: str, reasons: Counter[str]) -> list[tuple[str, str, str, int]]:
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return [(stage, "out", why.replace("_", " "), pages) for why, pages in ranked if pages]
