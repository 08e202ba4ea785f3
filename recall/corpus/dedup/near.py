"""Near-duplicates: pages whose texts share most of their word n-grams; of each cluster the best page stays.

Stages over chunks or partitions: sign (MinHash), pair (pages that are equal in a band), compare (both signatures of a
pair in one task; pairs under the threshold go), components, and gather (all signatures of a component in one task). The
ends of a component may have little in common, so it is no cluster yet: its pages, best first, join the most similar
representative so far, or become representatives. So each page that goes is similar to the page that represents it,
whatever the order of the files. In a component of more than 10,000 pages each is compared with at most 1,024
representatives, those that share most with it: a site of 100,000 alike pages takes seconds, not their square.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall import kernels
from recall.config import DuplicatesSection
from recall.corpus.chunks import (
    FIRST_RANK,
    MERGED,
    Chunk,
    ChunkedPages,
    Layout,
    Merged,
    read_chunk,
    surviving_pages,
)
from recall.corpus.dedup.components import EDGES, both_ends, connected_components, distinct
from recall.corpus.dedup.signatures import agreement, band_keys, packed_signature
from recall.io.parquet import bytes_matrix
from recall.run.shuffle import (
    Stage,
    StageFile,
    arrays,
    by_key,
    by_target,
    read_partition,
    write_partitions,
    write_table,
)
from recall.run.store import Columns, Schema, Table

BANDS: Schema = {"key": "uint64", "id": "int64"}
SIGNED: Schema = {"id": "int64", "rank": "int64", "pages": "int32", "signature": "binary"}
"""signature: the low 16 bits of each minimum; different minima agree there once in 65,536 times."""

HALVES: Schema = {"a": "int64", "b": "int64", "signature": "binary"}
"""A pair for the chunk of b, with the signature of a."""

MEMBERS: Schema = {"root": "int64", **SIGNED}
WHOLE_GROUP = 8
"""In a band, every pair of so many equal pages is compared; of more, each with the first and with the one before."""

COMPARED = 65_536
"""Pairs whose signatures are held at a time."""

LENIENCE = 0.04
"""So far under the threshold a page of a component still joins a representative: its pair with some page of the
component passed the threshold, estimates err by 0.027 at 0.75, and nearly all that joins lies above 0.7."""

GATHERED = 500_000
"""Pages of components that a task is made for."""


@dataclass(frozen=True, slots=True)
class NearInputs:
    """What the stages need. earlier: what stages before merged; signatures: rows of SIGNED, a file for each chunk."""

    settings: DuplicatesSection
    layout: Layout
    partitions: int
    earlier: tuple[Merged, ...] = field(repr=False)
    signatures: tuple[StageFile, ...] = field(default=(), repr=False)

    @property
    def width(self) -> int:
        """Hash functions of a signature."""
        return self.settings.bands * self.settings.rows

    @property
    def enough(self) -> int:
        """Equal positions of two signatures from which on a page may represent another."""
        return max(1, int(np.ceil((self.settings.threshold - LENIENCE) * self.width)))


@dataclass(frozen=True, slots=True)
class SignedChunk:
    """A chunk's signatures, and its pages by band, partitioned by the band's key."""

    signatures: StageFile
    bands: StageFile


def merge_near(
    pages: ChunkedPages, settings: DuplicatesSection, earlier: tuple[Merged, ...], prefix: str = ""
) -> Merged:
    """Merge near-duplicates among surviving pages. prefix: of the names of the stages."""
    near = f"{prefix}near"
    inputs = NearInputs(settings, pages.layout, pages.partitions(settings.bands), earlier)
    signed = pages.over_chunks(f"{near}-signed", _sign_chunk, inputs)
    inputs = replace(inputs, signatures=tuple(chunk.signatures for chunk in signed))
    bands = tuple(chunk.bands for chunk in signed)
    pairs = pages.over_partitions(f"{near}-pairs", _pair_partition, inputs, bands, inputs.partitions)
    halves = pages.over_chunks(f"{near}-halves", _send_signatures, inputs, pairs)
    edges = pages.over_chunks(f"{near}-edges", _compare_chunk, inputs, halves)
    ties = connected_components(pages.store, f"{near}-component", edges, inputs.partitions, pages.cluster)
    routes = pages.over_partitions(f"{near}-routes", _route_members, inputs, ties, inputs.partitions)
    inputs = replace(inputs, partitions=max(1, -(-sum(file.rows for file in routes) // GATHERED)))
    members = pages.over_chunks(f"{near}-members", _gather_members, inputs, routes)
    return Merged(near, pages.over_partitions(near, _cluster_partition, inputs, members, inputs.partitions))


def _sign_chunk(stage: Stage[NearInputs], chunk: Chunk) -> SignedChunk:
    """Signatures and bands of a chunk's surviving pages that have words."""
    inputs, store = stage.inputs, stage.store
    slim = arrays(read_chunk(store, chunk, ["id", "time", "size"]))
    survives, pages = surviving_pages(store, chunk, slim["id"], inputs.earlier)
    signatures: NDArray[np.uint16] = np.zeros((len(survives), inputs.width), np.uint16)
    for at, packed_minima in enumerate(_packed_signatures(stage, chunk, survives)):
        if packed_minima:
            signatures[at] = np.frombuffer(packed_minima, np.uint16)
        else:
            survives[at] = False
    kept = np.flatnonzero(survives)
    ranks = slim["time" if inputs.settings.keep == "newest" else "size"][kept]
    rows = {
        "id": slim["id"][kept],
        "rank": np.full(len(kept), FIRST_RANK) if chunk.earlier else ranks,
        "pages": pages[kept],
    }
    signatures = signatures[kept]
    packed = [row.tobytes() for row in signatures]
    keys = band_keys(signatures, inputs.settings.bands)
    bands = {"key": keys.ravel(), "id": np.repeat(rows["id"], inputs.settings.bands)}
    return SignedChunk(
        write_table(stage, "signed-", {**rows, "signature": packed}, SIGNED),
        write_partitions(stage, by_key(bands, "key", inputs.partitions), BANDS),
    )


