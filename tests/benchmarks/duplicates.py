"""Measures precision, recall and speed of near-duplicate detection.

    python tests/benchmarks/duplicates.py scale --pages 100000 --workers 2
    python tests/benchmarks/duplicates.py real FOLDER… [--warcs FOLDER]

`scale` writes synthetic pages with planted copies, as extraction leaves them, and runs the stages that compare pages:
same URLs, same texts, near-duplicates, boilerplate lines. `real` compares the near-duplicates of HTML files and WARCs
with brute force: the exact Jaccard similarity of the sets of 5-grams of words, computed apart from the stages.
The last line is one JSON object.
"""

import argparse
import json
import os
import re
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from recall.archive.warc import captures
from recall.config import BoilerplateSection, ClusterSection, DuplicatesSection
from recall.corpus.chunks import MERGED, Chunk, ChunkedPages, ExtractedShard, Merged, chunks_of
from recall.corpus.dedup import exact, near
from recall.corpus.filters import boilerplate as lines
from recall.corpus.schema import ID_BITS, Row, columns_of
from recall.page.text import scoring_text
from recall.records import MARK
from recall.run.jobs import disconnect
from recall.run.shuffle import Stage, arrays, map_ordered, read_partition, write_table
from recall.run.store import Store
from recall.steps.build.extract import EXTRACTED

SHARD = 10_000
COPIES = 0.2
"""Share of the synthetic pages that are copies of another one with some words changed."""


