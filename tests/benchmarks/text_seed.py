"""Measures a seed of text: seed and train on generated pages, seconds and memory over time of driver and workers.

    python -m tests.benchmarks.text_seed [--pages 500000] [--address here|local] [--workers 2] [--epochs 1]

Half of the texts are about code, in four files: Parquet, JSON lines, gzip and zstd. The run is driven by a process of
its own, whose resident memory, and that of all processes under it, is sampled every second from /proc. Memory does not
depend on the number of epochs. The last line printed is one JSON object; megabytes are MiB.
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import zstandard

from recall import loop
from recall.archive.manifest import resolve
from recall.archive.warc.writer import WarcWriter
from recall.config import Config, dump_config
from recall.io.parquet import ParquetWriter
from recall.run.progress_bar import silence
from recall.run.rounds import Run

WORDS, SITES = 60_000, 5_000
SHOWN = 12
"""Points of the memory over time that are printed."""


def texts(pages: int, words: int) -> Iterator[dict[str, str]]:
    """Rows of url, label and text: words by Zipf's law, those of code shifted by half."""
    random = np.random.default_rng(1)
    names = np.array(["".join(random.choice(list("abcdefghijklmnoprstuvw"), 2 + n % 9)) for n in range(WORDS)])
    for number in range(pages):
        code = number % 2 == 0
        drawn = random.zipf(1.3, words) % (WORDS // 2) + (WORDS // 4 if code else 0)
        site = int(random.integers(SITES))
        text = f"Page {number}. {' '.join(names[drawn].tolist())}" + (" def f(x): return [x];" * 3 if code else "")
        yield {"url": f"https://site{site}.example/{number}", "label": "C" if code else "N", "text": text}


def write_texts(folder: Path, pages: int, words: int) -> tuple[str, ...]:
    """The rows in four files."""
    rows = texts(pages, words)
    part = -(-pages // 4)
    paths = [folder / name for name in ("a.parquet", "b.jsonl", "c.jsonl.gz", "d.jsonl.zst")]
    columns = {"url": "string", "label": "string", "text": "string"}
    writer = ParquetWriter(paths[0], columns)
    for _ in range(0, part, 1000):
        batch = [next(rows) for _ in range(1000)]
        writer.add({name: [row[name] for row in batch] for name in columns})
    writer.close()
    for path, pack in zip(paths[1:], (open, gzip.open, zstandard.open), strict=True):
        with pack(path, "wt", encoding="utf-8") as stream:  # type: ignore[operator]
            for _ in range(part):
                if (row := next(rows, None)) is not None:
                    stream.write(json.dumps(row) + "\n")
    return tuple(map(str, paths))


def make_run(folder: Path, given: argparse.Namespace) -> Run:
    """A run whose seed is the texts; of its crawl a page or two are seen."""
    warc = folder / "part-0.warc.gz"
    with warc.open("wb") as stream:
        writer = WarcWriter(stream, path=warc.name)
        for number in range(20):
            body = f"<p>A page about nothing, number {number}.</p>".encode()
            writer.page(f"https://crawled{number}.example/", body, "text/html", "2025-01-01T00:00:00Z")
    config = Config.model_validate(
        {
            "run": {"rounds": 1},
            "crawl": {"warcs": [str(warc)]},
            "seed": {"texts": write_texts(folder, given.pages, given.words), "texts_limit": given.pages},
            "train": {"epochs": given.epochs},
            "cluster": {"address": given.address, "workers": given.workers, "shard_seconds": 36_000},
        }
    )
    return Run.create(folder / "run", config, dump_config(config), resolve(config.crawl, config.access, 0))


def drive(root: str) -> None:
    """Seed and train; prints what each took."""
    silence()
    started = time.perf_counter()
    for name, result in loop.drive(Run.open(root)):
        seconds = round(time.perf_counter() - started, 1)
        print(json.dumps({"step": name, "seconds": seconds, "counts": getattr(result, "counts", {})}), flush=True)  # noqa: T201 - a benchmark reports to the terminal
        if name.endswith("train"):
            return


def resident(process: int) -> float:
    """Resident memory of a process (MiB), shared pages and those of files included; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def under(root: int) -> list[int]:
    """The processes under a process, itself left out."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    listed, waiting = [], [root]
    while waiting:
        children = parents.get(waiting.pop(), [])
        listed += children
        waiting += children
    return listed


def watch(driver: "subprocess.Popen[str]") -> list[tuple[float, float, float]]:
    """Seconds, memory of the driver, and of the largest process under it, every second until the driver ends."""
    started, samples = time.perf_counter(), []
    while driver.poll() is None:
        largest = max(map(resident, under(driver.pid)), default=0.0)
        samples.append((time.perf_counter() - started, resident(driver.pid), largest))
        time.sleep(1)
    return samples


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=500_000)
    parser.add_argument("--words", type=int, default=300, help="of a page")
    parser.add_argument("--address", default="here")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--drive", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.drive:
        drive(given.drive)
        return
    with TemporaryDirectory(prefix="recall-text-seed-") as name:
        run = make_run(Path(name), given)
        command = [sys.executable, "-m", "tests.benchmarks.text_seed", "--drive", run.store.root]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as driver:
            samples = watch(driver)
            steps: list[dict[str, Any]] = [json.loads(line) for line in driver.stdout or ()]
        size = sum(path.stat().st_size for path in Path(name).iterdir() if path.is_file())
    shown = samples[:: max(1, len(samples) // SHOWN)]
    figures = {
        "pages": given.pages,
        "address": given.address,
        "input_megabytes": round(size / 2**20),
        "driver_peak_megabytes": round(max(sample[1] for sample in samples)),
        "worker_peak_megabytes": round(max(sample[2] for sample in samples)),
        "over_time": [[round(value) for value in sample] for sample in shown],
        "steps": steps,
        "done": driver.returncode == 0,
    }
    print(json.dumps(figures))  # noqa: T201 - a benchmark reports to the terminal


if __name__ == "__main__":
    main()
