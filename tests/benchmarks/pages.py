"""`recall score` and `recall extract` over whole crawls, in each form of input: same answers, and pages a second.

    python -m tests.benchmarks.pages CRAWL... [--forms warc rows …] [--verbs score extract] [--kills 2] [--peers PYTHON]

CRAWL is a folder in Common Crawl's layout with one crawl and its index. The answers of a form are compared, URL by URL,
with those of the WARCs; HTML files have neither URL nor HTTP charset, so that some differ: they are counted.
Rates are pages a second of CPU time (the processes' own, with their start), as the machine may be shared; the scan's
inner loop runs over the same WARCs in this process. --kills ends a process so often by SIGKILL before it may finish.
--peers names the Python of an environment with datatrove, which reads the WARCs too; --service also measures NDJSON
over HTTP. The last line is one JSON object.
"""

import argparse
import gzip
import hashlib
import json
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from recall.archive.shards import read_shard
from recall.archive.warc import captures
from recall.config import AccessSection
from recall.io.parquet import ParquetWriter
from recall.page.text import decode
from recall.records import Shard
from recall.run.loaded_model import load_model
from recall.steps.scan.slim_rows import page_batches, score_batch
from service.client import Client, Extract, Item
from tests.fault_server import FaultServer

FORMS = ("warc", "https", "stdin", "files", "jsonl", "parquet", "rows", "urls")
RECALL = [sys.executable, "-m", "recall.cli", "--quiet"]
PEERS = Path(__file__).with_name("peers.py")


