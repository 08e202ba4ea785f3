"""Sums of leaves: compiled code held against the definition, and where a row goes at a threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.kernels.decision_trees import Trees, leaf_sums, plain_leaf_sums

COLUMNS = 3


def trees_of(seed: int, count: int) -> Trees:
    """Random trees, some of a single leaf."""
    chance = np.random.default_rng(seed)
    roots: list[int] = []
    columns: list[int] = []
    children: list[list[int]] = []
    leaves: list[float] = []

    def grow(depth: int) -> int:
        if depth == 0 or chance.random() < 0.3:
            leaves.append(float(chance.normal()))
            return ~(len(leaves) - 1)
        number = len(columns)
        columns.append(int(chance.integers(COLUMNS)))
        children.append([0, 0])
        children[number] = [grow(depth - 1), grow(depth - 1)]
        return number

    roots.extend(grow(4) for _ in range(count))
    thresholds = chance.integers(-2, 3, len(columns)).astype(np.float32)
    return Trees(
        np.array(roots, np.int32),
        np.array(columns, np.int32),
        thresholds,
        np.array(children, np.int32).reshape(-1, 2),
        np.array(leaves, np.float64),
    )


STUMP = Trees(
    np.array([0], np.int32),
    np.array([1], np.int32),
    np.array([0.5], np.float32),
    np.array([[~0, ~1]], np.int32),
    np.array([-1.0, 1.0]),
)


@given(st.integers(0, 10_000), st.integers(0, 8), st.integers(0, 20))
def test_compiled_sums_are_those_of_the_definition(seed: int, count: int, rows: int) -> None:
    trees = trees_of(seed, count)
    values = np.random.default_rng(seed).integers(-3, 4, (rows, COLUMNS)).astype(np.float32)
    assert leaf_sums(values, trees).tolist() == plain_leaf_sums(values, trees)


@pytest.mark.parametrize(
    ("value", "leaf"),
    [(0.5, -1.0), (np.nextafter(np.float32(0.5), np.float32(1)), 1.0), (-np.inf, -1.0), (np.inf, 1.0), (np.nan, 1.0)],
    ids=["equal goes left", "a bit more goes right", "minus infinity", "infinity", "no number goes right"],
)
def test_a_row_goes_left_up_to_the_threshold(value: float, leaf: float) -> None:
    rows = np.array([[9, value, 9]], np.float32)
    assert leaf_sums(rows, STUMP).tolist() == [leaf] == plain_leaf_sums(rows, STUMP)


def test_no_rows_and_no_trees_give_nothing() -> None:
    assert leaf_sums(np.zeros((0, COLUMNS), np.float32), STUMP).shape == (0,)
    assert leaf_sums(np.zeros((2, COLUMNS), np.float32), trees_of(1, 0)).tolist() == [0, 0]
