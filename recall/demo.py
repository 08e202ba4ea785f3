"""The demo: a run on the sample crawl that recall writes itself, or on one shard of the real Common Crawl.

On the sample its labels answer instead of people, so that three rounds run through; on a real crawl the first examples
come from the checked URL prefixes that recall ships and from pages with code blocks, and the run stops where people are
asked.
"""

from pathlib import Path

from recall.archive.manifest import resolve
from recall.config import Config, dump_config
from recall.run.rounds import Run
from recall.sample.crawl import CRAWL, LABELS, write_sample


def sample_config(sample: Path, crawl: str, *, people: bool = False) -> Config:
    """Config of three rounds on the sample, small enough for two cores and three minutes. people: they answer."""
    labels = str(sample / "labels.jsonl")
    return Config.model_validate(
        {
            "run": {"holdout": labels},
            "crawl": {"ids": [crawl], "base": f"{sample}/", "index": str(sample / "cc-index/table/cc-main/warc/")},
            "seed": {"labels": labels},
            "scan": {"rescan": "all"},
            "label": {
                "answers": "" if people else labels,
                "overlap": 0.0 if people else 0.1,
                "pages": 150,
                "audit": 40,
            },
        }
    )


def crawl_config(crawl: str, shards: int) -> Config:
    """Config of a run on some shards of the real Common Crawl."""
    return Config.model_validate(
        {
            "crawl": {"ids": [crawl], "limit": shards, "sample": True},
            "seed": {"known_prefixes": True, "structure": 200, "random_negatives": 2000, "sample_pages": 3000},
        }
    )


def start_demo(folder: Path, crawl: str, shards: int, *, people: bool = False) -> Run:
    """Make the demo's run, or open the one that is there. crawl: a real crawl's id, "" for the sample.

    people: the sample's run waits for people as well.
    """
    root = folder / "run"
    if crawl:
        config = crawl_config(crawl, shards)
    else:
        if not (folder / "sample" / LABELS).exists():  # written last: where it is, the sample is whole
            write_sample(folder / "sample")
        config = sample_config((folder / "sample").absolute(), CRAWL, people=people)
    return Run.create(root, config, dump_config(config), resolve(config.crawl, config.access, config.run.seed))
