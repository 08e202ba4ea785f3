"""The last stage over texts, for surviving pages: boilerplate is removed, benchmark items are detected, secrets masked.

In: a chunk and what the stages between pages decided. Out: its finished pages, those dropped here with reasons, and the
benchmark items in them. Items are looked for before masks could hide them. A text that changed is measured again and
must still meet the quality rules, so that each signal and fence of a row is that of its text.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from recall.config import Config
from recall.corpus.chunks import Chunk, ChunkedPages, Merged, read_chunk, surviving_pages
from recall.corpus.dedup.earlier import held_by
from recall.corpus.drops import EXAMPLES, ChangeExample, Changes
from recall.corpus.filters.boilerplate import lines_by_host, remove_lines, text_key
from recall.corpus.filters.contamination import BenchmarkHit, Benchmarks
from recall.corpus.filters.privacy import KINDS, mask
from recall.corpus.ranking.ranker import Ranker
from recall.corpus.schema import CORPUS, DROPPED, Row, columns_of
from recall.io.parquet import ParquetWriter
from recall.model.token_counts import Vocabulary, token_counter
from recall.records import OTHER_BODIES
from recall.run.sampling import BottomK, priority
from recall.run.shuffle import Stage, StageFile, write_table
from recall.run.store import Schema
from recall.steps.build.extract import EXTRACTED
from recall.steps.build.page_quality import DropReason, judged

FINISHED: Schema = {name: kind for name, kind in CORPUS.items() if name != "weight"}
HITS: Schema = {
    "url": "string",
    "id": "int64",
    "benchmark": "string",
    "item": "string",
    "ngram": "string",
    "count": "int32",
    "dropped": "bool",
}
"""A benchmark item in a page. ngram: the first shared words; count: runs of words shared."""

ONLY_BOILERPLATE = "nothing but boilerplate"
CONTAMINATED = "holds a benchmark item"


@dataclass(frozen=True, slots=True)
class Decided:
    """What stages between pages decided. lines: boilerplate by chunk, as `find_boilerplate` returns it.

    marks: what the stages against earlier corpora merged, where such pages are kept and marked.
    """

    merged: tuple[Merged, ...] = field(repr=False)
    lines: tuple[StageFile, ...] = field(repr=False)
    marks: tuple[Merged, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class FinishInputs:
    """What finishing a chunk needs.

    vocabularies: of the columns of token counts, each a tokenizer.json, its name in errors, and whether it is ours.
    """

    config: Config
    decided: Decided
    benchmarks: Benchmarks = field(repr=False)
    vocabularies: Mapping[str, Vocabulary] = field(default_factory=dict, repr=False)
    ranker: Ranker | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FinishedChunk:
    """Rows of FINISHED, DROPPED and HITS, and what changed in the finished texts."""

    pages: StageFile
    dropped: StageFile
    hits: StageFile
    changes: Changes


def mask_and_decontaminate(
    pages: ChunkedPages,
    config: Config,
    decided: Decided,
    vocabularies: Mapping[str, Vocabulary],
    ranker: Ranker | None = None,
) -> tuple[FinishedChunk, ...]:
    """Finish the surviving pages of each chunk. Raises BadInput for a benchmark file that cannot be read."""
    asked = config.contamination
    files = asked.benchmarks if asked.enabled else ()
    benchmarks = Benchmarks.load(files, config.access, asked.fields, asked.ngram)
    return pages.over_chunks("finish", _finish_chunk, FinishInputs(config, decided, benchmarks, vocabularies, ranker))


def _finish_chunk(stage: Stage[FinishInputs], chunk: Chunk) -> FinishedChunk:
    """Finish a chunk's surviving pages."""
    finisher = _Finisher(stage, chunk)
    with TemporaryDirectory(prefix="recall-build-") as temporary:
        path = Path(temporary) / "finished.parquet"
        writer = ParquetWriter(path, FINISHED)
        for rows in finisher.finished_rows():
            writer.add(columns_of(rows, FINISHED))
        writer.close()
        output = stage.store.publish_file_named(stage.folder, "pages-", path, writer.rows)
    return FinishedChunk(
        StageFile(f"{stage.folder}/{output.file}", writer.rows),
        write_table(stage, "dropped-", columns_of(finisher.dropped, DROPPED), DROPPED),
        write_table(stage, "hits-", columns_of(finisher.hits, HITS), HITS),
        finisher.changes(),
    )


