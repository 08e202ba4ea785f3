from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recall.errors import Incomplete, Refused
from recall.model.scorer import Scorer
from recall.page.text import scoring_text
from recall.run.round_model import floor_of
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards
from recall.steps.scan import slim_rows
from recall.steps.scan.driver import scan


def test_every_page_has_a_row_and_every_row_its_model(played: Run, crawl: Any) -> None:
    urls = [
        url
        for scanned in scanned_shards(played.round(1))
        for url in read_rows(played.store, scanned).column("url").to_pylist()
    ]
    assert urls == [site.url for site in crawl.sites]
    digest = played.round(1).step("train").manifest.settings["model"]
    rows = read_rows(played.store, scanned_shards(played.round(1))[0])
    assert set(rows.column("model").to_pylist()) == {digest}


def test_scores_are_those_of_the_model_folder(played: Run, crawl: Any) -> None:
    scorer = Scorer.load(Path(played.store.root) / "rounds/1/train")
    scanned = scanned_shards(played.round(1))[0]
    sites = crawl.sites[: scanned.read]
    again = scorer.score([scoring_text(site.body, "utf-8", site.url) for site in sites])
    assert np.array_equal(again, read_rows(played.store, scanned).column("score").to_numpy())


def test_a_later_round_scores_candidates_anew_and_keeps_the_others(played: Run) -> None:
    first, second = (scanned_shards(played.round(number))[0] for number in (1, 2))
    before, after = read_rows(played.store, first), read_rows(played.store, second)
    candidate = before.column("candidate").to_numpy()
    old, new = (played.round(number).step("train").manifest.settings["model"] for number in (1, 2))
    assert 0 < candidate.sum() < len(candidate)
    models = np.array(after.column("model").to_pylist())
    assert set(models[candidate]) == {new}
    assert set(models[~candidate]) == {old}
    assert np.array_equal(before.column("score").to_numpy()[~candidate], after.column("score").to_numpy()[~candidate])


def test_rescoring_kept_tokens_gives_what_decoding_again_gives(fresh: Any, played: Run) -> None:
    again = fresh("round 2 scan", scan={"rescan": "all"})
    for one, other in zip(scanned_shards(again.round(2)), scanned_shards(played.round(2)), strict=True):
        whole, kept = read_rows(again.store, one), read_rows(played.store, other)
        candidate = kept.column("candidate").to_numpy()
        assert np.array_equal(whole.column("score").to_numpy()[candidate], kept.column("score").to_numpy()[candidate])


def test_candidates_are_the_pages_at_or_above_the_floor(played: Run) -> None:
    rows = read_rows(played.store, scanned_shards(played.round(1))[0])
    assert np.array_equal(
        rows.column("candidate").to_numpy(), rows.column("score").to_numpy() >= floor_of(played.round(1))
    )


def test_a_broken_shard_fails_whole_and_stops_the_step(fresh: Any, crawl: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.warc.gz"
    broken.write_bytes(crawl.warcs[1].read_bytes()[:-2000])
    warcs = [*crawl.warcs, broken]
    run = fresh(
        "round 1 train",
        crawl={"warcs": [str(path) for path in warcs]},
        cluster={"failed_share": 0.3},
    )
    strict = Run.open(run.store.root, cluster=run.config.cluster.model_copy(update={"failed_share": 0.0}))
    with pytest.raises(Incomplete, match=r"1 of 4 shards failed.*broken"):
        scan(strict.round(1))
    assert not run.round(1).step("scan").done
    done = scan(run.round(1))
    assert done.counts["failed_shards"] == 1
    failures = run.store.read_json("rounds/1/scan/failures.json")
    assert [failure["path"] for failure in failures] == [str(broken)]
    assert len(scanned_shards(run.round(1))) == 3


def test_a_refusal_ends_the_step_at_once(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fresh("round 1 train", cluster={"failed_share": 0.9})

    def refuse(*_: object) -> None:
        raise Refused("https://data.example.org: refuses us (403)")

    monkeypatch.setattr("recall.steps.scan.driver.scan_shard", refuse)
    with pytest.raises(Refused, match="403"):
        scan(run.round(1))
    assert not run.round(1).step("scan").done


def test_why_a_shard_failed_does_not_show_in_the_digest(fresh: Any, crawl: Any, tmp_path: Path) -> None:
    digests = set()
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        for warc in crawl.warcs:
            (tmp_path / place / warc.name).write_bytes(warc.read_bytes())
        (tmp_path / place / "z.warc.gz").write_bytes(crawl.warcs[1].read_bytes()[:-2000])
        listing = tmp_path / place / "warc.paths"
        listing.write_text("".join(f"{path.name}\n" for path in sorted((tmp_path / place).glob("*.gz"))))
        run = fresh(
            "round 1 scan",
            crawl={"warcs": [], "paths": [str(listing)], "base": f"{tmp_path / place}/"},
            cluster={"failed_share": 0.3},
        )
        assert run.round(1).step("scan").manifest.notes
        digests.add(run.digest())
    assert len(digests) == 1


def test_a_page_that_is_lost_on_the_way_fails_its_shard(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fresh("round 1 train")
    whole = slim_rows.score_batch

    def lose_one(scorer: Any, batch: Any, skipped: Any) -> Any:
        return whole(scorer, batch[1:], skipped)

    monkeypatch.setattr(slim_rows, "score_batch", lose_one)
    with pytest.raises(Incomplete, match="responses but accounted for"):
        scan(run.round(1))
