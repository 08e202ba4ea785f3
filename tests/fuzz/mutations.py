"""Broken WARCs through the scan: every file of a folder, and mutations of them; last line: one JSON object.

python -m tests.fuzz.mutations --folder ../shared/edge-warcs --count 2000. Each file is scanned as a run scans a shard,
in a worker process with a deadline. It must end in a report whose numbers add up, or in one error that names the file;
where it ends well, its responses are those of warcio and FastWARC, or a rule says why not (`oracle`). Memory is what a
scan adds to the resident set, at most.
"""

import argparse
import gzip
import json
import multiprocessing
import queue
import random
import re
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from recall.archive.warc import WarcWriter
from recall.config import AccessSection, ScanSection
from recall.model.fasttext import Recipe, fit
from recall.model.scorer import ModelCard, write_model
from recall.model.tokens import Tokenizer, split_marks
from recall.records import Shard
from recall.run.jobs.deadline import attempt_until
from recall.run.store import Store
from recall.steps.scan.shard import ShardScan, scan_shard
from recall.steps.scan.shard_report import ScanContext, report_key
from tests.fuzz.oracle import compare

T = TypeVar("T")

SECONDS = 60.0
"""A file that takes longer hangs."""

HUGE = 1 << 30
EXPLAINED = {"ShardCorrupt", "ShardUnreadable"}
_LENGTH = re.compile(rb"(?i)(content-length:\s*)(\d+)")
_RECORD = (
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://bomb.example/\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n"
)
_HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def members(data: bytes) -> list[tuple[int, int]]:
    """Where the gzip members of a file lie; empty for what is no gzip file."""
    found, start = [], 0
    while start < len(data) and data[start : start + 2] == b"\x1f\x8b":
        inflater = zlib.decompressobj(31)
        try:
            inflater.decompress(data[start:])
        except zlib.error:
            break
        if not inflater.eof:
            break
        end = len(data) - len(inflater.unused_data)
        found.append((start, end))
        start = end
    return found


def cut(data: bytes, chance: random.Random) -> bytes:
    """The file ends early."""
    return data[: chance.randrange(len(data) + 1)]