class _Finisher:
    """A chunk's pages one by one, and what became of them."""

    def __init__(self, stage: Stage[FinishInputs], chunk: Chunk) -> None:
        self.store, self.inputs, self.chunk = stage.store, stage.inputs, chunk
        self.lines = lines_by_host(stage.store, stage.inputs.decided.lines, chunk.number)
        self.held = held_by(stage.store, chunk, stage.inputs.decided.marks)
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, BottomK[int, ChangeExample]] = {}
        self.dropped: list[Row] = []
        self.hits: list[Row] = []

    def finished_rows(self) -> Iterator[list[Row]]:
        """Rows of FINISHED, a batch of pages at a time."""
        ids = read_chunk(self.store, self.chunk, ["id"]).column("id").to_numpy()
        survives, pages = surviving_pages(self.store, self.chunk, ids, self.inputs.decided.merged)
        at = 0
        for shard in self.chunk.shards:
            for table in self.store.read_batches(shard.kept.key, list(EXTRACTED), 2048):
                kept: list[Row] = []
                for index, row in enumerate(table.to_pylist(), at):
                    if not survives[index]:
                        continue
                    page = self._page(row, int(pages[index]))
                    if isinstance(page, DropReason):
                        why = {"stage": page.stage, "reason": page.reason, "detail": page.detail}
                        self.dropped.append({name: row.get(name) for name in DROPPED} | why)
                    else:
                        kept.append(page)
                at += table.num_rows
                yield kept

    def _page(self, row: Row, pages: int) -> Row | DropReason:
        config = self.inputs.config
        before = str(row["text"])
        text, taken = before, list[str]()
        exact = row["body"] in OTHER_BODIES  # which stay as they are, to the character
        if not exact and (known := self.lines.get(text_key(str(row["domain"])))):
            text, taken = remove_lines(before, known, config.boilerplate.words)
            if not text.strip():
                return DropReason("boilerplate", ONLY_BOILERPLATE)
        hits = self.inputs.benchmarks.hits(text) if config.contamination.enabled else []
        self._report(row, hits)
        if hits and config.contamination.drop:
            return DropReason("contamination", CONTAMINATED, f"{hits[0].benchmark} {hits[0].item}: {hits[0].ngram}")
        masked = mask(text, config.privacy) if config.privacy.enabled else None
        text, counts = (masked.text, masked.counts) if masked else (text, {})
        guessed = cast("list[int]", row["guessed"])
        measured = judged(text, config.quality, self.inputs.ranker, guessed) if text != before else {}
        if isinstance(measured, DropReason):
            return measured
        self._note(row, taken, counts)
        return {
            **row,
            **measured,
            **{f"masked_{kind}": counts.get(kind, 0) for kind in KINDS},
            "text": text,
            "duplicates": pages - 1,
            "boilerplate_lines": len(taken),
            "contamination": len(hits),
            "earlier": self.held.get(cast("int", row["id"]), ""),
            "file_size_in_byte": len(text.encode("utf-8", "replace")),
            "line_count": text.count("\n") + (not text.endswith("\n")),
            **self._counted(text),
        }

    def _counted(self, text: str) -> Row:
        """The columns of token counts."""
        counters = {name: token_counter(*vocabulary) for name, vocabulary in self.inputs.vocabularies.items()}
        return {name: counter.count(text) for name, counter in counters.items()}

    def _report(self, row: Row, hits: Sequence[BenchmarkHit]) -> None:
        for hit in hits:
            shared = {"benchmark": hit.benchmark, "item": hit.item, "ngram": hit.ngram, "count": hit.count}
            dropped = self.inputs.config.contamination.drop
            self.hits.append({"url": row["url"], "id": row["id"], **shared, "dropped": dropped})

    def _note(self, row: Row, taken: Sequence[str], counts: Mapping[str, int]) -> None:
        """Count what changed; examples of masks name kinds only."""
        if taken:
            self.counts.update({"boilerplate pages": 1, "boilerplate lines": len(taken)})
            self._add_example("boilerplate", row, taken[0][:200])
        if counts:
            self.counts.update({"privacy pages": 1, **{f"privacy {kind}": n for kind, n in counts.items()}})
            self._add_example("privacy", row, ", ".join(f"{kind} {count}" for kind, count in counts.items()))

    def _add_example(self, stage: str, row: Row, what: str) -> None:
        url, page = str(row["url"]), cast("int", row["id"])
        example = ChangeExample(priority(0, url), url, what)
        sample = self.examples.setdefault(stage, BottomK(EXAMPLES))
        sample.offer(page, (example.priority, url, what), example)

    def changes(self) -> Changes:
        """Counts and examples of what changed; the same examples whatever the order of the pages."""
        examples = {stage: tuple(sample.values()) for stage, sample in sorted(self.examples.items())}
        return Changes(dict(sorted(self.counts.items())), examples)
