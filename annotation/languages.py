"""Candidates language by language, so that people are asked about rare languages too.

In: pages of a scan with their language. Out: those of all languages but the commonest, in turn, whatever order they
came in. Memory is bounded: of each language the pages of lowest rank are held.
"""

from collections import Counter
from itertools import zip_longest

from annotation.bottom_k import Lowest, Rank, Seen


class ByLanguage:
    """The `capacity` pages of lowest rank of each language, and how many came of each."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._offers: Counter[str] = Counter()
        self._held: dict[str, Lowest] = {}

    def offer(self, language: str, rank: Rank, page: Seen) -> None:
        """Take a page; nothing is known of one whose language is ""."""
        if self.capacity and language:
            self._offers[language] += 1
            self._held.setdefault(language, Lowest(self.capacity)).offer(page.url, rank, page)

    def merge(self, other: "ByLanguage") -> None:
        """Take in what another one holds."""
        self._offers.update(other._offers)
        for language, lowest in other._held.items():
            self._held.setdefault(language, Lowest(self.capacity)).merge(lowest)

    def in_turn(self) -> list[Seen]:
        """Pages of every language but the commonest: the first of each, the rarest language first; then the second."""
        order = sorted(self._held, key=lambda language: (self._offers[language], language))[:-1]
        turns = zip_longest(*(self._held[language].pages() for language in order))
        return [page for turn in turns for page in turn if page is not None]
