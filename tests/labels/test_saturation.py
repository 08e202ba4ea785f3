"""How much of a round was recalled before, and runs that end when it is enough."""

from typing import Any

import pytest

from recall import loop
from recall.errors import OutOfOrder
from recall.labels.decisions import accepted_prefixes
from recall.labels.saturation import saturation, saturation_of
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards
from recall.sites.prefixes import PrefixSet


def recalled(run: Run, number: int) -> set[str]:
    prefixes = PrefixSet(accepted_prefixes(run, range(1, number + 1)))
    found = set()
    for scanned in scanned_shards(run.round(number)):
        for row in read_rows(run.store, scanned).to_pylist():
            if row["kept"] or prefixes.match(row["url"]):
                found.add(row["url"])
    return found


def test_saturation_is_the_share_that_the_round_before_recalled(played: Run) -> None:
    first, second = recalled(played, 1), recalled(played, 2)
    assert saturation(played.round(2)) == pytest.approx(len(first & second) / len(second))
    assert saturation_of(played.round(2)) == pytest.approx(len(first & second) / len(second), abs=1e-4)
    assert saturation_of(played.round(1)) == 0.0


def test_a_saturated_run_builds_early_and_verifies(fresh: Any) -> None:
    run = fresh("build", rounds=4, run={"stop_saturation": 0.01})
    assert run.config.run.rounds == 2
    assert run.next() is None
    again = Run.open(run.store.root)
    assert [place.folder for place in again.order][-1] == "corpus"
    assert again.config.run.rounds == 2
    assert again.verify() == []
    with pytest.raises(OutOfOrder, match="rounds 1 to 2"):
        again.round(3)


def test_a_run_that_finds_new_pages_goes_on(fresh: Any) -> None:
    run = fresh("round 2 harvest", rounds=3, run={"stop_saturation": 1.0})
    enough = saturation_of(run.round(2)) >= 1.0
    following = loop.advance(run)
    assert following is not None
    assert following[0] == ("build" if enough else "round 3 train")


def test_a_round_that_is_not_sealed_is_not_the_last(fresh: Any) -> None:
    run = fresh("round 1 scan", rounds=2)
    with pytest.raises(OutOfOrder, match="cannot end after round 1"):
        run.stop_after(1)
