"""Bottom-k samples, whatever the order in which items come."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from recall.run.sampling import BottomK, batches, priority

Offers = list[tuple[str, int, int]]
OFFERS = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 6), st.integers(0, 3)), max_size=60)


def fill(capacity: int, offers: Offers) -> BottomK[str, int]:
    sample = BottomK[str, int](capacity)
    for key, rank, value in offers:
        sample.offer(key, (rank, key), value)
    return sample


@given(OFFERS, st.integers(1, 12), st.randoms())
def test_the_order_of_offers_does_not_matter(offers: Offers, capacity: int, chance: object) -> None:
    shuffled = list(offers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis' random.Random
    assert fill(capacity, offers).values() == fill(capacity, shuffled).values()


@given(OFFERS, st.integers(0, 12))
def test_a_sample_holds_the_keys_of_lowest_rank(offers: Offers, capacity: int) -> None:
    best = {key: min((rank, value) for name, rank, value in offers if name == key) for key, _, _ in offers}
    lowest = sorted((rank, key, value) for key, (rank, value) in best.items())[:capacity]
    assert fill(capacity, offers).values() == [value for _, _, value in lowest]


@given(OFFERS, OFFERS, st.integers(1, 12))
def test_merging_equals_offering_everything_to_one_sample(first: Offers, second: Offers, capacity: int) -> None:
    merged = fill(capacity, first)
    merged.merge(fill(capacity, second))
    assert merged.values() == fill(capacity, first + second).values()


def test_a_key_is_held_once_with_its_lowest_rank() -> None:
    sample = BottomK[str, int](2)
    for rank, value in ((5, 1), (3, 2), (3, 0), (9, 3)):
        sample.offer("a", (rank,), value)
    assert sample.values() == [0]


def test_memory_is_bounded_and_hopeless_ranks_are_not_wanted() -> None:
    sample = BottomK[str, int](3)
    for rank in range(100, 0, -1):
        sample.offer(str(rank), (rank,), rank)
        assert len(pickle.dumps(sample)) < 400
    assert sample.values() == [1, 2, 3]
    assert not sample.wants((4,))
    assert not BottomK[str, int](0).wants((0,))


def test_a_priority_depends_on_seed_and_text_alone() -> None:
    assert priority(7, "a") == priority(7, "a") < 2**64
    assert len({priority(seed, text) for seed in range(3) for text in ("a", "b", "\ud800")}) == 9


def test_a_stream_is_cut_into_lists_of_the_same_size() -> None:
    assert list(batches(iter(range(7)), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batches([], 3)) == []
