"""The fault campaign: small runs under injected faults, each compared with a reference run; last line: a JSON object.

make chaos CHAOS_RUNS=N. Each run reads a crawl of eight WARCs through a proxy that spoils 10 to 30 % of the requests,
while drivers, workers and nodes are killed, stopped and run out of disk, drivers that stand still lose their lease,
buckets refuse or vanish, clocks jump and files of the crawl are damaged and mended. It must end with the corpus of the
reference run, byte for byte, and a ledger that adds up, after starts that ended with a documented exit code and one
line that says why. Results are written to FOLDER/results-SEED.jsonl; a campaign that is called again goes on.
"""

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.chaos.campaign_run import CampaignRun
from tests.chaos.injector import REFUSED
from tests.chaos.plan import RAY_EVERY, Plan, draw
from tests.chaos.testbed import open_testbed, run_reference


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The campaign's figures."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("faults", "blows", "listed")}
    for result in results:
        for name, counter in counts.items():
            counter.update({kind: count for kind, count in result[name].items() if count})
    wrong = [result for result in results if result["verdict"] != "ok"]
    well = [result for result in results if result["verdict"] == "ok"]
    return {
        "runs": len(results),
        "ray_runs": sum(result["ray"] for result in results),
        "requests": sum(result["requests"] for result in results),
        "faults": dict(sorted(counts["faults"].items())),
        "disasters": dict(sorted(counts["blows"].items())),
        "shards_listed_as_failed": dict(sorted(counts["listed"].items())),
        "recoveries": {
            "requests": counts["faults"].total() - counts["faults"][REFUSED],
            "starts": sum(len(result["codes"]) - 1 for result in well),
            "runs_mended_by_retry": sum(bool(result["retries"]) for result in well),
            "retries": sum(result["retries"] for result in well),
        },
        "seconds": round(sum(result["seconds"] for result in results)),
        "seconds_a_run": {
            "median": statistics.median([result["seconds"] for result in results] or [0]),
            "longest": max((result["seconds"] for result in results), default=0),
        },
        "programs": dict(Counter(result["code"] for result in results)),
        "lost": len(wrong),
        "wrong": [f"run {result['run']}: {result['verdict']}" for result in wrong],
    }


def _line(prefix: str, result: dict[str, Any]) -> str:
    """A line about a run."""
    struck = ", ".join(f"{count} x {name}" for name, count in result["blows"].items()) or "faults only"
    listed = "".join(f"; {count} failed in {step}" for step, count in result["listed"].items())
    return (
        f"{prefix}: run {result['run']}{' on Ray' if result['ray'] else ''}: {result['verdict']}; "
        f"{sum(result['faults'].values())} of {result['requests']} requests spoilt; {struck}{listed}; exit codes "
        f"{result['codes']}, {result['retries']} x retry; {result['seconds']} s\n"
    )


def _chosen(plan: Plan, kind: str) -> bool:
    """Tell whether a plan is of a kind: bucket (its folder is in one), ray or plain (of the others), all."""
    mine = "bucket" if plan.folder == "s3" else "ray" if plan.ray else "plain"
    return kind in ("all", mine)


def main() -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/recall-chaos"))
    parser.add_argument("--kind", choices=("all", "plain", "ray", "bucket"), default="all", help="only such runs")
    parser.add_argument("--lane", default="0/1", help="K/N: every Nth of the runs, so that N calls share them")
    parser.add_argument("--only", type=int, nargs="*", help="these runs, whatever the results say")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no run after so long")
    given = parser.parse_args()
    given.folder = given.folder.absolute()  # programs of the campaign work in folders of their own
    given.folder.mkdir(parents=True, exist_ok=True)
    kept = given.folder / f"results-{given.seed}.jsonl"
    results = {row["run"]: row for row in map(json.loads, kept.read_text().splitlines())} if kept.exists() else {}
    wanted = given.only if given.only is not None else [n for n in range(given.runs) if n not in results]
    part, parts = map(int, given.lane.split("/"))
    plans = [draw(number, given.seed) for number in wanted if number // RAY_EVERY % parts == part]
    plans = sorted((plan for plan in plans if _chosen(plan, given.kind)), key=lambda plan: (plan.ray, plan.number))
    began = time.monotonic()
    with open_testbed(given.folder / f"lane-{given.kind}-{part}") as testbed:
        for count, plan in enumerate(plans, 1):
            if time.monotonic() - began > 60 * given.minutes:
                break
            run_reference(testbed, (plan.rounds, plan.far))
            result = results[plan.number] = asdict(CampaignRun(testbed, plan).run_to_verdict())
            with kept.open("a") as stream:
                stream.write(json.dumps(result) + "\n")
            sys.stdout.write(_line(f"{count} of {len(plans)}", result))
            sys.stdout.flush()
    figures = summary([results[number] for number in sorted(results) if number < given.runs or given.only])
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.exit(1 if figures["lost"] else 0)


if __name__ == "__main__":
    main()