def _packed_signatures(stage: Stage[NearInputs], chunk: Chunk, survives: NDArray[np.bool_]) -> Iterator[bytes]:
    """The signature of each page of a chunk, empty for those that do not survive or have no words."""
    store, inputs = stage.store, stage.inputs
    at = 0
    for shard in chunk.shards:
        for table in store.read_batches(shard.kept.key, ["signature" if chunk.earlier else "text"], 1024):
            for value in table.column(0):
                if chunk.earlier:
                    yield value.as_py()
                else:
                    text = value.as_py() if survives[at] else ""
                    yield packed_signature(text, inputs.settings.ngram, inputs.width)
                at += 1


def pairs_of(keys: NDArray[np.uint64], ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of pages that share a key and are worth comparing, each once and the smaller id first."""
    order = np.lexsort((ids, keys))
    keys, ids = keys[order], ids[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(starts, len(keys)))
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    row = np.arange(len(keys))
    left, right = [ids[first[row > first]]], [ids[row > first]]
    for back in range(1, WHOLE_GROUP - 1):
        near = (row - back > first) & ((size <= WHOLE_GROUP) | (back == 1))
        left.append(ids[row[near] - back])
        right.append(ids[near])
    return distinct(np.concatenate(left), np.concatenate(right))


def _pair_partition(stage: Stage[NearInputs], number: int) -> StageFile:
    """Pairs of pages that are equal in a band of the partition, partitioned by the chunk of the first page."""
    layout = stage.inputs.layout
    rows = arrays(read_partition(stage.store, stage.files, number, BANDS))
    a, b = pairs_of(rows["key"], rows["id"])
    return write_partitions(stage, by_target({"a": a, "b": b}, layout.chunk_of(a), layout.count), EDGES)


def _read_signed(stage: Stage[NearInputs], chunk: Chunk) -> tuple[dict[str, NDArray[Any]], NDArray[np.uint16]]:
    """A chunk's signed pages, sorted by id, and their signatures."""
    return _unpacked(stage.store.read_table(stage.inputs.signatures[chunk.number].key), stage.inputs.width)


def _unpacked(table: Table, width: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.uint16]]:
    """A table's columns as arrays, its signatures as a matrix of `width` columns."""
    signatures = bytes_matrix(table.column("signature"), 2 * width).view(np.uint16)
    return arrays(table.select([name for name in table.column_names if name != "signature"])), signatures


def _send_signatures(stage: Stage[NearInputs], chunk: Chunk) -> StageFile:
    """Pairs whose first page lies in a chunk, each with that page's signature, by the chunk of the second page."""
    layout = stage.inputs.layout
    rows = arrays(read_partition(stage.store, stage.files, chunk.number, EDGES))
    a, b = distinct(rows["a"], rows["b"])
    signed, signatures = _read_signed(stage, chunk)

    def pieces() -> Iterator[Columns]:
        for piece in by_target({"a": a, "b": b}, layout.chunk_of(b), layout.count):
            sent = np.searchsorted(signed["id"], piece["a"])
            yield {**piece, "signature": [signatures[row].tobytes() for row in sent.astype(int).tolist()]}

    return write_partitions(stage, pieces(), HALVES)


