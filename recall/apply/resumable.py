"""Work over portions, here or on Ray: rows in the order of the inputs, resumed where a killed process stopped.

In: portions and the work. Out: either rows as they come, or parts in a folder, each published once: a portion is done
when its record is there, and a process that was killed goes on with the rest; within an archive it goes on with the
piece it was at. What is published depends on the inputs alone, so the bytes are the same. Every input comes out as a
row, a skip with its reason, or a failure in words.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Protocol

import recall
from recall.apply.page_outcomes import Answer, PageOutcome, ReadPage, read_portion
from recall.apply.portions import ArchivePortion, ListPortion, Portion, identity_of
from recall.config import AccessSection, ClusterSection
from recall.errors import AlreadyPublished, BadInput
from recall.records import Skip
from recall.run.jobs import Outcome, each, limited_access, meter, tolerated
from recall.run.progress_bar import count_pages, progress
from recall.run.sampling import batches_by_weight
from recall.run.store import Schema, Store

PIECE = 512
"""Pages that are answered together and kept as one part."""
PIECE_BYTES = 32 << 20
"""Bodies of a piece; it ends at the page that reaches this."""

PAGE: Schema = {"path": "string", "url": "string", "offset": "int64", "length": "int64", "listed": "string"}
"""Columns of every row; null where there is nothing to say. listed: the URL as a list has it."""
FATE: Schema = {"skip": "string", "failure": "string"}
"""Columns of parts only: why a row is no page."""

PLAN = "plan.json"
_OWN = re.compile(r"([0-9]{6,})\.json|([0-9]{6,})-[0-9]{6,}\.parquet")
"""A portion's record (`done_key`) and its parts (`part_key`)."""

Row = dict[str, Any]


class Work(Protocol):
    """What is done with pages."""

    @property
    def schema(self) -> Schema:
        """Columns that it adds."""

    def settings(self) -> list[str]:
        """What its answers depend on, besides the pages."""

    def answers(self, pages: Sequence[ReadPage]) -> list[Answer | Skip]:
        """An answer for each page."""


def columns_of(work: Work) -> Schema:
    """Columns of the rows that come out."""
    return {**PAGE, **work.schema}


@dataclass(frozen=True, slots=True)
class Order:
    """What every task is given: where parts lie, how inputs are read, what is done with pages."""

    store: Store
    access: AccessSection
    work: Work

    @property
    def schema(self) -> Schema:
        """Columns of parts."""
        return {**FATE, **columns_of(self.work)}

    def pieces(self, portion: Portion) -> Iterator[list[PageOutcome]]:
        """A portion's outcomes, as many as are answered together."""
        return batches_by_weight(read_portion(portion, self.access), PIECE, PIECE_BYTES, lambda each: each.weight)

    def rows(self, piece: Sequence[PageOutcome]) -> list[Row]:
        """Rows of some outcomes, in their order, with the columns of parts."""
        pages = [ReadPage(outcome.page, outcome.url, outcome.text) for outcome in piece if outcome.page is not None]
        answers = iter(self.work.answers(pages))
        meter("pages", len(pages))
        count_pages(len(pages))
        return [self._row(outcome, next(answers) if outcome.page is not None else {}) for outcome in piece]

    def _row(self, outcome: PageOutcome, answer: Answer | Skip) -> Row:
        row: Row = dict.fromkeys(self.schema)
        row |= {"path": outcome.path, "url": outcome.url or None, "listed": outcome.asked or None}
        row |= {"skip": outcome.skip, "failure": outcome.failure}
        if outcome.page is not None and outcome.page.ref.length:
            row |= {"offset": outcome.page.ref.offset, "length": outcome.page.ref.length}
        return row | ({"skip": answer.value} if isinstance(answer, Skip) else dict(answer))

    def ordered(self, portion: Portion) -> Iterator[list[Row]]:
        """Rows of a portion in pieces, in the order of its inputs; those of a list all at once.

        A list is read in the order of the files that its pages lie in.
        """
        if not isinstance(portion, ListPortion):
            yield from map(self.rows, self.pieces(portion))
            return
        rows = [
            (outcome.order, row)
            for piece in self.pieces(portion)
            for outcome, row in zip(piece, self.rows(piece), strict=True)
        ]
        yield [row for _, row in sorted(rows, key=itemgetter(0))]


def done_key(portion: Portion) -> str:
    """Of the record that says that a portion is done."""
    return f"{portion.number:06d}.json"


def part_key(number: int, piece: int) -> str:
    """Of the rows of a piece."""
    return f"{number:06d}-{piece:06d}.parquet"


def do_portion(order: Order, portion: Portion) -> None:
    """Publish a portion's parts, then its record. Raises ShardFailed for an archive that is not whole."""
    store = order.store
    if store.exists(done_key(portion)):
        return
    count, failed = 0, 0
    if isinstance(portion, ArchivePortion):
        for piece in order.pieces(portion):
            if not store.exists(part_key(portion.number, count)):
                _publish(order, part_key(portion.number, count), order.rows(piece))
            count += 1
    else:
        for rows in order.ordered(portion):
            _publish_anew(order, part_key(portion.number, count), rows)
            failed += sum(bool(row["failure"]) for row in rows)
            count += 1
    store.publish_json(done_key(portion), {"parts": count, "failed": failed}, first_wins=True)


