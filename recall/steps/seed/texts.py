"""Text as seed: rows of other corpora and dumps ([seed] texts), streamed from file to file.

In: Parquet and JSON lines with text, and url, label and family where they are known. Out: texts.parquet, rows as in
examples.parquet of source `text`, each text and each page once, at most [seed] texts_limit of them by seeded choice;
bad_texts.json, the rows that could not be used. A file is a task, which writes what it read to a file of its own; the
driver holds a number or two of each row and copies the chosen ones. Pages under the holdout and of opted-out URLs are
never taken. A text has no HTML: its scoring text is that of a page which shows just the text.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.archive.corpora import MADE_UP
from recall.archive.labelled_texts import BadRow, LabelledText, labelled_texts
from recall.config import Config
from recall.corpus.filters.optout import OptOut
from recall.errors import BadInput
from recall.io.parquet import ParquetWriter
from recall.labels.examples import SEED_TEXT
from recall.page.text import scoring_text
from recall.records import PLAIN_TEXT
from recall.run.jobs import complete
from recall.run.progress_bar import progress
from recall.run.rounds import Run
from recall.run.sampling import BottomK, batches_by_weight, priority
from recall.run.step_folder import Step
from recall.run.store import Store
from recall.sites.holdout import Holdout
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of, url_key

FILE, BAD = "texts.parquet", "bad_texts.json"

TEXTS = {
    "url": "string",
    "label": "string",
    "family": "string",
    "source": "string",
    "path": "string",
    "offset": "int64",
    "length": "int64",
    "text": "string",
}
_READ = {**TEXTS, "priority": "uint64", "page": "uint64"}
"""What a task writes. priority: a seeded hash of the text, equal for equal texts; page: of the URL, 0 without one."""

NAMED = 1_000
"""Rows of a file that bad_texts.json names; all are counted."""

GROUPS = 64
"""Texts without URL and family are cut into so many families, by their hash: where they come from is not known."""

_ROWS, _BYTES = 256, 8 << 20
"""Rows, and about so many bytes of text, that a row group holds: all that is in memory at once."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """One of [seed] texts. path: its path or URL, by which failures name it."""

    number: int
    path: str


@dataclass(frozen=True, slots=True)
class TextContext:
    """Context of `read_file`. folder: of the step, where tasks put their files."""

    config: Config
    store: Store
    folder: str
    holdout: Holdout
    optout: OptOut = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileRead:
    """What a task read. key: of its file; counts: rows by what became of them; bad: number and reason of bad rows."""

    key: str
    counts: Counter[str]
    bad: tuple[tuple[int, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SeedTexts:
    """The texts of a seed. counts: rows by what became of them; labels: of those that were taken."""

    counts: dict[str, int]
    labels: Counter[str]
    notes: list[str]


def read_file(context: TextContext, file: TextFile) -> FileRead:
    """Write the usable rows of a file to a table of the step. Raises BadInput where it has none, ShardFailed."""
    counts: Counter[str] = Counter()
    bad: list[tuple[int, str]] = []
    rows = _usable(context, file, counts, bad)
    with TemporaryDirectory(prefix="recall-texts-") as folder:
        path = Path(folder) / "rows.parquet"
        writer = ParquetWriter(path, _READ)
        for batch in batches_by_weight(rows, _ROWS, _BYTES, lambda row: len(row["text"])):
            writer.add({name: [row[name] for row in batch] for name in _READ})
        writer.close()
        if not writer.rows and not counts["held_out"] + counts["opted_out"]:
            first = f"row {bad[0][0]}: {bad[0][1]}" if bad else "it has no rows"
            raise BadInput(f"{file.path}: [seed] texts: no usable row: {first}")
        output = context.store.publish_file_named(context.folder, "texts-", path, writer.rows)
    return FileRead(f"{context.folder}/{output.file}", counts, tuple(bad))


def _usable(
    context: TextContext, file: TextFile, counts: Counter[str], bad: list[tuple[int, str]]
) -> Iterator[dict[str, Any]]:
    """Rows as `_READ` has them; rows that more than texts_limit others of the file come before are left out."""
    settings, seed = context.config.seed, context.config.run.seed
    label = settings.texts_label or context.config.train.positive
    first = BottomK[int, None](settings.texts_limit)
    for row in labelled_texts(file.path, context.config.access):
        counts["read"] += 1
        text = scoring_text(PLAIN_TEXT + row.text.encode("utf-8", "replace")) if isinstance(row, LabelledText) else ""
        if isinstance(row, BadRow) or not text:
            counts["bad"] += 1
            if len(bad) < NAMED:
                bad.append((row.number, row.reason if isinstance(row, BadRow) else "no text"))
        elif row.url and context.holdout.covers(row.url):
            counts["held_out"] += 1
        elif row.url and context.optout.reason(row.url):
            counts["opted_out"] += 1
        else:
            order = priority(seed, " ".join(text.lower().split()))
            if first.offer(order, (order,), None):
                yield _row(file, row, text, order, row.label or label)


def _row(file: TextFile, row: LabelledText, text: str, order: int, label: str) -> dict[str, Any]:
    url = row.url or f"{MADE_UP}{file.number}/{row.number}"
    unknown = f"text{order % GROUPS}"
    return {
        "url": url,
        "label": label,
        "family": row.family or (registered_domain(host_of(url)) if row.url else unknown),
        "source": SEED_TEXT,
        "path": file.path.rpartition("/")[2],
        "offset": row.number,
        "length": 1,
        "text": text,
        "priority": order,
        "page": priority(0, url_key(row.url)) if row.url else 0,
    }


def _first_of(keys: NDArray[Any]) -> NDArray[Any]:
    """Which items are the first of their key: bool."""
    first = np.zeros(len(keys), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    return first


def chosen_rows(priorities: NDArray[Any], pages: NDArray[Any], limit: int) -> NDArray[Any]:
    """Which rows are taken: bool; the first of each text and of each page (0: none), of these those of lowest priority.

    So the choice does not depend on how rows are cut into files or done by workers, only on their order.
    """
    taken = _first_of(priorities)
    left = np.flatnonzero(taken)
    own = np.where(pages[left] == 0, priorities[left], pages[left])
    taken[left[~_first_of(own)]] = False
    left = np.flatnonzero(taken)
    taken[left[np.argsort(priorities[left], kind="stable")[limit:]]] = False
    return taken


def collect_texts(run: Run, step: Step) -> SeedTexts:
    """Publish the texts of [seed] texts and the rows that could not be used.

    Raises Incomplete when a file cannot be read, BadInput for one without a usable row.
    """
    config = run.config
    settings = config.optout
    optout = OptOut.load(settings.hosts, settings.patterns, config.access) if settings.enabled else OptOut()
    context = TextContext(config, run.store, step.folder, run.holdout, optout)
    files = [TextFile(number, path) for number, path in enumerate(config.seed.texts)]
    outcomes = run.while_held(complete(read_file, context, files, config.cluster, "seed texts"))
    read: dict[int, FileRead] = {
        outcome.item.number: outcome.result for outcome in progress(outcomes, len(files), "seed texts", "files")
    }
    reads = [read[file.number] for file in files]
    numbers = [run.store.read_table(each.key, ["priority", "page"]) for each in reads]
    priorities, pages = (
        np.concatenate([table.column(name).to_numpy() for table in numbers]) for name in ("priority", "page")
    )
    chosen = chosen_rows(priorities, pages, config.seed.texts_limit)
    labels = _publish(run, step, reads, chosen)
    counts = sum((each.counts for each in reads), Counter[str]())
    names = [file.path.rpartition("/")[2] for file in files]
    step.publish_json(BAD, [[n + 1, names[n], *row] for n, each in enumerate(reads) for row in each.bad])
    notes = [
        f"{file.path}: {each.counts['bad']} of {each.counts['read']} rows cannot be used, first: "
        f"row {each.bad[0][0]}: {each.bad[0][1]}"
        for file, each in zip(files, reads, strict=True)
        if each.bad
    ]
    gone = {name: counts[name] for name in ("bad", "held_out", "opted_out")}
    left = counts["read"] - sum(gone.values()) - int(chosen.sum())
    kept = {"texts_read": counts["read"], "texts_repeated_or_over_limit": left}
    return SeedTexts(kept | {f"texts_{name}": number for name, number in gone.items()}, labels, notes)


def _publish(run: Run, step: Step, reads: list[FileRead], chosen: NDArray[Any]) -> Counter[str]:
    """Copy the chosen rows to texts.parquet; returns how many have each label."""
    labels: Counter[str] = Counter()
    start = 0
    with TemporaryDirectory(prefix="recall-texts-") as folder:
        path = Path(folder) / FILE
        writer = ParquetWriter(path, TEXTS)
        for each in reads:
            for table in run.store.read_batches(each.key, list(TEXTS), _ROWS):
                part = table.filter(chosen[start : start + table.num_rows])
                start += table.num_rows
                if part.num_rows:
                    labels.update(part.column("label").to_pylist())
                    writer.add({name: part.column(name) for name in TEXTS})
        writer.close()
        step.publish_file(FILE, path, writer.rows)
    return labels
