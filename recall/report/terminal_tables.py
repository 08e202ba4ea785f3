"""Figures of rounds, audits and the ledger as tables on a terminal; the ledger as JSON too."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from recall.labels.audit_estimates import Audited
from recall.model.evaluate import Interval
from recall.records import Done
from recall.report.round_figures import Counts, Measured
from recall.report.share_figures import AtShare, threshold_text
from recall.run.failures import FailedItem
from recall.run.ledger import Account, Entry
from recall.run.order import StepPosition
from recall.run.own_threshold import OwnThreshold

LEDGER = ("step", "shards", "done", "failed", "pages", "done", "failed")
FAILURES = 10
"""Failed items of a step that are listed."""

COUNTS = ("round", "examples", "read", "kept", "code domains", "prefixes", "harvested", "saturation")
AT_SHARE = ("round", "code", "precision", "recall", "AP", "recall at 0.90")
HELD_OUT = ("round", "threshold", "precision", "recall", "AP", "recall at 0.90")
AUDIT = ("round", "labels", "code pages", "precision", "recall", "with prefixes: precision", "recall")
FLOOR = ("round", "code pages", "below the floor", "lost by it", "recall", "recall without it")
OTHERS = ("round", "pages", "positive", "precision", "recall", "with prefixes: precision", "recall")


def share_text(value: float) -> str:
    """A share to three digits; "-" for nan."""
    return "-" if math.isnan(value) else f"{value:.3f}"


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings, numbers to the right."""
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print()


