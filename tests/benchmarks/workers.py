"""Measures scan workers on Ray: memory beyond an idle worker's, and how much faster two are than one.

    python tests/benchmarks/workers.py --warc FILE [--warc FILE ...] --model FOLDER [--shards 8]

Memory is the proportional set size (Linux): what a worker adds to the machine. Ray is started on this machine, once
with one worker and once with two. The last line printed is one JSON object.
"""

import argparse
import json
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from recall.config import AccessSection, ClusterSection, ScanSection
from recall.records import Shard
from recall.run.jobs import disconnect, each
from recall.run.store import Store
from recall.steps.scan.shard import ShardScan, scan_shard
from recall.steps.scan.shard_report import ScanContext


def idle(_context: None, item: int) -> int:
    """What an idle worker has done: nothing, for a while."""
    time.sleep(2.0)
    return item


def worker_memory() -> dict[int, float]:
    """Proportional set size of every Ray worker of this machine that this process started, MB."""
    found: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes()
            lines = (folder / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        if name.startswith(b"ray::"):
            found[int(folder.name)] = sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return found


class Watch(threading.Thread):
    """The largest memory of any worker while it runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self._over = threading.Event()

    def run(self) -> None:
        """Look again and again."""
        while not self._over.wait(1.0):
            self.peak = max([self.peak, *worker_memory().values()])

    def end(self) -> float:
        """Stop looking; the peak."""
        self._over.set()
        self.join()
        return self.peak


def scan_all(job: ScanContext, works: list[ShardScan], workers: int) -> tuple[float, float]:
    """Seconds for all shards, workers warm, and the peak memory of a worker."""
    cluster = ClusterSection(address="local", workers=workers)
    warm = [
        ShardScan(Shard(90_000 + number, "", works[0].shard.path, works[0].shard.url)) for number in range(2 * workers)
    ]
    failures = [one.failure for one in each(scan_shard, job, warm, cluster, "warm") if one.failure]
    watch = Watch()
    watch.start()
    started = time.perf_counter()
    failures += [one.failure for one in each(scan_shard, job, works, cluster, "scan") if one.failure]
    seconds = time.perf_counter() - started
    if failures:
        raise SystemExit(f"failed: {failures[0]}")
    return seconds, watch.end()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warc", type=Path, action="append", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=8)
    given = parser.parse_args()
    figures: dict[str, float] = {}
    with TemporaryDirectory(prefix="recall-bench-") as temporary:
        folder = Path(temporary)
        (folder / "model").symlink_to(given.model.absolute())
        for workers in (1, 2):
            watch = Watch()
            watch.start()
            cluster = ClusterSection(address="local", workers=workers)
            list(each(idle, None, range(workers), cluster, "idle"))
            figures["idle_megabytes"] = watch.end()
            job = ScanContext(Store(str(folder)), AccessSection(), ScanSection(), f"scan-{workers}", "model")
            paths = [str(given.warc[number % len(given.warc)].absolute()) for number in range(given.shards)]
            works = [ShardScan(Shard(number, "", path, path)) for number, path in enumerate(paths)]
            figures[f"seconds_{workers}"], figures[f"megabytes_{workers}"] = scan_all(job, works, workers)
            disconnect()
    figures["speed_up"] = figures["seconds_1"] / figures["seconds_2"]
    figures["beyond_idle_megabytes"] = max(figures["megabytes_1"], figures["megabytes_2"]) - figures["idle_megabytes"]
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
