"""Columns of segments, held against what they mean on random numbers."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recall.kernels.segment_columns import STEPS, beside, group_sums, last_before, means_within, sizes_and_means

Whole = NDArray[np.int64]


@st.composite
def columns(draw: st.DrawFn) -> Whole:
    count = draw(st.integers(1, 12))
    rows = draw(st.lists(st.lists(st.integers(-99, 99), min_size=count, max_size=count), min_size=2, max_size=2))
    return np.array(rows, np.int64)


@given(columns())
def test_what_stands_beside_a_segment_is_zero_outside_the_page(values: Whole) -> None:
    got = beside(values)
    for number, step in enumerate(STEPS):
        for index in range(values.shape[1]):
            inside = 0 <= index + step < values.shape[1]
            assert got[number, :, index].tolist() == (values[:, index + step].tolist() if inside else [0, 0])


@given(columns(), st.integers(0, 15))
def test_means_are_of_the_segments_within_reach(values: Whole, reach: int) -> None:
    got = means_within(values, reach)
    for index in range(values.shape[1]):
        around = values[:, max(index - reach, 0) : index + reach + 1].tolist()
        assert got[:, index].tolist() == [float(Fraction(sum(row), len(row))) for row in around]


@given(st.lists(st.booleans(), max_size=12))
def test_the_last_mark_is_at_or_before_a_segment(marks: list[bool]) -> None:
    expected = [max((at for at in range(index + 1) if marks[at]), default=-1) for index in range(len(marks))]
    assert last_before(np.array(marks, np.bool_)).tolist() == expected


@given(columns(), st.data())
def test_groups_have_sums_sizes_and_means(values: Whole, data: st.DataObject) -> None:
    count = values.shape[1]
    groups = np.array(data.draw(st.lists(st.integers(-1, 3), min_size=count, max_size=count)), np.int64)
    sums = group_sums(groups, values, 4)
    told = sizes_and_means(groups, sums, 7)
    for group in range(4):
        members = values[:, groups == group]
        first, second = members.sum(axis=1).tolist()
        assert sums[:, group].tolist() == [members.shape[1], first, second]
        for place in np.flatnonzero(groups == group):
            size = members.shape[1]
            assert told[:, place].tolist() == [size, first / size, first / 7, second / size]
    assert not told[:, groups < 0].any()
