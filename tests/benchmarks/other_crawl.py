"""Applies a trained model to another crawl and says whether it meets the precision that was asked for there.

    python tests/benchmarks/other_crawl.py --crawl DIR --web DIR --folder DIR [--round 3] [--seeds 40] [--audit 100]

DIRs hold crawls in Common Crawl's layout and labels.jsonl (url, label, use, family). A run on --crawl (with the
settings of rounds.py, kept in --folder and taken up again) is applied to --web as it is and thinned to 4 % code. For
each target: the precision at the card's own threshold; at the one that follows from the crawl's scores, beside the
interval that was expected; and with an audit of so many pages, drawn with so many seeds: in which share of seeds the
audit's 95 % interval holds the true precision and recall (covers), holds the target or misses it by less than one of
the pages kept (met), or lies above it (exceeded). Labels of use "measure" choose nothing: audits are drawn from the
other sites and estimate those; what the audited threshold gives on the measured ones stands apart. The last line is one
JSON object.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.page_records import PageColumns
from annotation.page_sampler import PageSampler
from annotation.strata import SamplingPlan, Stratum
from recall.apply.crawls import apply_run
from recall.archive.manifest import resolve
from recall.config import CrawlSection, TrainSection, parse_config
from recall.labels.shifted_threshold import AuditedScores, Shift, shifted_threshold
from recall.loop import advance
from recall.model.evaluate import (
    AuditEstimate,
    AuditSample,
    Cell,
    Interval,
    estimate_pooled,
    estimate_share,
    score_histogram,
)
from recall.run.progress_bar import silence
from recall.run.round_model import card_of
from recall.run.rounds import Round, Run
from recall.run.scanned import read_rows, scanned_shards
from tests.benchmarks.rare_crawl import MEASURE, is_code, pages_of, write_pages
from tests.benchmarks.rare_crawl import read_rows as read_label_rows
from tests.benchmarks.rounds import CONFIG

SHARE = 0.04
TARGETS = (0.5, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class LabelledScan:
    """The pages of a scanned crawl with their scores. measured: whether labels of the page's site choose nothing."""

    urls: list[str] = field(repr=False)
    scores: NDArray[np.float64] = field(repr=False)
    truth: NDArray[np.bool_] = field(repr=False)
    measured: NDArray[np.bool_] = field(repr=False)

    def only(self, rows: NDArray[np.bool_]) -> "LabelledScan":
        """Some of the pages."""
        urls = [self.urls[row] for row in np.flatnonzero(rows)]
        return LabelledScan(urls, self.scores[rows], self.truth[rows], self.measured[rows])

    def precision(self, threshold: float) -> float:
        """Of the pages at or above a threshold."""
        kept = self.scores >= threshold
        return float(self.truth[kept].mean()) if kept.any() else 0.0

    def recall(self, threshold: float) -> float:
        """Of the pages at or above a threshold."""
        return float((self.scores >= threshold)[self.truth].mean())


def trained_run(crawl: Path, folder: Path, rounds: int) -> Run:
    """The run on the labelled crawl, up to a sealed round."""
    labels, root = crawl / "labels.jsonl", folder / "trained"
    if not (root / "run.json").exists():
        warcs = json.dumps([str(path) for path in sorted(crawl.glob("crawl-data/**/warc/*.warc.gz"))])
        text = CONFIG.format(rounds=rounds, labels=labels, warcs=warcs, pages=300)
        config = parse_config(text, "config")
        Run.create(root, config, text, resolve(config.crawl, config.access, config.run.seed, "warc"))
    run = Run.open(root)
    while not run.round(rounds).sealed:
        advance(run)
    return run


