"""What labels buy: rounds of the draw that annotators get, on a labelled crawl, without scans between them.

    python -m tests.benchmarks.label_choice --crawl DIR [--pages 150,300] [--seeds 0,1,2,3,4] [--rounds 3] [--measure]

DIR is a crawl as `rare_crawl.py` writes it. Its pages become token lines once, by the shipped tokenizer; each round
trains on what is labelled with the default settings, takes its threshold from a cross-validation by family, and draws
an audit sample and so many pages by `annotation.page_sampler`, which the labels answer. Measured are average precision
at 3 % code and recall where 4.9 % is kept, on the families of a fifth of the pool that the run never sees (another
fifth for each seed), or with --measure on the pages of use "measure". The last line is one JSON object: for each number
of pages and seed a list of rounds, each [labels, code pages among them, average precision, recall].
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from annotation.page_pool import MUCH
from annotation.page_records import MUCH_CODE, NO_CODE, SOME_CODE, PageColumns
from annotation.page_sampler import PageSampler
from annotation.strata import SamplingPlan
from recall.archive.warc import captures
from recall.config import LabelSection, TrainSection
from recall.model.evaluate import choose_threshold, group_folds
from recall.model.features import Ids
from recall.model.near_texts import sketches_of
from recall.model.scorer import Scorer, collapse, score_with
from recall.page.text import scoring_text
from recall.page.text.prose_language import language_of
from recall.records import MARKS
from recall.sites.urls import host_of
from recall.steps.train import recipe_of
from recall.steps.train.cross_validation import Material, fit_fold
from tests.benchmarks.rounds import found_where_kept, precise_at_share

CODE_SHARE = 0.04
"""Of code in the pool, by which the examples are weighed where a threshold is chosen."""


@dataclass(frozen=True, slots=True)
class Crawl:
    """Labelled pages as columns; code: how much of it each has."""

    urls: list[str]
    truth: NDArray[np.bool_]
    uses: NDArray[np.str_]
    families: list[str]
    lines: list[Ids]
    languages: list[str]
    code: NDArray[np.int8]
    vocabulary: int
    size: int


def read_crawl(folder: Path) -> Crawl:
    """Every labelled page of a crawl, in the order of its WARCs."""
    tokenizer = Scorer.load().tokenizer
    with (folder / "labels.jsonl").open(encoding="utf-8") as stream:
        labels = {row["url"]: row for row in map(json.loads, stream)}
    rows, lines = [], []
    for warc in sorted(folder.glob("crawl-data/**/warc/*.warc.gz")):
        for page in captures(str(warc)):
            text = scoring_text(page.body, page.charset, page.url)
            if page.url in labels and text.strip():
                rows.append(labels.pop(page.url))
                lines += tokenizer.lines([text])
    marks = [{MARKS[mark] for mark in line - tokenizer.vocabulary if 0 <= mark < len(MARKS)} for line in lines]
    return Crawl(
        [row["url"] for row in rows],
        np.array([row["label"] == "C" for row in rows]),
        np.array([row["use"] for row in rows]),
        [row["family"] for row in rows],
        lines,
        [language_of(tokenizer.words(line[:1000])) for line in lines],
        np.array([MUCH_CODE if own & MUCH else SOME_CODE if own else NO_CODE for own in marks], np.int8),
        tokenizer.vocabulary,
        tokenizer.size,
    )


def material_of(crawl: Crawl, rows: Sequence[int], seed: int) -> Material:
    """What is labelled, as the train step has it; no example is held out but in a fold."""
    labels = ["C" if crawl.truth[row] else "other" for row in rows]
    families, settings = [crawl.families[row] for row in rows], TrainSection()
    lines = [crawl.lines[row] for row in rows]
    folds = group_folds(families, labels, settings.folds, seed)
    recipe = recipe_of(settings, seed)
    return Material(lines, lines, labels, families, folds, recipe, crawl.size, "C", settings.min_families)


def scores_by(material: Material, lines: Sequence[Ids]) -> NDArray[np.float64]:
    """Scores of some lines by a model of all the material."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.bin"
        material.fit(range(len(material.labels)), path)
        weights = collapse(path, material.size, material.recipe, material.positive)
    return np.asarray(score_with(weights, list(lines)))


def threshold_by(material: Material) -> float:
    """The threshold for precision 0.90 on families that were held out, code being CODE_SHARE."""
    scores = np.zeros(len(material.labels))
    for fold in np.unique(material.folds).tolist():
        scores[material.folds == fold] = fit_fold(material, fold)[0]
    truth = material.truth()
    weights = np.where(truth, CODE_SHARE / truth.mean(), (1 - CODE_SHARE) / (1 - truth.mean()))
    return choose_threshold(scores, truth, "precision", 0.9, weights).value


def drawn_pages(
    crawl: Crawl, pool: NDArray[np.int64], scores: NDArray[np.float64], plan: SamplingPlan
) -> tuple[list[int], list[int]]:
    """Rows of the pool that the round audits, and those that it asks about to train on."""
    urls = [crawl.urls[row] for row in pool]
    languages = [crawl.languages[row] for row in pool]
    sketches = sketches_of([crawl.lines[row] for row in pool], crawl.vocabulary)
    columns = (urls, pool, pool, scores, [True] * len(pool), crawl.code[pool], languages, sketches)
    sampler = PageSampler(plan)
    sampler.offer(PageColumns(0, pool.tolist(), *columns))
    drawn, _ = sampler.draw()
    of_use: Mapping[str, list[int]] = {
        use: [one.page.row for one in drawn if one.use == use] for use in ("audit", "train")
    }
    return of_use["audit"], of_use["train"]


def play(crawl: Crawl, held: NDArray[np.bool_], pages: int, seed: int, rounds: int) -> list[list[float]]:
    """Figures before the first round and after each."""
    label = LabelSection()
    labelled = np.flatnonzero((crawl.uses == "seed") & ~held).tolist()
    pool = np.flatnonzero((crawl.uses == "pool") & ~held)
    truth, figures = crawl.truth[held], []
    for number in range(1, rounds + 2):
        material = material_of(crawl, sorted(labelled), seed)
        scores = scores_by(material, crawl.lines)
        gained = precise_at_share(scores[held], truth), found_where_kept(scores[held], truth)
        figures.append([len(labelled), int(crawl.truth[labelled].sum()), *gained])
        if number > rounds:
            break
        plan = SamplingPlan(
            seed=seed,
            round=number,
            pages=pages,
            audit=label.audit,
            uncertain_share=label.uncertain_share,
            floor=float(np.quantile(scores[pool], 0.7)),
            threshold=threshold_by(material),
            suspect_share=label.suspect_share,
            language_share=label.language_share,
            known_hosts=frozenset(host_of(crawl.urls[row]) for row in labelled),
        )
        audited, asked = drawn_pages(crawl, pool, scores[pool], plan)
        labelled += asked
        pool = np.setdiff1d(pool, [*audited, *asked])
    return figures


def main() -> None:
    """Read, play, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--pages", default="150,300")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", action="store_true")
    options = parser.parse_args()
    crawl = read_crawl(options.crawl)
    measured = crawl.uses == "measure"
    folds = group_folds(crawl.families, crawl.truth.astype(str).tolist(), 5, 99)
    result: dict[str, dict[str, list[list[float]]]] = {}
    for pages in options.pages.split(","):
        for seed in options.seeds.split(","):
            held = measured if options.measure else (folds == int(seed) % 5) & ~measured
            result.setdefault(pages, {})[seed] = play(crawl, held, int(pages), int(seed), options.rounds)
    print(json.dumps(result))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
