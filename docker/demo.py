"""The demo of compose.yaml: the sample crawl on the shared volume, three rounds on the Ray cluster, the run on s3://.

Done before, it does nothing. The last model is copied to /data/model, where the service looks for it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from recall.config import dump_config
from recall.demo import sample_config
from recall.run.rounds import Run
from recall.sample.crawl import CRAWL, write_sample

DATA, RUN = Path("/data"), os.environ.get("DEMO_RUN", "s3://recall/demo")
FILES = ("tokenizer.json", "scorer.npz", "model.json", "model.bin", "out_of_fold.parquet")


def recall(*arguments: str) -> None:
    """Run the command; what it says is the demo's log."""
    subprocess.run(["recall", *arguments], check=True)  # noqa: S603, S607 - fixed words and our own settings


if (DATA / "model" / "model.json").exists():
    sys.exit(0)
if not (DATA / "sample" / "labels.jsonl").exists():
    write_sample(DATA / "sample")
(DATA / "demo.toml").write_text(dump_config(sample_config(DATA / "sample", CRAWL)), encoding="utf-8")
recall("init", RUN, "--config", str(DATA / "demo.toml"))
recall("run", RUN, "--cluster", os.environ.get("RAY_ADDRESS", "auto"))
recall("verify", RUN)
train = Run.open(RUN).round(3).step("train")
copied = DATA / ".model"
shutil.rmtree(copied, ignore_errors=True)
copied.mkdir()
for name in FILES:
    (copied / name).write_bytes(train.store.read(train.key(name)))
copied.rename(DATA / "model")
