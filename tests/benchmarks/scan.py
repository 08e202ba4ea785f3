"""Measures the scan: each of its stages, the whole step, and other readers and loops on the same file.

    python tests/benchmarks/scan.py [--warc FILE] [--model FOLDER] [--runs 5] [--core 0] [--peers PYTHON]

Without --warc the sample crawl is packed into one file; without --model a small model is trained on its labels. One
process, one core; the contenders take turns, and what is compared is the median of their CPU seconds, which other
programs on the machine disturb least; on an idle machine they are the wall's. --peers names the Python of another
virtual environment that has `datatrove[io,processing]`, `trafilatura` and `isal`; contenders that are not installed
are left out. The last line printed is one JSON object.
"""

import argparse
import gzip
import json
import os
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from recall.archive.warc import captures
from recall.config import AccessSection, ScanSection
from recall.model.fasttext import Recipe, fit
from recall.model.scorer import ModelCard, Scorer, write_model
from recall.model.tokens import Tokenizer
from recall.page.text import scoring_bytes, scoring_text
from recall.records import Shard
from recall.run.store import Store
from recall.steps.scan.shard import ShardScan, scan_shard
from recall.steps.scan.shard_report import ScanContext
from recall.steps.scan.slim_rows import BATCH, page_batches, score_batch

ABOVE_FLOOR = 0.1
PEERS = Path(__file__).with_name("peers.py")


def sample_warc(folder: Path) -> Path:
    """The sample crawl as one file."""
    from recall.sample.crawl import write_sample

    write_sample(folder / "sample")
    target = folder / "sample.warc.gz"
    with target.open("wb") as stream:
        for path in sorted((folder / "sample").rglob("*.warc.gz")):
            stream.write(path.read_bytes())
    return target


def small_model(warc: Path, folder: Path) -> Path:
    """A model whose vocabulary and dictionary are those of the file; its labels are whether a page has a `<pre>`."""
    texts = [scoring_text(page.body, page.charset) for page in captures(str(warc))]
    tokenizer = Tokenizer.train(texts[:1000], 32_768)
    labels = ["C" if "\ue000pre" in text else "other" for text in texts[:1000]]
    recipe = Recipe(epochs=2)
    fit(tokenizer.lines(texts[:1000]), labels, recipe, tokenizer.size, folder / "model.bin")
    card = ModelCard(("C", "other"), "C", "html", recipe, 0.5, metrics={"floor": 0.2})
    write_model(folder / "model", tokenizer, folder / "model.bin", card)
    return folder / "model"


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of this process and wall seconds of an action."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.process_time() - cpu, time.perf_counter() - wall


class Bench:
    """The file, the model, and what is timed on them."""

    def __init__(self, warc: Path, model: Path, folder: Path) -> None:
        self.warc, self.model, self.folder = str(warc), model, folder
        self.scorer = Scorer.load(model)
        self.pages = list(captures(self.warc))
        self.texts = [scoring_bytes(page.body, page.charset) for page in self.pages]
        self.lines = self.scorer.tokenizer.lines(self.texts)
        self.scores = self.scorer.score_lines(self.lines)
        self.steps = 0

    def zlib(self) -> None:
        with gzip.open(self.warc) as stream:
            while stream.read(1 << 20):
                pass

    def fastwarc(self) -> None:
        from fastwarc.warc import ArchiveIterator

        with Path(self.warc).open("rb") as stream:
            for _ in ArchiveIterator(stream, parse_http=False):
                pass

    def warcio(self) -> None:
        from warcio.archiveiterator import ArchiveIterator

        with Path(self.warc).open("rb") as stream:
            for record in ArchiveIterator(stream):
                record.content_stream().read()

    def read(self) -> None:
        for _ in captures(self.warc):
            pass

    def text(self) -> None:
        for page in self.pages:
            scoring_bytes(page.body, page.charset)

    def tokens(self) -> None:
        for start in range(0, len(self.texts), BATCH):
            self.scorer.tokenizer.lines(self.texts[start : start + BATCH])

    def score(self) -> None:
        for start in range(0, len(self.lines), BATCH):
            self.scorer.score_lines(self.lines[start : start + BATCH])

    def loop(self) -> None:
        """Read, text, tokens, score: nothing is kept."""
        for batch in page_batches(captures(self.warc)):
            score_batch(self.scorer, batch, Counter())

    def step(self) -> None:
        """What a worker does for one shard in `recall scan`, published files and report included."""
        self.steps += 1
        job = ScanContext(Store(str(self.folder)), AccessSection(), ScanSection(), f"scan-{self.steps}", "floor-model")
        scan_shard(job, ShardScan(Shard(0, "", self.warc, self.warc)))

    def floor_model(self) -> None:
        """The model with the floor that a tenth of the pages reach."""
        floor = float(np.quantile(self.scores, 1 - ABOVE_FLOOR))
        card = replace(self.scorer.card, threshold=max(floor, self.scorer.threshold), metrics={"floor": floor})
        write_model(self.folder / "floor-model", self.scorer.tokenizer, self.model / "model.bin", card)

    def dclm(self) -> Callable[[], None] | None:
        """FastWARC, Resiliparse's main content, a fastText model of dim 256 on its words, as DCLM filters pages."""
        try:
            import fasttext
            from fastwarc.warc import ArchiveIterator, WarcRecordType
            from resiliparse.extract.html2text import extract_plain_text
            from resiliparse.parse.encoding import detect_encoding
            from resiliparse.parse.html import HTMLTree
        except ImportError:
            return None
        words = self.folder / "words.txt"
        with words.open("w", encoding="utf-8") as stream:
            for page, score in zip(self.pages[:300], self.scores, strict=False):
                text = scoring_text(page.body, page.charset).replace("\n", " ")[:5000]
                stream.write(f"__label__{'c' if score > 0.5 else 'o'} {text}\n")
        model = fasttext.train_supervised(str(words), dim=256, epoch=1, thread=1, minCount=2, wordNgrams=2, verbose=0)

        def run() -> None:
            with Path(self.warc).open("rb") as stream:
                for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True):
                    body = record.reader.read()
                    kind = record.http_content_type
                    if kind and "html" not in kind:
                        continue
                    tree = HTMLTree.parse_from_bytes(body, detect_encoding(body) or "utf-8")
                    model.predict(extract_plain_text(tree, main_content=True).replace("\n", " "))

        return run


