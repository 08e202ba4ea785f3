"""Coverage of the audit's confidence intervals on simulated crawls, whose truth is known.

    python tests/benchmarks/audit.py [--crawls 1000] [--pages 30000] [--labels 100,300,1000] [--copies 1]

A crawl has 3 % code pages on code hosts and others. Three rounds go over it with models that get better: each draws
its audit sample as annotation.page_sampler does (same bins, strata, allocation), then pages to train on, whose truth is
known from then on; hosts that are code are accepted as prefixes, and what the model missed there is harvested
unlabelled. The third round is estimated from all three samples as recall.labels.audit_estimates pools them. --copies:
pages that are not code were captured so often, and cells are counted by captures, as before pages were counted once.
The last
line is one JSON object: coverage of the true recall, precision and number of code pages, and the intervals' median
widths, by number of labels a round.
"""

import argparse
import json
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from annotation.strata import SamplingPlan, allocate, strata_of_bins
from recall.model.evaluate import AuditEstimate, AuditSample, Cell, estimate_pooled, pooled_shares

CODE, ROUNDS, TRAIN = 0.03, 3, 300
FLOOR, THRESHOLD = 0.02, 0.5
FIGURES = ("precision", "recall", "positives")

Bools = NDArray[np.bool_]


@dataclass(slots=True)
class World:
    """A crawl and what became of its pages. asked, harvested: the round after which it was, 9 for never."""

    truth: Bools
    hosts: NDArray[np.int64]
    accepted: Bools
    asked: NDArray[np.int64]
    harvested: NDArray[np.int64]
    drawn: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=list)
    bounds: list[list[float]] = field(default_factory=list)


def make_world(pages: int, random: np.random.Generator) -> World:
    """3 % code: half of it on hosts that are mostly code, which people accept, the rest anywhere."""
    hosts = random.integers(0, 400, pages)
    chance = np.where(hosts < 8, 0.85, (CODE - 0.02 * 0.85) / 0.98)
    never = np.full(pages, 9)
    return World(random.random(pages) < chance, hosts, hosts < 8, never, never.copy())


