"""The best N tokens: of the pages that are left, those of highest quality, as few as hold [quality] best_tokens.

In: finished chunks and what caps took out. Out: the pages beyond, as one more Capped. Exact to the page: pages of one
quality go by the hash of their URL, then by id. Three passes over small columns narrow the border down: sums of tokens
by quality, then by the hash's first bits within one quality, then the pages of one such part. So a task holds a chunk,
and the driver the sums and at most some thousands of pages, however many have one quality.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from recall.config import Config
from recall.config.corpus_sections import QUALITY
from recall.corpus.chunks import Chunk, ChunkedPages
from recall.corpus.drops import BEST, BEYOND, Capped
from recall.corpus.ranking.ranker import BEST as HIGHEST
from recall.corpus.ranking.ranker import DECIMALS
from recall.run.sampling import priority
from recall.run.shuffle import Stage, StageFile, write_table
from recall.run.store import Schema, Store, Table
from recall.steps.build.parts import uncapped

STEPS = 10**DECIMALS
GRADES = round(HIGHEST * STEPS) + 1
"""Different qualities: a grade is the distance from the highest, in steps."""

PART_BITS = 16
PARTS = 1 << PART_BITS
"""Parts of one grade, by the first bits of the hash."""

SUMS: Schema = {"value": "int64", "tokens": "int64"}
HASHED: Schema = {"hash": "uint64", "id": "int64", "tokens": "int64"}


@dataclass(frozen=True, slots=True)
class BestInputs:
    """What the passes need. column: of the tokens; grade, part: where the border lies, -1 where that is not known.

    hash, id: of the last page that stays.
    """

    seed: int
    column: str
    finished: tuple[StageFile, ...] = field(repr=False)
    capped: tuple[Capped, ...] = field(repr=False)
    grade: int = -1
    part: int = -1
    hash: int = -1
    id: int = -1


def keep_best(
    pages: ChunkedPages, config: Config, finished: tuple[StageFile, ...], capped: tuple[Capped, ...]
) -> tuple[Capped, ...]:
    """The caps with the pages beyond the best tokens, where there is a ranker and fewer tokens are wanted than left."""
    wanted = config.quality.best_tokens
    if not config.quality.ranked or not wanted:
        return capped
    column = "named_tokens" if config.tags.tokenizer else "tokens"
    inputs = BestInputs(config.run.seed, column, finished, capped)
    sums = _added(pages.store, pages.over_chunks("best-grades", _sum_tokens, inputs), GRADES)
    if int(sums.sum()) <= wanted:
        return capped
    grade, wanted = _border(sums, wanted)
    inputs = replace(inputs, grade=grade)
    part, wanted = _border(_added(pages.store, pages.over_chunks("best-parts", _sum_tokens, inputs), PARTS), wanted)
    inputs = replace(inputs, part=part)
    rows = sorted(
        (row["hash"], row["id"], row["tokens"])
        for file in pages.over_chunks("best-pages", _rank_pages, inputs)
        for row in pages.store.read_table(file.key, list(HASHED)).to_pylist()
    )
    last, _ = _border(np.array([tokens for _, _, tokens in rows], np.int64), wanted)
    inputs = replace(inputs, hash=rows[last][0], id=rows[last][1])
    return (*capped, Capped(BEST, pages.over_chunks(BEST, _leave_out, inputs)))


def _added(store: Store, files: Iterable[StageFile], size: int) -> NDArray[np.int64]:
    """Sums of all chunks by value."""
    sums = np.zeros(size, np.int64)
    for file in files:
        table = store.read_table(file.key, list(SUMS))
        np.add.at(sums, table.column("value").to_numpy(), table.column("tokens").to_numpy())
    return sums


def _border(tokens: NDArray[np.int64], wanted: int) -> tuple[int, int]:
    """Where so many tokens are reached in this order, and how many are wanted from there on."""
    reached = np.cumsum(tokens)
    index = int(np.searchsorted(reached, wanted))
    return index, wanted - int(reached[index] - tokens[index])


def _grades(table: Table) -> NDArray[np.int64]:
    return np.asarray(GRADES - 1 - np.rint(table.column(QUALITY).to_numpy() * STEPS), np.int64)


def _hashes(table: Table, seed: int) -> NDArray[np.uint64]:
    return np.array([priority(seed, url) for url in table.column("url").to_pylist()], np.uint64)


def _read(stage: Stage[BestInputs], chunk: Chunk) -> Table:
    """A chunk's pages that no cap took out, of the border's grade where that is known."""
    inputs = stage.inputs
    names = ["id", "url", QUALITY, inputs.column]
    table = uncapped(
        stage.store, stage.store.read_table(inputs.finished[chunk.number].key, names), inputs.capped, chunk.number
    )
    return table if inputs.grade < 0 else table.filter(_grades(table) == inputs.grade)


def _sum_tokens(stage: Stage[BestInputs], chunk: Chunk) -> StageFile:
    """A chunk's tokens by grade; where that of the border is known, its tokens by part."""
    table = _read(stage, chunk)
    if stage.inputs.grade < 0:
        values = _grades(table)
    else:
        values = (_hashes(table, stage.inputs.seed) >> np.uint64(64 - PART_BITS)).astype(np.int64)
    kinds, members = np.unique(values, return_inverse=True)
    sums = np.zeros(len(kinds), np.int64)
    np.add.at(sums, members, table.column(stage.inputs.column).to_numpy())
    return write_table(stage, "sums-", {"value": kinds, "tokens": sums}, SUMS)


def _rank_pages(stage: Stage[BestInputs], chunk: Chunk) -> StageFile:
    """A chunk's pages of the border's grade and part."""
    table = _read(stage, chunk)
    hashes = _hashes(table, stage.inputs.seed)
    inside = (hashes >> np.uint64(64 - PART_BITS)) == np.uint64(stage.inputs.part)
    kept = table.filter(inside)
    rows = {"hash": hashes[inside], "id": kept.column("id"), "tokens": kept.column(stage.inputs.column)}
    return write_table(stage, "pages-", rows, HASHED)


def _leave_out(stage: Stage[BestInputs], chunk: Chunk) -> StageFile:
    """A chunk's pages beyond the border."""
    border = stage.inputs
    table = _read(Stage(stage.store, stage.name, replace(border, grade=-1)), chunk)
    grades, ids, hashes = _grades(table), table.column("id").to_numpy(), _hashes(table, border.seed)
    at = np.uint64(border.hash)
    later = (hashes > at) | ((hashes == at) & (ids > border.id))
    beyond = table.filter((grades > border.grade) | ((grades == border.grade) & later))
    return write_table(stage, "beyond-", {name: beyond.column(name) for name in BEYOND}, BEYOND)
