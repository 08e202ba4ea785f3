"""Near-duplicates: pages whose texts share most of their word n-grams; of each cluster the best page stays.

Tasks in turn, each over chunks or partitions: sign (MinHash), pair (pages that are equal in a band), compare (both
signatures of a pair in one place; pairs below the threshold go), components, and gather (the signatures of a component
in one place). A component may be a chain whose ends have little in common, so it is no cluster yet: its pages, best
first, join the most similar page that stands already, or stand for themselves. So each page that goes is similar to
the one that stands for it, whatever the order of the files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.config import ClusterSection, DuplicatesSection
from recall.corpus.chunks import MERGED, Chunk, Layout, read_chunk, standing
from recall.corpus.dedup.components import EDGES, both_ends, components, distinct
from recall.corpus.dedup.minhash import NO_HASH, agreement, band_keys, leaders, signature
from recall.io.parquet import bytes_matrix
from recall.run.shuffle import arrays, bucket_of, by_target, collect, deal, in_order, once
from recall.run.store import Columns, Schema, Store

BANDS: Schema = {"key": "uint64", "id": "int64"}
SIGNED: Schema = {"id": "int64", "rank": "int64", "pages": "int32", "signature": "binary"}
"""signature: the low 16 bits of each minimum: two pages differ there and not in all bits once in 65,536 places."""

HALVES: Schema = {"a": "int64", "b": "int64", "signature": "binary"}
"""A pair on its way to the task that has the signature of b; the signature is that of a."""

MEMBERS: Schema = {"root": "int64", **SIGNED}
WHOLE_GROUP = 8
"""In a band, every pair of so many equal pages is compared; of more, each with the first and with the one before."""

COMPARED = 65_536
"""Pairs whose signatures are held at a time."""

LENIENCE = 0.04
"""Below the threshold by so much a page of a component still joins the one that stands: its pair with some page of the
component passed the threshold, estimates err by 0.027 at 0.75, and nearly all that joins lies above 0.7."""

GATHERED = 500_000
"""Pages of components that a task is made for."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a task needs. merged: as `standing` takes it; dealt: keys of what is handed to it; signed: by chunk."""

    store: Store
    layout: Layout
    settings: DuplicatesSection
    partitions: int
    merged: tuple[tuple[str, ...], ...] = field(repr=False)
    dealt: tuple[str, ...] = field(default=(), repr=False)
    signed: tuple[str, ...] = field(default=(), repr=False)

    @property
    def width(self) -> int:
        """Hash functions of a signature."""
        return self.settings.bands * self.settings.rows


def _sign_chunk(job: Job, chunk: Chunk) -> Any:
    """Sign a chunk's pages that still stand: the keys of its signatures and of its bands, and the pages signed."""

    def work() -> object:
        slim = arrays(read_chunk(job.store, chunk, ["id", "time", "size"]))
        stands, pages = standing(job.store, chunk.number, slim["id"], job.merged)
        signatures: NDArray[np.uint32] = np.full((len(stands), job.width), NO_HASH, np.uint32)
        at = 0
        for shard in chunk.shards:
            for table in job.store.read_batches(shard.kept, ["text"], 1024):
                for text in table.column("text"):
                    if stands[at]:
                        signatures[at] = signature(text.as_py(), job.settings.ngram, job.width)
                    at += 1
        kept = np.flatnonzero(stands & (signatures[:, 0] != NO_HASH))
        rows = {
            "id": slim["id"][kept],
            "rank": slim["time" if job.settings.keep == "newest" else "size"][kept],
            "pages": pages[kept],
        }
        signatures = signatures[kept]
        packed = [row.tobytes() for row in signatures.astype(np.uint16)]
        signed = deal(job.store, "near-signed", [{**rows, "signature": packed}], SIGNED)
        keys = band_keys(signatures, job.settings.bands)
        bands = {"key": keys.ravel(), "id": np.repeat(rows["id"], job.settings.bands)}
        targets = bucket_of(bands["key"], job.partitions)
        return [signed, deal(job.store, "near-bands", by_target(bands, targets, job.partitions), BANDS), len(kept)]

    return once(job.store, "near-bands", chunk.number, work)


