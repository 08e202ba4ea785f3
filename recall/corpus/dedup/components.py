"""Connected components of a graph whose edges lie in files, with bounded memory.

Alternating large-star and small-star (Kiveris et al. 2014, "Connected Components in MapReduce and Beyond", alg. 1):
each round sends edges to the task of one of their ends, which ties all adjacent pages to the smallest one it knows;
after some rounds (the logarithm of the longest path) every page is tied to the smallest of its component, the root. A
task holds its share of the edges; no process holds a table of pages.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recall.config import ClusterSection
from recall.kernels.hashing import GOLDEN_RATIO, splitmix64
from recall.run.shuffle import Stage, StageFile, arrays, by_key, map_ordered, read_partition, write_partitions
from recall.run.store import Columns, Schema, Store

EDGES: Schema = {"a": "int64", "b": "int64"}
"""For the task of `a`."""

MOST_ROUNDS = 60
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class StarInputs:
    """A round. large: a large-star round, else a small-star one."""

    partitions: int
    large: bool


@dataclass(frozen=True, slots=True)
class StarEdges:
    """New edges of a partition. checksum: of their set, to see when a round changes nothing."""

    file: StageFile
    checksum: int


def distinct(a: NDArray[np.int64], b: NDArray[np.int64]) -> Pairs:
    """Each pair once, sorted."""
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    new = np.ones(len(a), dtype=bool)
    new[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return a[new], b[new]


def star(a: NDArray[np.int64], b: NDArray[np.int64], large: bool) -> Pairs:
    """One round over the pages b adjacent to each a: new edges, each from the larger end to the smaller.

    large: every adjacent page above a is tied to the smallest of all, a included; else, of adjacent pages below a
    only, each and a itself are.
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


def _star_partition(stage: Stage[StarInputs], number: int) -> StarEdges:
    """A partition's share of a round: the new edges, partitioned for the next one."""
    rows = arrays(read_partition(stage.store, stage.files, number, EDGES))
    larger, smaller = star(rows["a"], rows["b"], stage.inputs.large)
    edges = both_ends(larger, smaller, stage.inputs.partitions, both=not stage.inputs.large)
    return StarEdges(write_partitions(stage, edges, EDGES), int(checksum(larger, smaller)))


def checksum(a: NDArray[np.int64], b: NDArray[np.int64]) -> np.uint64:
    """A number that depends on the set of edges, not on their order or on how they are divided."""
    edges = a.astype(np.uint64) * GOLDEN_RATIO ^ b.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    return np.uint64(np.sum(splitmix64(edges), dtype=np.uint64) >> np.uint64(1))


def both_ends(a: NDArray[np.int64], b: NDArray[np.int64], partitions: int, *, both: bool) -> Iterator[Columns]:
    """Edges partitioned by `a`; both: each also the other way round, by `b`."""
    if both:
        a, b = np.concatenate((a, b)), np.concatenate((b, a))
    return by_key({"a": a, "b": b}, "a", partitions)


def connected_components(
    store: Store, name: str, edges: tuple[StageFile, ...], partitions: int, cluster: ClusterSection
) -> tuple[StageFile, ...]:
    """Files of EDGES in which each page but the root of its component is tied to the root.

    edges: files of EDGES, each edge both ways, as `both_ends` partitions them. The result is partitioned likewise.
    """
    before: tuple[int, int] | None = None
    for number in range(MOST_ROUNDS):
        for kind in ("large", "small"):
            inputs = StarInputs(partitions, kind == "large")
            stage = Stage(store, f"{name}-{number:02d}-{kind}", inputs, edges)
            stars = map_ordered(_star_partition, stage, range(partitions), cluster)
            edges = tuple(star.file for star in stars)
        after = sum(file.rows for file in edges), sum(star.checksum for star in stars) % (1 << 63)
        if after == before:
            break
        before = after
    return edges
