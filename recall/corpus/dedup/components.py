"""Which pages hang together: connected components of a graph whose edges lie in files, with bounded memory.

Alternating large-star and small-star (Kiveris et al. 2014, "Connected Components in MapReduce and Beyond", alg. 1):
each round hands edges to the task of one of their ends, which ties all neighbours to the smallest one it knows; after
some rounds (the logarithm of the longest chain) every page is tied to the smallest of its component. A task holds its
share of the edges; no process holds a table of pages.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.config import ClusterSection
from recall.kernels.hashing import GOLDEN_RATIO, splitmix64
from recall.run.shuffle import arrays, bucket_of, by_target, collect, deal, in_order, once
from recall.run.store import Columns, Schema, Store

EDGES: Schema = {"a": "int64", "b": "int64"}
"""Handed to the task of `a`."""

MOST_ROUNDS = 60
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Job:
    """A round. dealt: keys of the files that hold its edges; large: a large-star round, else a small-star one."""

    store: Store
    name: str
    partitions: int
    dealt: tuple[str, ...] = field(repr=False)
    large: bool = True


def distinct(a: NDArray[np.int64], b: NDArray[np.int64]) -> Pairs:
    """Each pair once, sorted."""
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    new = np.ones(len(a), dtype=bool)
    new[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return a[new], b[new]


def star(a: NDArray[np.int64], b: NDArray[np.int64], large: bool) -> Pairs:
    """One round over the neighbours b of each a: new edges, each from the larger end to the smaller.

    large: every neighbour above a is tied to the smallest one of all, a included; else, of neighbours below a only,
    each and a itself are.
    """
    a, b = distinct(a, b)
    if not len(a):
        return a, b
    starts = np.flatnonzero(np.append(True, a[1:] != a[:-1]))
    sizes = np.diff(np.append(starts, len(a)))
    least = np.minimum(np.minimum.reduceat(b, starts), a[starts])
    root = np.repeat(least, sizes)
    if large:
        above = b > a
        return distinct(b[above], root[above])
    tied = b != root
    return distinct(np.concatenate((b[tied], a[starts])), np.concatenate((root[tied], least)))


def _round(job: Job, number: int) -> Any:
    """A partition's share of a round: the key of the new edges, how many, and a checksum of them."""

    def work() -> object:
        rows = arrays(collect(job.store, job.dealt, number, EDGES))
        larger, smaller = star(rows["a"], rows["b"], job.large)
        key = deal(job.store, job.name, both_ends(larger, smaller, job.partitions, both=not job.large), EDGES)
        return [key, len(larger), int(checksum(larger, smaller))]

    return once(job.store, job.name, number, work)


def checksum(a: NDArray[np.int64], b: NDArray[np.int64]) -> np.uint64:
    """A number that depends on the set of edges, not on their order or on how they are divided."""
    edges = a.astype(np.uint64) * GOLDEN_RATIO ^ b.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    return np.uint64(np.sum(splitmix64(edges), dtype=np.uint64) >> np.uint64(1))


def both_ends(a: NDArray[np.int64], b: NDArray[np.int64], partitions: int, *, both: bool) -> Iterator[Columns]:
    """Edges dealt to the task of `a`; both: also to that of `b`, the other way round."""
    if both:
        a, b = np.concatenate((a, b)), np.concatenate((b, a))
    return by_target({"a": a, "b": b}, bucket_of(a, partitions), partitions)


def components(
    store: Store, name: str, dealt: tuple[str, ...], partitions: int, cluster: ClusterSection
) -> tuple[str, ...]:
    """Keys of the files in which each page but the smallest of its component is tied to that one.

    dealt: keys of files of EDGES, each edge both ways, as `both_ends` deals them. What is returned is dealt likewise.
    """
    job = Job(store, name, partitions, dealt)
    before: tuple[int, int] | None = None
    for number in range(MOST_ROUNDS):
        for large in (True, False):
            kind = "large" if large else "small"
            job = replace(job, name=f"{name}-{number:02d}-{kind}", large=large)
            found = in_order(_round, job, range(partitions), cluster, name)
            job = replace(job, dealt=tuple(key for key, _, _ in found))
        after = sum(count for _, count, _ in found), sum(check for _, _, check in found) % (1 << 63)
        if after == before:
            break
        before = after
    return job.dealt
