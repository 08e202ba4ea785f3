"""Memory and time of leaving out what earlier corpora hold, against a number of generated signatures.

    python -m tests.benchmarks.earlier_signatures --earlier 10000000 --pages 100000 [--held 0.3] [--folder DIR]

The run's pages are synthetic (`duplicates.synthetic`, no copies merged before). A share of them, as signatures with
half of them under another URL, lies among the earlier pages, whose other signatures are random: no two alike. Peak
memory is that of all processes. The last line printed is one JSON object.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from recall.config import AccessSection, ClusterSection, DuplicatesSection
from recall.corpus.chunks import ChunkedPages, chunks_of
from recall.corpus.dedup.earlier import SIGNATURES, earlier_files, held_by, merge_earlier, signature_rows
from recall.io.parquet import ParquetWriter
from recall.run.jobs import disconnect
from recall.run.shuffle import Stage, map_ordered
from recall.run.store import Columns, Store, table_of
from tests.benchmarks.duplicates import SHARD, Memory, cpu, synthetic, vocabulary, write_shard

ROWS = 50_000
"""Signatures of a file, as a release has them."""

PIECE = 5_000


def random_rows(number: int, rows: int, settings: DuplicatesSection) -> Columns:
    """Rows of SIGNATURES that are nobody's."""
    chance = np.random.default_rng([9, number])
    words = chance.integers(1 << 16, size=(rows, settings.bands * settings.rows), dtype=np.uint16)
    keys = {name: chance.integers(1 << 63, size=rows, dtype=np.uint64) for name in SIGNATURES if "_" in name}
    return {**keys, "ngram": np.full(rows, settings.ngram, np.int32), "signature": [row.tobytes() for row in words]}


def held_rows(pages: int, held: float, settings: DuplicatesSection) -> list[Columns]:
    """Signatures of every n-th page of the run, of which every second one lies under another URL."""
    step, words, found = max(1, round(1 / held)), vocabulary(), []
    for shard in range(-(-pages // SHARD)):
        chosen = synthetic(shard, pages, words)[::step]
        named = [(url if number % 2 else f"{url}?earlier", text) for number, (url, text) in enumerate(chosen)]
        columns = {"url": [url for url, _ in named], "text": [text for _, text in named]}
        found.append(signature_rows(table_of(columns, {"url": "string", "text": "string"}), settings))
    return found


def write_earlier(folder: Path, count: int, known: list[Columns], settings: DuplicatesSection) -> None:
    """Write `count` signatures as a release does, the known ones spread over the files."""
    files = -(-count // ROWS)
    for number in range(files):
        writer = ParquetWriter(folder / f"signatures-{number:05d}.parquet", SIGNATURES)
        for columns in known[number::files]:
            writer.add(columns)
        while writer.rows < min(ROWS, count - number * ROWS):
            writer.add(random_rows(number << 20 | writer.rows, PIECE, settings))
        writer.close()


def measure(earlier: int, pages: int, held: float, folder: str) -> dict[str, Any]:
    """Run the stages against so many earlier pages."""
    settings = DuplicatesSection()
    with tempfile.TemporaryDirectory(dir=folder or None) as root:
        signed = Path(root) / "earlier"
        signed.mkdir()
        known = held_rows(pages, held, settings)
        write_earlier(signed, earlier, known, settings)
        store, cluster = Store(f"{root}/run"), ClusterSection(address="here", workers=1, shard_seconds=36_000)
        shards = map_ordered(write_shard, Stage(store, "synthetic", pages), range(-(-pages // SHARD)), cluster)
        chunks = tuple(chunks_of(shards))
        memory, began, used = Memory(), time.perf_counter(), cpu()
        files = earlier_files([str(signed)], AccessSection(), len(shards))
        matches = merge_earlier(ChunkedPages(store, cluster, chunks), settings, files, ())
        took, used = time.perf_counter() - began, cpu() - used
        disconnect()
        found: dict[str, int] = {}
        for chunk in chunks:
            for stage in held_by(store, chunk, matches.merged).values():
                found[stage] = found.get(stage, 0) + 1
        spilled = sum(path.stat().st_size for path in (Path(root) / "run").rglob("*.parquet"))
        return {
            "earlier": earlier,
            "pages": pages,
            "signature_bytes": sum(path.stat().st_size for path in signed.iterdir()),
            "held": sum(len(columns["ngram"]) for columns in known),
            "left_out": found,
            "wall_seconds": round(took, 1),
            "cpu_seconds": round(used, 1),
            "peak_bytes": memory.stop(),
            "handed_on_bytes": spilled,
        }


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--earlier", type=int, default=10_000_000)
    arguments.add_argument("--pages", type=int, default=100_000)
    arguments.add_argument("--held", type=float, default=0.3)
    arguments.add_argument("--folder", default="")
    asked = arguments.parse_args()
    sys.stdout.write(json.dumps(measure(asked.earlier, asked.pages, asked.held, asked.folder)) + "\n")


if __name__ == "__main__":
    main()