def pairs_of(keys: NDArray[np.uint64], ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of pages that share a key and are worth comparing, each once and the smaller id first."""
    order = np.lexsort((ids, keys))
    keys, ids = keys[order], ids[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.int64)
    sizes = np.diff(np.append(starts, len(keys)))
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    place = np.arange(len(keys))
    left, right = [ids[first[place > first]]], [ids[place > first]]
    for back in range(1, WHOLE_GROUP - 1):
        near = (place - back > first) & ((size <= WHOLE_GROUP) | (back == 1))
        left.append(ids[place[near] - back])
        right.append(ids[near])
    return distinct(np.concatenate(left), np.concatenate(right))


def _pair_partition(job: Job, number: int) -> Any:
    """Pairs of pages of a partition that are equal in a band, dealt by the chunk of the first."""

    def work() -> str:
        rows = arrays(collect(job.store, job.dealt, number, BANDS))
        a, b = pairs_of(rows["key"], rows["id"])
        targets = job.layout.chunk_of(a)
        return deal(job.store, "near-pairs", by_target({"a": a, "b": b}, targets, job.layout.count), EDGES)

    return once(job.store, "near-pairs", number, work)


def _read_signed(job: Job, number: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.uint16]]:
    """A chunk's signed pages, sorted by id, and their signatures."""
    table = job.store.read_table(job.signed[number])
    signatures = bytes_matrix(table.column("signature"), 2 * job.width).view(np.uint16)
    return arrays(table.select([name for name in SIGNED if name != "signature"])), signatures


def _send_chunk(job: Job, chunk: Chunk) -> Any:
    """Send the pairs of a chunk, each with the signature of its first page, to the chunk of the second."""

    def work() -> str:
        rows = arrays(collect(job.store, job.dealt, chunk.number, EDGES))
        a, b = distinct(rows["a"], rows["b"])
        signed, signatures = _read_signed(job, chunk.number)
        targets = job.layout.chunk_of(b)

        def pieces() -> Iterator[Columns]:
            for piece in by_target({"a": a, "b": b}, targets, job.layout.count):
                places = np.searchsorted(signed["id"], piece["a"])
                yield {**piece, "signature": [signatures[place].tobytes() for place in places.astype(int).tolist()]}

        return deal(job.store, "near-halves", pieces(), HALVES)

    return once(job.store, "near-halves", chunk.number, work)


def _compare_chunk(job: Job, chunk: Chunk) -> Any:
    """Compare the pairs whose second page lies in a chunk; those that are similar enough become edges."""

    def work() -> object:
        signed, signatures = _read_signed(job, chunk.number)
        found: list[tuple[NDArray[Any], NDArray[Any]]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
        compared = 0
        for key in job.dealt:
            table = job.store.read_group(key, chunk.number)
            for at in range(0, table.num_rows, COMPARED):
                piece = table.slice(at, COMPARED)
                pair = arrays(piece.select(["a", "b"]))
                theirs = bytes_matrix(piece.column("signature"), 2 * job.width).view(np.uint16)
                ours = signatures[np.searchsorted(signed["id"], pair["b"])]
                similar = agreement(theirs, ours) >= job.settings.threshold
                found.append((pair["a"][similar], pair["b"][similar]))
                compared += piece.num_rows
        a, b = (np.concatenate(side) for side in zip(*found, strict=True))
        return [deal(job.store, "near-edges", both_ends(b, a, job.partitions, both=True), EDGES), len(a), compared]

    return once(job.store, "near-edges", chunk.number, work)


def _call_partition(job: Job, number: int) -> Any:
    """Name the pages of a partition's components, the root among them, to their chunks; and how many they are."""

    def work() -> object:
        rows = arrays(collect(job.store, job.dealt, number, EDGES))
        tied = rows["a"] < rows["b"]  # each edge is there from both its ends; at the root it is the smaller one
        roots, pages = rows["a"][tied], rows["b"][tied]
        heads = np.unique(roots)
        named = {"a": np.concatenate((pages, heads)), "b": np.concatenate((roots, heads))}
        targets = job.layout.chunk_of(named["a"])
        return [deal(job.store, "near-calls", by_target(named, targets, job.layout.count), EDGES), len(targets)]

    return once(job.store, "near-calls", number, work)


def _answer_chunk(job: Job, chunk: Chunk) -> Any:
    """Deal the signed pages that were named, with the root of their component, by that root."""

    def work() -> str:
        rows = arrays(collect(job.store, job.dealt, chunk.number, EDGES))
        signed, signatures = _read_signed(job, chunk.number)
        places = np.searchsorted(signed["id"], rows["a"])
        members = {"root": rows["b"], "place": places, **{name: values[places] for name, values in signed.items()}}

        def pieces() -> Iterator[Columns]:
            for piece in by_target(members, bucket_of(members["root"], job.partitions), job.partitions):
                wanted = piece["place"].tolist()
                columns = {name: piece[name] for name in MEMBERS if name != "signature"}
                yield {**columns, "signature": [signatures[place].tobytes() for place in wanted]}

        return deal(job.store, "near-members", pieces(), MEMBERS)

    return once(job.store, "near-members", chunk.number, work)


def _cluster_partition(job: Job, number: int) -> Any:
    """Divide the components of a partition into clusters; what was merged, dealt by chunk."""

    def work() -> str:
        table = collect(job.store, job.dealt, number, MEMBERS)
        signatures = bytes_matrix(table.column("signature"), 2 * job.width).view(np.uint16)
        rows = arrays(table.select([name for name in MEMBERS if name != "signature"]))
        order = np.lexsort((rows["id"], -rows["rank"], rows["root"]))
        rows = {name: values[order] for name, values in rows.items()}
        starts = np.flatnonzero(np.append(True, rows["root"][1:] != rows["root"][:-1])) if len(order) else order
        merged = clusters_of(rows, signatures[order], starts, _enough(job))
        targets = job.layout.chunk_of(merged["id"])
        return deal(job.store, "near", by_target(merged, targets, job.layout.count), MERGED)

    return once(job.store, "near", number, work)


def _enough(job: Job) -> int:
    """Places of two signatures that agree where one page may stand for the other."""
    return max(1, int(np.ceil((job.settings.threshold - LENIENCE) * job.width)))


def clusters_of(
    rows: dict[str, NDArray[Any]], signatures: NDArray[np.uint16], starts: NDArray[np.int64], enough: int
) -> dict[str, NDArray[Any]]:
    """Rows of MERGED for components that begin at `starts`, the best page of each first."""
    count = len(rows["id"])
    leader, equal = np.arange(count), np.zeros(count, np.int32)
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), count], strict=False):
        chosen, agreeing = leaders(signatures[start:end], enough)
        leader[start:end], equal[start:end] = chosen + start, agreeing
    pages = np.bincount(leader, weights=rows["pages"], minlength=count).astype(np.int32)[leader]
    several = np.bincount(leader, minlength=count)[leader] > 1
    return {
        "id": rows["id"][several],
        "of": rows["id"][leader][several],
        "pages": pages[several],
        "similarity": equal[several] / signatures.shape[1] if count else np.zeros(0),
    }


