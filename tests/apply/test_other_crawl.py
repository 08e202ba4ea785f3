"""A trained round applied to another crawl: its threshold follows from the crawl's scores, an audit corrects it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from recall.apply.crawls import apply_run, origin_of
from recall.cli import verbs
from recall.config import Config, JudgeSection, parse_config
from recall.corpus.dataset_card import audited_rounds
from recall.errors import BadInput
from recall.labels.audit_estimates import audit
from recall.labels.decisions import accepted_prefixes, page_labels
from recall.labels.shifted_threshold import (
    AuditedScores,
    Shift,
    estimated_share,
    shifted_threshold,
    threshold_on_crawl,
)
from recall.model.evaluate import Calibration, estimate_share, score_histogram
from recall.run.crawl_pages import CrawlPages
from recall.run.own_threshold import own_threshold
from recall.run.round_model import card_of, threshold_of
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards
from tests.conftest import play


def kept_urls(run: Run) -> set[str]:
    tables = [read_rows(run.store, scanned, ["url", "kept"]).to_pylist() for scanned in scanned_shards(run.round(1))]
    return {row["url"] for table in tables for row in table if row["kept"]}


@pytest.fixture(scope="module")
def applied(played: Run, crawl: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = apply_run(str(tmp_path_factory.mktemp("applied") / "run"), f"{played.store.root}@2", crawl.config().crawl)
    play(run)
    return run


@pytest.fixture(scope="module")
def audited(played: Run, crawl: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = str(tmp_path_factory.mktemp("audited") / "run")
    run = apply_run(
        root, f"{played.store.root}@2", crawl.config().crawl, crawl.config(), audit=40, target="precision=0.7"
    )
    play(run)
    return run


def test_the_scan_chooses_the_threshold_and_all_that_follows_keeps_by_it(applied: Run) -> None:
    own = own_threshold(applied.round(1))
    assert own is not None
    assert own.value == threshold_of(applied.round(1))
    assert len(kept_urls(applied)) == applied.round(1).step("scan").result.counts["kept"] == own.figures["kept"]
    assert own.figures["share_low"] <= own.figures["share"] <= own.figures["share_high"]
    assert applied.verify() == []
    rows = applied.store.read_table("corpus/part-00000.parquet", ["url", "reason"]).to_pylist()
    assert {row["url"] for row in rows if row["reason"] in {"classifier", "both"}} <= kept_urls(applied)


def test_the_share_of_code_is_told_by_the_scores(applied: Run, crawl: Any) -> None:
    estimate = estimated_share(applied.round(1))
    assert estimate is not None
    share = np.mean([site.label == "C" for site in crawl.sites])
    assert estimate.share.value == pytest.approx(share, abs=0.1)


def test_an_audit_is_asked_about_in_its_place_and_trains_nothing(audited: Run, played: Run) -> None:
    assert [position.step for position in audited.order] == [
        *("train", "scan", "domains", "label", "harvest", "seal", "corpus")
    ]
    labels = page_labels(audited, [1])
    assert {label.use for label in labels.values()} == {"audit"}
    assert len(labels) == 40
    assert accepted_prefixes(audited, [1]) == accepted_prefixes(played, [1, 2])
    assert audited.verify() == []


def test_an_audit_says_what_was_met_and_its_threshold_is_the_one_that_keeps(audited: Run) -> None:
    own, estimate = own_threshold(audited.round(1)), audit(audited.round(1))
    assert own is not None
    assert estimate is not None
    assert own.figures["audited"] == 40
    assert own.value == pytest.approx(audited.round(1).step("label").result.counts["threshold"], abs=1e-6)
    assert estimate.model.precision.low <= estimate.model.precision.value <= estimate.model.precision.high
    assert estimate.pages == sum(not audited.holdout.covers(row) for row in all_urls(audited))
    assert [number for number, known in audited_rounds(audited) if known] == [1]


def all_urls(run: Run) -> list[str]:
    return [
        str(url)
        for scanned in scanned_shards(run.round(1))
        for url in read_rows(run.store, scanned, ["url"]).column("url").to_pylist()
    ]


def test_held_out_sites_are_not_audited(audited: Run) -> None:
    tasks = audited.store.read_table(audited.round(1).step("label").key("tasks.parquet"), ["url"]).to_pylist()
    assert audited.holdout.names
    assert not any(audited.holdout.covers(row["url"]) for row in tasks)


def test_status_and_the_corpus_card_say_what_was_asked_and_met(audited: Run, applied: Run) -> None:
    shown = CliRunner().invoke(verbs, ["status", audited.store.root])
    assert "corrected by 40 audited pages" in " ".join(shown.output.split())
    assert "estimates for the whole crawl" in shown.output
    record = json.loads(CliRunner().invoke(verbs, ["status", audited.store.root, "--json"]).output)
    assert record["thresholds"]["1"]["figures"]["audited"] == 40
    assert record["audits"]["1"]["model"]["precision"]["high"] <= 1
    card = audited.store.read("corpus/card.md").decode()
    assert "the target was precision 0.7" in card
    assert "40 audited pages corrected it" in card
    assert "share of code in the crawl" in applied.store.read("corpus/card.md").decode()


def test_a_card_of_an_earlier_version_keeps_its_threshold(applied: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    card = replace(card_of(applied.round(1)), reference=None)
    monkeypatch.setattr("recall.labels.shifted_threshold.card_of", lambda _round: card)
    own = threshold_on_crawl(applied.round(1), CrawlPages(applied.store), scanned_shards(applied.round(1)))
    assert (own.value, own.identified, own.reached) == (card.threshold, False, False)
    assert estimated_share(applied.round(1)) is None


def test_where_scores_do_not_tell_the_share_the_threshold_stands_until_an_audit_tells(applied: Run) -> None:
    card = card_of(applied.round(1))
    assert card.reference is not None
    away = Calibration(1.0, 1.0, 12.0)
    blind = replace(card.reference, calibration=away, resampled=((0.2, 1.0, 1.0, 12.0),) * 4)
    scores = np.linspace(0.01, 0.99, 400)
    counts = score_histogram(scores)
    shift = Shift(counts, blind, estimate_share(counts, blind))
    settings = applied.config.train
    own = shifted_threshold(shift, card, settings)
    assert own.value == pytest.approx(card.threshold)
    assert (own.identified, own.reached) == (False, False)
    said = AuditedScores(scores[::4], scores[::4] > 0.6)
    told = shifted_threshold(shift, card, settings, audited=said)
    assert (told.reached, told.identified) == (True, False)
    assert told.value > 0.3


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("precision", "for example precision=0.8"),
        ("precision=2", "share above 0 and below 1"),
        ("size=3", "'pages' or 'tokens'"),
        ("pages=0.5", "candidates_share"),
        ("tokens=few", "number"),
    ],
)
def test_a_target_that_cannot_be_is_refused_with_one_line(
    target: str, line: str, played: Run, tmp_path: Path, crawl: Any
) -> None:
    with pytest.raises(BadInput, match=line) as caught:
        apply_run(str(tmp_path / "run"), f"{played.store.root}@2", crawl.config().crawl, target=target)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_no_judge_is_asked_about_an_audit(played: Run, crawl: Any, tmp_path: Path) -> None:
    origin = origin_of(f"{played.store.root}@2")
    judged = origin.config.model_copy(update={"judge": JudgeSection(url="http://localhost:9/v1", model="small")})
    run = apply_run(str(tmp_path / "run"), replace(origin, config=judged), crawl.config().crawl, judged, audit=30)
    assert run.config.judge == JudgeSection()


def test_the_verb_asks_for_another_target_and_an_audit(played: Run, tmp_path: Path) -> None:
    parent = ("--from", f"{played.store.root}@2", "--target", "pages=0.05", "--audit", "30")
    answer = CliRunner().invoke(verbs, ["init", str(tmp_path / "run"), *parent])
    assert answer.exit_code == 0, answer.output
    run = Run.open(tmp_path / "run")
    assert (run.config.train.target, run.config.train.target_value) == ("pages", 0.05)
    assert (run.config.label.audit, run.config.label.pages, run.config.label.prefixes) == (30, 0, 0)
    assert run.audited
    alone = CliRunner().invoke(verbs, ["init", str(tmp_path / "new"), "--audit", "30"])
    assert alone.exit_code != 0
    assert Config().label.pages == 300


def applied_by_config(played: Run, folder: Path, text: str) -> tuple[Result, Path]:
    """`recall init --from` with a config of this text."""
    (folder / "next.toml").write_text(text)
    arguments = ("--from", f"{played.store.root}@2", "--config", str(folder / "next.toml"), "--again")
    return CliRunner().invoke(verbs, ["init", str(folder / "run"), *arguments]), folder / "run"


def test_what_a_config_sets_of_the_corpus_is_taken(played: Run, tmp_path: Path) -> None:
    done, root = applied_by_config(
        played,
        tmp_path,
        """
        [quality]
        ranker = "best"
        keep = ["quality >= 2.5"]
        best_tokens = 1000
        [mix]
        weights = ["quality:3=2"]
        [tags]
        tokenizer = "other/tokenizer.json"
        [optout]
        hosts = "away.txt"
        [build]
        rows_per_file = 7
        [privacy]
        kinds = ["email"]
        [contamination]
        ngram = 12
        [boilerplate]
        pages = 3
        [duplicates]
        keep = "longest"
        [scan]
        types = ["text", "source"]
        """,
    )
    assert done.exit_code == 0, done.output
    assert "not taken" not in done.output
    made = Run.open(root).config
    assert made.crawl == played.config.crawl
    assert made.quality.ranker == str(tmp_path / "best")
    assert (made.quality.keep, made.quality.best_tokens) == (("quality >= 2.5",), 1000)
    assert made.mix.weights == ("quality:3=2",)
    assert (made.tags.tokenizer, made.optout.hosts) == (
        str(tmp_path / "other/tokenizer.json"),
        str(tmp_path / "away.txt"),
    )
    assert (made.build.rows_per_file, made.privacy.kinds, made.contamination.ngram) == (7, ("email",), 12)
    assert (made.boilerplate.pages, made.duplicates.keep, made.scan.types) == (3, "longest", ("text", "source"))
    assert made.train == played.config.train
    assert made.scan.floor_found == played.config.scan.floor_found


def test_what_a_config_does_not_set_is_the_parents(played: Run, crawl: Any, tmp_path: Path) -> None:
    origin = origin_of(f"{played.store.root}@2")
    theirs = crawl.config(
        optout={"patterns": "/p"}, mix={"caps": ["host=9"]}, duplicates={"earlier": "mark", "ngram": 6}
    )
    given = parse_config('[optout]\ndirectives = ["noai"]\n[duplicates]\nngram = 7\n', "next.toml")
    run = apply_run(str(tmp_path / "run"), replace(origin, config=theirs), theirs.crawl, given)
    assert (run.config.optout.patterns, run.config.optout.directives) == ("/p", ("noai",))
    assert run.config.mix == theirs.mix
    assert (run.config.duplicates.earlier, run.config.duplicates.ngram) == ("mark", 7)


def test_what_a_config_sets_of_the_model_is_named_and_not_taken(played: Run, tmp_path: Path) -> None:
    text = '[train]\nepochs = 99\nvocabulary = 600\nsearch = 3\n[run]\nrounds = 5\n[scan]\nkeep = "reference"\n'
    done, root = applied_by_config(played, tmp_path, text)
    assert done.exit_code == 0, done.output
    said = [line for line in done.output.splitlines() if "not taken" in line]
    assert [line.partition(":")[0] for line in said] == ["[run] rounds", "[train] epochs, search", "[scan] keep"]
    assert Run.open(root).config.train == played.config.train


def test_settings_that_do_not_go_with_the_parents_are_refused(played: Run, crawl: Any, tmp_path: Path) -> None:
    origin = origin_of(f"{played.store.root}@2")
    theirs = crawl.config(scan={"input": "wet"})
    given = parse_config('[scan]\ntypes = ["text"]\n', "next.toml")
    with pytest.raises(BadInput, match=r'types need input = "warc".*with the settings of') as caught:
        apply_run(str(tmp_path / "run"), replace(origin, config=theirs), theirs.crawl, given)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()
