"""Folds for cross-validation: by registered domain, never by page, as pages of a site are no independent evidence."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recall.errors import BadInput


def group_folds(groups: Sequence[str], labels: Sequence[str], k: int, seed: int) -> NDArray[np.int64]:
    """A fold (0 .. k-1) for each page: pages of one group share it, labels are spread evenly.

    Groups are placed from the largest down, in seeded order among equals, each into the fold that it leaves most
    even over all labels. Raises BadInput where there are fewer groups than folds.
    """
    names, members = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    kinds, label_of = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    if len(names) < k:
        raise BadInput(f"cross-validation: {k} folds need at least {k} families, the examples have {len(names)}")
    table = np.zeros((len(names), len(kinds)))
    np.add.at(table, (members, label_of), 1.0)
    share = table / table.sum(axis=0)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    order = shuffled[np.argsort(-share[shuffled].max(axis=1), kind="stable")]
    filled = np.zeros((k, len(kinds)))
    pages = np.zeros(k)
    fold_of = np.zeros(len(names), dtype=np.int64)
    for group in order:
        spread = [((filled + share[group] * (np.arange(k) == fold)[:, None]) ** 2).sum() for fold in range(k)]
        fold = int(np.lexsort((pages, np.round(spread, 12)))[0])
        fold_of[group] = fold
        filled[fold] += share[group]
        pages[fold] += table[group].sum()
    folds: NDArray[np.int64] = fold_of[members]
    return folds
