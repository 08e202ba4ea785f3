"""The fault campaign: small runs in bad weather, each held against the calm one; last line: one JSON object.

make chaos CHAOS_RUNS=N. Each run reads a crawl of eight WARCs through a front that spoils 10 to 30 % of the requests,
while drivers, workers and nodes are killed, stopped and run out of disk, and clocks jump. It must end with the corpus
of the calm run, byte for byte, and a ledger that adds up, after starts that ended with a documented exit code and one
line that says why. What a run came to is written to FOLDER/results.jsonl; a campaign that is called again goes on.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from recall.archive.transport import read_all
from recall.config import dump_config
from tests.chaos.injector import REFUSED
from tests.chaos.plan import RAY_EVERY, Blow, Plan, draw
from tests.chaos.world import RUN_SECONDS, World, corpus_of, ledger_wrong, recall, run_calm, settings, verify, world_in
from tests.conftest import PROJECT

STARTS = 14
CALM_AFTER = 10
"""From this start on the sun shines: what is left must end."""

EXPLAINED = {2: "Bad", 4: "LeaseHeld", 7: "unreadable", 8: "corrupt", 9: "transient", 10: "incomplete", 11: "refused"}
"""Exit codes that a start may end with in bad weather (recall.errors); 2 only where no cluster answers."""

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SCRATCH_BYTES = 40_000
DISK_SHARE = 0.5


@dataclass
class Result:
    """What a run came to. verdict: "ok", or what is wrong; blows: disasters that struck."""

    run: int
    ray: bool
    verdict: str = ""
    faults: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    blows: dict[str, int] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)
    retried: int = 0
    seconds: float = 0.0


class Weather:
    """One run of the campaign, from init to its verdict."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world, self.plan = world, plan
        self.result = Result(plan.number, plan.ray)
        self.chance = random.Random(f"blows {plan.number}")
        self.place = world.folder / f"run-{plan.number:04}"
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        self.root = str(self.place / "disk" / "run")
        if plan.folder == "s3":
            self.root = world.s3.url(f"runs/{plan.number}-{random.SystemRandom().randrange(1 << 30)}")
        self.standing = set(plan.standing) - (set() if FAKETIME.exists() else {"clock"})
        self.log = (world.folder / "logs" / f"{plan.number:04}.log").open("w")
        self.began = time.monotonic()
        self.mounts: list[Path] = []

    def go(self) -> Result:
        """Run it to its verdict."""
        injector = self.world.injector
        injector.faults.clear()
        injector.requests = 0
        try:
            self._prepare()
            self.result.verdict = self._drive() or self._compare()
        finally:
            injector.calm()
            self._calm_standing()
            for mount in self.mounts:
                subprocess.run(["umount", "-l", str(mount)], check=False)
            self.result.faults = dict(injector.faults)
            self.result.requests = self.result.requests or injector.requests
            self.result.seconds = round(time.monotonic() - self.began, 1)
            self.log.write(f"{asdict(self.result)}\n")
            self.log.close()
        if self.result.verdict == "ok":
            shutil.rmtree(self.place, ignore_errors=True)
        return self.result

    def _prepare(self) -> None:
        plan, world = self.plan, self.world
        (self.place / "disk").mkdir()
        (self.place / "scratch").mkdir()
        if "full disk" in self.standing:
            self._mount(self.place / "disk", 64 << 20)
        if "full scratch" in self.standing:
            self._mount(self.place / "scratch", SCRATCH_BYTES)
        (self.place / "clock").write_text("+0s")
        config = settings(world, plan.rounds, world.base[plan.source])
        (self.place / "config.toml").write_text(dump_config(config))
        self._storm()
        for _ in range(STARTS):
            started = recall(world, "init", self.root, "--config", str(self.place / "config.toml"))
            output, _ = started.communicate(timeout=RUN_SECONDS)
            self._note("init", started.returncode, output)
            if started.returncode == 0:
                break
        if "full disk" in self.standing:
            used = sum(path.stat().st_size for path in (self.place / "disk").rglob("*") if path.is_file())
            self._mount(self.place / "disk", used + self.chance.randrange(60_000, 600_000), again=True)
        if plan.ray:
            odd = self._scratch() if "full scratch" in self.standing else {}
            odd |= self._clock() if "clock" in self.standing else {}
            world.nodes.start(odd)

    def _mount(self, where: Path, size: int, *, again: bool = False) -> None:
        options = f"size={size}"
        if again:
            subprocess.run(["mount", "-o", f"remount,{options}", str(where)], check=True)
            return
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(where)], check=True)
        self.mounts.append(where)

    def _storm(self) -> None:
        refusing = self.chance.randint(1, 3) if "refused" in self.standing else 0
        broken = {"00003.warc.gz"} if self.standing & {"broken shard", "tolerant"} else set()
        self.world.injector.storm(self.plan.rate, self.plan.number, frozenset(broken))
        self.refusing = refusing

    def _scratch(self) -> dict[str, str]:
        return {"TMPDIR": str(self.place / "scratch")}

    def _clock(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(FAKETIME),
            "PYTHONPATH": f"{PROJECT / 'tests' / 'chaos' / 'clock'}{os.pathsep}{PROJECT}",
            "FAKETIME_TIMESTAMP_FILE": str(self.place / "clock"),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def _calm_standing(self) -> None:
        """End what stands against the run: give disks room, set the clock, mend the shard."""
        if "full disk" in self.standing and self.mounts:
            self._mount(self.place / "disk", 256 << 20, again=True)
        self.standing.clear()

    def _drive(self) -> str:
        """Start drivers until the run has ended; what is wrong, "" when it ended well."""
        for start in range(STARTS):
            if start == CALM_AFTER:
                self._calm_standing()
                self.world.injector.calm()
            code, output = self._start(start)
            self._note(f"start {start}", code, output)
            self.result.codes.append(code)
            if code == 0:
                return ""
            if code == -signal.SIGKILL:
                continue
            if wrong := self._explained(code, output):
                return wrong
            if self.standing:
                self._strike_standing()
            if time.monotonic() - self.began > RUN_SECONDS:
                return f"did not end in {RUN_SECONDS:.0f} s"
        return f"did not end in {STARTS} starts"

    def _explained(self, code: int, output: str) -> str:
        """What is wrong with how a start ended, "" when it said in one line why, under a documented code."""
        lines = [line for line in output.splitlines() if line.startswith("recall: ")]
        if code not in EXPLAINED or len(lines) != 1 or (code == 2 and "no Ray cluster answers" not in lines[0]):
            return f"a start ended with exit code {code}: {output.strip().splitlines()[-1:]}"
        return ""

    def _strike_standing(self) -> None:
        """A standing trouble has had its effect: it is mended, as an operator would, before the next start."""
        for name in self.standing:
            self._count(name)
        self._calm_standing()
        self.world.injector.storm(self.plan.rate, self.plan.number + 1)

    def _start(self, start: int) -> tuple[int, str]:
        extra: dict[str, str] = {}
        if not self.plan.ray and "full scratch" in self.standing:
            extra |= self._scratch()
        if not self.plan.ray and "clock" in self.standing:
            extra |= self._clock()
        options = ["--cluster", self.world.nodes.address] if self.plan.ray else []
        if "tolerant" in self.standing:
            options += ["--failed-share", "0.5"]
        driver = recall(self.world, "run", self.root, *options, extra=extra)
        blows = sorted((blow for blow in self.plan.blows if blow.start == start), key=lambda blow: blow.after)
        began = time.monotonic()
        with (self.place / "output").open("w+") as kept:
            while driver.poll() is None:
                now = time.monotonic() - began
                if blows and blows[0].after <= now:
                    self._strike(blows.pop(0), driver)
                if "clock" in self.standing:
                    self._jump()
                if self.refusing and now > 3:
                    self.world.injector.refuse(self.refusing)
                    self.refusing = 0
                if now > RUN_SECONDS:
                    os.killpg(driver.pid, signal.SIGKILL)
                    kept.write("hangs")
                time.sleep(0.05)
            kept.write(driver.stdout.read() if driver.stdout else "")
            kept.seek(0)
            return driver.returncode, kept.read()

    def _jump(self) -> None:
        if self.chance.random() < 0.03:
            seconds = self.chance.choice((-1, 1)) * self.chance.choice((30, 600, 3600, 86_400 * 40))
            if self.plan.folder == "s3" or self.plan.source == "s3":
                seconds = max(-600, min(600, seconds))  # a signature that is older is refused, as it must be
            (self.place / "clock").write_text(f"{seconds:+}s")
            self._count("clock jump")

    def _strike(self, blow: Blow, driver: "subprocess.Popen[str]") -> None:
        nodes, struck = self.world.nodes, True
        if blow.name == "kill driver":
            os.killpg(driver.pid, signal.SIGKILL)
        elif blow.name == "pause":
            os.killpg(driver.pid, signal.SIGSTOP)
            time.sleep(self.chance.uniform(0.5, 4.0))
            os.killpg(driver.pid, signal.SIGCONT)
        elif blow.name == "rival":
            rival = recall(self.world, "run", self.root)
            output, _ = rival.communicate(timeout=RUN_SECONDS)
            self._note("rival", rival.returncode, output)
        elif blow.name == "kill worker":
            struck = nodes.kill_worker(self.chance)
        elif blow.name == "kill node":
            struck = nodes.kill_node(self.chance)
            nodes.add()
        elif blow.name == "slow node":
            struck = nodes.pause(self.chance, self.chance.uniform(2.0, 8.0))
        elif blow.name == "kill head":
            os.killpg(driver.pid, signal.SIGKILL)
            nodes.stop()
            nodes.start()
        if struck:
            self._count(blow.name)

    def _count(self, name: str) -> None:
        self.result.blows[name] = self.result.blows.get(name, 0) + 1

    def _compare(self) -> str:
        """Hold the finished run against the calm one, in calm weather."""
        world = self.world
        world.injector.calm()
        self.result.requests = world.injector.requests
        self._calm_standing()
        failed = self._failed_shards()
        if failed:
            for arguments in (("retry", self.root), ("run", self.root)):  # "run" ends what a retry only begins
                mended = recall(world, *arguments)
                output, _ = mended.communicate(timeout=RUN_SECONDS)
                self._note(arguments[0], mended.returncode, output)
                if mended.returncode:
                    return f"recall {arguments[0]} ended with {mended.returncode}"
            self.result.retried += failed
        if wrong := verify(self.root):
            return f"recall verify: {wrong}"
        if wrong := ledger_wrong(self.root, self.plan.rounds, world.responses):
            return wrong
        corpus, calm = corpus_of(self.root), world.calm[self.plan.rounds]
        differing = sorted(name for name in corpus.keys() | calm.keys() if corpus.get(name) != calm.get(name))
        return f"the corpus differs from the calm run's: {differing[:3]}" if differing else "ok"

    def _failed_shards(self) -> int:
        keys = [f"{self.root}/rounds/{number}/scan/step.json" for number in range(1, self.plan.rounds + 1)]
        manifests = [json.loads(read_all(key)) for key in (f"{self.root}/seed/step.json", *keys)]
        return sum(manifest["counts"].get("failed_shards", 0) for manifest in manifests)

    def _note(self, what: str, code: int, output: str) -> None:
        self.log.write(f"== {what}: exit {code} after {time.monotonic() - self.began:.1f} s\n{output}\n")
        self.log.flush()


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The campaign's figures."""
    faults: Counter[str] = Counter()
    blows: Counter[str] = Counter()
    for result in results:
        faults.update(result["faults"])
        blows.update({name: count for name, count in result["blows"].items() if count})
    wrong = [result for result in results if result["verdict"] != "ok"]
    return {
        "runs": len(results),
        "ray_runs": sum(result["ray"] for result in results),
        "requests": sum(result["requests"] for result in results),
        "faults": dict(sorted(faults.items())),
        "disasters": dict(sorted(blows.items())),
        "recoveries": {
            "requests": sum(faults.values()) - faults[REFUSED],
            "starts": sum(len(result["codes"]) - 1 for result in results if result["verdict"] == "ok"),
            "retried_shards": sum(result["retried"] for result in results),
        },
        "seconds": round(sum(result["seconds"] for result in results)),
        "lost": len(wrong),
        "wrong": [f"run {result['run']}: {result['verdict']}" for result in wrong],
    }


def main() -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/recall-chaos"))
    parser.add_argument("--lane", default="0/1", help="K/N: every Nth of the runs, so that N calls share them")
    parser.add_argument("--only", type=int, nargs="*", help="these runs, whatever the results say")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    kept = given.folder / f"results-{given.seed}.jsonl"
    results = {row["run"]: row for row in map(json.loads, kept.read_text().splitlines())} if kept.exists() else {}
    wanted = given.only if given.only is not None else [n for n in range(given.runs) if n not in results]
    lane, lanes = map(int, given.lane.split("/"))
    wanted = [number for number in wanted if number // RAY_EVERY % lanes == lane]
    plans = sorted((draw(number, given.seed) for number in wanted), key=lambda plan: (plan.ray, plan.number))
    with world_in(given.folder / f"lane{lane}") as world:
        for rounds in sorted({plan.rounds for plan in plans}):
            run_calm(world, rounds)
        for count, plan in enumerate(plans, 1):
            result = asdict(Weather(world, plan).go())
            results[plan.number] = result
            with kept.open("a") as stream:
                stream.write(json.dumps(result) + "\n")
            struck = ", ".join(f"{count} x {name}" for name, count in result["blows"].items()) or "faults only"
            sys.stdout.write(
                f"{count} of {len(plans)}: run {plan.number}{' on Ray' if plan.ray else ''}: {result['verdict']}; "
                f"{sum(result['faults'].values())} of {result['requests']} requests spoilt; {struck}; exit codes "
                f"{result['codes']}; {result['seconds']} s\n"
            )
            sys.stdout.flush()
    figures = summary([results[number] for number in sorted(results) if number < given.runs or given.only])
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.exit(1 if figures["lost"] else 0)


if __name__ == "__main__":
    main()
