"""URL prefixes in figures: what judgements of them brought, round by round, and what the open ones would add.

In: rounds and their domains, label and harvest steps. Out: a figure of the report, tables of `recall status`, plain
values for its JSON.
"""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from recall.labels.prefix_yield import PrefixYield
from recall.model.evaluate import Interval
from recall.records import Candidate
from recall.report.contents import FigureData
from recall.report.terminal_tables import print_table
from recall.run.rounds import Round, Run

SHOWN = 10
"""Candidates of the round that is open which are shown."""

YIELD = ("round", "judged", "accepted", "pages won", "each", "labels won", "each")
OPEN = ("prefix", "pages", "kept", "code pages it would add")
YIELDS = {
    "round": "int32",
    "judged": "int64",
    "accepted": "int64",
    "pages": "int64",
    "pages_each": "float64",
    "pages_low": "float64",
    "pages_high": "float64",
    "labels": "int64",
    "labels_each": "float64",
    "labels_low": "float64",
    "labels_high": "float64",
}
Yields = Sequence[tuple[int, PrefixYield | None]]
"""Numbers of rounds, and what their judgements brought."""


def yield_figure(yields: Yields) -> FigureData:
    """Pages and labels won per judgement of a prefix, by round."""
    rows: list[tuple[Any, ...]] = [
        (number, won.judged, won.accepted, won.pages, *_ends(won.pages_each), won.labels, *_ends(won.labels_each))
        for number, won in yields
        if won is not None
    ]
    return FigureData(
        "prefix_yield",
        "What judgements of prefixes brought",
        "Pages that the model did not keep under the prefixes accepted in a round, and those of them that became "
        "examples of the next; each: per prefix that people judged, with 95 % intervals over judgements. A judged page "
        "is one label.",
        YIELDS,
        rows,
    )


def _ends(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high


def open_prefixes(run: Run) -> list[Candidate]:
    """The first SHOWN prefixes that people are asked about now, or will be when the round's tasks are written."""
    upcoming = run.next()
    if upcoming is None or not isinstance(upcoming[0], Round) or upcoming[1] != "label":
        return []
    round_ = upcoming[0]
    asked = round_.step("label").key("prefixes.parquet")
    key = asked if run.store.exists(asked) else round_.step("domains").key("candidates.parquet")
    first = next(iter(run.store.read_batches(key, None, SHOWN)), None)
    rows = first.to_pylist() if first is not None else []
    names = Candidate.__dataclass_fields__
    return [Candidate(**{name: row[name] for name in names if name in row}) for row in islice(rows, SHOWN)]


def print_yields(yields: Yields) -> None:
    """Print what judgements brought, a line a round."""
    rows = [(str(number), *_yield_row(won)) for number, won in yields if won is not None and won.judged]
    if rows:
        print_table("pages and labels won by judging prefixes; each: per judgement, 95 % intervals", YIELD, rows)


def _yield_row(won: PrefixYield) -> tuple[str, ...]:
    each = [f"{one.value:.1f} ({one.low:.1f}-{one.high:.1f})" for one in (won.pages_each, won.labels_each)]
    counts = [f"{count:,}" for count in (won.judged, won.accepted, won.pages, won.labels)]
    return (*counts[:3], each[0], counts[3], each[1])


def print_open_prefixes(candidates: Sequence[Candidate]) -> None:
    """Print the first prefixes that wait for people, each with the code pages that it would add."""
    rows = [(each.prefix, f"{each.pages:,}", f"{each.kept:,}", added_text(each)) for each in candidates]
    if rows:
        print_table("prefixes that wait for people, those first that bring most", OPEN, rows)


def added_text(candidate: Candidate) -> str:
    """The code pages that a prefix would add, with the interval."""
    return f"{candidate.added:,.0f} ({candidate.low:,.0f}-{candidate.high:,.0f})"


def prefixes_json(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Open prefixes as plain values."""
    return [asdict(candidate) for candidate in candidates]
