"""Runs three rounds on a labelled crawl, scanning once and scanning anew, and measures what each way costs and loses.

    python tests/benchmarks/once.py --crawl DIR --folder DIR [--copies 9]

DIR holds a crawl in Common Crawl's layout and labels.jsonl (url, label, use). Its records are packed into as many WARC
files again, pages that are not labelled as code `copies` times: nine times give a crawl of which 3 % are code. Then two
runs, `[scan] rescan = "candidates"` and `"all"`, in this process, step by step in turns: CPU seconds of each scan, and
what the floor loses of the labelled code pages. The last line is one JSON object.
"""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recall.archive.manifest import resolve
from recall.archive.warc import responses
from recall.config import parse_config
from recall.io import open_stream
from recall.loop import advance
from recall.records import Capture
from recall.report.floor_loss import measure_floor
from recall.run.label_files import read_labels
from recall.run.progress_bar import silence
from recall.run.rounds import Run

CONFIG = """
[run]
rounds = 3
holdout = "{labels}"
[crawl]
warcs = {warcs}
[seed]
labels = "{labels}"
[scan]
rescan = "{rescan}"
[label]
answers = "{labels}"
overlap = 0.0
gold_share = 0.0
"""
WAYS = ("candidates", "all")


def pack(crawl: Path, folder: Path, copies: int) -> tuple[list[str], int, int]:
    """Write the WARC files; their paths, all pages and those of them that are code."""
    with (crawl / "labels.jsonl").open(encoding="utf-8") as stream:
        code = {row["url"] for row in map(json.loads, stream) if row["label"] == "C"}
    folder.mkdir(parents=True, exist_ok=True)
    made, pages, positive = [], 0, 0
    for warc in sorted(crawl.glob("crawl-data/**/warc/*.warc.gz")):
        once: list[bytes] = []
        often: list[bytes] = []
        for page in responses(str(warc)):
            if isinstance(page, Capture):
                with open_stream(str(warc), offset=page.ref.offset, length=page.ref.length) as stream:
                    (once if page.url in code else often).append(stream.read())
        (folder / warc.name).write_bytes(b"".join(often * copies + once))
        made.append(str(folder / warc.name))
        pages, positive = pages + len(often) * copies + len(once), positive + len(once)
    return made, pages, positive


def opened(root: Path, rescan: str, warcs: list[str], labels: Path) -> Run:
    """A run of three rounds, made or taken up again."""
    if (root / "run.json").exists():
        return Run.open(str(root))
    text = CONFIG.format(labels=labels, warcs=json.dumps(warcs), rescan=rescan)
    config = parse_config(text, "config")
    return Run.create(str(root), config, text, resolve(config.crawl, config.access, config.run.seed, "warc"))


def main() -> None:
    """Pack, run, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=9)
    options = parser.parse_args()
    silence()
    labels = options.crawl.resolve() / "labels.jsonl"
    warcs, pages, positive = pack(options.crawl.resolve(), options.folder / "warcs", options.copies)
    runs = {way: opened(options.folder / way, way, warcs, labels) for way in WAYS}
    seconds: dict[str, dict[str, float]] = {way: {} for way in WAYS}
    while any(runs[way].next() for way in WAYS):
        for way in WAYS:
            started = time.process_time()
            step = advance(runs[way])
            if step is not None:
                seconds[way][step[0]] = round(time.process_time() - started, 2)
    rows = read_labels(str(labels))
    figures: dict[str, Any] = {"pages": pages, "code_pages": positive}
    for way, run in runs.items():
        scans = [seconds[way].get(f"round {number} scan", 0.0) for number in (1, 2, 3)]
        losses = [asdict(measure_floor(run.round(number), rows)) for number in (1, 2, 3)]
        figures[way] = {"scan_cpu_seconds": scans, "to_one_round": sum(scans) / max(scans[0], 0.01), "floor": losses}
        figures[way]["counts"] = [run.round(number).step("scan").result.counts for number in (1, 2, 3)]
    print(json.dumps(figures))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
