"""Contamination: benchmark items in a page, so that the corpus does not train on what models are tested with.

In: benchmark items and Markdown. Out: hits with benchmark, item and the words they share. As in DeepSeekMath (arXiv
2402.03300, 2.1): any run of 10 words that an item has too is a hit; items of 3 to 9 words must occur whole. Words are
compared without case, white space and punctuation, and again with comments, then docstrings, taken out on both sides.
Memory is bounded by MAX_NGRAMS.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recall.config import AccessSection
from recall.corpus.filters.benchmark_files import benchmark_of, items_of
from recall.errors import BadInput
from recall.kernels.hashing import GOLDEN_RATIO, splitmix64

MAX_NGRAMS = 50_000_000
MIN_PART = 6
"""Words of the shortest text that is looked for whole where it is only a part of its item: not `return x + y`."""

SHORTEST = 3
"""Words of the shortest item that is looked for whole."""

TEMPLATE = 10
"""N-grams that so many items of a benchmark share are its template, not its content."""

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_STRICT = re.compile(r"\w+|[^\w\s]")
_COMMENT = re.compile(
    r"/\*.{0,20000}?\*/|<!--.{0,20000}?-->|(?:(?<![^\s;{}(),])(?:#|--)|(?<![:\w'\"/])//)[^\n]*", re.DOTALL
)
_DOCSTRING = re.compile(r"\"\"\".{0,20000}?\"\"\"|'''.{0,20000}?'''", re.DOTALL)


@dataclass(frozen=True, slots=True)
class BenchmarkHit:
    """An item that a page shares words with. ngram: the first shared words; count: n-grams shared."""

    benchmark: str
    item: str
    ngram: str
    count: int


@dataclass(frozen=True, slots=True)
class _Item:
    benchmark: str
    name: str


def views(text: str) -> Iterator[str]:
    """The text, then without comments, then without docstrings either, as far as each differs from the one before."""
    yield text
    code = _COMMENT.sub(" ", text) if any(mark in text for mark in ("#", "//", "/*", "--")) else text
    if code != text:
        yield code
    if '"""' in code or "'''" in code:
        yield _DOCSTRING.sub(" ", code)


def split_words(text: str) -> list[str]:
    """Lower-case words and numbers, each CJK character one."""
    return _WORD.findall(text.lower())


