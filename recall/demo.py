"""The demo: a run on the sample crawl that recall writes itself, or on one shard of the real Common Crawl.

On the sample its labels answer instead of people, so that three rounds run through; on a real crawl the first examples
come from URL prefixes and the run stops where people are asked.
"""

from pathlib import Path

from recall.archive.manifest import resolve
from recall.config import Config, dump_config
from recall.run.rounds import Run
from recall.sample.crawl import write_sample

SEED_PREFIXES = (
    "stackoverflow.com/questions/",
    "docs.python.org/",
    "developer.mozilla.org/",
    "learn.microsoft.com/",
    "man7.org/linux/man-pages/",
    "docs.oracle.com/",
    "unix.stackexchange.com/questions/",
    "serverfault.com/questions/",
    "superuser.com/questions/",
    "pkg.go.dev/",
    "docs.rs/",
    "qiita.com/",
    "habr.com/",
    "blog.csdn.net/",
)
"""Where code is beyond doubt: enough positive pages in any shard of a real crawl to start from."""


def sample_config(sample: Path, crawl: str) -> Config:
    """Config of three rounds on the sample, small enough for two cores and three minutes."""
    labels = str(sample / "labels.jsonl")
    return Config.model_validate(
        {
            "run": {"holdout": labels},
            "crawl": {"ids": [crawl], "base": f"{sample}/", "index": str(sample / "cc-index/table/cc-main/warc/")},
            "seed": {"labels": labels},
            "scan": {"rescan": "all"},
            "label": {"answers": labels, "pages": 150, "audit": 40},
        }
    )


def crawl_config(crawl: str, shards: int) -> Config:
    """Config of a run on some shards of the real Common Crawl."""
    return Config.model_validate(
        {
            "crawl": {"ids": [crawl], "limit": shards, "sample": True},
            "seed": {"prefixes": SEED_PREFIXES, "random_negatives": 2000, "sample_pages": 3000},
        }
    )


def start_demo(folder: Path, crawl: str, shards: int) -> Run:
    """Make the demo's run, or open the one that is there. crawl: a real crawl's id, "" for the sample."""
    root = folder / "run"
    if crawl:
        config = crawl_config(crawl, shards)
    else:
        info = write_sample(folder / "sample")
        config = sample_config((folder / "sample").absolute(), info.crawl)
    return Run.create(root, config, dump_config(config), resolve(config.crawl, config.access, config.run.seed))
