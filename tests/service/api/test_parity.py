"""One score everywhere: scan, what people are shown, the command, the Python API and every way into the service."""

import base64
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from annotation.tasks import push
from recall import loop
from recall.archive.manifest import resolve
from recall.archive.warc import captures
from recall.config import Config, dump_config
from recall.model.scorer import Scorer
from recall.page.text import scoring_text
from recall.run.rounds import Round, Run
from recall.run.scanned import read_rows, scanned_shards

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

SHARDS = 3
"""Of the twelve; each is scored six ways."""


@pytest.fixture(scope="module")
def scanned(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Round:
    """A run over the real crawl whose first round is scanned and whose tasks are written."""
    labels = str(shared / "crawl" / "labels.jsonl")
    config = Config.model_validate(
        {
            "run": {"rounds": 1, "holdout": labels},
            "crawl": {"ids": ["CC-MAIN-2026-00"], "base": f"{shared}/crawl/", "limit": SHARDS},
            "seed": {"labels": labels, "sample_pages": 100, "sample_shards": 2},
            "train": {"vocabulary": 2000, "epochs": 2, "folds": 3},
            "label": {"answers": labels, "pages": 60, "audit": 60},
        }
    )
    root = tmp_path_factory.mktemp("parity") / "run"
    run = Run.create(root, config, dump_config(config), resolve(config.crawl, config.access, config.run.seed))
    for name, _ in loop.drive(run):
        if name.endswith("domains"):
            break
    round_ = run.round(1)
    round_.begin("label")
    push(round_)
    return round_


def scan_scores(scanned: Round) -> dict[tuple[str, int], float]:
    """Score of each page by path and offset, as the scan wrote it."""
    found: dict[tuple[str, int], float] = {}
    for shard in scanned_shards(scanned):
        table = read_rows(scanned.run.store, shard, ["offset", "score"])
        for row in table.to_pylist():
            found[shard.shard.path, row["offset"]] = row["score"]
    return found


def ask(url: str, path: str, body: bytes, kind: str) -> bytes:
    request = urllib.request.Request(url + path, body, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=120) as answer:
        found: bytes = answer.read()
    return found


def test_every_page_of_the_crawl_has_one_score(scanned: Round, start: Any) -> None:
    run = scanned.run
    model = Path(run.store.url("rounds/1/train"))
    scorer = Scorer.load(model)
    service = start("--model", run.store.root)
    base = service.url.rstrip("/")
    by_scan = scan_scores(scanned)
    pages = 0
    for shard in run.shards:
        listed = list(captures(shard.url))
        api = scorer.score([scoring_text(page.body, page.charset, page.url) for page in listed]).tolist()
        streamed = [
            json.loads(line)
            for line in ask(base, "/v1/score:warc", Path(shard.url).read_bytes(), "application/warc").splitlines()
        ]
        items = [
            {"body": base64.b64encode(page.body).decode(), "charset": page.charset, "url": page.url} for page in listed
        ]
        lines = ask(
            base, "/v1/score:batch", b"\n".join(json.dumps(item).encode() for item in items), "application/x-ndjson"
        )
        batched = [json.loads(line) for line in lines.splitlines()]
        posted: list[dict[str, Any]] = []
        for at in range(0, len(items), 32):
            body = json.dumps({"items": items[at : at + 32]}).encode()
            posted += json.loads(ask(base, "/v1/score", body, "application/json"))["items"]
        command = [sys.executable, "-m", "recall.cli", "score", "--warc", shard.url, "--model", str(model)]
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ.copy()).stdout
        by_command = [json.loads(line)["score"] for line in told.splitlines()]
        by_row = [by_scan[shard.path, page.ref.offset] for page in listed]
        assert api == by_row == by_command
        assert (
            api
            == [row["score"] for row in streamed]
            == [row["score"] for row in batched]
            == [row["score"] for row in posted]
        )
        pages += len(listed)
    assert pages == len(by_scan) > 250 * SHARDS
    shown = run.store.read_table(scanned.step("label").key("tasks.parquet"), ["path", "offset", "score"]).to_pylist()
    assert len(shown) > 100
    assert all(task["score"] == by_scan[task["path"], task["offset"]] for task in shown)
