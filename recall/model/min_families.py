"""Tokens that enough families of sites share: what only a few sites write says little about others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint32]

PER_FAMILIES = 20
"""Of fewer than this many families for each one asked for, as many fewer are: small sets keep their words."""


def supported(lines: Sequence[Ids], families: Sequence[str], size: int, minimum: int) -> list[Ids]:
    """The lines without the tokens (ids below `size`) that fewer than `minimum` families use.

    With less than PER_FAMILIES * minimum families the minimum shrinks in proportion, down to 1, which keeps all.
    """
    by_family: dict[str, list[Ids]] = {}
    for family, line in zip(families, lines, strict=True):
        by_family.setdefault(family, []).append(line)
    least = min(minimum, len(by_family) // PER_FAMILIES)
    if least < 2:
        return list(lines)
    used = np.zeros(size, dtype=np.int64)
    for own in by_family.values():
        used[np.unique(np.concatenate(own))] += 1
    keep = used >= least
    return [line[keep[line]] for line in lines]