def merge_near(job: Job, chunks: Sequence[Chunk], cluster: ClusterSection) -> tuple[tuple[str, ...], dict[str, int]]:
    """Keys of what was merged, in order of partitions; and how many pages were signed, pairs compared and similar."""
    signed = in_order(_sign_chunk, job, chunks, cluster, "near: sign")
    pages = sum(count for _, _, count in signed)
    job = replace(job, signed=tuple(key for key, _, _ in signed), dealt=tuple(key for _, key, _ in signed))
    dealt = in_order(_pair_partition, job, range(job.partitions), cluster, "near: pair")
    sent = in_order(_send_chunk, replace(job, dealt=tuple(dealt)), chunks, cluster, "near: send")
    job = replace(job, dealt=tuple(sent))
    compared = in_order(_compare_chunk, job, chunks, cluster, "near: compare")
    edges = tuple(key for key, _, _ in compared)
    tied = components(job.store, "near-component", edges, job.partitions, cluster)
    called = in_order(_call_partition, replace(job, dealt=tied), range(job.partitions), cluster, "near: call")
    members = sum(count for _, count in called)
    job = replace(job, dealt=tuple(key for key, _ in called), partitions=max(1, -(-members // GATHERED)))
    answered = in_order(_answer_chunk, job, chunks, cluster, "near: gather")
    job = replace(job, dealt=tuple(answered))
    merged = in_order(_cluster_partition, job, range(job.partitions), cluster, "near: cluster")
    counts = {"signed": pages, "compared": sum(c for _, _, c in compared), "similar": sum(n for _, n, _ in compared)}
    return tuple(merged), counts
