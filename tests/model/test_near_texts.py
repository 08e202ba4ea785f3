"""Pages of one text: told by sketches, whatever else the crawl holds."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from recall.model.near_texts import CROWD, NearTexts, parts_apart, sketches_of, text_numbers

VOCABULARY = 5_000


def text(seed: int, length: int = 400) -> NDArray[np.uint32]:
    return np.random.default_rng(seed).permutation(VOCABULARY)[:length].astype(np.uint32)


def altered(line: NDArray[np.uint32], share: float, seed: int = 0) -> NDArray[np.uint32]:
    """The same line with one stretch of it replaced by other tokens."""
    random = np.random.default_rng(seed)
    length = round(share * len(line))
    at = int(random.integers(0, len(line) - length + 1))
    return np.concatenate([line[:at], random.integers(0, VOCABULARY, length).astype(np.uint32), line[at + length :]])


def told_near(share: float) -> float:
    lines = [text(seed) for seed in range(300)]
    others = [altered(line, share, seed) for seed, line in enumerate(lines)]
    apart = parts_apart(sketches_of(lines, VOCABULARY), sketches_of(others, VOCABULARY))
    return float((apart <= 2).mean())


@pytest.mark.parametrize(
    ("share", "low", "high"), [(0.0, 1.0, 1.0), (0.02, 0.9, 1.0), (0.4, 0.0, 0.03), (1.0, 0.0, 0.0)]
)
def test_pages_are_near_where_little_of_their_text_differs(share: float, low: float, high: float) -> None:
    assert low <= told_near(share) <= high


def test_marks_features_and_code_are_not_read() -> None:
    line = text(1)
    tail = np.arange(VOCABULARY, VOCABULARY + 40, dtype=np.uint32)
    assert sketches_of([np.concatenate([line, tail])], VOCABULARY) == sketches_of([line], VOCABULARY)


def test_the_first_known_text_is_told_and_pages_without_text_are_near_to_nothing() -> None:
    a, b = sketches_of([text(1), text(2)], VOCABULARY).tolist()
    known = NearTexts(np.array([0, b, a, a], np.uint64))
    assert known.find(np.array([a, b, 0, a ^ 0xF0F], np.uint64)).tolist() == [2, 1, -1, 2]
    assert known.find(np.array([a ^ 0xFFF], np.uint64)).tolist() == [-1]
    assert NearTexts(np.zeros(0, np.uint64)).find(np.array([a], np.uint64)).tolist() == [-1]


def test_lookup_by_bands_gives_what_comparing_all_pairs_gives() -> None:
    random = np.random.default_rng(3)
    known = random.integers(1, 1 << 62, 300).astype(np.uint64)
    noise = np.array(
        [sum(1 << 4 * int(part) for part in random.permutation(16)[: number % 5]) for number in range(600)]
    )
    asked = known[random.integers(0, 300, 600)] ^ noise.astype(np.uint64)
    pairs = parts_apart(asked[:, None], known[None, :]) <= 2
    expected = np.where(pairs.any(axis=1), pairs.argmax(axis=1), -1)
    assert NearTexts(known).find(asked).tolist() == expected.tolist()


def test_pages_of_one_text_have_one_number() -> None:
    lines = [text(1), text(2), altered(text(1), 0.01), text(2), np.zeros(0, np.uint32), np.zeros(0, np.uint32)]
    assert text_numbers(sketches_of(lines, VOCABULARY)).tolist() == [0, 1, 0, 1, 4, 5]


def test_a_crowd_of_pages_that_are_alike_in_a_band_takes_no_longer_than_others() -> None:
    """A hostile crawl of 50,000 pages of which every one shares a band with every other."""
    random = np.random.default_rng(4)
    crowd = (random.integers(1, 1 << 40, 50_000).astype(np.uint64) << np.uint64(20)) | np.uint64(7)
    started = time.process_time()
    text_numbers(crowd)
    assert time.process_time() - started < 5
    assert CROWD < 100
