from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.errors import BadInput
from recall.model.evaluate import group_folds


@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from("CNA")), min_size=12, max_size=60), st.integers(0, 3))
def test_a_family_lies_in_one_fold_and_no_fold_is_empty(pages: list[tuple[int, str]], seed: int) -> None:
    groups = [f"site{number}" for number, _ in pages] + ["x", "y", "z"]
    folds = group_folds(groups, [label for _, label in pages] + ["C", "C", "N"], 3, seed)
    assert all(len(set(folds[np.array(groups) == name])) == 1 for name in set(groups))
    assert set(folds) == {0, 1, 2}


def test_labels_are_spread_evenly() -> None:
    groups = [f"site{i // 4}" for i in range(800)]
    labels = ["C" if i // 4 % 5 == 0 else "N" for i in range(800)]
    folds = group_folds(groups, labels, 5, 0)
    counts = Counter(zip(folds.tolist(), labels, strict=True))
    assert all(abs(counts[fold, "C"] - 32) <= 4 for fold in range(5))
    assert all(abs(counts[fold, "N"] - 128) <= 8 for fold in range(5))


def test_a_seed_gives_the_same_folds_and_another_seed_others() -> None:
    groups, labels = [f"site{i}" for i in range(50)], ["C", "N"] * 25
    np.testing.assert_array_equal(group_folds(groups, labels, 5, 1), group_folds(groups, labels, 5, 1))
    assert (group_folds(groups, labels, 5, 1) != group_folds(groups, labels, 5, 2)).any()


def test_fewer_families_than_folds_are_refused() -> None:
    with pytest.raises(BadInput, match="at least 5 families, the examples have 2"):
        group_folds(["a", "a", "b"], ["C", "N", "C"], 5, 0)
