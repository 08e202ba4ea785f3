"""A run of the campaign, from `recall init` to its verdict: which disaster happens when, and how the run must end."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from recall.config import AccessSection, dump_config
from recall.io import exists
from recall.run.lease import DRIVER
from tests.chaos.fork_server import LEASE, Process
from tests.chaos.plan import INDEX, LEASE_SECONDS, NO_BUCKET, NO_WRITE, OF_BUCKETS, OVERTAKEN, Disaster, Plan
from tests.chaos.testbed import (
    RUN_SECONDS,
    S3_SECONDS,
    Testbed,
    corpus_of,
    digest_of,
    gaps_of,
    ledger_wrong,
    recall,
    settings,
    verify,
)
from tests.conftest import PROJECT

STARTS = 16
FAULTLESS_AFTER = 11
"""From this start on no fault is injected: the run must end."""

EXPLAINED = {2, 4, 7, 8, 9, 10, 11, 12}
"""Exit codes that a start may end with under faults (recall.errors); 2 only where no cluster answers."""

LEASE_CODE = 4
TRANSIENT_CODE = 9
REFUSED_CODE = 11
BUCKET_CODES = {NO_WRITE: REFUSED_CODE, NO_BUCKET: 12}
"""How a start must end over a run folder's bucket that takes nothing, or is not there."""

OVERTAKEN_SECONDS = 60.0
"""In which a driver must get the lease of one that stands still."""
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SCRATCH_BYTES = 40_000
LOOK_SECONDS = 0.05
LOOK_FAR_SECONDS = 0.5
"""Time between two looks whether a step has ended, on a disk and in a bucket."""


@dataclass
class RunResult:
    """Result of a run. verdict: "ok", or what is wrong; blows: disasters that happened.

    listed: shards that ended as a listed failure, by step; retries: calls of `recall retry`; code: of the program.
    """

    run: int
    ray: bool
    code: str = ""
    verdict: str = ""
    faults: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    blows: dict[str, int] = field(default_factory=dict)
    listed: dict[str, int] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)
    retries: int = 0
    seconds: float = 0.0


def send_all(session: int, what: signal.Signals) -> None:
    """Signal all processes of a session that are still there."""
    with suppress(ProcessLookupError):
        os.killpg(session, what)


