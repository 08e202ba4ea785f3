"""Failed shards are listed, accounted for and taken again."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from annotation.answers import Answer, add_answers, read_tasks
from recall import loop
from recall.cli import verbs
from recall.config import Config
from recall.errors import BadInput, Incomplete, OutOfOrder
from recall.records import Waiting
from recall.run.failures import read_failures
from recall.run.ledger import ledger, unexplained
from recall.run.order import StepPosition
from recall.run.rewind import go_back
from recall.run.rounds import Run
from tests.conftest import invent, make_run, play, write_crawl


class BreakableCrawl:
    """A crawl of its own, of which one WARC can be broken and mended in place."""

    def __init__(self, folder: Path) -> None:
        (folder / "crawl").mkdir()
        self.folder, self.crawl = folder, write_crawl(folder / "crawl", invent())
        self.broken = self.crawl.warcs[1]
        self._whole = self.broken.read_bytes()

    def config(self, **changes: Any) -> Config:
        config: Config = self.crawl.config(cluster={"failed_share": 0.4}, **changes)
        return config

    def damage(self) -> None:
        self.broken.write_bytes(self._whole[:-2000])

    def mend(self) -> None:
        self.broken.write_bytes(self._whole)

    def run(self, name: str, **changes: Any) -> Run:
        return make_run(self.folder / name, self.config(**changes))


@pytest.fixture
def breakable(tmp_path: Path) -> BreakableCrawl:
    return BreakableCrawl(tmp_path)


def told(*arguments: object) -> str:
    done = CliRunner().invoke(verbs, ["--quiet", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def corpus(run: Run) -> dict[str, bytes]:
    return {key: run.store.read(key) for key in run.store.keys("corpus/") if key.endswith(".parquet")}


def test_a_run_without_faults_accounts_for_every_shard_and_page(played: Run) -> None:
    entries = ledger(played)
    assert [entry.position.verb for entry in entries] == ["seed", *["scan", "domains", "harvest"] * 2, "build"]
    assert list(unexplained(entries)) == []
    scan = entries[1]
    assert (scan.shards.planned, scan.shards.done, scan.pages.planned) == (3, 3, 324)
    assert all(not entry.shards.failed for entry in entries)


@pytest.mark.slow
def test_a_gap_mended_before_anything_followed_leaves_no_trace(breakable: BreakableCrawl) -> None:
    reference = breakable.run("reference")
    play(reference)
    run = breakable.run("run")
    play(run, "round 1 train")
    breakable.damage()
    play(run, "round 1 scan")
    (entry,) = (entry for entry in ledger(run) if entry.position.verb == "scan")
    assert (entry.shards.done, dict(entry.shards.failed)) == (2, {"ShardCorrupt": 1})
    assert list(unexplained(ledger(run))) == []
    breakable.mend()
    output = told("retry", run.store.root)
    assert "rounds/1/scan: 1 failed are taken again (ShardCorrupt 1)" in output
    assert "planned = done + failed" in output
    assert run.digest() == reference.digest()
    assert corpus(run) == corpus(reference)
    assert run.verify() == []


@pytest.mark.slow
def test_a_finished_run_goes_back_to_the_round_that_missed_a_shard(breakable: BreakableCrawl) -> None:
    reference = breakable.run("reference")
    play(reference)
    run = breakable.run("run")
    play(run, "round 1 train")
    breakable.damage()
    play(run)
    assert sum(sum(entry.shards.failed.values()) for entry in ledger(run) if entry.position.verb == "scan") == 2
    status = json.loads(told("status", run.store.root, "--json"))
    assert status["ledger"]["corpus"]["shards"] == {"planned": 3, "done": 2, "failed": {"not read by the last scan": 1}}
    said = "rounds/1/scan, rounds/2/scan: shards could not be read; `recall retry --round 1` takes them again"
    assert said in told("run", run.store.root)
    breakable.mend()
    output = told("retry", run.store.root)
    assert "rounds/1/scan: 1 failed; `recall retry --round 1` goes back there" in output
    assert "rounds/2/scan: 1 failed are taken again" in output
    assert len(corpus(run)) == len(corpus(reference))
    assert "all files as published" in told("verify", run.store.root)
    output = told("retry", run.store.root, "--round", 1)
    assert "done again: rounds/1/domains, rounds/1/label" in output
    assert run.digest() == reference.digest()
    assert corpus(run) == corpus(reference)


@pytest.mark.slow
def test_what_people_answered_stays(breakable: BreakableCrawl) -> None:
    run = breakable.run("run", rounds=1, label={"answers": "", "pages": 12, "audit": 4})
    play(run, "round 1 train")
    breakable.damage()
    *_, last = loop.drive(run)
    assert isinstance(last[1], Waiting)
    round_ = run.round(1)
    labels = {site.url: site.label for site in breakable.crawl.sites}
    tasks = read_tasks(round_)
    answers = [
        Answer(task.key, task.target, task.kind, labels.get(task.target, "accept"), f"person {vote}")
        for task in tasks
        for vote in range(task.votes)
    ]
    add_answers(round_, answers)
    play(run)
    before = {key: run.store.read(key) for key in run.store.keys("rounds/1/label/") if "step.json" not in key}
    breakable.mend()
    told("retry", run.store.root)
    assert {entry.position.verb for entry in ledger(run) if entry.shards.failed} == set()
    after = {key: run.store.read(key) for key in run.store.keys("rounds/1/label/") if "step.json" not in key}
    assert after == before
    assert run.verify() == []


def test_a_step_that_published_nothing_says_what_failed_and_goes_on(breakable: BreakableCrawl) -> None:
    run = make_run(breakable.folder / "run", breakable.crawl.config(rounds=1))
    play(run, "round 1 train")
    breakable.damage()
    with pytest.raises(Incomplete, match="1 of 3 shards failed"):
        loop.advance(run)
    found = read_failures(run)
    assert found is not None
    assert (found[0], found[1][0].kind) == (StepPosition(1, "scan"), "ShardCorrupt")
    assert "1 failed at the last attempt" in told("status", run.store.root)
    breakable.mend()
    assert "done, digest" in told("retry", run.store.root)
    assert read_failures(run) is None
    assert list(unexplained(ledger(run))) == []


def test_a_run_killed_while_going_back_is_a_shorter_run(
    breakable: BreakableCrawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = breakable.run("run", rounds=1)
    play(run)
    digest, files = run.digest(), corpus(run)
    for left in (0, 1, 5, 12):
        count = 0

        def die(key: str, left: int = left) -> None:
            nonlocal count
            count += 1
            if count > left:
                raise KeyboardInterrupt
            type(run.store).remove(run.store, key)

        with monkeypatch.context() as patch:
            patch.setattr(run.store, "remove", die)
            with pytest.raises(KeyboardInterrupt):
                go_back(run, StepPosition(1, "scan"))
        assert [damage.what for damage in run.verify()] == []
        play(run)
        assert run.digest() == digest
        assert corpus(run) == files


def test_what_cannot_be_gone_back_to_is_said(breakable: BreakableCrawl) -> None:
    run = breakable.run("run", rounds=1)
    with pytest.raises(OutOfOrder, match="not done yet"):
        go_back(run, StepPosition(1, "scan"))
    play(run, "seed")
    assert told("retry", run.store.root, "--round", 0).count("taken again") == 0


def test_a_page_that_is_missing_from_the_books_is_found(played: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    read = type(played.store).read_table

    def lose(store: Any, key: str, columns: Any = None) -> Any:
        table = read(store, key, columns)
        return table.slice(1) if key == "corpus/shards.parquet" else table

    monkeypatch.setattr(type(played.store), "read_table", lose)
    (shards, pages) = list(unexplained(ledger(played)))
    assert shards.file == pages.file == "corpus/step.json"
    assert "3 shards planned, 2 done, 0 failed: 1 are not accounted for" in shards.what


def test_an_inherited_step_is_not_gone_back_to(played: Run, crawl: Any, tmp_path: Path) -> None:
    from recall.apply.crawls import apply_run

    run = apply_run(str(tmp_path / "applied"), f"{played.store.root}@1", crawl.config().crawl, crawl.config())
    with pytest.raises(BadInput, match="is inherited"):
        go_back(run, StepPosition(1, "label"))
