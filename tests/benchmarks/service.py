"""The scoring service against the bare scorer and other servers, under load from wrk on loopback; last line: JSON.

make bench-service; needs wrk (Debian package). Texts: pages of the shared crawl where it is, else of the sample crawl
that recall writes. Rates are taken in turns, bare scorer and service, and what is reported is the median of the turns'
ratios, as the machine may be shared. Peers need --peers FOLDER, an environment that is made there when it is missing.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).resolve().parent
if Path(sys.path[0]).resolve() == HERE:
    sys.path[0] = str(HERE.parent.parent)  # this file is called as the package it measures

from recall.archive.warc import captures  # noqa: E402
from recall.model.scorer import Scorer  # noqa: E402
from recall.page.text import scoring_text  # noqa: E402
from recall.records import MARK  # noqa: E402
from service.api.models import Models, load, resolve  # noqa: E402
from service.api.scoring import STEP_ITEMS, Scoring, score_body, score_lines  # noqa: E402
from service.client import Client, Item, Score  # noqa: E402
from service.limits import Limits  # noqa: E402
from service.server.scheduler import SteppedJob  # noqa: E402
from tests.benchmarks.service_faults import kill, overload  # noqa: E402
from tests.benchmarks.service_load import WORKERS, Load, Shot, memory, service, workers_of  # noqa: E402

SHARED = Path(os.environ.get("RECALL_SHARED", HERE.parent.parent.parent / "shared"))
PEERS = ("fastapi", "litserve", "rayserve")
PEER_PACKAGES = (
    "fastapi",
    "uvicorn[standard]",
    "litserve",
    "ray[serve]==2.60.0",
    "fasttext-community",
    "tokenizers",
    "numpy",
)
TOGETHER, PAGES = 32, 768


def read_pages(demo: Path) -> list[str]:
    """Texts of real pages, or of sample pages."""
    folder = SHARED / "crawl" if (SHARED / "crawl").is_dir() else demo / "sample"
    texts: list[str] = []
    for path in sorted(folder.rglob("*/warc/*.warc.gz")):
        texts += [scoring_text(page.body, page.charset).partition(MARK)[0] for page in captures(str(path))]
        if len(texts) >= PAGES:
            break
    return texts[: len(texts) // TOGETHER * TOGETHER][:PAGES]


def _score_bare(model: str, texts: list[str], seconds: float, queue: Any) -> None:
    scorer = Scorer.load(model)
    scorer.score(texts)
    scored, began = 0, time.perf_counter()
    while time.perf_counter() < began + seconds:
        for start in range(0, len(texts), TOGETHER):
            scorer.score(texts[start : start + TOGETHER])
        scored += len(texts)
    queue.put(scored / (time.perf_counter() - began))


def bare_rate(model: str, texts: list[str], seconds: float) -> float:
    """Texts a second of the scorer alone, in as many processes as the service has workers."""
    context = get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_score_bare, args=(model, texts, seconds, queue)) for _ in range(WORKERS)]
    for process in processes:
        process.start()
    rates = [queue.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    return float(sum(rates))


def tell(name: str, value: Any) -> Any:
    """Print a figure as it is found."""
    print(f"{name}: {value}", flush=True)  # noqa: T201 - that is what it is for
    return value


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements need. model: a model folder; other: another one; one: a single request of many texts."""

    model: str
    other: str
    texts: list[str]
    json: Shot
    one: Shot
    lines: Shot
    seconds: float
    long: float

    def throughput(self) -> dict[str, float]:
        """Rates against the bare scorer's, in turns."""
        score, lines, rates = [], [], []
        with service("--model", self.model) as (url, pid):
            self.json.fire(url, 8, 2)
            for _ in range(5):
                first = bare_rate(self.model, self.texts, self.seconds)
                rate = self.json.fire(url, 8, self.seconds).rate * TOGETHER
                batch = self.lines.fire(url, 4, self.seconds).rate * len(self.texts)
                bare = (first + bare_rate(self.model, self.texts, self.seconds)) / 2
                score.append(rate / bare)
                lines.append(batch / bare)
                rates.append(rate)
                tell("bare, score, ndjson: texts a second", [round(value) for value in (bare, rate, batch)])
            saturation = self.json.fire(url, 8, self.seconds).rate
            pause = 16_000 / (saturation / 2)
            halves = [self.json.fire(url, 16, self.seconds, f"math.random(0, {2 * pause:.0f})") for _ in range(5)]
            workers = workers_of(pid)
            private = max(memory(worker, "Private") for worker in workers)
        return {
            "score_texts_per_second": round(statistics.median(rates)),
            "score_to_bare": round(statistics.median(score), 3),
            "ndjson_to_bare": round(statistics.median(lines), 3),
            "p99_ms_at_half": round(statistics.median(half.p99 for half in halves), 1),
            "p50_ms_at_half": round(statistics.median(half.p50 for half in halves), 1),
            "generator_cores_at_half": round(statistics.median(half.cores for half in halves), 2),
            "half_share": round(statistics.median(half.rate for half in halves) / saturation, 2),
            "worker_private_mb": round(private, 1),
        }

    def work(self) -> dict[str, float]:
        """CPU time a text in this process, without HTTP: the least of twelve turns, in microseconds."""
        version, limits = load(resolve(self.model)), Limits()
        models, scoring = Models([version]), Scoring(version, limits)
        bodies, lines = self.json.bodies, self.lines.bodies[0].splitlines()

        def bare() -> None:
            for start in range(0, len(self.texts), TOGETHER):
                version.scorer.score(self.texts[start : start + TOGETHER])

        def requests() -> None:
            for body in bodies:
                finish(score_body(body, models, None, limits))

        def ndjson() -> None:
            for start in range(0, len(lines), STEP_ITEMS):
                finish(score_lines(lines[start : start + STEP_ITEMS], scoring))

        least: dict[str, float] = {}
        for _ in range(12):
            for ways in (bare, requests, ndjson):
                began = time.process_time()
                ways()
                took = (time.process_time() - began) / len(self.texts) * 1e6
                least[ways.__name__] = round(min(took, least.get(ways.__name__, took)), 1)
        return {
            **least,
            **{f"{name}_to_bare": round(least["bare"] / least[name], 2) for name in ("requests", "ndjson")},
        }

    def swap(self, folder: Path) -> dict[str, int]:
        """The default version swaps every second under load; each answer must be the score of the version it names."""
        pointer = folder / "pointer"
        pointer.write_text(self.model)
        scorers = [Scorer.load(path) for path in (self.model, self.other)]
        text = self.texts[0]
        expected = {scorer.digest[:12]: float(scorer.score([text])[0]) for scorer in scorers}
        found = {"asked": 0, "wrong": 0, "swaps_seen": 0}
        ending = time.monotonic() + self.long
        with service("--watch", str(pointer)) as (url, _):

            def ask() -> None:
                last = ""
                with Client(url, attempts=1) as client:
                    while time.monotonic() < ending:
                        answer = client.score([Item(text=text)])[0]
                        assert isinstance(answer, Score)
                        found["asked"] += 1
                        found["wrong"] += expected.get(answer.model) != answer.score
                        found["swaps_seen"] += answer.model != last
                        last = answer.model

            asking = threading.Thread(target=ask)
            asking.start()
            loads: list[Load] = []
            loading = threading.Thread(target=lambda: loads.append(self.json.fire(url, 4, self.long - 1)))
            loading.start()
            for turn in range(int(self.long)):
                staged = folder / "next"
                staged.write_text((self.other, self.model)[turn % 2])
                staged.replace(pointer)
                time.sleep(1)
            asking.join()
            loading.join()
        load = loads[0]
        return {**found, "load_answered": load.good, "load_failed": load.bad + load.busy + load.errors}

    def peers(self, folder: Path, service_rate: float) -> dict[str, Any]:
        """Rates of the same model behind other servers; the service's over theirs."""
        python = folder / "bin" / "python"
        if not python.is_file():
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", *PEER_PACKAGES], check=True)
        result: dict[str, Any] = {}
        for number, name in enumerate(PEERS):
            port = 8200 + number
            env = {
                **os.environ,
                "PEER_MODEL": self.model,
                "PEER_PORT": str(port),
                "PEER_SIZE": str(Scorer.load(self.model).tokenizer.size),
                "PEER_WORKERS": str(WORKERS),
            }
            env |= {
                "RAY_TMPDIR": str(self.json.folder.parent),
                "RAY_AUTH_MODE": "disabled",
                "RAY_USAGE_STATS_ENABLED": "0",
            }
            process = subprocess.Popen(
                [str(python), str(HERE / "service_peers.py"), name],
                env=env,
                cwd=HERE,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                url = f"http://127.0.0.1:{port}"
                _await(url)
                self.json.fire(url, 8, 3)
                loads = [self.json.fire(url, 8, self.seconds) for _ in range(3)]
                rate = statistics.median(load.rate for load in loads) * TOGETHER
                result[name] = {
                    "texts_per_second": round(rate),
                    "service_to_peer": round(service_rate / max(rate, 1e-9), 1),
                }
            finally:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            tell(name, result[name])
        return result


def finish(job: SteppedJob[bytes]) -> None:
    """Do all steps of a job."""
    for _ in job:
        pass


def _await(url: str) -> None:
    """Wait until a server scores."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            with Client(url, attempts=1) as client:
                client._ask("/v1/score", {"items": [{"text": "x"}]})
                return
        except Exception:  # noqa: BLE001 - whatever it is, the server is not up yet
            time.sleep(0.5)
    raise RuntimeError(f"{url} does not score")


def _folder(name: str) -> Path:
    """A folder by its absolute name: peers are started in another working directory."""
    return Path(name).absolute()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--demo", type=_folder, help="A demo folder that exists, with run/ and sample/")
    parser.add_argument("--peers", type=_folder, help="Environment of the peers, made when missing")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--long", type=float, default=60, help="Seconds of overload, and of swaps")
    parser.add_argument("--only", nargs="*", default=["work", "throughput", "overload", "kill", "swap", "peers"])
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("bench-service: wrk is not installed; it makes the load (Debian package wrk)")
    with TemporaryDirectory(prefix="recall-bench-") as name:
        folder = Path(name)
        demo = given.demo or folder / "demo"
        if not (demo / "run").is_dir():
            subprocess.run(
                [sys.executable, "-m", "recall.cli", "demo", "--folder", str(demo)], check=True, capture_output=True
            )
        texts = read_pages(demo)
        requests = [
            json.dumps(
                {"items": [{"id": str(n), "text": text} for n, text in enumerate(texts[at : at + TOGETHER])]},
                ensure_ascii=False,
            )
            for at in range(0, len(texts), TOGETHER)
        ]
        stream = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
        rounds = demo / "run" / "rounds"
        bench = Bench(
            str(rounds / "3" / "train"),
            str(rounds / "1" / "train"),
            texts,
            Shot.of(folder / "json", requests, "/v1/score"),
            Shot.of(folder / "one", [sorted(requests, key=len)[len(requests) // 2]], "/v1/score"),
            Shot.of(folder / "lines", [stream], "/v1/score:batch", "application/x-ndjson"),
            given.seconds,
            given.long,
        )
        result: dict[str, Any] = {"pages": len(texts), "mean_characters": round(statistics.fmean(map(len, texts)))}
        if "work" in given.only:
            result["work"] = tell("work", bench.work())
        if "throughput" in given.only:
            result["throughput"] = tell("throughput", bench.throughput())
        if "overload" in given.only:
            result["overload"] = tell("overload", overload(bench.model, bench.one, given.long))
        if "kill" in given.only:
            result["kill"] = tell("kill", kill(bench.model, bench.one.bodies[0]))
        if "swap" in given.only:
            result["swap"] = tell("swap", bench.swap(folder))
        if "peers" in given.only and given.peers:
            with service("--model", bench.model) as (url, _):
                bench.json.fire(url, 8, 2)
                rate = statistics.median(bench.json.fire(url, 8, given.seconds).rate for _ in range(3)) * TOGETHER
            result["peers"] = bench.peers(given.peers, rate)
    print(json.dumps(result))  # noqa: T201


if __name__ == "__main__":
    main()