def thinned_crawl(web: Path, out: Path) -> Path:
    """The crawl with so few of its code pages, evenly taken, that they are SHARE of all."""
    rows = read_label_rows(web)
    code = [row["url"] for row in rows if is_code(row)]
    wanted = round((len(rows) - len(code)) * SHARE / (1 - SHARE))
    kept = {code[number * len(code) // wanted] for number in range(wanted)}
    left = [row for row in rows if not is_code(row) or row["url"] in kept]
    write_pages(pages_of((web,), {row["url"]: [row] for row in left}), out)
    (out / "labels.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in left), encoding="utf-8")
    return out


def scanned_round(parent: str, crawl: Path, root: Path) -> Round:
    """The crawl scanned by a trained round's model."""
    warcs = tuple(str(path) for path in sorted(crawl.glob("crawl-data/**/warc/*.warc.gz")))
    run = apply_run(str(root), parent, CrawlSection(warcs=warcs))
    while not run.round(1).step("scan").done:
        advance(run)
    return run.round(1)


def labelled_scan(round_: Round, crawl: Path) -> LabelledScan:
    """The scan's scores beside the labels, which every page has."""
    rows = {row["url"]: row for row in read_label_rows(crawl)}
    tables = [read_rows(round_.run.store, scanned, ["url", "score"]) for scanned in scanned_shards(round_)]
    urls = [url for table in tables for url in table.column("url").to_pylist()]
    return LabelledScan(
        urls,
        np.concatenate([table.column("score").to_numpy() for table in tables]),
        np.array([is_code(rows[url]) for url in urls]),
        np.array([rows[url]["use"] == MEASURE for url in urls]),
    )


def drawn_audit(scan: LabelledScan, plan: SamplingPlan) -> tuple[NDArray[np.int64], NDArray[np.float64], list[Stratum]]:
    """Rows of an audit sample, their chances, and the strata."""
    sampler, numbers = PageSampler(plan), np.zeros(len(scan.urls), dtype=np.int64)
    rows = range(len(scan.urls))
    sampler.offer(PageColumns(0, rows, scan.urls, numbers, numbers, scan.scores, [True] * len(rows)))
    drawn, strata = sampler.draw()
    audit = [page for page in drawn if page.use == "audit"]
    return np.array([page.page.row for page in audit]), np.array([page.probability for page in audit]), strata


def audited_estimate(
    scan: LabelledScan, threshold: float, audit: tuple[NDArray[np.int64], NDArray[np.float64], list[Stratum]]
) -> AuditEstimate:
    """What an audit says of a threshold, as `recall.labels.audit_estimates` estimates it."""
    rows, chance, strata = audit
    bounds = [stratum.low for stratum in strata[1:]]
    cells = [
        f"{int(score >= threshold)} {stratum}"
        for score, stratum in zip(scan.scores, np.searchsorted(bounds, scan.scores, side="right"), strict=True)
    ]
    names, pages = np.unique(cells, return_counts=True)
    sizes = {str(name): Cell(float(count), name[0] == "1") for name, count in zip(names, pages, strict=True)}
    sample = AuditSample(scan.truth[rows], chance, np.ones(len(rows)), [cells[row] for row in rows])
    return estimate_pooled(sample, sizes)


def holds(interval: Interval, value: float) -> bool:
    """Whether an interval holds a value."""
    return interval.low <= value <= interval.high


def by_audits(
    scan: LabelledScan, shift: Shift, round_: Round, settings: TrainSection, options: argparse.Namespace
) -> dict[str, Any]:
    """Audits with many seeds: coverage, how often the target was met, and what the thresholds give."""
    card, asked = card_of(round_), scan.only(~scan.measured)
    first = shifted_threshold(shift, card, settings).value
    found = []
    for seed in range(options.seeds):
        audit = drawn_audit(asked, SamplingPlan(seed, 1, 0, options.audit, 0.0, card.floor_for(text=False), first))
        audited = AuditedScores(asked.scores[audit[0]], asked.truth[audit[0]])
        own = shifted_threshold(shift, card, settings, audited=audited).value
        estimate = audited_estimate(asked, own, audit)
        low, high, grain = estimate.precision.low, estimate.precision.high, 1 / max(1, (asked.scores >= own).sum())
        found.append(
            {
                "precision": asked.precision(own),
                "recall": asked.recall(own),
                "precision_measured": scan.only(scan.measured).precision(own),
                "covers_precision": holds(estimate.precision, asked.precision(own)),
                "covers_recall": holds(estimate.recall, asked.recall(own)),
                "met": low - grain < settings.target_value < high + grain,
                "exceeded": low - grain >= settings.target_value,
                "kept": 1 / grain,
                "width": estimate.precision.high - estimate.precision.low,
                "interval": asdict(estimate.precision),
            }
        )
    names = [name for name in found[0] if name != "interval"]
    means = {name: round(float(np.mean([each[name] for each in found])), 3) for name in names}
    return {**means, "interval_of_seed_0": found[0]["interval"]}


def figures_of(round_: Round, crawl: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures of a crawl, by target."""
    scan, card = labelled_scan(round_, crawl), card_of(round_)
    if card.reference is None:
        raise SystemExit("the model's card has no reference: train it with this version")
    counts = score_histogram(scan.scores)
    shift = Shift(counts, card.reference, estimate_share(counts, card.reference))
    report: dict[str, Any] = {
        "pages": len(scan.urls),
        "share": round(float(scan.truth.mean()), 4),
        "share_by_scores": asdict(shift.estimate.share),
        "card_threshold": {"precision": scan.precision(card.threshold), "recall": scan.recall(card.threshold)},
    }
    for target in TARGETS:
        settings = round_.run.config.train.model_copy(update={"target": "precision", "target_value": target})
        own = shifted_threshold(shift, card, settings)
        expected = Interval(*(own.figures[f"precision{end}"] for end in ("", "_low", "_high")))
        report[f"{target}"] = {
            "by_scores": {
                "threshold": own.value,
                "expected": asdict(expected),
                "precision": scan.precision(own.value),
                "recall": scan.recall(own.value),
                "covers_precision": holds(expected, scan.precision(own.value)),
                "met": holds(expected, target),
            },
            "by_audit": by_audits(scan, shift, round_, settings, options),
        }
    return report


def main(arguments: Sequence[str] | None = None) -> None:
    """Train or take up, apply, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crawl", type=Path, required=True)
    parser.add_argument("--web", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--round", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--audit", type=int, default=100)
    options = parser.parse_args(arguments)
    silence()
    run = trained_run(options.crawl.resolve(), options.folder, options.round)
    parent, rare = f"{run.store.root}@{options.round}", options.folder / "rare"
    if not (rare / "labels.jsonl").exists():
        thinned_crawl(options.web.resolve(), rare)
    crawls = {"web": options.web.resolve(), "thinned": rare.resolve()}
    report = {}
    for name, crawl in crawls.items():
        applied = scanned_round(parent, crawl, options.folder / f"applied-{name}-{options.round}")
        report[name] = figures_of(applied, crawl, options)
    print(json.dumps(report))  # noqa: T201 - the last line is the result


if __name__ == "__main__":
    main()
