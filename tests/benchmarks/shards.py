"""Measures the driver with 100,000 simulated shards: manifest, scan, ledger, status; seconds and memory of each.

    python tests/benchmarks/shards.py [--shards 100000]

No WARC is read: every shard's report and (tiny) files are there before the scan begins, as after a driver that was
killed at its last moment. The last line printed is one JSON object.
"""

import argparse
import gzip
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recall.archive.manifest import resolve
from recall.config import Config, dump_config
from recall.model.fasttext import Recipe, fit
from recall.model.scorer import ModelCard, write_model
from recall.model.tokens import Tokenizer
from recall.report.round_figures import done_steps
from recall.run.progress_bar import silence
from recall.run.rounds import Run
from recall.run.scanned import scanned_shards
from recall.run.store import digest_of
from recall.steps.scan.driver import scan


def memory() -> float:
    """Resident memory of this process, MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


class Figures:
    """Seconds and growth of memory of each part."""

    def __init__(self) -> None:
        self.parts: dict[str, dict[str, float]] = {}

    def take(self, name: str, action: Callable[[], Any]) -> Any:
        """Do it and note what it took."""
        before, started = memory(), time.perf_counter()
        result = action()
        self.parts[name] = {"seconds": time.perf_counter() - started, "megabytes": memory() - before}
        return result


def write_paths(folder: Path, shards: int) -> None:
    """A crawl's list of WARCs."""
    listed = folder / "crawl-data/CC-MAIN-2099-01"
    listed.mkdir(parents=True)
    start = "crawl-data/CC-MAIN-2099-01/segments/1700000000000.00/warc/CC-MAIN-20990101000000-20990101030000-"
    lines = "".join(f"{start}{number:06d}.warc.gz\n" for number in range(shards))
    (listed / "warc.paths.gz").write_bytes(gzip.compress(lines.encode()))


def begin(run: Run, folder: Path) -> None:
    """Publish a seed and a model, so that the scan comes next."""
    step = run.begin("seed")
    step.publish_json("missing.json", [])
    step.finish({"examples": 0}, {})
    tokenizer = Tokenizer.train(["def a(): return the garden"] * 9, 300)
    recipe = Recipe(epochs=1, min_count=1)
    lines = tokenizer.lines(["def return a", "the garden"] * 20)
    fit(lines, ["C", "other"] * 20, recipe, tokenizer.size, folder / "model.bin")
    model = write_model(folder, tokenizer, folder / "model.bin", ModelCard(("C", "other"), "C", "html", recipe, 0.5))
    train = run.round(1).begin("train")
    for name in ("tokenizer.json", "scorer.npz", "model.json", "model.bin"):
        train.publish_file(name, folder / name)
    train.finish({"examples": 0}, {"model": model.digest})


def write_reports(run: Run) -> None:
    """What the workers left."""
    folder = Path(run.store.root) / "rounds/1/scan"
    (folder / "reports").mkdir(parents=True)
    for shard in run.shards:
        files = []
        for stem in ("rows-", "candidates-"):
            digest = digest_of(f"{stem}{shard.number}".encode())
            (folder / f"{stem}{digest[:32]}.parquet").touch()
            files.append({"file": f"{stem}{digest[:32]}.parquet", "sha256": digest, "rows": 30_000})
        report = {"shard": shard.number, "path": shard.path, "model": "m", "read": 30_100, "skipped": {"status": 100}}
        report |= {"rejected": 29_000, "kept": 1_000, "candidates": 3_000, "files": files}
        (folder / f"reports/{shard.number:06d}.json").write_text(json.dumps(report))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, default=100_000)
    count = parser.parse_args().shards
    silence()
    figures = Figures()
    with TemporaryDirectory(prefix="recall-bench-") as temporary:
        folder = Path(temporary)
        write_paths(folder, count)
        config = Config.model_validate({"crawl": {"ids": ["CC-MAIN-2099-01"], "base": f"{folder}/"}})
        held = [figures.take("manifest", lambda: resolve(config.crawl))]
        figures.take("init", lambda: Run.create(folder / "run", config, dump_config(config), held.pop()))
        run = figures.take("open", lambda: Run.open(folder / "run"))
        begin(run, folder)
        write_reports(run)
        figures.take("scan", lambda: scan(run.round(1)))
        ledger = figures.take("read ledger", lambda: scanned_shards(run.round(1)))
        figures.take("walk ledger", lambda: sum(scanned.read for scanned in ledger))
        figures.take("status", lambda: (done_steps(run), run.digest(), run.next()))
    sys.stdout.write(json.dumps({"shards": count, "resident_megabytes": memory(), "parts": figures.parts}) + "\n")


if __name__ == "__main__":
    main()
