"""The ledger of a run: at every step planned = done + failed with a reason, for shards and for pages.

In: what the published steps left: counts, reports, lists of failures. Out: an Entry for each of seed, scan, domains,
harvest and build; a Damage for whatever does not add up, within a step and from one step to the next. Every number is
read back from files, not remembered, so that a lost shard or page shows as a gap.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from recall.errors import Damaged
from recall.run.order import StepPosition
from recall.run.rounds import Damage, Run, Step
from recall.run.scanned import SHARDS_FILE, others_in

AGAIN = "captured again"
LIMITS = "over [harvest] per_prefix or limit"
NOT_FOUND = "not found in the crawl"
UNREAD = "not read by the last scan"
UNREAD_FILE = "WARC unreadable or broken"
NAMED = 3
"""Reasons that are printed of each account, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Account:
    """Shards or pages of a step. failed: how many for which reason; apart: of those done, pages that are no HTML."""

    planned: int
    done: int
    failed: Mapping[str, int] = field(default_factory=dict)
    apart: int = 0

    @property
    def lost(self) -> int:
        """Items that are neither done nor failed; 0 in every sound run."""
        return self.planned - self.done - sum(self.failed.values())

    def reasons(self) -> str:
        """The most frequent reasons, for people."""
        ranked = sorted(self.failed.items(), key=lambda item: (-item[1], item[0]))
        named = [f"{reason} {count:,}" for reason, count in ranked[:NAMED] if count]
        rest = sum(count for _, count in ranked[NAMED:])
        return ", ".join([*named, f"other {rest:,}"] if rest else named)


@dataclass(frozen=True, slots=True)
class Entry:
    """One step's accounts."""

    position: StepPosition
    shards: Account
    pages: Account


def ledger(run: Run) -> list[Entry]:
    """The accounts of every published step that has some, in the order of steps.

    Raises Damaged when a step's files cannot be read.
    """
    return [
        entry for position in run.order if position.verb in _READERS and (entry := entry_of(run, position)) is not None
    ]


def entry_of(run: Run, position: StepPosition) -> Entry | None:
    """One step's accounts; None when it is not done, or was done by a version that did not count for them."""
    if not run.done(position):
        return None
    try:
        return _READERS[position.verb](run, Step(run.store, position), position)
    except KeyError:
        return None


def unexplained(entries: Sequence[Entry]) -> Iterator[Damage]:
    """Damage for counts that do not add up, within a step and between consecutive steps."""
    before: dict[tuple[int, str], Entry] = {}
    for entry in entries:
        number, verb = entry.position.number, entry.position.verb
        for kind, account in (("shards", entry.shards), ("pages", entry.pages)):
            if account.lost:
                line = f"{account.planned} {kind} planned, {account.done} done, {sum(account.failed.values())} failed"
                yield Damage(entry.position.manifest, f"{line}: {account.lost} are not accounted for")
        scanned = before.get((number, "scan"))
        if (
            verb == "domains"
            and scanned
            and (entry.shards.planned, entry.pages.planned)
            != (
                scanned.shards.done,
                scanned.pages.done - scanned.pages.apart,
            )
        ):
            yield Damage(entry.position.manifest, "does not count the shards and pages that the round's scan scored")
        before[number, verb] = entry


def _failures(run: Run, step: Step) -> dict[str, int]:
    return dict(Counter(str(row["kind"]) for row in run.store.read_json(step.key("failures.json"))))


def _int(counts: Mapping[str, int | float | str], name: str) -> int:
    return int(counts[name])


def _seed(run: Run, step: Step, position: StepPosition) -> Entry:
    counts, failed = step.manifest.counts, _failures(run, step)
    missing = len(run.store.read_json(step.key("missing.json")))
    planned, labelled = _int(counts, "shards"), _int(counts, "labelled")
    shards = Account(planned, _int(counts, "read_shards"), failed)
    return Entry(position, shards, Account(labelled, _int(counts, "found"), {NOT_FOUND: missing} if missing else {}))


def _scan(run: Run, step: Step, position: StepPosition) -> Entry:
    wanted = ["read", "skipped", "rejected", "kept"]
    wanted += ["others"] if run.config.scan.types else []
    table = run.store.read_table(step.key(SHARDS_FILE), wanted)
    skipped: Counter[str] = Counter()
    for text in table.column("skipped").to_pylist():
        skipped.update(json.loads(text))
    others = others_in(table)
    sums = {name: int(table.column(name).to_numpy().sum()) for name in ("read", "rejected", "kept")}
    if sums["read"] != _int(step.manifest.counts, "read"):
        raise Damaged(f"{run.store.url(step.key(SHARDS_FILE))}: holds other counts than step.json")
    shards = Account(len(run.shards), table.num_rows, _failures(run, step))
    apart = others.total()
    done = sums["rejected"] + sums["kept"] + apart
    return Entry(position, shards, Account(sums["read"], done, dict(skipped - others), apart))


def _domains(_run: Run, step: Step, position: StepPosition) -> Entry:
    counts = step.manifest.counts
    shards, pages, repeats = _int(counts, "shards"), _int(counts, "pages"), int(counts.get("repeats", 0))
    again = {AGAIN: repeats} if repeats else {}
    return Entry(position, Account(shards, shards), Account(pages, _int(counts, "tallied"), again))


def _harvest(run: Run, step: Step, position: StepPosition) -> Entry:
    counts = step.manifest.counts
    shards, files, unread = (_int(counts, name) for name in ("shards", "files", "failed_files"))
    failed = dict(Counter(str(row["reason"]) for row in run.store.read_json(step.key("failures.json"))))
    if over := _int(counts, "over_limits"):
        failed[LIMITS] = over
    planned = _int(counts, "missed") + _int(counts, "unscanned")
    looked = Account(shards + files, shards + files - unread, {UNREAD_FILE: unread} if unread else {})
    return Entry(position, looked, Account(planned, _int(counts, "harvested"), failed))


def _corpus(run: Run, step: Step, position: StepPosition) -> Entry:
    counts = step.manifest.counts
    table = run.store.read_table(step.key(SHARDS_FILE), ["failed", "kept", "dropped"])
    unread = int(table.column("failed").to_numpy().sum())
    chosen = sum(int(table.column(name).to_numpy().sum()) for name in ("kept", "dropped"))
    reasons: Counter[str] = Counter()
    for piece in run.store.read_batches(step.key("dropped.parquet"), ["reason"]):
        reasons.update(map(str, piece.column("reason").to_pylist()))
    shards = Account(len(run.shards), table.num_rows - unread, {UNREAD: unread} if unread else {})
    return Entry(position, shards, Account(chosen, _int(counts, "pages"), dict(reasons)))


_READERS: dict[str, Callable[[Run, Step, StepPosition], Entry]] = {
    "seed": _seed,
    "scan": _scan,
    "domains": _domains,
    "harvest": _harvest,
    "build": _corpus,
}
