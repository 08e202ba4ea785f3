"""The lowest ranks of a stream, whatever its order."""

from hypothesis import given
from hypothesis import strategies as st

from annotation.bottom_k import Lowest, Seen

OFFERS = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 6), st.integers(0, 3)), max_size=60)


def page(row: int) -> Seen:
    return Seen(0, row, f"u{row}", 0, 1, 0.5)


def fill(capacity: int, offers: list[tuple[str, int, int]]) -> Lowest:
    lowest = Lowest(capacity)
    for key, rank, row in offers:
        lowest.offer(key, (rank, ord(key)), page(row))
    return lowest


@given(OFFERS, st.integers(1, 12), st.randoms())
def test_the_order_of_offers_does_not_matter(offers: list[tuple[str, int, int]], capacity: int, chance: object) -> None:
    shuffled = list(offers)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis' random.Random
    assert fill(capacity, offers).pages() == fill(capacity, shuffled).pages()


@given(OFFERS, OFFERS, st.integers(1, 12))
def test_merging_equals_seeing_everything(
    first: list[tuple[str, int, int]], second: list[tuple[str, int, int]], capacity: int
) -> None:
    merged = fill(capacity, first)
    merged.merge(fill(capacity, second))
    assert merged.pages() == fill(capacity, first + second).pages()


def test_a_key_is_held_once_with_its_lowest_rank_and_counted() -> None:
    lowest = Lowest(2)
    for rank, row in ((5, 1), (3, 2), (3, 0), (9, 3)):
        lowest.offer("a", (rank,), page(row))
    assert lowest.pages() == [page(0)]
    assert lowest.offers["a"] == 4


def test_memory_is_bounded_and_hopeless_ranks_are_not_wanted() -> None:
    lowest = Lowest(3)
    for rank in range(100, 0, -1):
        lowest.offer(str(rank), (rank,), page(rank))
        assert len(lowest._held) <= 7
    assert [seen.row for seen in lowest.pages()] == [1, 2, 3]
    assert not lowest.wants((4,))
    assert not Lowest(0).wants((0,))