def scores_of(world: World, round_: int, luck: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Scores of a round's model: better every round, its errors much like those of the round before."""
    noise = 0.9 * luck + 0.4 * random.normal(size=len(luck))
    centre = np.where(world.truth, 0.6 + 0.5 * round_, -4.5 - 0.3 * round_)
    scores: NDArray[np.float64] = 1 / (1 + np.exp(-(centre + 1.7 * noise)))
    return scores


def draw_audit(
    world: World, round_: int, scores: NDArray[np.float64], labels: int, random: np.random.Generator
) -> None:
    """A round's audit sample, from pages that were neither asked about nor harvested before."""
    plan = SamplingPlan(0, round_, 0, labels, 0.0, FLOOR, THRESHOLD)
    edges = plan.edges()
    open_pages = np.flatnonzero((world.asked == 9) & (world.harvested == 9))
    bins = np.searchsorted(edges, scores[open_pages], side="right")
    counts = np.bincount(bins, minlength=len(edges) + 1)
    runs = strata_of_bins(plan.ends, edges, counts)
    sizes = [int(counts[first:last].sum()) for _, first, last in runs]
    taken, chances = [], []
    world.bounds.append([float(edges[first - 1]) for _, first, _ in runs[1:]])
    for (_, first, last), size, count in zip(runs, sizes, allocate(sizes, labels), strict=True):
        inside = open_pages[(bins >= first) & (bins < last)]
        taken.append(random.choice(inside, count, replace=False))
        chances.append(np.full(count, count / max(1, size)))
    pages = np.concatenate(taken)
    world.asked[pages] = round_
    world.drawn.append((pages, np.concatenate(chances)))


def go_on(world: World, round_: int, scores: NDArray[np.float64], random: np.random.Generator) -> Bools:
    """Label pages to train on, harvest what was missed on accepted hosts; which pages a harvest takes or would take."""
    free = np.flatnonzero(world.asked == 9)
    nearest = free[np.argsort(np.abs(np.log(scores[free] / (1 - scores[free]))))][: TRAIN * 3 // 5]
    world.asked[nearest] = round_
    above = np.flatnonzero((world.asked == 9) & (scores >= FLOOR))
    world.asked[random.permutation(above)[: TRAIN - len(nearest)]] = round_
    missed: Bools = world.accepted[world.hosts] & (scores < THRESHOLD)
    world.harvested[missed & (world.asked == 9) & (world.harvested == 9)] = round_
    return missed


def estimate(
    world: World, kept: Bools, scores: NDArray[np.float64], would: list[Bools], options: argparse.Namespace
) -> AuditEstimate:
    """The last round, as recall.labels.audit_estimates pools the samples."""
    per_round = pooled_shares([len(pages) for pages, _ in world.drawn])
    up_to = np.concatenate([[0.0], np.cumsum(per_round)])
    pages = np.concatenate([pages for pages, _ in world.drawn])
    rounds = np.repeat(np.arange(1, ROUNDS + 1), [len(pages) for pages, _ in world.drawn])
    taken = np.full(len(pages), 9)
    for number, missed in reversed(list(enumerate(would, 1))):
        taken[(rounds <= number) & missed[pages]] = number
    share = per_round[rounds - 1] / np.where(taken < 9, up_to[np.minimum(taken, ROUNDS)], 1.0)
    weight = np.where(world.asked < 9, 1.0 - up_to[np.minimum(world.asked, ROUNDS)], 0.0)
    for number, missed in enumerate(would, 1):
        weight[missed & (world.asked <= number)] = 0.0
    weight[world.harvested < world.asked] = 0.0
    known = np.flatnonzero(weight > 1e-9)
    bounds = world.bounds[-1]
    cell = np.searchsorted(bounds, scores, side="right") * 4 + kept * 2 + world.accepted[world.hosts]
    captures = np.bincount(cell, np.where(world.truth, 1, options.copies))
    cells = {str(name): Cell(float(captures[name]), bool(name % 4 >= 2)) for name in np.unique(cell)}
    rows = np.concatenate([pages, known])
    sample = AuditSample(
        truth=world.truth[rows],
        chance=np.concatenate([*(chance for _, chance in world.drawn), np.ones(len(known))]),
        share=np.concatenate([share, weight[known]]),
        cells=[str(name) for name in cell[rows]],
    )
    return estimate_pooled(sample, cells, options.draws)


def simulate(labels: int, seed: int, options: argparse.Namespace) -> dict[str, list[tuple[bool, float, float]]]:
    """One crawl: for each figure, of model and of model with prefixes: covered, width, error of the estimate."""
    random = np.random.default_rng(seed)
    world, luck, would = make_world(options.pages, random), random.normal(size=options.pages), []
    for round_ in range(1, ROUNDS + 1):
        scores = scores_of(world, round_, luck, random)
        draw_audit(world, round_, scores, labels, random)
        missed = go_on(world, round_, scores, random)
        if round_ < ROUNDS:
            would.append(missed)
    result: dict[str, list[tuple[bool, float, float]]] = {}
    world.harvested[world.harvested == ROUNDS] = 9
    for name, kept in (("model", scores >= THRESHOLD), ("both", (scores >= THRESHOLD) | world.accepted[world.hosts])):
        found = float((kept & world.truth).sum())
        true = (found / kept.sum(), found / world.truth.sum(), float(world.truth.sum()))
        said = estimate(world, kept, scores, would, options)
        for figure, value in zip(FIGURES, true, strict=True):
            interval = getattr(said, figure)
            covered = bool(interval.low <= value <= interval.high)
            result[f"{name} {figure}"] = [(covered, interval.high - interval.low, interval.value - value)]
    return result


def main() -> None:
    """Simulate, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawls", type=int, default=1000)
    parser.add_argument("--pages", type=int, default=30_000)
    parser.add_argument("--labels", default="100,300,1000", help="audit labels a round")
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--copies", type=int, default=1, help="captures of a page that is not code, each counted")
    options = parser.parse_args()
    report: dict[str, dict[str, dict[str, float]]] = {}
    for labels in map(int, options.labels.split(",")):
        every: dict[str, list[tuple[bool, float, float]]] = {}
        for seed in range(options.crawls):
            for name, outcome in simulate(labels, seed, options).items():
                every.setdefault(name, []).extend(outcome)
        report[str(labels)] = {
            name: {
                "coverage": round(float(np.mean([covered for covered, _, _ in outcomes])), 4),
                "median_width": round(float(np.median([width for _, width, _ in outcomes])), 4),
                "bias": round(float(np.mean([error for _, _, error in outcomes])), 4),
            }
            for name, outcomes in every.items()
        }
        print(labels, json.dumps(report[str(labels)]), flush=True)  # noqa: T201 - a benchmark reports to the terminal
    print(json.dumps({"crawls": options.crawls, "pages": options.pages, "labels_a_round": report}))  # noqa: T201


if __name__ == "__main__":
    main()