def print_steps(steps: Iterable[tuple[str, Done]]) -> None:
    """Print every count of each published step."""
    rows = [(folder, ", ".join(f"{key} {value}" for key, value in done.counts.items())) for folder, done in steps]
    table = Table("step", "counts", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def print_rounds(rounds: Sequence[tuple[Counts, Measured | None]], verbose: bool = False) -> None:
    """Print a line per round: its counts and, where it was measured, precision and recall; what the floor loses too."""
    print_table("rounds", COUNTS, [_counts_row(counts) for counts, _ in rounds])
    measured = [(str(counts.round), figures) for counts, figures in rounds if figures is not None]
    if not measured:
        return
    held = measured[0][1].held_out
    title = f"held-out pages: {held.pages:,}, {held.positive:,} of them positive"
    print_table(title, HELD_OUT, [(number, *_held_out_row(figures)) for number, figures in measured])
    print_at_share(
        [(number, figures.at_share) for number, figures in measured if figures.at_share is not None], verbose
    )
    if verbose:
        title = "labelled pages of other hosts that the round's model did not train on"
        print_table(title, OTHERS, [(number, *_others_row(figures)) for number, figures in measured])
        title = "what the floor loses: labelled code pages that the round's model did not train on"
        print_table(title, FLOOR, [(number, *_floor_row(figures)) for number, figures in measured])


def print_at_share(rounds: Sequence[tuple[str, AtShare]], verbose: bool = False) -> None:
    """Print the figures of held-out pages at the crawl's share of code, and recall against the share kept.

    The latter of the last round alone, or with verbose of each.
    """
    if not rounds:
        return
    rows = [(number, *map(interval_text, _at_share(figures))) for number, figures in rounds]
    known = rounds[-1][1].code.known_by
    print_table(f"held-out pages at the crawl's share of code ({known}), 95 % intervals", AT_SHARE, rows)
    kept = [f"{pages:.0%} kept" for pages, _ in rounds[0][1].recall_where_kept]
    shown = rounds if verbose else rounds[-1:]
    curve = [(number, *(interval_text(recall) for _, recall in figures.recall_where_kept)) for number, figures in shown]
    print_table("recall where a share of the pages is kept, those with the highest scores", ("round", *kept), curve)


def _at_share(figures: AtShare) -> tuple[Interval, ...]:
    quality = (figures.precision, figures.recall, figures.average_precision, figures.found_at_90)
    return (figures.code.share, *quality)


def print_own_thresholds(thresholds: Sequence[tuple[int, OwnThreshold]]) -> None:
    """Print the thresholds that rounds chose after their scan, and what is expected of them."""
    for number, own in thresholds:
        print_note(f"round {number}: {threshold_text(own)}")


def print_audits(audits: Sequence[tuple[int, Audited | None]]) -> None:
    """Print the audit estimates of each round whose audit sample was labelled."""
    rows = [(str(number), *_audit_row(audited)) for number, audited in audits if audited is not None]
    if rows:
        print_table("estimates for the whole crawl from audit samples, 95 % intervals", AUDIT, rows)


def _audit_row(audited: Audited) -> tuple[str, ...]:
    alone, together = audited.model, audited.with_prefixes
    pages = f"{alone.positives.value:,.0f} ({alone.positives.low:,.0f}-{alone.positives.high:,.0f})"
    shares = (alone.precision, alone.recall, together.precision, together.recall)
    return (f"{audited.labels:,}", pages, *(interval_text(share) for share in shares))


def interval_text(interval: Interval) -> str:
    """A share with its interval, short enough for four columns on a narrow terminal."""
    return f"{interval.value:.2f} ({interval.low:.2f}-{interval.high:.2f})"


def print_note(text: str) -> None:
    """Print a remark below a table."""
    Console().print(text, style="dim", highlight=False)


def print_notes(lines: Iterable[str]) -> None:
    """Print lines as they are: what is no markup, and not cut, so that they can be copied."""
    for line in lines:
        Console().print(line, markup=False, highlight=False, soft_wrap=True)


def print_ledger(entries: Sequence[Entry]) -> None:
    """Print a line per step, and the reasons of what failed."""
    if not entries:
        return
    rows = [(entry.position.folder, *_cells(entry.shards), *_cells(entry.pages)) for entry in entries]
    print_table("ledger: planned = done + failed", LEDGER, rows)
    for entry in entries:
        for kind, account in (("shards", entry.shards), ("pages", entry.pages)):
            if account.reasons():
                print_note(f"{entry.position.folder}: {kind}: {account.reasons()}")


def _cells(account: Account) -> tuple[str, ...]:
    lost = f" (+{account.lost:,} unexplained)" if account.lost else ""
    return f"{account.planned:,}", f"{account.done:,}", f"{sum(account.failed.values()):,}{lost}"


def ledger_json(entries: Sequence[Entry]) -> dict[str, Any]:
    """The ledger by folder as plain values."""
    return {
        entry.position.folder: {
            kind: {"planned": account.planned, "done": account.done, "failed": dict(account.failed)}
            for kind, account in (("shards", entry.shards), ("pages", entry.pages))
        }
        for entry in entries
    }


def print_last_failures(attempt: tuple[StepPosition, Sequence[FailedItem]] | None) -> None:
    """Print the failures of the last attempt at the next step; attempt: that step and its failures, if any."""
    if attempt is None:
        return
    step, failures = attempt
    print_note(f"{step.folder}: {len(failures):,} failed at the last attempt; `recall retry` takes them again:")
    for failure in failures[:FAILURES]:
        print_note(f"  {failure.name}: {failure.kind}: {failure.words}")


def _counts_row(counts: Counts) -> tuple[str, ...]:
    numbers = (counts.examples, counts.read, counts.kept, counts.code_domains, counts.prefixes, counts.harvested)
    return (str(counts.round), *(f"{number:,}" for number in numbers), share_text(counts.saturation))


def _held_out_row(figures: Measured) -> tuple[str, ...]:
    held = figures.held_out
    shares = (figures.threshold, held.precision, held.found, figures.average_precision, figures.found_at_90)
    return tuple(share_text(value) for value in shares)


def _others_row(figures: Measured) -> tuple[str, ...]:
    alone, together = figures.others, figures.others_with_prefixes
    shares = (alone.precision, alone.found, together.precision, together.found)
    return (f"{alone.pages:,}", f"{alone.positive:,}", *(share_text(value) for value in shares))


def _floor_row(figures: Measured) -> tuple[str, ...]:
    floor = figures.below_floor
    return (
        *(f"{number:,}" for number in (floor.code_pages, floor.below, floor.lost)),
        *(share_text(value) for value in (floor.found, floor.found_all)),
    )
