"""Scaling: 1, 2 and 4 real workers on this machine, and a simulation to 4,000 cores with the service times measured.

    python tests/benchmarks/cluster.py [--warc FILE] [--model FOLDER] [--shards 8] [--workers 1,2,4] [--cores 64,4000]

Real: `scan_shard` through `recall.run.jobs.each` on Ray, as a scan does it; the driver's CPU seconds a task and a
token's in the rate limiter are taken in the same run. Simulated: a driver that serves one task at a time, the rate
limits of Common Crawl and of the run's bucket (the code of `token_bucket`, by the simulation's clock), a bucket that
says SlowDown beyond its rate, nodes of 64 cores behind one network card. A shard takes the CPU seconds measured for its
bytes, spread as log-normal. The last line printed is one JSON object.
"""

import argparse
import heapq
import json
import random
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from recall.config import AccessSection, ClusterSection, ScanSection
from recall.io.ratelimit import LimiterBackend
from recall.io.ratelimit_files import FileBackend
from recall.io.token_bucket import FINE, SLOW, EndpointLimits, MemoryBackend
from recall.records import Shard
from recall.run.jobs import disconnect, each
from recall.run.store import Store
from recall.steps.scan.shard import ShardScan, scan_shard
from recall.steps.scan.shard_report import ScanContext

SHARD_BYTES = 1e9
SHARDS = 90_000
EACH = 10
"""Shards that each simulated core does; the hours are those of SHARDS at that rate."""
NODE_CORES, NODE_BITS = 64, 30e9
WRITES = 4
"""Requests of a shard to the run's bucket: is there a report, rows, candidates, report."""

BUCKET_RATE = 3_500.0
"""Writes a second that Amazon S3 promises for one prefix; beyond it says SlowDown."""


@dataclass(frozen=True)
class Measured:
    """Service times. cpu: seconds a byte; driver: seconds a task; driver_bytes: memory a task in flight.

    permit, shared_permit: seconds a token, from memory and from the file that processes of a machine share.
    """

    cpu: float
    driver: float
    driver_bytes: float
    permit: float
    shared_permit: float


@dataclass(frozen=True)
class Simulated:
    """What a number of cores comes to. Rates are per second; shares of what each part can do, 1 is full."""

    cores: int
    hours: float
    shards_per_second: float
    efficiency: float
    driver_load: float
    driver_mb: float
    requests_to_common_crawl: float
    requests_to_bucket: float
    slow_downs: int
    network_load: float


def work(count: int, job: ScanContext, shard: Shard, cluster: ClusterSection) -> dict[str, float]:
    """Scan a shard so many times on so many workers: wall seconds, and CPU seconds of a scan."""
    warm = list(each(_scan, (job, "warm"), range(2 * count), cluster, "warm"))
    assert not any(outcome.failure for outcome in warm), warm
    wall = time.perf_counter()
    outcomes = list(each(_scan, (job, shard.path), range(shard.number), cluster, "scan"))
    taken = time.perf_counter() - wall
    assert not any(outcome.failure for outcome in outcomes), outcomes
    return {
        "workers": count,
        "seconds": taken,
        "shards": len(outcomes),
        "worker_cpu": sum(outcome.result for outcome in outcomes) / len(outcomes),
    }


def _scan(how: tuple[ScanContext, str], number: int) -> float:
    """CPU seconds of one scan of the shard, under a name of its own."""
    job, path = how
    started = time.process_time()
    url = job.index  # where the WARC lies; a scan of WARCs needs no index
    scan_shard(job, ShardScan(Shard(number + 1000 * (path == "warm"), "", url, url)))
    return time.process_time() - started


def nothing(_context: None, item: int) -> int:
    """A task without work."""
    return item


def driver_seconds(cluster: ClusterSection) -> float:
    """The driver's CPU seconds a task, Ray's threads in its process included, over tasks without work."""
    list(each(nothing, None, range(50), cluster, "warm"))
    started = time.process_time()
    count = sum(1 for _ in each(nothing, None, range(1000), cluster, "nothing"))
    return (time.process_time() - started) / count


def token_seconds(backend: LimiterBackend, count: int) -> float:
    """CPU seconds of one token."""
    started = time.process_time()
    for _ in range(count):
        backend.release("x", backend.acquire("x", 0, 0).token, FINE)
    return (time.process_time() - started) / count


