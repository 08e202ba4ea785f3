"""A small campaign: runs under faults end as the reference run does; how plans are drawn and results summed."""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.chaos.campaign import summary
from tests.chaos.campaign_run import RunResult
from tests.chaos.plan import EARLY, HOW, INDEX, LATE, NO_WRITE, OF_BUCKETS, ONCE, OVERTAKEN, PLAIN, RAY, RAY_EVERY, draw
from tests.conftest import PROJECT


def test_plans_are_drawn_from_seed_and_number_alone() -> None:
    assert [draw(number, 7) for number in range(50)] == [draw(number, 7) for number in range(50)]
    assert draw(3, 7) != draw(3, 8)


def test_a_campaign_of_two_hundred_meets_every_disaster() -> None:
    plans = [draw(number, 0) for number in range(200)]
    assert sum(plan.ray for plan in plans) == 200 // RAY_EVERY >= 40
    assert {disaster.name for plan in plans for disaster in plan.disasters} == {*PLAIN, *RAY, OVERTAKEN, *OF_BUCKETS}
    assert {name for plan in plans for name in plan.conditions} == {*ONCE}
    assert all(0.1 <= plan.rate <= 0.3 for plan in plans)
    damages = [plan.damage for plan in plans if plan.damage is not None]
    assert {damage.how for damage in damages} == {*HOW}
    assert {(damage.after, damage.tolerated) for damage in damages} >= {(after, True) for after in EARLY + LATE}
    assert any(damage.file == INDEX for damage in damages)
    for kind in ("source", "folder", "rounds", "far", "retry"):
        assert len(Counter(getattr(plan, kind) for plan in plans)) == 2


def test_sixty_runs_meet_the_disasters_of_leases_and_buckets_and_twelve_are_on_ray() -> None:
    plans = [draw(number, 0) for number in range(60)]
    firsts = Counter(plan.disasters[0].name for plan in plans if plan.disasters)
    assert firsts[OVERTAKEN] == 6
    assert [firsts[name] for name in OF_BUCKETS] == [3, 3]
    assert sum(plan.ray for plan in plans) == 12
    for plan in plans:
        names = {disaster.name for disaster in plan.disasters}
        assert OVERTAKEN not in names or (plan.folder == "disk" and "clock" not in plan.conditions)
        assert not names & {*OF_BUCKETS} or (plan.folder == "s3" and plan.damage is None)


def test_a_run_that_is_not_well_is_counted_as_lost() -> None:
    row = asdict(
        RunResult(0, ray=False, faults={"503": 2}, listed={"scan": 1}, codes=[10, 0, 0], retries=1, requests=9)
    )
    figures = summary([{**row, "run": 0, "verdict": "ok"}, {**row, "run": 1, "verdict": "the corpus differs"}])
    assert (figures["runs"], figures["lost"], figures["faults"]) == (2, 1, {"503": 4})
    assert figures["wrong"] == ["run 1: the corpus differs"]
    assert figures["recoveries"] == {"requests": 4, "starts": 2, "runs_mended_by_retry": 1, "retries": 1}
    assert figures["shards_listed_as_failed"] == {"scan": 2}


@pytest.mark.slow
@pytest.mark.s3
@pytest.mark.timeout(900)
def test_runs_under_faults_end_as_the_reference_run_does() -> None:
    chosen = ["21", "22", "187"]  # a driver killed, one overtaken, no right to write: each soon after its start
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        command = [sys.executable, "-m", "tests.chaos.campaign", "--folder", folder, "--only", *chosen]
        done = subprocess.run(command, capture_output=True, text=True, timeout=880, check=False, cwd=PROJECT)
        assert done.returncode == 0, done.stdout + done.stderr
        figures = json.loads(done.stdout.splitlines()[-1])
        assert (figures["runs"], figures["lost"]) == (3, 0)
        assert sum(figures["faults"].values()) > 20
        assert figures["recoveries"]["starts"] >= 2
        struck = figures["disasters"].keys() & {OVERTAKEN, NO_WRITE, "kill driver"}
        assert len(struck) >= 2, figures["disasters"]  # what a machine is quick enough for, it does not meet
        kept = Path(folder) / "results-0.jsonl"
        assert [json.loads(line)["run"] for line in kept.read_text().splitlines()] == [21, 22, 187]
