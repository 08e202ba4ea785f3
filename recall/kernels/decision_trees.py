"""Sums of the leaves that rows reach in decision trees.

In: rows of numbers, and trees as arrays. Out: a sum for each row, in the order of the trees, so that all machines add
alike. `plain_leaf_sums` says the same without compiled code.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.kernels.native import compiled


@dataclass(frozen=True, slots=True)
class Trees:
    """Decision trees, their inner nodes and leaves numbered through all of them.

    roots: the first node of each tree, or ~leaf of one without a node. columns, thresholds: a row goes left where
    row[column] <= threshold. children: shape (nodes, 2), left and right, each a node or ~leaf. leaves: their values.
    """

    roots: NDArray[np.int32]
    columns: NDArray[np.int32]
    thresholds: NDArray[np.float32]
    children: NDArray[np.int32]
    leaves: NDArray[np.float64]


def leaf_sums(rows: NDArray[np.float32], trees: Trees) -> NDArray[np.float64]:
    """The sum of each row's leaves, shape (rows,). rows: shape (rows, columns), contiguous."""
    sums: NDArray[np.float64] = _sum(rows, trees.roots, (trees.columns, trees.thresholds), trees.children, trees.leaves)
    return sums


def plain_leaf_sums(rows: NDArray[np.float32], trees: Trees) -> list[float]:
    """`leaf_sums` by definition."""
    sums = []
    for row in rows:
        total = 0.0
        for root in trees.roots.tolist():
            node = root
            while node >= 0:
                right = not row[trees.columns[node]] <= trees.thresholds[node]
                node = int(trees.children[node, int(right)])
            total += float(trees.leaves[~node])
        sums.append(total)
    return sums


@compiled
def _sum(rows: Any, roots: Any, splits: Any, children: Any, leaves: Any) -> Any:
    columns, thresholds = splits
    sums = np.zeros(rows.shape[0], np.float64)
    for start in range(0, rows.shape[0], 64):  # so few rows stay in the cache, and the nodes of a tree
        for tree in range(roots.shape[0]):
            for number in range(start, min(start + 64, rows.shape[0])):
                node = roots[tree]
                while node >= 0:
                    node = children[node, 0 if rows[number, columns[node]] <= thresholds[node] else 1]
                sums[number] += leaves[~node]
    return sums