def _mixed(ids: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread small numbers over 64 bits."""
    mixed: NDArray[np.uint64] = splitmix64((ids + np.uint64(1)) * GOLDEN_RATIO)
    return mixed


def _hashes(mixed: NDArray[np.uint64], length: int) -> NDArray[np.uint64]:
    """A hash of each run of `length` numbers."""
    count = len(mixed) - length + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    hashes: NDArray[np.uint64] = np.full(count, length, np.uint64)
    for offset in range(length):
        hashes = hashes * GOLDEN_RATIO + mixed[offset : offset + count]
    return hashes


def informative(runs: NDArray[np.int32], lettered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mask of runs that are evidence: 6 of 10 words differ, 4 of 10 are no numbers; so no matrices of zeros.

    runs: word numbers, shape (runs, words); lettered: by word number, whether the word holds a letter.
    """
    ordered = np.sort(runs, axis=1)
    new = np.ones(ordered.shape, bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    named = (new & lettered[ordered]).sum(axis=1)
    different = new.sum(axis=1)
    enough: NDArray[np.bool_] = (different * 10 >= runs.shape[1] * 6) & (named * 10 >= runs.shape[1] * 4)
    return enough


class _RunTable:
    """Runs of one length, by their hash. starts: index of each in the words of all items."""

    def __init__(self, hashes: NDArray[np.uint64], owners: NDArray[np.int64], starts: NDArray[np.int64]) -> None:
        order = np.argsort(hashes, kind="stable")
        self.hashes, self.owners, self.starts = hashes[order], owners[order], starts[order]
        bits = max(10, len(hashes).bit_length() + 3)
        self._shift = np.uint64(64 - bits)
        self._seen = np.zeros(1 << bits, bool)
        self._seen[self.hashes >> self._shift] = True

    def find(self, hashes: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
        """Index and row of each of `hashes` that the table holds."""
        maybe = np.flatnonzero(self._seen[hashes >> self._shift])
        if not len(maybe):
            return
        rows = np.searchsorted(self.hashes, hashes[maybe])
        rows = np.minimum(rows, len(self.hashes) - 1)
        same = self.hashes[rows] == hashes[maybe]
        yield from zip(maybe[same].tolist(), rows[same].tolist(), strict=True)


@dataclass(slots=True)
class Benchmarks:
    """Items to look for. ngram: words that a hit has at least."""

    ngram: int = 10
    items: list[_Item] = field(default_factory=list)
    _vocabulary: dict[str, int] = field(default_factory=dict, repr=False)
    _tables: dict[int, _RunTable] = field(default_factory=dict, repr=False)
    _words: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32), repr=False)
    _strict: dict[int, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(
        cls, paths: Iterable[str], access: AccessSection, fields: Sequence[str] = (), ngram: int = 10
    ) -> "Benchmarks":
        """Read JSON lines or Parquet files, one item a row; a file's name without its suffix is its benchmark's.

        fields: columns with text, all but names and addresses when empty. Raises BadInput with file and line.
        """
        read = [(benchmark_of(path), name, texts) for path in paths for name, texts in items_of(path, access, fields)]
        return cls.of(read, ngram)

    @classmethod
    def of(cls, read: Iterable[tuple[str, str, Sequence[str]]], ngram: int = 10) -> "Benchmarks":
        """Index items given as benchmark, name and texts."""
        made = cls(ngram)
        index = _BenchmarkIndex(made)
        for benchmark, name, texts in read:
            made.items.append(_Item(benchmark, name))
            index.add(texts)
        index.close()
        return made

    def hits(self, text: str) -> list[BenchmarkHit]:
        """Items that share words with a text, the one that shares most first."""
        if not self._tables:
            return []
        counts: dict[int, dict[tuple[int, int], str]] = {}
        for view in views(text):
            found = split_words(view)
            known = self._vocabulary.get
            ids = np.array([known(word, -1) for word in found], np.int64)
            mixed = _mixed(ids.astype(np.uint64))
            for length, table in self._tables.items():
                for at, row in table.find(_hashes(mixed, length)):
                    start = int(table.starts[row])
                    if not np.array_equal(self._words[start : start + length], ids[at : at + length]):
                        continue
                    if start in self._strict and not self._occurs(view, at, length, self._strict[start]):
                        continue
                    shared = counts.setdefault(int(table.owners[row]), {})
                    shared.setdefault((length, int(table.hashes[row])), " ".join(found[at : at + length]))
        order = sorted(counts, key=lambda owner: (-len(counts[owner]), owner))
        return [self._hit(owner, counts[owner]) for owner in order]

    def _hit(self, owner: int, shared: Mapping[tuple[int, int], str]) -> BenchmarkHit:
        item = self.items[owner]
        return BenchmarkHit(item.benchmark, item.name, next(iter(shared.values())), len(shared))

    @staticmethod
    def _occurs(view: str, at: int, length: int, strict: tuple[str, ...]) -> bool:
        """Whether a short item occurs in the view with its punctuation too."""
        lowered = view.lower()
        spans = [found.span() for number, found in enumerate(_WORD.finditer(lowered)) if at <= number < at + length]
        inside = tuple(_STRICT.findall(lowered[spans[0][0] : spans[-1][1]]))
        return inside == strict


class _BenchmarkIndex:
    """Builds the tables of a Benchmarks, item by item."""

    def __init__(self, made: Benchmarks) -> None:
        self.made = made
        self._words = array("i")
        self._long: list[tuple[int, int, int]] = []
        self._short: dict[int, list[tuple[int, int]]] = {}

    def add(self, texts: Sequence[str]) -> None:
        """Take the texts of the next item."""
        owner, least = len(self.made.items) - 1, self.made.ngram
        whole = [text for text in texts if text.strip()]
        joined = "\n".join(whole)
        shortest = MIN_PART if len(split_words(joined)) >= least else SHORTEST
        seen: set[tuple[str, ...]] = set()
        for text in [*whole, joined]:
            for view in views(text):
                found = split_words(view)
                if tuple(found) in seen:
                    continue
                seen.add(tuple(found))
                if len(found) >= least:
                    self._long.append((owner, self._append(found), len(found)))
                elif len(found) >= shortest:
                    self._add_short(owner, view, found)
        if len(self._words) > MAX_NGRAMS:
            raise BadInput(f"benchmarks have more than {MAX_NGRAMS:,} n-grams; give fewer at a time")

    def _append(self, found: Sequence[str]) -> int:
        start = len(self._words)
        known = self.made._vocabulary
        self._words.extend([known.setdefault(word, len(known)) for word in found])
        return start

    def _add_short(self, owner: int, view: str, found: list[str]) -> None:
        start = self._append(found)
        lowered = view.lower()
        spans = [one.span() for one in _WORD.finditer(lowered)]
        self.made._strict[start] = tuple(_STRICT.findall(lowered[spans[0][0] : spans[-1][1]]))
        self._short.setdefault(len(found), []).append((owner, start))

    def close(self) -> None:
        """Build the tables; of equal runs the first item's stays, those that TEMPLATE items share go."""
        numbers = self.made._words = np.frombuffer(self._words, np.int32) if self._words else np.zeros(0, np.int32)
        lettered = np.array([any(map(str.isalpha, word)) for word in self.made._vocabulary], bool)
        length = self.made.ngram
        runs = {short: np.array(pairs, np.int64) for short, pairs in self._short.items()}
        if self._long:
            firsts = [np.arange(start, start + count - length + 1) for _, start, count in self._long]
            owners = [np.full(len(first), owner) for (owner, _, _), first in zip(self._long, firsts, strict=True)]
            runs[length] = np.stack([np.concatenate(owners), np.concatenate(firsts)], axis=1)
        mixed = _mixed(numbers.astype(np.uint64))
        for length, pairs in sorted(runs.items()):
            if len(table := self._rare(pairs, numbers, mixed, length, lettered)):
                self.made._tables[length] = _RunTable(_hashes(mixed, length)[table[:, 1]], table[:, 0], table[:, 1])

    @staticmethod
    def _rare(
        pairs: NDArray[np.int64],
        numbers: NDArray[np.int32],
        mixed: NDArray[np.uint64],
        length: int,
        lettered: NDArray[np.bool_],
    ) -> NDArray[np.int64]:
        """Owners and starts of informative runs that fewer than TEMPLATE items have, each run once."""
        views = np.lib.stride_tricks.sliding_window_view(numbers, length)
        blocks = range(0, len(pairs), 1 << 18)
        kept = [informative(views[pairs[at : at + (1 << 18), 1]], lettered) for at in blocks]
        pairs = pairs[np.concatenate(kept)]
        hashes = _hashes(mixed, length)[pairs[:, 1]]
        order = np.lexsort((pairs[:, 0], hashes))
        pairs, hashes = pairs[order], hashes[order]
        new = np.ones(len(hashes), bool)
        new[1:] = hashes[1:] != hashes[:-1]
        other = new.copy()
        other[1:] |= pairs[1:, 0] != pairs[:-1, 0]
        groups = np.cumsum(new) - 1
        items = np.bincount(groups, weights=other) if len(groups) else np.zeros(0)
        rare: NDArray[np.int64] = pairs[new][items < TEMPLATE]
        return rare
