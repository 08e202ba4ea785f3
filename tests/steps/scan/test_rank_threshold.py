"""[train] target = "pages" and "tokens": what is kept follows from the scan alone."""

from typing import Any

import numpy as np
import pytest

from annotation.studio.task_payloads import model_view_of
from recall.config import parse_config
from recall.errors import BadInput
from recall.io.parquet import table_of
from recall.run.own_threshold import own_threshold
from recall.run.round_model import card_of, threshold_of
from recall.run.rounds import Run
from recall.run.scanned import ScannedShard, read_rows, scanned_shards
from recall.steps.scan.rank_threshold import rank_threshold
from tests.conftest import make_run, play


def columns_of(run: Run, number: int, *names: str) -> list[np.ndarray[Any, Any]]:
    tables = [read_rows(run.store, scanned, names) for scanned in scanned_shards(run.round(number))]
    return [np.concatenate([table.column(name).to_numpy() for table in tables]) for name in names]


@pytest.fixture(scope="module")
def ranked(crawl: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:

    config = crawl.config(train={"target": "pages", "target_value": 0.08})
    run = make_run(tmp_path_factory.mktemp("ranked") / "run", config)
    play(run, "round 2 scan")
    return run


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_a_share_of_the_pages_is_kept_to_the_page_in_every_round(ranked: Run, number: int) -> None:
    scores, kept, candidate = columns_of(ranked, number, "score", "kept", "candidate")
    own = own_threshold(ranked.round(number))
    assert own is not None
    assert own.reached
    assert own.value == threshold_of(ranked.round(number))
    wanted = int(np.ceil(0.08 * len(scores)))
    best = np.sort(scores[candidate])[::-1][wanted - 1]
    assert own.value == best, "the lowest of the best pages is the threshold"
    assert kept.tolist() == ((scores >= best) & candidate).tolist()
    assert kept.sum() >= wanted > (scores[candidate] > best).sum()


@pytest.mark.slow
def test_people_see_scores_beside_the_threshold_that_decided(ranked: Run) -> None:
    assert model_view_of(ranked.round(1)).threshold == threshold_of(ranked.round(1))
    assert card_of(ranked.round(1)).threshold != threshold_of(ranked.round(1))


@pytest.mark.slow
def test_counts_of_the_step_and_of_its_shards_are_those_of_the_threshold(ranked: Run) -> None:
    (kept,) = columns_of(ranked, 1, "kept")
    counts = ranked.round(1).step("scan").result.counts
    assert counts["kept"] == kept.sum()
    assert counts["rejected"] == len(kept) - kept.sum()
    assert [scanned.kept for scanned in scanned_shards(ranked.round(1))] == [
        int(read_rows(ranked.store, scanned, ["kept"]).column("kept").to_numpy().sum())
        for scanned in scanned_shards(ranked.round(1))
    ]


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05, 0.0925, 0.1])
def test_pages_of_one_score_are_kept_together(played: Run, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every candidate three times: as copies of a page would be."""
    monkeypatch.setattr("recall.steps.scan.rank_threshold.read_rows", thrice)
    own = rank_threshold(with_target(played, "pages", share).round(1), scanned_shards(played.round(1)))
    scores, candidate = columns_of(played, 1, "score", "candidate")
    scores, candidate = np.repeat(scores, 3), np.repeat(candidate, 3)
    kept = int(((scores >= own.value) & candidate).sum())
    assert kept == own.figures["kept"]
    assert kept >= share * len(scores) - 1e-9
    assert ((scores > own.value) & candidate).sum() < share * len(scores)


def thrice(store: Any, scanned: ScannedShard, columns: Any) -> Any:

    table = read_rows(store, scanned, columns)
    kinds = {"score": "float64", "candidate": "bool"}
    return table_of(
        {name: np.repeat(table.column(name).to_numpy(), 3) for name in columns}, {name: kinds[name] for name in columns}
    )


def with_target(run: Run, target: str, value: float) -> Run:
    """The same run as if another target had been asked for."""
    changed = Run.open(run.store.root)
    train = changed.config.train.model_copy(update={"target": target, "target_value": value})
    changed.config = changed.config.model_copy(update={"train": train})
    return changed


def test_a_number_of_tokens_is_kept_as_the_pages_text_has_them(played: Run) -> None:
    """Pages of the small crawl have some 160 words each, so the estimate by samples is near the count."""
    few, many = (
        rank_threshold(with_target(played, "tokens", tokens).round(1), scanned_shards(played.round(1)))
        for tokens in (2_000.0, 5_000.0)
    )
    assert few.value > many.value
    assert 2_000 <= few.figures["tokens"] < 2_000 + 600
    assert few.figures["kept"] < many.figures["kept"]
    again = rank_threshold(with_target(played, "tokens", 2_000.0).round(1), scanned_shards(played.round(1)))
    assert again == few


def test_more_than_the_candidates_hold_is_said_to_be_out_of_reach(played: Run) -> None:
    own = rank_threshold(with_target(played, "tokens", 1e12).round(1), scanned_shards(played.round(1)))
    scores, candidate = columns_of(played, 1, "score", "candidate")
    assert not own.reached
    assert own.value == scores[candidate].min()
    assert own.figures["kept"] == candidate.sum()


@pytest.mark.parametrize(
    ("train", "line"),
    [
        ({"target": "pages", "target_value": 4.9}, "share above 0 and below 1"),
        ({"target": "precision", "target_value": 1.0}, "share above 0 and below 1"),
        ({"target": "tokens", "target_value": 0.5}, "number of tokens"),
        ({"target": "pages", "target_value": 0.3}, "candidates_share"),
        ({"target": "pages", "target_value": 0.05, "thresholds": "kind"}, "of all pages together"),
        ({"target": "words", "target_value": 5}, "pages"),
    ],
)
def test_a_target_that_cannot_be_is_refused_with_one_line(train: dict[str, Any], line: str) -> None:

    text = "[train]\n" + "\n".join(f"{key} = {value!r}" for key, value in train.items())
    with pytest.raises(BadInput, match=line) as caught:
        parse_config(text, "mine.toml")
    assert "\n" not in str(caught.value)
