"""What judgements of prefixes brought."""

import pytest

from recall.labels.decisions import accepted_prefixes, label_rows
from recall.labels.prefix_yield import mean_interval, prefix_yield
from recall.run.rounds import Run


@pytest.mark.parametrize("values", [[0], [5], [0, 0, 0], [0, 0, 0, 40], list(range(50))])
def test_a_mean_lies_in_its_interval(values: list[int]) -> None:
    found = mean_interval(values)
    assert found.value == sum(values) / len(values)
    assert min(values) <= found.low <= found.value <= found.high <= max(values)
    assert mean_interval(values) == found


def test_without_judgements_nothing_is_won_per_judgement() -> None:
    assert mean_interval([]).high == 0


def test_a_round_s_judgements_bring_what_its_harvest_took_under_what_they_accepted(played: Run) -> None:
    round_ = played.round(1)
    rows = [row for row in label_rows(played, 1, frozenset()) if row["kind"] == "prefix"]
    won = prefix_yield(round_)
    assert won is not None
    taken = (
        played.store.read_table(round_.step("harvest").key("pages.parquet"), ["prefix"]).column("prefix").to_pylist()
    )
    assert (won.judged, won.accepted, won.labels) == (len(rows), len(accepted_prefixes(played, [1])), len(taken))
    assert won.pages == round_.step("harvest").result.counts["missed"]
    assert won.pages >= won.labels
    assert won.pages_each.value == pytest.approx(won.pages / won.judged)
    assert won.labels_each.low <= won.labels / won.judged <= won.labels_each.high