def synthetic(number: int, pages: int, known: NDArray[Any]) -> list[tuple[str, str]]:
    """URL and text of a shard's pages. One in five is a copy of a page of any shard with 0 to 8 % of its words changed.

    A page is a function of its number, so that a copy's original need not be at hand.
    """
    found = []
    for page in range(number * SHARD, min(pages, (number + 1) * SHARD)):
        chance = np.random.default_rng([7, page])
        copied = chance.random() < COPIES and page > 0
        source = np.random.default_rng([8, int(chance.integers(page))]) if copied else np.random.default_rng([8, page])
        words = known[source.integers(len(known), size=int(source.integers(60, 400)))].copy()
        if copied:
            changed = chance.random(len(words)) < chance.random() * 0.08
            words[changed] = known[chance.integers(len(known), size=int(changed.sum()))]
        body = "\n".join(" ".join(line) for line in np.array_split(words, max(1, len(words) // 12)))
        text = f"Welcome to the documentation of this very site\n\n{body}\n\nCopyright\n"
        found.append((f"https://host{page % 997}.org/{page}", text))
    return found


def vocabulary() -> NDArray[Any]:
    """The words of synthetic pages."""
    return np.array([blake2b(b"%d" % word, digest_size=3).hexdigest() for word in range(50_000)])


def write_shard(stage: Stage[int], number: int) -> ExtractedShard:
    """Publish a shard of synthetic pages as extraction does."""
    return publish(stage, number, synthetic(number, stage.inputs, vocabulary()))


def publish(stage: Stage[int], number: int, pages: list[tuple[str, str]]) -> ExtractedShard:
    """Publish pages as a shard that was extracted."""
    rows: list[Row] = []
    for index, (url, text) in enumerate(pages):
        keys = dict(zip(exact.KEYS, exact.duplicate_keys(url, text, "", ""), strict=True))
        rows.append({"id": number << ID_BITS | index, "url": url, "domain": url.split("/")[2], "text": text, **keys})
    kept = write_table(stage, "kept-", columns_of(rows, EXTRACTED), EXTRACTED)
    return ExtractedShard(number, kept, kept, len(rows), sum(len(text) for _, text in pages))


class Memory:
    """The most memory that this process and those below it held at once, in bytes; shared pages count for each."""

    def __init__(self) -> None:
        self.most = 0
        self._stop = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self.most = max(self.most, sum(_memory(pid) for pid in _family(os.getpid())))

    def stop(self) -> int:
        """The most memory so far, and no more looking."""
        self._stop.set()
        return self.most


def _family(pid: int) -> set[int]:
    """A process and all below it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _memory(pid: int) -> int:
    """Proportional share of memory, so that what processes share counts once."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1]) * 1024  # type: ignore[index]
    except (OSError, TypeError):
        return 0


def stages(pages: ChunkedPages) -> dict[str, Any]:
    """Run the stages that compare pages; seconds of each, and how many pages it merged into others."""
    settings = DuplicatesSection()
    merged: tuple[Merged, ...] = ()
    seconds: dict[str, float] = {}
    compare: dict[str, Callable[[tuple[Merged, ...]], Merged]] = {
        "url": lambda earlier: exact.merge_exact(pages, "url", settings.keep, earlier),
        "text": lambda earlier: exact.merge_exact(pages, "text", settings.keep, earlier),
        "near": lambda earlier: near.merge_near(pages, settings, earlier),
    }
    for name, stage in compare.items():
        start = time.perf_counter()
        merged += (stage(merged),)
        seconds[name] = round(time.perf_counter() - start, 1)
    start = time.perf_counter()
    lines.find_boilerplate(pages, BoilerplateSection(), merged)
    seconds["boilerplate"] = round(time.perf_counter() - start, 1)
    gone = {}
    for each in merged:
        tables = [arrays(read_partition(pages.store, each.files, chunk.number, MERGED)) for chunk in pages.chunks]
        gone[each.stage] = int(sum((table["id"] != table["of"]).sum() for table in tables))
    return {"seconds": seconds, "gone": gone}


def scale(pages: int, workers: int, folder: str) -> dict[str, Any]:
    """Measure the stages on so many synthetic pages."""
    with tempfile.TemporaryDirectory(dir=folder or None) as root:
        store = Store(f"{root}/run")
        cluster = ClusterSection(address="local" if workers > 1 else "here", workers=workers, shard_seconds=36_000)
        start = time.perf_counter()
        shards = map_ordered(write_shard, Stage(store, "synthetic", pages), range(-(-pages // SHARD)), cluster)
        writing = time.perf_counter() - start
        chunks = tuple(chunks_of(shards))
        memory = Memory()
        began = cpu()
        start = time.perf_counter()
        measured = stages(ChunkedPages(store, cluster, chunks))
        took = time.perf_counter() - start
        disconnect()
        spilled = sum(path.stat().st_size for path in Path(root).rglob("[rs]*-*.parquet"))
        texts = sum(shard.bytes for shard in shards)
        return {
            "pages": pages,
            "workers": workers,
            "text_bytes": texts,
            "chunks": len(chunks),
            "write_seconds": round(writing, 1),
            "wall_seconds": round(took, 1),
            "cpu_seconds": round(cpu() - began, 1) if workers <= 1 else None,
            "peak_bytes": memory.stop(),
            "spilled_bytes": spilled,
            **measured,
        }


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def shingles(text: str, size: int = 5) -> NDArray[np.uint64]:
    """The set of a text's word n-grams as sorted hashes; written apart from `recall.corpus.dedup.near`."""
    words = _WORD.findall(text.lower())
    size = min(size, len(words))
    runs = {" ".join(words[at : at + size]) for at in range(len(words) - size + 1)} if words else set()
    return np.sort(np.fromiter(map(hash, runs), np.int64, len(runs)).view(np.uint64))


@njit(cache=True)
def similar_pairs(flat: NDArray[np.uint64], ends: NDArray[np.int64], least: float) -> Any:
    """Every pair of sets whose Jaccard similarity is at least `least`; sets in order of size, so that few are tried."""
    left, right, found = [0][:0], [0][:0], [0.0][:0]
    for a in range(len(ends) - 1):
        size = ends[a + 1] - ends[a]
        for b in range(a + 1, len(ends) - 1):
            other = ends[b + 1] - ends[b]
            if size < least * other:
                break
            needed = least * (size + other) / (1 + least)
            i, j, common = ends[a], ends[b], 0
            while i < ends[a + 1] and j < ends[b + 1]:
                if flat[i] == flat[j]:
                    common += 1
                    i += 1
                    j += 1
                elif flat[i] < flat[j]:
                    i += 1
                else:
                    j += 1
                if common + min(ends[a + 1] - i, ends[b + 1] - j) < needed:
                    break
            if common >= needed - 1e-9:
                left.append(a)
                right.append(b)
                found.append(common / (size + other - common))
    return left, right, found


def documents(folders: list[str], warcs: str, limit: int) -> Iterator[tuple[str, str]]:
    """URL and text of the HTML files below some folders and of the pages of the WARCs below another."""
    for path in sorted(Path(warcs).rglob("*.warc.gz")) if warcs else ():
        if "/warc/" in str(path):
            for page in captures(str(path)):
                yield page.url, scoring_text(page.body, page.charset).partition(MARK)[0]
    for folder in folders:
        files = sorted(path for path in Path(folder).rglob("*.htm*") if path.is_file() and not path.is_symlink())
        step = max(1, len(files) // limit)
        for path in files[::step]:
            body = path.read_bytes()
            if body[:2] != b"\x1f\x8b" and len(body) < 1 << 20:
                yield f"http://{Path(folder).name}/{path.relative_to(folder)}", scoring_text(body).partition(MARK)[0]


def real(folders: list[str], warcs: str, limit: int) -> dict[str, Any]:
    """Hold the near-duplicates of real pages against brute force."""
    texts: dict[str, tuple[str, str]] = {}
    for url, text in documents(folders, warcs, limit):
        if text.strip():
            texts.setdefault(exact.normalised(text), (url, text))
    pages = list(texts.values())
    sets = [shingles(text) for _, text in pages]
    order = sorted(range(len(pages)), key=lambda place: len(sets[place]))
    order = [place for place in order if len(sets[place])]
    ends = np.cumsum([0, *(len(sets[place]) for place in order)])
    start = time.perf_counter()
    left, right, found = similar_pairs(np.concatenate([sets[place] for place in order]), ends, 0.7)
    brute = time.perf_counter() - start
    truth = {tuple(sorted((order[a], order[b]))): j for a, b, j in zip(left, right, found, strict=True)}
    with tempfile.TemporaryDirectory() as root:
        store = Store(root)
        start = time.perf_counter()
        shard = publish(Stage(store, "real", len(pages)), 0, pages)
        settings = DuplicatesSection(urls=False, texts=False)
        chunked = ChunkedPages(store, ClusterSection(), (Chunk(0, (shard,)),))
        files = near.merge_near(chunked, settings, ()).files
        took = time.perf_counter() - start
        rows = arrays(read_partition(store, files, 0, MERGED))
    clusters: dict[int, list[int]] = {}
    for page, of in zip(rows["id"].tolist(), rows["of"].tolist(), strict=True):
        clusters.setdefault(of, []).append(page)
    together = {pair for members in clusters.values() for pair in combinations(sorted(members), 2)}
    merged = {tuple(sorted((p, o))) for p, o in zip(rows["id"].tolist(), rows["of"].tolist(), strict=True) if p != o}
    gone = {page for page, of in zip(rows["id"].tolist(), rows["of"].tolist(), strict=True) if page != of}
    high = {pair for pair, j in truth.items() if j >= 0.8}
    return {
        "pages": len(pages),
        "pairs_above_0.8": len(high),
        "recall_same_cluster": round(len(high & together) / max(1, len(high)), 4),
        "recall_not_both_kept": round(sum(a in gone or b in gone for a, b in high) / max(1, len(high)), 4),
        "merged_pairs": len(merged),
        "precision_at_0.7": round(sum(truth.get(pair, 0) >= 0.7 for pair in merged) / max(1, len(merged)), 4),
        "cluster_pairs": len(together),
        "cluster_precision_at_0.7": round(sum(truth.get(p, 0) >= 0.7 for p in together) / max(1, len(together)), 4),
        "clusters": len(clusters),
        "gone": len(gone),
        "seconds": round(took, 1),
        "brute_force_seconds": round(brute, 1),
    }


def main() -> None:
    """Run one of the two measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    scaling = kinds.add_parser("scale")
    scaling.add_argument("--pages", type=int, default=100_000)
    scaling.add_argument("--workers", type=int, default=2)
    scaling.add_argument("--folder", default="")
    truth = kinds.add_parser("real")
    truth.add_argument("folders", nargs="*")
    truth.add_argument("--warcs", default="")
    truth.add_argument("--limit", type=int, default=1500, help="files of one folder, evenly chosen")
    given = parser.parse_args()
    scaled = given.kind == "scale"
    result = (
        scale(given.pages, given.workers, given.folder) if scaled else real(given.folders, given.warcs, given.limit)
    )
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
