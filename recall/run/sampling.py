"""Samples that do not depend on the order in which items come, and batches of a stream.

In: keys with ranks, in any order, from any number of workers. Out: the same bottom-k sample, in bounded memory. With
hashed keys as ranks (`priority`) this is a uniform sample without replacement (Cohen and Kaplan, "Summarizing data
using bottom-k sketches", 2007).
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Rank = tuple[float | int | str, ...]


def priority(seed: int, text: str) -> int:
    """A 64-bit hash of seed and text: the items of lowest priority are a uniform sample."""
    return int.from_bytes(blake2b(f"{seed}\0{text}".encode("utf-8", "replace"), digest_size=8).digest(), "big")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of `size` items; the last may be shorter."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


def batches_by_weight(items: Iterable[T], size: int, most: int, weigh: Callable[[T], int]) -> Iterator[list[T]]:
    """Cut a stream into lists of `size` items, or fewer where they weigh `most`: a list ends at the item that does."""
    batch: list[T] = []
    weight = 0
    for item in items:
        batch.append(item)
        weight += weigh(item)
        if len(batch) == size or weight >= most:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


class BottomK(Generic[K, V]):
    """The `capacity` keys of lowest rank that were offered, each with the value of its lowest rank.

    Equal ranks are ordered by value; values must be comparable where that can happen. Never holds more than twice
    `capacity` items. Samples of the same capacity can be merged, in any order.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._items: dict[K, tuple[Rank, V]] = {}
        self._limit: Rank | None = None

    def wants(self, rank: Rank) -> bool:
        """False when an item of this rank cannot be in the sample."""
        return self.capacity > 0 and (self._limit is None or rank <= self._limit)

    def offer(self, key: K, rank: Rank, value: V) -> bool:
        """Take an item in when its rank is low enough. True for a key that was not in the sample before."""
        if not self.wants(rank):
            return False
        known = self._items.get(key)
        if known is None or (rank, value) < known:
            self._items[key] = (rank, value)
        if len(self._items) > 2 * self.capacity:
            self._prune()
        return known is None

    def merge(self, other: "BottomK[K, V]") -> None:
        """Take in the sample of other items."""
        for key, (rank, value) in other._items.items():
            self.offer(key, rank, value)

    def values(self) -> list[V]:
        """Values of the sample, lowest rank first."""
        self._prune()
        return [value for _, value in self._items.values()]

    def _prune(self) -> None:
        sample = sorted(self._items.items(), key=lambda item: item[1])[: self.capacity]
        self._items = dict(sample)
        if sample and len(sample) == self.capacity:
            self._limit = sample[-1][1][0]
