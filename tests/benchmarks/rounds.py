"""Runs the loop on a labelled crawl and compares its last round with its first, on sites that it never learned from.

    python tests/benchmarks/rounds.py --crawl DIR --folder DIR [--rounds 3] [--pages 300] [--seed 0]

DIR holds a crawl in Common Crawl's layout and labels.jsonl (url, label, use, family). Rows of use "seed" start the run,
those of use "measure" are its holdout, the labels answer instead of people. Each round's average precision and
recall at precision 0.90 have 95 % intervals by bootstrap over registered domains, as has the gain of each round
over the first, by paired draws; average precision at 3 % code and recall where 4.9 % of all pages are kept, code being
3 % of them, stand without. `different_texts`: of the round's pages to train on, by the labels' `copy_of`. The run
folder is kept and taken up again. The last line is one JSON object.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recall.archive.manifest import resolve
from recall.config import parse_config
from recall.labels.audit_estimates import scores_of_urls
from recall.loop import advance
from recall.model.evaluate import average_precision, bootstrap_interval, precision_recall
from recall.run.progress_bar import silence
from recall.run.rounds import Round, Run
from tests.benchmarks.paired_bootstrap import bootstrap_difference

CONFIG = """
[run]
rounds = {rounds}
seed = {seed}
holdout = "{labels}"
[crawl]
warcs = {warcs}
[seed]
labels = "{labels}"
[scan]
rescan = "all"
[label]
answers = "{labels}"
pages = {pages}
overlap = 0.0
gold_share = 0.0
"""


def found_at_90(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Largest share of the positives found at a threshold with at least this precision."""
    curve = precision_recall(scores, truth)
    return float(curve.recall[curve.precision >= 0.9].max(initial=0.0))


FIGURES = {"average_precision": average_precision, "found_at_precision_0.90": found_at_90}


SHARE = 0.03
"""Of code on the open web, at which figures are stated."""

KEPT = 0.049
"""Of the open web's pages, kept."""


def at_share(truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights by which SHARE of the pages is code."""
    return np.where(truth, SHARE / truth.mean(), (1 - SHARE) / (1 - truth.mean()))


def precise_at_share(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Average precision where SHARE of the pages is code."""
    return average_precision(scores, truth, at_share(truth))


def found_where_kept(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Largest share of the positives found at a threshold that keeps at most KEPT of the pages, SHARE of them code."""
    curve = precision_recall(scores, truth, at_share(truth))
    kept = curve.recall * SHARE / np.maximum(curve.precision, 1e-12)
    return float(curve.recall[kept <= KEPT].max(initial=0.0))


RARE = {"average_precision_at_0.03": precise_at_share, "found_where_0.049_kept": found_where_kept}


def different_texts(round_: Round, copy_of: Mapping[str, str]) -> tuple[int, int]:
    """Pages that the round asked about to train on, and how many different texts they hold."""
    table = round_.run.store.read_table(round_.step("label").key("tasks.parquet"), ["url", "use"])
    urls = [row["url"] for row in table.to_pylist() if row["use"] == "train"]
    return len(urls), len({copy_of.get(url, url) for url in urls})


def scores_of(round_: Round, urls: list[str]) -> NDArray[np.float64]:
    """The round's scores of pages, 0 for those that its scan did not see."""
    verdicts = scores_of_urls(round_, frozenset(urls))
    return np.array([verdicts.get(url, (0.0, False))[0] for url in urls])


def main() -> None:
    """Run or take up, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    silence()
    crawl, root = options.crawl.resolve(), str(options.folder)
    labels = crawl / "labels.jsonl"
    if (options.folder / "run.json").exists():
        run = Run.open(root)
    else:
        warcs = json.dumps([str(path) for path in sorted(crawl.glob("crawl-data/**/warc/*.warc.gz"))])
        text = CONFIG.format(rounds=options.rounds, labels=labels, warcs=warcs, pages=options.pages, seed=options.seed)
        config = parse_config(text, "config")
        run = Run.create(root, config, text, resolve(config.crawl, config.access, config.run.seed, "warc"))
    while not run.round(options.rounds).sealed:
        advance(run)
    with labels.open(encoding="utf-8") as stream:
        every = list(map(json.loads, stream))
    rows = [row for row in every if row["use"] == "measure"]
    copy_of = {row["url"]: row["copy_of"] for row in every if "copy_of" in row}
    truth = np.array([row["label"] == run.config.train.positive for row in rows])
    urls, families = [row["url"] for row in rows], [row["family"] for row in rows]
    report: dict[int, dict[str, object]] = {}
    first = scores_of(run.round(1), urls)
    for number in range(1, options.rounds + 1):
        scores = scores_of(run.round(number), urls)
        report[number] = {
            name: {
                **asdict(bootstrap_interval(figure, scores, truth, families)),
                "more_than_round_1": asdict(bootstrap_difference(figure, first, scores, truth, families)),
            }
            for name, figure in FIGURES.items()
        } | {name: figure(scores, truth) for name, figure in RARE.items()}
        report[number]["pages"], report[number]["different_texts"] = different_texts(run.round(number), copy_of)
    print(json.dumps(report))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
