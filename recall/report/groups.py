"""Figures by kind of place and by language, so that one that is starved by the threshold can be seen.

In: judged pages with their scores. Out: Share by group.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.report.round_figures import Share, share


def shares_by(groups: Sequence[str], kept: NDArray[Any], truth: NDArray[Any]) -> dict[str, Share]:
    """Precision and share found of each group, the largest first."""
    names = np.array(groups, dtype=object)
    counted = sorted(set(groups), key=lambda name: (-int((names == name).sum()), name))
    return {name: share(kept[names == name], truth[names == name]) for name in counted}