class CampaignRun:
    """One run of the campaign."""

    def __init__(self, testbed: Testbed, plan: Plan) -> None:
        self.testbed, self.plan = testbed, plan
        self.result = RunResult(plan.number, plan.ray, testbed.code)
        self.chance = random.Random(f"blows {plan.number}")
        self.folder = testbed.folder / f"run-{plan.number:04}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.root, self.patience = str(self.folder / "disk" / "run"), RUN_SECONDS
        if plan.folder == "s3":
            self.root = testbed.s3.url(f"runs/{plan.number}-{random.SystemRandom().randrange(1 << 30)}")
            self.patience = S3_SECONDS
        self.conditions = set(plan.conditions) - (set() if FAKETIME.exists() else {"clock"})
        self.damage = plan.damage
        self.damaged = False
        self.look_again = 0.0
        self.refusing = 0
        self.overtaken = False
        self.bucket = ""
        self.machine = 0
        self.verb: tuple[str, ...] = ("run",)
        self.log = (testbed.folder / "logs" / f"{plan.number:04}.log").open("w")
        self.began = time.monotonic()
        self.mounts: list[Path] = []

    def run_to_verdict(self) -> RunResult:
        """Run it to its verdict."""
        injector = self.testbed.injector
        injector.faults.clear()
        injector.requests = 0
        self.log.write(f"{self.plan}\n")
        try:
            self._prepare()
            self.result.verdict = self._drive() or self._compare()
        finally:
            injector.stop()
            self._end_conditions()
            for mount in self.mounts:
                subprocess.run(["umount", "-l", str(mount)], check=False)
            self.result.faults = dict(injector.faults)
            self.result.requests = self.result.requests or injector.requests
            self.result.seconds = round(time.monotonic() - self.began, 1)
            self.log.write(f"{asdict(self.result)}\n")
            self.log.close()
        if self.result.verdict == "ok":
            shutil.rmtree(self.folder, ignore_errors=True)
        return self.result

    def _prepare(self) -> None:
        plan, testbed = self.plan, self.testbed
        (self.folder / "disk").mkdir()
        (self.folder / "scratch").mkdir()
        if "full disk" in self.conditions:
            self._mount(self.folder / "disk", 64 << 20)
        if "full scratch" in self.conditions:
            self._mount(self.folder / "scratch", SCRATCH_BYTES)
        (self.folder / "clock").write_text("+0s")
        settled = settings(testbed, (plan.rounds, plan.far), testbed.base[plan.source])
        (self.folder / "config.toml").write_text(dump_config(settled))
        self.refusing = self.chance.randint(1, 3) if "refused" in self.conditions else 0
        testbed.injector.inject(plan.rate, plan.number)
        for _ in range(STARTS):
            config = str(self.folder / "config.toml")
            started = recall(testbed, "init", self.root, "--config", config, extra=self._machine())
            output = started.communicate(timeout=RUN_SECONDS)
            self._note("init", started.returncode, output)
            if started.returncode == 0:
                break
        if "full disk" in self.conditions:
            used = sum(path.stat().st_size for path in (self.folder / "disk").rglob("*") if path.is_file())
            self._mount(self.folder / "disk", used + self.chance.randrange(60_000, 600_000), again=True)
        if plan.ray:
            odd = self._scratch() if "full scratch" in self.conditions else {}
            odd |= self._clock() if "clock" in self.conditions else {}
            testbed.nodes.start(odd)

    def _mount(self, where: Path, size: int, *, again: bool = False) -> None:
        options = f"size={size}"
        if again:
            subprocess.run(["mount", "-o", f"remount,{options}", str(where)], check=True)
            return
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(where)], check=True)
        self.mounts.append(where)

    def _machine(self) -> dict[str, str]:
        """Folder of this machine's rate limits. After a refusal the next start has another one, which does not wait."""
        folder = self.folder / f"machine-{self.machine}"
        folder.mkdir(exist_ok=True)
        return {"XDG_RUNTIME_DIR": str(folder)}

    def _scratch(self) -> dict[str, str]:
        return {"TMPDIR": str(self.folder / "scratch")}

    def _clock(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(FAKETIME),
            "PYTHONPATH": f"{PROJECT / 'tests' / 'chaos' / 'clock'}{os.pathsep}{PROJECT}",
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / "clock"),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def _end_conditions(self) -> None:
        """End the lasting conditions: give disks room, set the clock, mend the file."""
        if "full disk" in self.conditions and self.mounts:
            self._mount(self.folder / "disk", 256 << 20, again=True)
        self.conditions.clear()
        self._mend()

    def _mend(self) -> None:
        self.testbed.injector.mend()
        self.damage, self.damaged = None, False

    def _drive(self) -> str:
        """Start drivers until the run has ended without a gap; what is wrong, "" when it ended well."""
        for start in range(STARTS):
            if start == FAULTLESS_AFTER:
                self._end_conditions()
                self.testbed.injector.stop()
            code, output = self._start(start)
            self._note(f"start {start}: {' '.join(self.verb)}", code, output)
            self.result.codes.append(code)
            self.result.retries += self.verb[0] == "retry"
            if wrong := self._held_on(code, output):
                return wrong
            if code == 0 and not self._gaps():
                return ""
            if code not in (0, -signal.SIGKILL):
                if wrong := self._explained(code, output):
                    return wrong
                self.machine += code == REFUSED_CODE
                self._after_failure(output)
            if time.monotonic() - self.began > self.patience:
                return f"did not end in {self.patience:.0f} s"
        return f"did not end in {STARTS} starts"

    def _gaps(self) -> bool:
        """Look what an ended run left out: an operator mends the file and lets the first step that missed it go on."""
        gaps = gaps_of(self.testbed, self.root)
        for step, _, shards in gaps:
            self.result.listed[step] = self.result.listed.get(step, 0) + shards
        if gaps:
            self.verb = ("retry", "--round", str(gaps[0][1]))
            self._mend()
        return bool(gaps)

    def _held_on(self, code: int, output: str) -> str:
        """What is wrong with a start over whose lease or bucket something happened; what did is counted and mended."""
        overtaken, bucket, self.overtaken, self.bucket = self.overtaken, self.bucket, False, ""
        met = self.testbed.injector.diverted
        if bucket:
            self._mend()
        if overtaken and code == 0:
            return "a driver drove on after another one had taken its lease"
        if overtaken and code == LEASE_CODE and "another one took over" in output:
            self._count(OVERTAKEN)
        if bucket and met and code not in (0, BUCKET_CODES[bucket], TRANSIENT_CODE, -signal.SIGKILL):
            return f"{bucket}: a start ended with exit code {code}: {output.strip().splitlines()[-1:]}"
        if bucket and code == BUCKET_CODES[bucket]:
            self._count(bucket)
            if "s3://" not in output:
                return f"{bucket}: the bucket is not named: {output.strip().splitlines()[-1:]}"
        if set(OF_BUCKETS) & {disaster.name for disaster in self.plan.disasters} and code == 0:
            listed = gaps_of(self.testbed, self.root)
            return f"shards were counted as failed over the bucket: {listed}" if listed else ""
        return ""

    def _explained(self, code: int, output: str) -> str:
        """What is wrong with how a start ended, "" when it said in one line why, under a documented code."""
        lines = [line for line in output.splitlines() if line.startswith("recall: ")]
        if code not in EXPLAINED or len(lines) != 1 or (code == 2 and "no Ray cluster answers" not in lines[0]):
            return f"a start ended with exit code {code}: {output.strip().splitlines()[-1:]}"
        return ""

    def _after_failure(self, output: str) -> None:
        """Before the next start an operator reads the line and mends the file or condition that it names."""
        if self.damaged and self.damage is not None and self.damage.file in output:
            step = output.rpartition("recall: ")[2].split(":")[0].split(" ")[0]
            name = f"{step}, which ended" if step.isalpha() else "a step, which ended"
            self.result.listed[name] = self.result.listed.get(name, 0) + 1
            self._mend()
        if self.conditions:
            for name in self.conditions:
                self._count(name)
            self._end_conditions()
            self.testbed.injector.inject(self.plan.rate, self.plan.number + 1)
        if self.plan.retry and self.verb[0] == "run":
            self.verb = ("retry",)

    def _start(self, start: int) -> tuple[int, str]:
        driver = self._driver()
        disasters = sorted(
            (disaster for disaster in self.plan.disasters if disaster.start == start),
            key=lambda disaster: disaster.after,
        )
        began = time.monotonic()
        hangs = ""
        while driver.poll() is None:
            now = time.monotonic() - began
            if disasters and disasters[0].after <= now and self._ripe(disasters[0], driver):
                self._strike(disasters.pop(0), driver)
            if "clock" in self.conditions:
                self._jump()
            if self.refusing and now > 3:
                self.testbed.injector.refuse(self.refusing)
                self.refusing = 0
            self._spoil()
            if now > self.patience:
                send_all(driver.pid, signal.SIGKILL)
                hangs = "hangs"
            time.sleep(LOOK_SECONDS)
        return int(driver.returncode or 0), hangs + driver.output()

    def _ripe(self, disaster: Disaster, driver: Process) -> bool:
        """Whether a disaster finds what it is about: only a driver that holds the lease can lose it."""
        return disaster.name != OVERTAKEN or self._lease().get("pid") == driver.pid

    def _driver(self) -> Process:
        """Start a driver, under the conditions of now."""
        extra = self._machine()
        if not self.plan.ray and "full scratch" in self.conditions:
            extra |= self._scratch()
        if not self.plan.ray and "clock" in self.conditions:
            extra |= self._clock()
        if any(disaster.name == OVERTAKEN for disaster in self.plan.disasters):
            extra |= {LEASE: str(LEASE_SECONDS)}
        options = ["--cluster", self.testbed.nodes.address] if self.plan.ray else []
        if self.damage is not None and self.damage.tolerated:
            options += ["--failed-share", "0.5"]
        return recall(self.testbed, self.verb[0], self.root, *self.verb[1:], *options, extra=extra)

    def _overtake(self, driver: Process) -> bool:
        """Stop a driver until another one has taken its lease; False where it held none, or no longer drove."""
        access = AccessSection(s3_endpoint=self.testbed.s3.endpoint)
        send_all(driver.pid, signal.SIGSTOP)
        held, done = self._lease(), exists(f"{self.root}/corpus/step.json", access)
        taken = held
        if held.get("pid") == driver.pid and not done:
            time.sleep(1.1 * LEASE_SECONDS)
            rival, until = self._driver(), time.monotonic() + OVERTAKEN_SECONDS
            while rival.poll() is None and taken == held and time.monotonic() < until:
                time.sleep(LOOK_SECONDS)
                taken = self._lease()
            rest = self.chance.choice((0.0, self.chance.uniform(0.0, 3.0), self.patience))
            with suppress(subprocess.TimeoutExpired):
                rival.communicate(timeout=rest)
            send_all(driver.pid, signal.SIGCONT)
            output = rival.communicate(timeout=self.patience)
            self._note(OVERTAKEN, rival.returncode, output)
        send_all(driver.pid, signal.SIGCONT)
        return taken.get("owner") != held.get("owner")

    def _lease(self) -> dict[str, object]:
        """The record of the run's lease, which lies on a disk."""
        path = Path(self.root, DRIVER)
        found: dict[str, object] = json.loads(path.read_bytes()) if path.exists() else {}
        return found

    def _spoil(self) -> None:
        """Damage the plan's file when its moment has come."""
        now, plan = time.monotonic(), self.damage
        if plan is None or self.damaged or now < self.look_again:
            return
        self.look_again = now + (LOOK_FAR_SECONDS if self.plan.folder == "s3" else LOOK_SECONDS)
        access = AccessSection(s3_endpoint=self.testbed.s3.endpoint)
        if not plan.after or exists(f"{self.root}/{plan.after}/step.json", access):
            self.testbed.injector.damage(plan.file, plan.how)
            self.damaged = True
            self._count(f"{'index' if plan.file == INDEX else 'WARC'} {plan.how}")

    def _jump(self) -> None:
        if self.chance.random() < 0.03:
            seconds = self.chance.choice((-1, 1)) * self.chance.choice((30, 600, 3600, 86_400 * 40))
            if self.plan.folder == "s3" or self.plan.source == "s3":
                seconds = max(-600, min(600, seconds))  # a signature that is older is refused, as it must be
            (self.folder / "clock").write_text(f"{seconds:+}s")
            self._count("clock jump")

    def _strike(self, disaster: Disaster, driver: Process) -> None:
        nodes, struck = self.testbed.nodes, True
        if disaster.name == "kill driver":
            send_all(driver.pid, signal.SIGKILL)
        elif disaster.name == "pause":
            send_all(driver.pid, signal.SIGSTOP)
            time.sleep(self.chance.uniform(0.5, 4.0))
            send_all(driver.pid, signal.SIGCONT)
        elif disaster.name == "rival":
            rival = recall(self.testbed, "run", self.root, extra=self._machine())
            output = rival.communicate(timeout=self.patience)
            self._note("rival", rival.returncode, output)
        elif disaster.name == OVERTAKEN:
            self.overtaken = self._overtake(driver)
            struck = False  # it is counted when the driver has noticed
        elif disaster.name in OF_BUCKETS:
            self.bucket, struck = disaster.name, False  # as above
            if disaster.name == NO_WRITE:
                self.testbed.injector.divert(self.root.removeprefix("s3:/"), self.testbed.without_write.address)
            else:
                self.testbed.injector.divert(f"/{self.testbed.s3.bucket}", None)
        elif disaster.name == "kill worker":
            struck = nodes.kill_worker(self.chance)
        elif disaster.name == "kill node":
            struck = nodes.kill_node(self.chance)
            nodes.add()
        elif disaster.name == "slow node":
            struck = nodes.pause(self.chance, self.chance.uniform(2.0, 8.0))
        elif disaster.name == "kill head":
            send_all(driver.pid, signal.SIGKILL)
            nodes.stop()
            nodes.start()
        if struck:
            self._count(disaster.name)

    def _count(self, name: str) -> None:
        self.result.blows[name] = self.result.blows.get(name, 0) + 1

    def _compare(self) -> str:
        """Compare the finished run with the reference run, without faults."""
        testbed = self.testbed
        testbed.injector.stop()
        self.result.requests = testbed.injector.requests
        self._end_conditions()
        reference = testbed.references[self.plan.rounds, self.plan.far]
        if wrong := verify(self.root):
            return f"recall verify: {wrong}"
        if wrong := ledger_wrong(self.root, self.plan.rounds, reference.responses):
            return wrong
        corpus = corpus_of(self.root)
        differing = sorted(
            name for name in corpus.keys() | reference.corpus.keys() if corpus.get(name) != reference.corpus.get(name)
        )
        if differing:
            return f"the corpus differs from the reference run's: {differing[:3]}"
        return "ok" if digest_of(self.root) == reference.digest else "its digest differs from the reference run's"

    def _note(self, what: str, code: int | None, output: str) -> None:
        self.log.write(f"== {what}: exit {code} after {time.monotonic() - self.began:.1f} s\n{output}\n")
        self.log.flush()
