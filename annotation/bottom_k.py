"""The pages of lowest rank among any number that pass by, in bounded memory.

In: pages of a scan with a key and a rank. Out: the same pages whatever order they came in, so that shards can be
looked at in any order, by any number of workers, and merged. With hashes as ranks this is a uniform sample without
replacement.
"""

from collections import Counter
from dataclasses import dataclass

Rank = tuple[float | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """A page of a scan. shard, row: its place there; offset, length: its bytes in the shard's WARC."""

    shard: int
    row: int
    url: str
    offset: int
    length: int
    score: float


class Lowest:
    """The `capacity` keys of lowest rank that were offered, each with the page of its lowest rank.

    What it holds depends on what was offered, not on the order. offers: how often each key came.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._held: dict[str, tuple[Rank, Seen]] = {}
        self._limit: Rank | None = None
        self.offers: Counter[str] = Counter()

    def wants(self, rank: Rank) -> bool:
        """False when a page of this rank cannot be among the lowest."""
        return self.capacity > 0 and (self._limit is None or rank <= self._limit)

    def offer(self, key: str, rank: Rank, page: Seen, times: int = 1) -> None:
        """Take a page in when its rank is low enough."""
        if not self.wants(rank):
            return
        self.offers[key] += times
        held = self._held.get(key)
        if held is None or (rank, page) < held:
            self._held[key] = (rank, page)
        if len(self._held) > 2 * self.capacity:
            self._prune()

    def merge(self, other: "Lowest") -> None:
        """Take in what another one holds."""
        for key, (rank, page) in other._held.items():
            self.offer(key, rank, page, other.offers[key])

    def pages(self) -> list[Seen]:
        """Pages held, lowest rank first."""
        self._prune()
        return [page for _, page in self._held.values()]

    def _prune(self) -> None:
        lowest = sorted(self._held.items(), key=lambda item: item[1])[: self.capacity]
        self._held = dict(lowest)
        self.offers = Counter({key: self.offers[key] for key in self._held})
        if lowest and len(lowest) == self.capacity:
            self._limit = lowest[-1][1][0]