def failed_in(store: Store, portion: Portion) -> int:
    """How many inputs of a portion that is done could not be read."""
    return int(store.read_json(done_key(portion))["failed"])


def forget_failed(store: Store, portions: Sequence[Portion]) -> None:
    """Remove what is there of portions in which inputs failed, so that they are done again."""
    done = {key for key in store.keys("") if key.endswith(".json")}
    for portion in portions:
        if done_key(portion) in done and failed_in(store, portion):
            for key in store.keys(f"{portion.number:06d}-"):
                store.remove(key)
            store.remove(done_key(portion))  # last: a call that is killed here forgets the rest when repeated


def keys_of(store: Store, portions: Sequence[Portion]) -> list[str]:
    """The parts and records of portions that are there."""
    numbers = {f"{portion.number:06d}" for portion in portions}
    matches = ((key, _OWN.fullmatch(key)) for key in store.keys(""))
    return [key for key, match in matches if match is not None and (match[1] or match[2]) in numbers]


def check_unused(store: Store, known: Sequence[str]) -> None:
    """Raise BadInput where a folder holds files besides the known ones and no plan: they are somebody else's."""
    keys = store.keys()
    other = next((key for key in keys if key not in known), None)
    if other is not None and PLAN not in keys:
        raise BadInput(f"{store.root}: holds files that are no parts, such as {other}; choose an empty folder")


def _publish(order: Order, key: str, rows: Sequence[Row]) -> None:
    order.store.publish_table(key, {name: [row[name] for row in rows] for name in order.schema}, order.schema)


def _publish_anew(order: Order, key: str, rows: Sequence[Row]) -> None:
    """Publish a part in place of one without a record: what failed when that was made may have been mended."""
    try:
        _publish(order, key, rows)
    except AlreadyPublished:
        order.store.remove(key)
        _publish(order, key, rows)


def check_plan(order: Order, portions: Sequence[Portion], verb: str, extra: Sequence[str] = ()) -> None:
    """Write down what the parts are of. Raises BadInput where those that are there are of something else."""
    plan = {
        "verb": verb,
        "recall": recall.__version__,
        "inputs": identity_of(portions),
        "settings": [*order.work.settings(), *extra],
    }
    try:
        order.store.publish_json(PLAN, plan)
    except AlreadyPublished:
        raise BadInput(
            f"{order.store.root}: holds parts of other inputs, another model or another version of recall; remove it "
            "or choose another name"
        ) from None


def do_portions(order: Order, portions: Sequence[Portion], cluster: ClusterSection, label: str) -> dict[int, str]:
    """Do every portion that is not done yet, with progress; numbers of those that failed, with their reasons.

    Raises what is no single input's: see `recall.run.jobs.tolerated`.
    """
    shared = Order(order.store, limited_access(order.access, cluster), order.work)
    outcomes = tolerated(each(do_portion, shared, portions, cluster, label))
    total = sum(len(portion.names) for portion in portions)
    failed: dict[int, str] = {}
    for outcome in progress(_by_input(outcomes), total, label, "inputs"):
        if outcome is not None and outcome.failure is not None and not order.store.exists(done_key(outcome.item)):
            failed[outcome.item.number] = outcome.failure
    return failed


def _by_input(outcomes: Iterator[Outcome[Portion]]) -> Iterator[Outcome[Portion] | None]:
    """Outcomes, each followed by None for every further input of its portion."""
    for outcome in outcomes:
        yield outcome
        yield from (None for _ in outcome.item.names[1:])


def parts_of(order: Order, portion: Portion) -> Iterator[list[Row]]:
    """The rows of a portion that is done, part by part."""
    count = int(order.store.read_json(done_key(portion))["parts"])
    for piece in range(count):
        for table in order.store.read_batches(part_key(portion.number, piece), list(order.schema)):
            yield table.to_pylist()


def account_of(portion: Portion, rows: Iterator[list[Row]], failure: str = "") -> Iterator[Row]:
    """The fate of each input of a portion, in order: done, skipped or failed, and why; of an archive its counts."""
    if failure:
        yield from ({"input": name, "outcome": "failed", "reason": failure} for name in portion.names)
    elif isinstance(portion, ArchivePortion):
        skipped: Counter[str] = Counter()
        pages = 0
        for row in (row for part in rows for row in part):
            skipped.update([row["skip"]] if row["skip"] else [])
            pages += not row["skip"]
        yield {"input": portion.path, "outcome": "done", "pages": pages, "skipped": dict(sorted(skipped.items()))}
    else:
        flat = (row for part in rows for row in part)
        for name, row in zip(portion.names, flat, strict=True):
            outcome = "failed" if row["failure"] else "skipped" if row["skip"] else "done"
            reason = row["failure"] or row["skip"]
            yield {"input": name, "outcome": outcome, **({"reason": reason} if reason else {})}
