"""Passes over the elements of a page, held against what they mean on random trees."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recall.kernels.element_tree import inherit, main_way, order_in_groups, repeated_around, sums_inside

Whole = NDArray[np.int64]


@st.composite
def trees(draw: st.DrawFn) -> Whole:
    count = draw(st.integers(1, 30))
    return np.array([-1, *(draw(st.integers(0, number)) for number in range(count - 1))], np.int64)


def way_to(parents: Whole, number: int) -> list[int]:
    """The elements from the root to one."""
    way = []
    while number >= 0:
        way.append(number)
        number = int(parents[number])
    return way[::-1]


@given(trees(), st.integers(0, 1000))
def test_an_element_inherits_from_all_around_it(parents: Whole, seed: int) -> None:
    chance = np.random.default_rng(seed)
    own, shapes = chance.integers(-50, 50, len(parents)), chance.integers(0, 1 << 32, len(parents))
    bits = 1 << chance.integers(0, 4, len(parents))
    got = inherit(parents, own, bits, shapes)
    for number in range(len(parents)):
        way = way_to(parents, number)
        assert got.path[number] == own[way].sum()
        assert (got.least[number], got.most[number]) == (own[way].min(), own[way].max())
        assert got.depth[number] == len(way) - 1
        assert got.around[number] == np.bitwise_or.reduce(bits[way])


def test_signatures_are_equal_where_the_shapes_on_the_way_are() -> None:
    parents = np.array([-1, 0, 0, 1, 2, 2])
    shapes = np.array([7, (1 << 32) - 1, (1 << 32) - 1, 5, 5, 6])
    signature = inherit(parents, shapes, shapes, shapes).signature.tolist()
    assert signature[1] == signature[2]
    assert signature[3] == signature[4]
    assert len(set(signature)) == 4


@given(trees(), st.integers(0, 1000))
def test_sums_hold_an_element_and_all_inside_it(parents: Whole, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 100, (len(parents), 2))
    sums = sums_inside(parents, values)
    for number in range(len(parents)):
        inside = [other for other in range(len(parents)) if number in way_to(parents, other)]
        assert sums[number].tolist() == values[inside].sum(axis=0).tolist()


@pytest.mark.parametrize(
    ("parents", "weights", "way"),
    [
        ([-1], [5], [0]),
        ([-1, 0, 0, 2], [10, 4, 6, 6], [0, 2, 3]),
        ([-1, 0, 0], [10, 4, 4], [0]),
        ([-1, 0, 1, 2], [100, 60, 40, 20], [0, 1, 2]),
        ([-1, 0, 0], [10, 5, 5], [0, 1]),
    ],
    ids=["root alone", "heavier child", "no child weighs half", "under a quarter of the root", "the first of equals"],
)
def test_the_main_way_follows_the_weight(parents: list[int], weights: list[int], way: list[int]) -> None:
    numbers, elements = main_way(np.array(parents), np.array(weights))
    assert [element for element in elements.tolist() if element >= 0] == way
    for element in range(len(parents)):
        last = [place for place, other in enumerate(way) if other in way_to(np.array(parents), element)][-1]
        assert numbers[element] == last


def test_the_repeated_element_around_is_of_the_group_that_weighs_most() -> None:
    parents = np.array([-1, 0, 0, 1, 1, 2])
    group = np.array([-1, 0, 0, 1, 1, -1])
    assert repeated_around(parents, group, np.array([100, 20])).tolist() == [-1, 1, 2, 1, 1, 2]
    assert repeated_around(parents, group, np.array([100, 60])).tolist() == [-1, 1, 2, 3, 4, 2]


def test_members_of_groups_are_counted_in_their_order() -> None:
    assert order_in_groups(np.array([0, 1, 0, 0, 1])).tolist() == [0, 0, 1, 2, 1]


@pytest.mark.parametrize("shape", ["deep", "flat"])
def test_passes_take_linear_time(shape: str) -> None:
    def seconds(count: int) -> float:
        parents = np.arange(-1, count - 1) if shape == "deep" else np.array([-1] + [0] * (count - 1))
        ones = np.ones(count, np.int64)
        started = time.process_time()
        inherit(parents, ones, ones, ones)
        main_way(parents, sums_inside(parents, ones[:, None])[:, 0])
        repeated_around(parents, order_in_groups(np.zeros(count, np.int64)), ones)
        return time.process_time() - started

    seconds(10)
    assert min(seconds(400_000) for _ in range(3)) < 1
