"""Learning curve: the recipe trained on the pages of more and more registered domains.

    python -m tests.benchmarks.learning --crawl DIR [--draws 3]

DIR holds WARCs and labels.jsonl as `recipe.py` reads them. Domains of seed and pool are taken in seeded order until
they hold a share of the pages; tokenizer and model are trained on these alone and measured on the pages of use
`measure`. The last line is one JSON object: pages, positive pages, average precision and recall at precision 0.90,
each the mean of the draws.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from recall.config import TrainSection
from recall.model.evaluate import average_precision
from tests.benchmarks.recipe import DEFAULT, POSITIVE, Page, found_at, learn, read_pages, scores_of

SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)


def families_for(pages: list[Page], share: float, seed: int) -> list[Page]:
    """All pages of so many families that they hold about this share of the pages."""
    order = np.random.default_rng(seed).permutation(sorted({page.family for page in pages}))
    sizes = np.cumsum([sum(page.family == family for page in pages) for family in order])
    chosen = set(order[: int(np.searchsorted(sizes, share * len(pages))) + 1])
    return [page for page in pages if page.family in chosen]


def main() -> None:
    """Draw, train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=3)
    options = parser.parse_args()
    pages = read_pages(options.crawl)
    measured = [page for page in pages if page.use == "measure"]
    truth = np.array([page.label == POSITIVE for page in measured])
    every = [page for page in pages if page.use != "measure"]
    result = []
    for share in SHARES:
        rows = []
        for seed in range(options.draws if share < 1 else 1):
            training = families_for(every, share, seed)
            scores = scores_of(training, measured, learn(training, TrainSection().balance), DEFAULT)
            positive = sum(page.label == POSITIVE for page in training)
            rows.append((len(training), positive, average_precision(scores, truth), found_at(scores, truth, 0.9)))
        result.append(np.mean(rows, axis=0).round(4).tolist())
        print(share, result[-1], flush=True)  # noqa: T201 - a benchmark reports to the terminal
    print(json.dumps(result))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
