"""Plan of a retry: which of a run's steps takes its failed shards again, and what is then done again.

A step whose shards failed beyond [cluster] failed_share published nothing: the next `recall run` goes on with it. A
step that was published without some shards is gone back to (`run.rewind`). Where only derived steps followed, the run
then ends with the bytes of a run that never failed. Labels that people gave stay, and with them the pages they were
asked about, which were drawn while the shards were missing; and a shard that an earlier round could not read either is
read by the later round's model alone. Going back to the first round that missed it does the later ones again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from recall.run.ledger import Entry, ledger
from recall.run.order import StepPosition
from recall.run.rewind import first_gap, published_after
from recall.run.rounds import Run


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """Where a retry goes back to, and what follows.

    gap: the published step whose failed shards are taken again, None for none; again: folders of the published steps
    that are then done again; earlier: steps with failed shards before it, which this retry leaves as they are.
    """

    gap: Entry | None
    again: tuple[str, ...]
    earlier: tuple[Entry, ...]


def gaps_of(entries: Iterable[Entry]) -> list[Entry]:
    """Return the published steps that went on without failed shards; build reads none of its own."""
    return [entry for entry in entries if entry.shards.failed and entry.position.verb != "build"]


def plan_retry(run: Run, number: int | None = None) -> RetryPlan:
    """Say what a retry does. number: the round to go back to (0: the seed), by default the last that was begun."""
    gaps = {entry.position: entry for entry in gaps_of(ledger(run))}
    target = first_gap(run, list(gaps), number)
    return RetryPlan(
        gaps[target] if target else None,
        tuple(later.folder for later in published_after(run, target)) if target else (),
        tuple(entry for position, entry in gaps.items() if target is None or _before(run, position, target)),
    )


def _before(run: Run, first: StepPosition, second: StepPosition) -> bool:
    return run.order.index(first) < run.order.index(second)