def _compare_chunk(stage: Stage[NearInputs], chunk: Chunk) -> StageFile:
    """Edges: the pairs whose second page lies in a chunk and whose signatures agree up to the threshold."""
    inputs = stage.inputs
    signed, signatures = _read_signed(stage, chunk)
    similar: list[tuple[NDArray[Any], NDArray[Any]]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for file in stage.files:
        table = stage.store.read_group(file.key, chunk.number)
        for at in range(0, table.num_rows, COMPARED):
            pairs, sent = _unpacked(table.slice(at, COMPARED), inputs.width)
            own = signatures[np.searchsorted(signed["id"], pairs["b"])]
            enough = agreement(sent, own) >= inputs.settings.threshold
            similar.append((pairs["a"][enough], pairs["b"][enough]))
    a, b = (np.concatenate(side) for side in zip(*similar, strict=True))
    return write_partitions(stage, both_ends(b, a, inputs.partitions, both=True), EDGES)


def _route_members(stage: Stage[NearInputs], number: int) -> StageFile:
    """Each member (page, root) of a partition's components, roots included, by the chunk that stores its signature."""
    layout = stage.inputs.layout
    rows = arrays(read_partition(stage.store, stage.files, number, EDGES))
    tied = rows["a"] < rows["b"]  # each edge is there from both its ends; at the root it is the smaller one
    roots, pages = rows["a"][tied], rows["b"][tied]
    heads = np.unique(roots)
    members = {"a": np.concatenate((pages, heads)), "b": np.concatenate((roots, heads))}
    return write_partitions(stage, by_target(members, layout.chunk_of(members["a"]), layout.count), EDGES)


def _gather_members(stage: Stage[NearInputs], chunk: Chunk) -> StageFile:
    """The members that lie in a chunk with their signatures, partitioned by root."""
    inputs = stage.inputs
    rows = arrays(read_partition(stage.store, stage.files, chunk.number, EDGES))
    signed, signatures = _read_signed(stage, chunk)
    routed = np.searchsorted(signed["id"], rows["a"])
    members = {"root": rows["b"], "row": routed, **{name: values[routed] for name, values in signed.items()}}

    def pieces() -> Iterator[Columns]:
        for piece in by_key(members, "root", inputs.partitions):
            columns = {name: piece[name] for name in MEMBERS if name != "signature"}
            yield {**columns, "signature": [signatures[row].tobytes() for row in np.asarray(piece["row"]).tolist()]}

    return write_partitions(stage, pieces(), MEMBERS)


def _cluster_partition(stage: Stage[NearInputs], number: int) -> StageFile:
    """Clusters within the components of a partition, partitioned by chunk."""
    inputs, layout = stage.inputs, stage.inputs.layout
    rows, signatures = _unpacked(read_partition(stage.store, stage.files, number, MEMBERS), inputs.width)
    order = np.lexsort((rows["id"], -rows["rank"], rows["root"]))
    rows = {name: values[order] for name, values in rows.items()}
    starts = np.flatnonzero(np.append(True, rows["root"][1:] != rows["root"][:-1])) if len(order) else order
    merged = clusters_of(rows, signatures[order], starts, inputs.enough)
    return write_partitions(stage, by_target(merged, layout.chunk_of(merged["id"]), layout.count), MERGED)


def clusters_of(
    rows: dict[str, NDArray[Any]], signatures: NDArray[np.uint16], starts: NDArray[np.int64], enough: int
) -> dict[str, NDArray[Any]]:
    """Rows of MERGED for components that begin at `starts`, the best page of each first."""
    count = len(rows["id"])
    leader, equal = np.arange(count), np.zeros(count, np.int32)
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), count], strict=False):
        chosen, agreeing = kernels.leaders(signatures[start:end], enough)
        leader[start:end], equal[start:end] = chosen + start, agreeing
    pages = np.bincount(leader, weights=rows["pages"], minlength=count).astype(np.int32)[leader]
    several = np.bincount(leader, minlength=count)[leader] > 1
    return {
        "id": rows["id"][several],
        "of": rows["id"][leader][several],
        "pages": pages[several],
        "similarity": equal[several] / signatures.shape[1] if count else np.zeros(0),
    }