def flip(data: bytes, chance: random.Random) -> bytes:
    """Some bits are others."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 64)) if data else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def splice(data: bytes, chance: random.Random) -> bytes:
    """Members, or pieces, are left out, doubled, swapped or moved inside one another."""
    pieces = [data[start:end] for start, end in members(data)] or [data[i : i + 700] for i in range(0, len(data), 700)]
    for _ in range(chance.randint(1, 3)):
        if not pieces:
            break
        at = chance.randrange(len(pieces))
        what = chance.randrange(5)
        if what == 0:
            del pieces[at]
        elif what == 1:
            pieces.insert(at, pieces[at])
        elif what == 2:
            other = chance.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif what == 3:
            middle = len(pieces[at]) // 2
            pieces[at] = pieces[at][:middle] + chance.choice(pieces) + pieces[at][middle:]
        else:
            pieces[at] = gzip.compress(b"".join(gunzip(piece) for piece in pieces[at : at + 3]), mtime=0)
    return b"".join(pieces)


def gunzip(piece: bytes) -> bytes:
    """What a member holds; what is no member stays what it is."""
    try:
        return gzip.decompress(piece)
    except (OSError, EOFError, zlib.error):
        return piece


def lengths(data: bytes, chance: random.Random) -> bytes:
    """A header announces another length."""
    spans = members(data) or [(0, len(data))]
    start, end = chance.choice(spans)
    gzipped = bool(members(data))
    plain = gunzip(data[start:end]) if gzipped else data[start:end]
    value = chance.choice(
        (b"0", b"-1", b"1", b"99999999999999999999", b"18446744073709551615", b"1e3", b"0x10", b"", None)
    )

    def other(match: re.Match[bytes]) -> bytes:
        number = int(match[2]) + chance.choice((-1, 1, 2, -7, 4096, 1 << 31, 1 << 63))
        return match[1] + (b"%d" % number if value is None else value)

    plain = _LENGTH.sub(other, plain, count=1)
    return data[:start] + (gzip.compress(plain, mtime=0) if gzipped else plain) + data[end:]


def junk(data: bytes, chance: random.Random) -> bytes:
    """Strange bytes between others."""
    borders = [start for start, _ in members(data)] + [len(data), chance.randrange(len(data) + 1)]
    at = chance.choice(borders)
    piece = chance.choice(
        (b"\0" * 600, b"\r\n" * 9, chance.randbytes(50), gzip.compress(b""), b"WARC/1.0\r\n\r\n", b"<")
    )
    return data[:at] + piece + data[at:]


def bomb(data: bytes, chance: random.Random) -> bytes:
    """A page that is a gigabyte when it is unpacked, once or twice."""
    block = chance.choice((b"\0", b"<b>", b"a")) * (1 << 20)
    packed = _packed(block, chance.choice((64, 256, 1024)))
    inner = _HTTP + b"Content-Encoding: gzip\r\n\r\n" + packed
    record = _RECORD + b"Content-Length: %d\r\n\r\n" % len(inner) + inner + b"\r\n\r\n"
    return data + gzip.compress(record, mtime=0)


def long_record(data: bytes, chance: random.Random) -> bytes:
    """A record of a gigabyte, which is there or is cut."""
    head = _RECORD + b"Content-Length: %d\r\n\r\n" % HUGE + _HTTP + b"\r\n"
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    pieces, left = [packer.compress(head)], HUGE - len(_HTTP) - 2
    if chance.random() < 0.5:
        left = chance.randrange(left)
    block = b"<p>x</p>" * (1 << 17)
    while left > 0:
        pieces.append(packer.compress(block[:left]))
        left -= len(block)
    return b"".join((*pieces, packer.compress(b"\r\n\r\n"), packer.flush(), data))


def headers(data: bytes, chance: random.Random) -> bytes:
    """A header without end, of the record or of the page."""
    line = chance.choice((b"X: y\r\n", b"a", b"X: " + b"y" * 900 + b"\r\n", b" folded\r\n"))
    many = line * (chance.choice((1 << 16, 1 << 20, 1 << 25)) // len(line))
    where = chance.randrange(3)
    if where == 0:
        record = _RECORD + many
    else:
        block = _HTTP + many + (b"\r\n<p>page</p>" if where == 1 else b"")
        record = _RECORD + b"Content-Length: %d\r\n\r\n" % len(block) + block + b"\r\n\r\n"
    return gzip.compress(record, 1, mtime=0) + data


def _packed(block: bytes, times: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([packer.compress(block) for _ in range(times)]) + packer.flush()


Mutation = Callable[[bytes, random.Random], bytes]
CHEAP: tuple[Mutation, ...] = (cut, flip, splice, lengths, junk)
LARGE: tuple[Mutation, ...] = (bomb, long_record, headers)


def mutate(files: list[Path], number: int, seed: int, large: float = 0.03) -> tuple[str, bytes]:
    """Mutation `number` of a campaign: its name, and its bytes. large: share of those that are large when unpacked."""
    chance = random.Random(f"{seed} {number}")
    path = chance.choice(files)
    kind = chance.choice(LARGE if chance.random() < large else CHEAP)
    return f"{kind.__name__} {number} of {path.name}", kind(path.read_bytes(), chance)


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a file. wrong: what must not have happened, "" if nothing; resident: most bytes that it took.

    explained: rules that say why other readers find something else.
    """

    name: str
    kind: str
    pages: int
    seconds: float
    wrong: str
    resident: int = 0
    explained: tuple[str, ...] = ()


class Scan:
    """Scans files as a worker scans shards, with a tiny model of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        texts = [f"{'def return class' if i % 2 else 'soup bread salt'} {i} {i * 7}" for i in range(40)]
        tokenizer = Tokenizer.train([split_marks(text)[0] for text in texts], 400)
        recipe = Recipe(epochs=2, min_count=1, shrinkage=5)
        fit(
            list(tokenizer.lines(texts)),
            ["C" if i % 2 else "N" for i in range(40)],
            recipe,
            tokenizer.size,
            folder / "f",
        )
        card = ModelCard(("C", "N"), "C", "html", recipe, threshold=0.5, metrics={"floor": 0.1})
        write_model(folder / "model", tokenizer, folder / "f", card)
        self.store = Store(str(folder))
        self.count = 0
        warm = folder / "warm.warc.gz"  # what is compiled once counts in no file's time
        with warm.open("wb") as stream:
            body, kind = "<p>naïve <code>x = 1</code><pre>y</pre>".encode("latin-1"), "text/html; charset=iso-8859-1"
            WarcWriter(stream).page("http://a.example/", body * 500, kind, "2026-01-31T00:00:00Z")
        scan_shard(self._context(), ShardScan(Shard(0, "", warm.name, str(warm))))

    def _context(self) -> ScanContext:
        return ScanContext(self.store, AccessSection(), ScanSection(), "scan", "model")

    def __call__(self, name: str, path: Path) -> Found:
        """Scan a file."""
        self.count += 1
        shard = Shard(self.count, "", path.name, str(path))
        job = self._context()
        began = time.monotonic()
        outcome, resident = memory_taken(lambda: attempt_until(scan_shard, job, ShardScan(shard), SECONDS))
        seconds = time.monotonic() - began
        differs, rules = compare(path)
        if outcome.failure is not None:
            kind = str(outcome.error_kind)
            wrong = differs if kind in EXPLAINED and path.name in outcome.failure else outcome.failure
            return Found(name, kind, 0, seconds, wrong, resident)
        report = self.store.read_json(report_key("scan", self.count))
        read = int(report["read"])
        total = sum(report["skipped"].values()) + report["rejected"] + report["kept"]
        wrong = differs if read == total else f"{read} read, {total} accounted for"
        return Found(name, "complete", read, seconds, wrong, resident, tuple(rules))


def memory_taken(action: Callable[[], T]) -> tuple[T, int]:
    """What an action returns, and what it adds to this process' memory at most, in bytes.

    None of it is seen where the process holds as much already that it has freed: measure in a new one.
    """
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = memory("VmRSS")
    result = action()
    return result, memory("VmHWM") - before


def memory(field: str) -> int:
    """A field of proc(5) about this process, in bytes: VmRSS, or VmHWM, its most since that was last set back."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) << 10 if found else 0


