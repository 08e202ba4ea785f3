"""Measures a scan by Common Crawl's text first beside one of the WARC files: bytes, seconds, pages kept.

    python tests/benchmarks/wet.py --run RUN [--round 1] [--turns 3]

RUN has a sealed round, an index and files in Common Crawl's layout. The round's model scans all its shards both ways,
in this process and in turns; seconds are the least of the CPU's. Bytes are those of the files, and of the ranges that
are asked for. The last line printed is one JSON object.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recall.archive.corpora import wet_of
from recall.archive.ranges import coalesce
from recall.archive.shards import read_wet
from recall.io import size
from recall.model.scorer import SCORER_FILES
from recall.records import Capture, Shard, WarcRef
from recall.run.round_model import load_scorer, model_folder
from recall.run.rounds import Round, Run
from recall.run.store import Store
from recall.steps.scan.shard import ShardScan, scan_shard
from recall.steps.scan.shard_report import ScanContext
from recall.steps.scan.slim_rows import page_batches, score_batch


def scan(round_: Round, folder: Path, way: str) -> tuple[float, Counter[str], set[str]]:
    """CPU seconds, counts of the reports and URLs kept of all shards, scanned into a folder."""
    run, store = round_.run, Store(str(folder))
    model = folder / "model"
    if not model.exists():
        model.symlink_to(run.store.local_folder(model_folder(round_), SCORER_FILES))
    settings = run.config.scan.model_copy(update={"input": way})
    name = f"scan-{way}-{time.monotonic_ns()}"
    job = ScanContext(store, run.config.access, settings, name, "model", run.config.crawl.index)
    started = time.process_time()
    for shard in run.shards:
        scan_shard(job, ShardScan(shard))
    seconds = time.process_time() - started
    counts: Counter[str] = Counter()
    kept: set[str] = set()
    for path in sorted((folder / name / "reports").iterdir()):
        report = json.loads(path.read_text())
        counts.update({key: report[key] for key in ("read", "kept", "candidates")})
        rows = store.read_table(f"{name}/{next(f['file'] for f in report['files'] if f['file'].startswith('rows-'))}")
        kept.update(url for url, one in zip(rows["url"].to_pylist(), rows["kept"].to_pylist(), strict=True) if one)
    return seconds, counts, kept


def ranges_of(round_: Round, shard: Shard) -> tuple[list[WarcRef], int]:
    """Records that are read from the WARC after its text, and the bytes that are asked for to get them."""
    run = round_.run
    scorer = load_scorer(run.store, model_folder(round_))
    wanted: list[WarcRef] = []
    for batch in page_batches(read_wet(shard, run.config.crawl.index, run.config.access)):
        scored = score_batch(scorer, [one for one in batch if isinstance(one, Capture)], Counter())
        above = scored.scores >= scorer.card.floor_for(text=True)
        wanted += [page.ref for page, one in zip(scored.pages, above.tolist(), strict=True) if one]
    return wanted, sum(_span(group) for group in coalesce(wanted))


def _span(group: Sequence[WarcRef]) -> int:
    return max(ref.offset + ref.length for ref in group) - group[0].offset


def measure(round_: Round, folder: Path, turns: int) -> dict[str, Any]:
    """All figures."""
    run = round_.run
    found = {way: [scan(round_, folder, way) for _ in range(turns + 1)][1:] for way in ("warc", "wet")}
    ranges = [ranges_of(round_, shard) for shard in run.shards]
    figures: dict[str, Any] = {"round": round_.number, "shards": len(run.shards)}
    for way, runs in found.items():
        figures[way] = {"seconds": min(seconds for seconds, _, _ in runs), **runs[0][1]}
    figures["warc"]["bytes"] = sum(size(shard.url, run.config.access) or 0 for shard in run.shards)
    figures["wet"]["bytes"] = sum(size(wet_of(shard.url), run.config.access) or 0 for shard in run.shards)
    figures["wet"]["pages_asked_for"] = sum(len(wanted) for wanted, _ in ranges)
    figures["wet"]["bytes_of_their_records"] = sum(ref.length for wanted, _ in ranges for ref in wanted)
    figures["wet"]["bytes_of_ranges"] = sum(span for _, span in ranges)
    warc, wet = found["warc"][0][2], found["wet"][0][2]
    figures["kept_by_both"], figures["kept_by_warc_only"] = len(warc & wet), len(warc - wet)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    parser.add_argument("--round", type=int, default=1)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="recall-bench-") as temporary:
        figures = measure(Run.open(given.run).round(given.round), Path(temporary), given.turns)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
