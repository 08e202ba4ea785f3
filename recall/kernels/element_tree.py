"""Passes over the elements of a page as a tree in arrays: down from the root, up from the leaves, along the heavy way.

In: the parent of each element, -1 for the root; an element stands behind its parent. Out: whole numbers only, so that
all machines compute the same. Each pass takes time linear in the elements.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.kernels.native import compiled

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Inherited:
    """What elements inherit, shape (elements,) each.

    path: the sum of own from the root; least, most: its extremes on the way; around: bits of all elements on the way;
    depth: 0 for the root; signature: a hash of the shapes on the way.
    """

    path: Whole
    least: Whole
    most: Whole
    around: Whole
    depth: Whole
    signature: Whole


def inherit(parents: Whole, own: Whole, bits: Whole, shapes: Whole) -> Inherited:
    """What each element inherits from those around it, itself included."""
    columns: Whole = _inherit(parents, own, bits, shapes)
    return Inherited(*columns)


def sums_inside(parents: Whole, values: Whole) -> Whole:
    """The sums of values over each element and all inside it. values: shape (elements, columns)."""
    sums: Whole = _sums_inside(parents, values)
    return sums


def main_way(parents: Whole, weights: Whole) -> Whole:
    """The way from the root into the heaviest child, as long as it weighs half of its parent and a quarter of the root.

    weights: of each element with all inside it. Out: the number of each element's last ancestor on that way, from the
    root, then the element at each number: shape (2, elements), -1 behind the end.
    """
    way: Whole = _main_way(parents, weights)
    return way


def repeated_around(parents: Whole, group: Whole, weights: Whole) -> Whole:
    """The element around each, or itself, that repeats among its siblings and whose group weighs most, -1 for none.

    group: a number for elements that repeat, -1 for others; weights: of the groups. An inner group is taken when it
    weighs more than half of the outer one.
    """
    chosen: Whole = _repeated_around(parents, group, weights)
    return chosen


def order_in_groups(group: Whole) -> Whole:
    """How many elements of the same group come before each, shape (elements,). group: numbers from 0, -1 for none."""
    order: Whole = _order_in_groups(group)
    return order


@compiled
def _inherit(parents: Any, own: Any, bits: Any, shapes: Any) -> Any:
    out = np.zeros((6, len(parents)), np.int64)
    for number in range(len(parents)):
        parent = parents[number]
        if parent < 0:
            out[0, number] = out[1, number] = out[2, number] = own[number]
            out[3, number] = bits[number]
            out[5, number] = shapes[number] % 2147483629
        else:
            out[0, number] = out[0, parent] + own[number]
            out[1, number] = min(out[1, parent], own[number])
            out[2, number] = max(out[2, parent], own[number])
            out[3, number] = out[3, parent] | bits[number]
            out[4, number] = out[4, parent] + 1
            out[5, number] = (out[5, parent] * 1000003 + shapes[number]) % 2147483629
    return out


@compiled
def _sums_inside(parents: Any, values: Any) -> Any:
    sums = values.copy()
    for number in range(len(parents) - 1, 0, -1):
        parent = parents[number]
        if parent >= 0:
            for column in range(sums.shape[1]):
                sums[parent, column] += sums[number, column]
    return sums


@compiled
def _main_way(parents: Any, weights: Any) -> Any:
    count = len(parents)
    out = np.full((2, count), -1, np.int64)
    heaviest = np.full(count, -1, np.int64)
    for number in range(1, count):
        parent = parents[number]
        if parent >= 0 and (heaviest[parent] < 0 or weights[number] > weights[heaviest[parent]]):
            heaviest[parent] = number
    length, here = 0, 0
    while count and here >= 0:
        out[0, here] = length
        out[1, length] = here
        length += 1
        child = heaviest[here]
        if child < 0 or 2 * weights[child] < weights[here] or 4 * weights[child] < weights[0]:
            break
        here = child
    for number in range(1, count):
        if out[0, number] < 0:
            out[0, number] = out[0, max(parents[number], 0)]
    return out


@compiled
def _repeated_around(parents: Any, group: Any, weights: Any) -> Any:
    out = np.full(len(parents), -1, np.int64)
    for number in range(len(parents)):
        outer = out[parents[number]] if parents[number] >= 0 else -1
        inner = group[number] >= 0 and (outer < 0 or 2 * weights[group[number]] > weights[group[outer]])
        out[number] = number if inner else outer
    return out


@compiled
def _order_in_groups(group: Any) -> Any:
    out = np.zeros(len(group), np.int64)
    seen = np.zeros(len(group) + 1, np.int64)
    for number in range(len(group)):
        out[number] = seen[group[number]]
        seen[group[number]] += 1
    return out
