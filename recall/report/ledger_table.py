"""The ledger of a run on a terminal and as JSON: planned, done and failed shards and pages of each step."""

from collections.abc import Sequence
from typing import Any

from recall.report.terminal_tables import print_note, print_table
from recall.run.failures import FailedItem
from recall.run.ledger import Account, Entry
from recall.run.order import StepPosition

COLUMNS = ("step", "shards", "done", "failed", "pages", "done", "failed")
SHOWN = 10
"""Failed items of a step that are shown one by one."""


def print_ledger(entries: Sequence[Entry]) -> None:
    """Print a line per step, and the reasons of what failed."""
    if not entries:
        return
    rows = [(entry.position.folder, *_cells(entry.shards), *_cells(entry.pages)) for entry in entries]
    print_table("ledger: planned = done + failed", COLUMNS, rows)
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


def print_failing(found: tuple[StepPosition, Sequence[FailedItem]] | None) -> None:
    """Print what kept the next step from ending when it was last tried."""
    if found is None:
        return
    position, failures = found
    print_note(f"{position.folder}: {len(failures):,} failed at the last attempt; `recall retry` takes them again:")
    for failure in failures[:SHOWN]:
        print_note(f"  {failure.name}: {failure.kind}: {failure.words}")
