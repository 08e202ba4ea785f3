"""How many code pages a prefix would add, and how sure that is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from recall.model.evaluate import Calibration
from recall.steps.domains.code_added import LEVELS, CodeAdded, code_added, kept_in, levels_of, no_pages, pages_in

ESTIMATE = CodeAdded(share=0.1, accept=0.8)


def binned(chances: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.int32]:
    bins = no_pages()
    np.add.at(bins, levels_of(Calibration(), chances, kept), 1)
    return bins


def site(chance: float, pages: int, kept: int = 0) -> NDArray[np.int32]:
    return binned(np.full(pages, chance), np.arange(pages) < kept)


def test_pages_are_counted_by_probability_and_by_whether_they_are_kept() -> None:
    bins = binned(np.array([0.0, 1e-300, 0.5, 0.9, 1.0]), np.array([False, False, False, True, True]))
    assert (pages_in(bins), kept_in(bins)) == (5, 2)
    assert bins[0] == 2
    assert bins[2 * LEVELS - 1] == 1


@pytest.mark.parametrize(("pages", "kept"), [(1, 0), (3, 3), (40, 0), (40, 39), (100_000, 7)])
@pytest.mark.parametrize("chance", [1e-9, 0.02, 0.5, 0.98, 1 - 1e-9])
@pytest.mark.parametrize("share", [0.0, 0.03, 1.0])
def test_an_estimate_lies_in_its_interval_and_within_what_is_missed(
    pages: int, kept: int, chance: float, share: float
) -> None:
    found = CodeAdded(share).candidate("a.org/", site(chance, pages, kept))
    assert (found.prefix, found.host, found.pages, found.kept) == ("a.org/", "a.org", pages, kept)
    assert 0 <= found.low <= found.added + 0.01 <= found.high + 0.02 <= pages - kept + 0.04
    assert 0 <= found.gain <= found.added + 0.01


def test_more_missed_pages_more_probable_ones_and_more_kept_beside_them_add_more() -> None:
    def added(bins: NDArray[np.int32]) -> float:
        return ESTIMATE.candidate("a.org/", bins).added

    assert added(site(0.1, 10)) < added(site(0.1, 20)) < added(site(0.3, 20))
    beside = no_pages()
    beside[-1] = 30
    assert added(site(0.1, 20)) < added(site(0.1, 20) + beside)


def test_a_prefix_that_people_would_hardly_accept_has_little_gain_however_large_it_is() -> None:
    large = ESTIMATE.candidate("large.org/", site(0.3, 300))
    beside = no_pages()
    beside[-1] = 60
    code = ESTIMATE.candidate("code.org/", site(0.3, 20) + beside)
    assert large.added > code.added
    assert large.gain / large.added < code.gain / code.added


def test_intervals_hold_on_sites_whose_pages_are_all_off_by_one_shift() -> None:
    random = np.random.default_rng(3)
    held = []
    for _ in range(300):
        odds = random.normal(-2.5, 1.5, int(random.integers(3, 60)))
        code = random.random(len(odds)) < 1 / (1 + np.exp(-(odds + random.normal(0, 1.5))))
        kept = odds > 0.5
        found = ESTIMATE.candidate("a.org/", binned(1 / (1 + np.exp(-odds)), kept))
        held.append(np.floor(found.low) <= code[~kept].sum() <= np.ceil(found.high))
    assert np.mean(held) >= 0.93


def test_many_sites_are_off_less_than_one() -> None:
    bins = site(0.1, 60)
    alone, together = (ESTIMATE.candidate("*/x/", bins, sites) for sites in (1, 20))
    assert together.high - together.low < alone.high - alone.low
    assert together.gain < alone.gain


def test_a_card_without_its_share_is_read_by_its_counts() -> None:
    assert code_added({"positives": 20.0, "pages": 80.0}, 0.8).share == 0.25
    assert code_added({"share": 0.04, "positives": 20.0, "pages": 80.0}, 0.7) == CodeAdded(0.04, 0.7)
    assert code_added({}, 0.8).share == pytest.approx(0.1)
