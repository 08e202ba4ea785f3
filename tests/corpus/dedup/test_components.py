import random
from pathlib import Path

import numpy as np
import pytest

from recall.config import ClusterSection
from recall.corpus.dedup.components import EDGES, both_ends, connected_components
from recall.run.shuffle import Stage, arrays, read_partition, write_partitions
from recall.run.store import Store

PAGES = 400


def edges(seed: int) -> list[tuple[int, int]]:
    chance = random.Random(seed)
    found = [(chance.randrange(PAGES), chance.randrange(PAGES)) for _ in range((0, 100, 300, 1500)[seed])]
    found += [(page, page + 1) for page in range(100)] if seed == 2 else []
    return [(max(edge), min(edge)) for edge in found if edge[0] != edge[1]]


def smallest(found: list[tuple[int, int]]) -> dict[int, int]:
    """Each page that hangs together with a smaller one, and the smallest of these, by union and find."""
    parent = list(range(PAGES))

    def root(page: int) -> int:
        while parent[page] != page:
            page = parent[page]
        return page

    for a, b in found:
        first, second = sorted((root(a), root(b)))
        parent[second] = first
    return {page: root(page) for page in range(PAGES) if root(page) != page}


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_every_page_is_tied_to_the_smallest_of_its_component(seed: int, partitions: int, tmp_path: Path) -> None:
    store, found = Store(str(tmp_path)), edges(seed)
    a, b = (np.array([edge[end] for edge in found], np.int64) for end in (0, 1))
    stage = Stage(store, "edges", None)
    files = tuple(
        write_partitions(stage, both_ends(a[half::2], b[half::2], partitions, both=True), EDGES) for half in range(2)
    )
    tied: dict[int, int] = {}
    ties = connected_components(store, "component", files, partitions, ClusterSection())
    for number in range(partitions):
        rows = arrays(read_partition(store, ties, number, EDGES))
        for page, root in zip(rows["a"].tolist(), rows["b"].tolist(), strict=True):
            if page > root:
                assert page not in tied
                tied[page] = root
    assert tied == smallest(found)