def simulate(cores: int, measured: Measured, access: AccessSection, seed: int = 0) -> Simulated:
    """A scan on so many cores, all of which begin at once."""
    chance = random.Random(seed)
    crawl = EndpointLimits.of(access.requests_per_second, access.connections)
    bucket = EndpointLimits.of(access.requests_per_second * 20, 0)
    tokens, refilled, slow = BUCKET_RATE, 0.0, 0
    driver_free, requests, left = 0.0, 0, EACH * cores
    nic = NODE_BITS / 8 / min(cores, NODE_CORES)
    busy_driver, ends = 0.0, list[float]()
    ready: list[tuple[float, int, str, int]] = [(0.0, number, "ask driver", 0) for number in range(cores)]
    heapq.heapify(ready)
    while ready:
        now, number, what, held = heapq.heappop(ready)
        if what == "ask driver":
            if not left:
                continue
            left -= 1
            start = max(now, driver_free)
            driver_free, busy_driver = start + measured.driver, busy_driver + measured.driver
            heapq.heappush(ready, (driver_free, number, "ask crawl", 0))
        elif what == "ask crawl":
            requests += 1
            grant = crawl.acquire(now, requests)
            following = "read" if grant.token else "ask crawl"
            heapq.heappush(ready, (now + max(grant.wait, 1e-6), number, following, grant.token))
        elif what == "read":
            cpu = SHARD_BYTES * measured.cpu * chance.lognormvariate(-0.02, 0.2)
            heapq.heappush(ready, (now + max(cpu, SHARD_BYTES / nic), number, "write 1", held))
        else:
            crawl.release(now, held, FINE)
            tokens, refilled = min(BUCKET_RATE, tokens + (now - refilled) * BUCKET_RATE), now
            written = int(what.split()[1])
            requests += 1
            grant = bucket.acquire(now, requests)
            if not grant.token:
                heapq.heappush(ready, (now + grant.wait, number, what, 0))
                continue
            tokens -= 1
            if tokens < 0:
                slow += 1
                bucket.release(now, grant.token, SLOW)
                heapq.heappush(ready, (now + chance.uniform(0, 1.0), number, what, 0))
                continue
            bucket.release(now, grant.token, FINE)
            if written < WRITES:
                heapq.heappush(ready, (now + grant.wait + 0.03, number, f"write {written + 1}", 0))
            else:
                ends.append(now)
                heapq.heappush(ready, (now + grant.wait + 0.03, number, "ask driver", 0))
    early, late = ends[len(ends) // 5], ends[4 * len(ends) // 5]  # neither the start of all at once nor the last ones
    rate = 0.6 * len(ends) / (late - early)
    return Simulated(
        cores=cores,
        hours=SHARDS / rate / 3600,
        shards_per_second=rate,
        efficiency=rate * SHARD_BYTES * measured.cpu / cores,
        driver_load=rate * busy_driver / len(ends),
        driver_mb=2 * cores * measured.driver_bytes / 1e6,
        requests_to_common_crawl=rate * crawl.asked / len(ends),
        requests_to_bucket=rate * bucket.asked / len(ends),
        slow_downs=slow,
        network_load=rate / cores * min(cores, NODE_CORES) * SHARD_BYTES * 8 / NODE_BITS,
    )


def bottleneck(found: Simulated, access: AccessSection) -> str:
    """The part that is fullest."""
    loads = {
        "the driver": found.driver_load,
        "the budget of requests to Common Crawl": found.requests_to_common_crawl / access.requests_per_second,
        "the run's bucket": found.requests_to_bucket / BUCKET_RATE,
        "the nodes' network": found.network_load,
        "cores": found.efficiency,
    }
    return max(loads, key=lambda name: loads[name])


def real(warc: Path, model: Path, counts: list[int], shards: int, folder: Path) -> tuple[list[dict[str, float]], float]:
    """Scans on Ray with each number of workers, and the memory that a task in flight costs the driver."""
    found = []
    for count in counts:
        where = folder / str(count)
        where.mkdir()
        (where / "model").symlink_to(model.absolute(), target_is_directory=True)
        job = ScanContext(Store(str(where)), AccessSection(), ScanSection(), "scan", "model", str(warc.absolute()))
        cluster = ClusterSection(address="local", workers=count)
        found.append(work(count, job, Shard(shards, "", "timed", str(warc)), cluster))
        found[-1]["driver_cpu"] = driver_seconds(cluster)
        disconnect()
    return found, len(json.dumps(str(job))) * 4.0


def main() -> None:
    """Measure, simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warc", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--workers", default="1,2,4", help="Real workers; empty for the simulation alone.")
    parser.add_argument("--cores", default="64,256,1024,2048,4000,8000")
    parser.add_argument(
        "--cpu-bytes", type=float, default=48e6, help="Bytes of WARC a core scans a second, if unmeasured."
    )
    parser.add_argument("--driver", type=float, default=1.5e-3, help="The driver's seconds a task, if unmeasured.")
    options = parser.parse_args()
    access, runs, task_bytes = AccessSection(), list[dict[str, float]](), 4_000.0
    cpu, driver = 1.0 / options.cpu_bytes, options.driver
    with TemporaryDirectory(prefix="cluster-", dir="/tmp") as name:
        if options.workers:
            from scan import sample_warc, small_model  # type: ignore[import-not-found]  # beside this file

            warc = options.warc or sample_warc(Path(name))
            model = options.model or small_model(warc, Path(name))
            counts = [int(one) for one in options.workers.split(",")]
            runs, task_bytes = real(warc, model, counts, options.shards, Path(name))
            cpu = min(run["worker_cpu"] for run in runs) / warc.stat().st_size
            driver = min(run["driver_cpu"] for run in runs)
        shared = token_seconds(FileBackend(Path(name)), 2_000)
    measured = Measured(cpu, driver, task_bytes, token_seconds(MemoryBackend(), 20_000), shared)
    simulated = [simulate(int(cores), measured, access) for cores in options.cores.split(",")]
    for run in runs:
        sys.stdout.write(f"{run['workers']:.0f} workers: {run['shards'] / run['seconds']:.2f} shards/s\n")
    for one in simulated:
        sys.stdout.write(
            f"{one.cores:5d} cores: {one.hours:6.2f} h, {one.shards_per_second:6.1f} shards/s, efficiency "
            f"{one.efficiency:.2f}, driver {one.driver_load:.2f}, Common Crawl {one.requests_to_common_crawl:.0f}/s, "
            f"bucket {one.requests_to_bucket:.0f}/s, network {one.network_load:.2f}: {bottleneck(one, access)}\n"
        )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    record = {"measured": asdict(measured), "real": runs, "simulated": [asdict(one) for one in simulated]}
    print(json.dumps({**record, "driver_peak_mb": memory}))  # noqa: T201


if __name__ == "__main__":
    main()