def peer(python: str, name: str, warc: str) -> tuple[float, float] | None:
    """CPU and wall seconds of a contender in another virtual environment, its imports not counted."""
    done = subprocess.run([python, str(PEERS), name, warc], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(f"{name}: left out: {done.stderr.strip().splitlines()[-1:]}\n")
        return None
    found = json.loads(done.stdout.splitlines()[-1])
    return found["cpu"], found["wall"]


def measure(bench: Bench, runs: int, peers: str) -> dict[str, dict[str, float]]:
    """Median CPU and wall seconds of every contender, in turns."""
    names = ["zlib", "fastwarc", "read", "text", "tokens", "score", "loop", "warcio", "step"]
    contenders: dict[str, Callable[[], object]] = {name: getattr(bench, name) for name in names}
    if (dclm := bench.dclm()) is not None:
        contenders["dclm"] = dclm
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for number in range(runs + 1):
        for name, action in contenders.items():
            if name in ("dclm", "warcio") and number > 3:
                continue
            seconds = timed(action)
            if number:  # the first turn warms caches and compiles
                taken[name].append(seconds)
    for name in ("igzip", "datatrove") if peers else ():
        found = [peer(peers, name, bench.warc) for _ in range(3 if name == "igzip" else 1)]
        if all(found):
            taken[name] = [one for one in found if one]
    return {
        name: {"cpu": median(cpu for cpu, _ in seconds), "wall": median(wall for _, wall in seconds)}
        for name, seconds in taken.items()
    }


def report(bench: Bench, seconds: dict[str, dict[str, float]]) -> dict[str, Any]:
    """All figures as one object."""
    pages, size = len(bench.pages), Path(bench.warc).stat().st_size
    cpu = {name: found["cpu"] for name, found in seconds.items()}
    loop = cpu["loop"]
    return {
        "machine": {"cpu": _cpu_name(), "system": platform.platform(), "python": platform.python_version()},
        "file": {
            "pages": pages,
            "megabytes": size / 1e6,
            "megabytes_of_html": sum(len(p.body) for p in bench.pages) / 1e6,
        },
        "pages_per_second": {
            name: pages / found for name, found in cpu.items() if name not in ("text", "tokens", "score")
        },
        "megabytes_per_second": size / 1e6 / loop,
        "milliseconds_per_page": {
            name: cpu[name] / pages * 1e3 for name in ("read", "text", "tokens", "score", "loop", "step")
        },
        "seconds": seconds,
        "loop_to": {
            name: loop / found for name, found in cpu.items() if name in ("zlib", "igzip", "fastwarc", "warcio")
        },
        "times_faster_than": {name: cpu[name] / loop for name in ("dclm", "datatrove") if name in cpu},
        "step_to_loop": cpu["step"] / loop,
        "peak_rss_megabytes": peak_of_a_worker(bench),
    }


ALONE = """
import sys
from recall.config import AccessSection, ScanSection
from recall.records import Shard
from recall.run.store import Store
from recall.steps.scan.shard import ShardScan, scan_shard
from recall.steps.scan.shard_report import ScanContext

job = ScanContext(Store(sys.argv[1]), AccessSection(), ScanSection(), "scan-alone", "floor-model")
scan_shard(job, ShardScan(Shard(0, "", sys.argv[2], sys.argv[2])))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
sys.stdout.write(peak.split()[1])
"""


def peak_of_a_worker(bench: Bench) -> float:
    """Peak resident memory of a new process that imports what a worker needs and scans the file once, MB (Linux)."""
    command = [sys.executable, "-c", ALONE, str(bench.folder), bench.warc]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024


def _cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warc", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--peers", default="")
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {given.core})
    with TemporaryDirectory(prefix="recall-bench-") as temporary:
        folder = Path(temporary)
        warc = given.warc or sample_warc(folder)
        bench = Bench(warc, given.model or small_model(warc, folder), folder)
        bench.floor_model()
        sys.stdout.write(json.dumps(report(bench, measure(bench, given.runs, given.peers))) + "\n")


if __name__ == "__main__":
    main()