def files_of(folder: Path) -> list[Path]:
    """Every file of a folder, its index left out."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "index.jsonl")


def work(folder: Path, numbers: list[int], seed: int, results: "multiprocessing.Queue[Found | None]") -> None:
    """Scan the files (negative numbers) and mutations of a list; None comes last."""
    files = files_of(folder)
    with TemporaryDirectory(prefix="recall-fuzz-") as temporary:
        scan = Scan(Path(temporary))
        for number in numbers:
            if number < 0:
                results.put(scan(f"file {files[-number - 1].name}", files[-number - 1]))
                continue
            name, data = mutate(files, number, seed)
            path = Path(temporary) / f"mutation-{number}.warc.gz"
            path.write_bytes(data)
            del data
            results.put(scan(name, path))
            path.unlink()
    results.put(None)


def scan_mutations_of_nothing(mutations: list[Mutation], seed: int) -> list[Found]:
    """Scan what each mutation makes of an empty file, in a new process, so that what they add to its memory is seen."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_scan_mutations, mutations, seed).result()


def _scan_mutations(mutations: list[Mutation], seed: int) -> list[Found]:
    with TemporaryDirectory(prefix="recall-fuzz-") as temporary:
        scan, path = Scan(Path(temporary)), Path(temporary) / "large.warc.gz"
        return [
            scan(mutation.__name__, path)
            for mutation in mutations
            if path.write_bytes(mutation(b"", random.Random(seed)))
        ]


def campaign(folder: Path, count: int, seed: int, workers: int) -> Iterator[Found]:
    """Results as they come; a worker that dies takes its list with it, which is told as one wrong result."""
    numbers = [*(-i - 1 for i in range(len(files_of(folder)))), *range(count)]
    results: multiprocessing.Queue[Found | None] = multiprocessing.get_context("spawn").Queue()
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=work, args=(folder, numbers[lane::workers], seed, results)) for lane in range(workers)
    ]
    for process in processes:
        process.start()
    left = workers
    while left:
        try:
            found = results.get(timeout=2 * SECONDS)
        except queue.Empty:
            yield Found("a worker", "dead", 0, 0.0, f"exit codes {[process.exitcode for process in processes]}")
            break
        if found is None:
            left -= 1
        else:
            yield found
    for process in processes:
        process.kill()
        process.join()


def main() -> None:
    """Scan and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    kinds: Counter[str] = Counter()
    explained: Counter[str] = Counter()
    wrong, files = [], 0
    slowest = largest = Found("", "", 0, 0.0, "")
    for found in campaign(given.folder, given.count, given.seed, given.workers):
        files += 1
        kinds[f"{found.name.split()[0]}: {found.kind}"] += 1
        explained.update(found.explained)
        slowest = max(slowest, found, key=lambda one: one.seconds)
        largest = max(largest, found, key=lambda one: one.resident)
        if found.wrong:
            wrong.append(asdict(found))
            sys.stdout.write(f"{found.name}: {found.wrong}\n")
        if files % 200 == 0:
            sys.stdout.write(f"{files} files, {len(wrong)} wrong\n")
            sys.stdout.flush()
    figures = {
        "files": files,
        "outcomes": dict(sorted(kinds.items())),
        "explained": dict(sorted(explained.items())),
        "slowest": asdict(slowest),
        "largest": asdict(largest),
        "wrong": wrong,
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