class Material:
    """A crawl and its pages in every form, in a folder. unique: URLs that were captured once."""

    def __init__(self, crawl: Path, folder: Path) -> None:
        self.crawl, self.folder = crawl, folder
        self.id = next((crawl / "crawl-data").iterdir()).name
        self.paths = gzip.decompress((crawl / "crawl-data" / self.id / "warc.paths.gz").read_bytes()).decode().split()
        (folder / "files").mkdir(parents=True)
        self.urls: list[str] = []
        writer = ParquetWriter(folder / "pages.parquet", {"url": "string", "html": "string"})
        with (
            gzip.open(folder / "pages.jsonl.gz", "wt", encoding="utf-8", compresslevel=1) as lines,
            (folder / "rows.txt").open("w") as rows,
            (folder / "urls.txt").open("w") as urls,
            (folder / "all.warc.gz").open("wb") as joined,
        ):
            for path in self.paths:
                joined.write((crawl / path).read_bytes())
                for page in captures(str(crawl / path)):
                    html = decode(page.body, page.charset).encode("utf-8", "replace").decode()
                    (folder / "files" / f"{len(self.urls):06d}.html").write_bytes(page.body)
                    lines.write(json.dumps({"url": page.url, "html": html}) + "\n")
                    writer.add({"url": [page.url], "html": [html]})
                    rows.write(f"{path} {page.ref.offset} {page.ref.length}\n")
                    urls.write(f"{page.url}\n")
                    self.urls.append(page.url)
        writer.close()
        self.unique = {url for url, count in Counter(self.urls).items() if count == 1}

    def arguments(self, form: str, server: FaultServer) -> list[str]:
        """What a verb is given."""
        base = ["--base", str(self.crawl)]
        given: dict[str, list[str]] = {
            "warc": [str(self.crawl / path) for path in self.paths],
            "https": [server.url(f"{self.id}/{path}") for path in self.paths],
            "stdin": ["-"],
            "files": [str(self.folder / "files")],
            "jsonl": [str(self.folder / "pages.jsonl.gz")],
            "parquet": [str(self.folder / "pages.parquet")],
            "rows": ["--list", str(self.folder / "rows.txt"), *base],
            "urls": ["--list", str(self.folder / "urls.txt"), "--crawl", self.id, *base],
        }
        return given[form]

    def by_url(self, form: str, out: Path) -> dict[str, Any]:
        """The answers of a form: URL → score, or digest of the text."""
        answers = {}
        with gzip.open(out, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                url = self.urls[int(Path(row["path"]).stem)] if form == "files" else row["url"]
                if url in self.unique:
                    text = row.get("text", "")
                    answers[url] = row.get("score", hashlib.sha256(text.encode()).hexdigest())
        return answers


@contextmanager
def serving(materials: list[Material]) -> Iterator[FaultServer]:
    """The WARCs over http on loopback."""
    server = FaultServer()
    for material in materials:
        server.files |= {f"{material.id}/{path}": (material.crawl / path).read_bytes() for path in material.paths}
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def run(arguments: list[str], out: Path, stdin: Path, kills: int = 0) -> tuple[float, float]:
    """CPU and wall seconds of a verb, ended so often by SIGKILL before it may finish."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    for kill in range(kills + 1):
        with (
            stdin.open("rb") as source,
            subprocess.Popen([*RECALL, *arguments, "--to", str(out)], stdin=source) as child,
        ):
            parts = out.with_name(out.name + ".parts")
            while kill < kills and child.poll() is None and len(list(parts.glob("*-*.parquet"))) < 2 * kill + 2:
                time.sleep(0.01)
            if kill < kills:
                child.send_signal(signal.SIGKILL)
        assert child.returncode in (0, -signal.SIGKILL), arguments
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - began


def scan_seconds(material: Material) -> tuple[int, float]:
    """Pages and CPU seconds of the scan's inner loop over the WARCs."""
    scorer, skipped, pages = load_model("shipped"), Counter[Any](), 0
    began = time.process_time()
    for path in material.paths:
        for batch in page_batches(read_shard(Shard(0, "", path, str(material.crawl / path)), AccessSection())):
            pages += len(score_batch(scorer, batch, skipped).pages)
    return pages, time.process_time() - began


def service_figures(material: Material, workers: int, pages: int) -> dict[str, Any]:
    """/v1/extract:batch: pages a second of a service with so many workers, a client for each."""
    with gzip.open(material.folder / "pages.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in islice(lines, pages)]
    command = [sys.executable, "-m", "recall.cli", "serve", "--port", "0", "--workers", str(workers)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as served:
        assert served.stdout is not None
        url = served.stdout.readline().strip()
        items = [Item(html=row["html"], url=row["url"]) for row in rows]

        def ask(own: list[Item]) -> int:
            with Client(url, timeout=600) as client:
                return sum(isinstance(outcome, Extract) for outcome in client.extract_many(own))

        ask(items[:workers])  # starts an extractor
        began = time.perf_counter()
        with ThreadPoolExecutor(workers) as clients:
            good = sum(clients.map(ask, [items[number::workers] for number in range(workers)]))
        wall = time.perf_counter() - began
        served.send_signal(signal.SIGTERM)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return {"workers": workers, "pages": good, "of": len(items), "pages_per_second": round(good / wall, 1),
            "pages_per_cpu_second": round(good / cpu, 1)}  # fmt: skip


def measure(material: Material, server: FaultServer, given: argparse.Namespace) -> dict[str, Any]:
    """Figures of one crawl."""
    scan_seconds(material)  # compiles and fills caches
    pages, seconds = scan_seconds(material)
    figures: dict[str, Any] = {"pages": pages, "scan_pages_per_cpu_second": round(pages / seconds, 1)}
    for verb in given.verbs:
        reference: dict[str, Any] = {}
        for form in ("warc", *(form for form in given.forms if form != "warc")):
            out = material.folder / f"{verb}-{form}.jsonl.gz"
            cpu, wall = run([verb, *material.arguments(form, server)], out, material.folder / "all.warc.gz")
            answers = material.by_url(form, out)
            reference = reference or answers
            figures[f"{verb} {form}"] = {
                "pages_per_cpu_second": round(pages / cpu, 1),
                "pages_per_second": round(pages / wall, 1),
                "answers": len(answers),
                "differ": sum(answers.get(url) != answer for url, answer in reference.items()),
            }
            print(f"{material.id} {verb} {form}: {figures[f'{verb} {form}']}", flush=True)  # noqa: T201 - its job
        if given.kills:
            again = material.folder / f"{verb}-again.jsonl.gz"
            run([verb, *material.arguments("warc", server)], again, material.folder / "all.warc.gz", given.kills)
            same = again.read_bytes() == (material.folder / f"{verb}-warc.jsonl.gz").read_bytes()
            figures[f"{verb} killed {given.kills} times"] = "same bytes" if same else "OTHER BYTES"
            print(f"{material.id} {verb} killed: {same}", flush=True)  # noqa: T201
    if given.service:
        figures["service"] = service_figures(material, given.service, given.service_pages)
        print(f"{material.id} service: {figures['service']}", flush=True)  # noqa: T201
    if given.peers:
        command = [given.peers, str(PEERS), "datatrove", str(material.folder / "all.warc.gz")]
        told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout.splitlines()[-1])
        figures["datatrove_pages_per_cpu_second"] = round(pages / told["cpu"], 1)
    return figures


def main() -> None:
    """Measure every crawl."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crawls", nargs="+", type=Path)
    parser.add_argument("--forms", nargs="*", default=FORMS, choices=FORMS)
    parser.add_argument("--verbs", nargs="*", default=["score", "extract"], choices=["score", "extract"])
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--peers", default="")
    parser.add_argument("--service", type=int, default=0, help="workers of a service that extracts NDJSON; 0: none")
    parser.add_argument("--service-pages", type=int, default=1000)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="recall-pages-") as folder:
        materials = [Material(crawl.resolve(), Path(folder) / crawl.name) for crawl in given.crawls]
        with serving(materials) as server:
            result = {material.id: measure(material, server, given) for material in materials}
    print(json.dumps(result))  # noqa: T201


if __name__ == "__main__":
    main()
