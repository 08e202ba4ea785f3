"""Where a run stands, in few lines: what happened, what comes next, what to do about it.

In: a run folder. Out: lines for people. A finished round is a row of the table of rounds and no line here; the whole
ledger and every count are `recall status --verbose`.
"""

from collections.abc import Iterator, Mapping, Sequence

from recall.run.failures import FailedItem
from recall.run.ledger import Entry
from recall.run.order import SEAL, StepPosition
from recall.run.rounds import Run, Step

LISTED = 3
"""Failed shards, and steps with failed shards, that are named."""

SHOWN = {
    "seed": ("examples", "positive", "sample", "missing", "texts_bad"),
    "train": ("examples", "positive", "threshold", "held_out_precision", "held_out_found"),
    "scan": ("read", "kept", "candidates"),
    "domains": ("hosts", "code_domains", "prefixes"),
    "label": ("pages", "prefixes"),
    "harvest": ("prefixes", "harvested", "saturation"),
    "corpus": ("pages", "rows", "documents", "tokens", "dropped"),
}
"""Counts of a step that are worth a look; those that a step does not have are passed over."""


def counts_text(step: str, counts: Mapping[str, object]) -> str:
    """The counts of SHOWN."""
    named = [name for name in SHOWN.get(step, ()) if name in counts and counts[name] != 0]
    told = (f"{counts[name]:,}" if isinstance(counts[name], int) else str(counts[name]) for name in named)
    names = (name.replace("held_out_found", "held-out recall").replace("held_out", "held-out") for name in named)
    return ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in zip(names, told, strict=True))


def done_lines(run: Run) -> Iterator[str]:
    """The seed, the steps of the round that is under way, and the corpus, a line each."""
    for position in run.order:
        sealed = position.number > 0 and run.round(position.number).sealed
        if position.verb == SEAL or sealed or not run.done(position):
            continue
        counts = Step(run.store, position).result.counts
        where = f"round {position.number} {position.step}" if position.number else position.step
        yield f"{where}: {counts_text(position.step, counts) or 'done'}"


def failure_lines(entries: Sequence[Entry], attempt: tuple[StepPosition, Sequence[FailedItem]] | None) -> Iterator[str]:
    """Shards that could not be read, and what failed at the last attempt at the next step."""
    failed = [entry for entry in entries if entry.shards.failed or entry.shards.lost or entry.pages.lost]
    for entry in failed[:LISTED]:
        lost = entry.shards.lost or entry.pages.lost
        count = sum(entry.shards.failed.values())
        told = "counts do not add up, see `recall verify`" if lost else entry.shards.reasons()
        yield f"{entry.position.folder}: {count:,} of {entry.shards.planned:,} shards failed: {told}"
    if len(failed) > LISTED:
        yield f"and {len(failed) - LISTED} more steps with failed shards"
    if attempt is not None:
        step, failures = attempt
        yield f"{step.folder}: {len(failures):,} failed at the last attempt; `recall retry` takes them again:"
        yield from (f"  {item.name}: {item.kind}: {item.words}" for item in failures[:LISTED])


def next_lines(run: Run, upcoming: str) -> Iterator[str]:
    """What comes next, and the verb that does it. upcoming: its name, "" at the end."""
    if not upcoming:
        yield "next: nothing, the run has ended"
        yield f"do: recall report {run.store.root} for its figures; the corpus lies in {run.store.url('corpus')}"
        return
    yield f"next: {upcoming}"
    if upcoming.endswith("label"):
        yield f"do: recall annotate status {run.store.root} shows who answers at what pace; then recall run goes on"
    else:
        yield f"do: recall run {run.store.root}"
