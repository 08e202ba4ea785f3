"""The audit's intervals where pages that are not code stand there nine times: they hold the number of code pages.

Nine captures of a page are one page; nine pages of one text are nine pages, of which one is asked about.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from annotation.page_pool import sample_shard
from annotation.page_records import DrawnPage
from annotation.page_sampler import PageSampler
from annotation.pool_rules import PoolRules, pool_rules
from annotation.strata import Stratum
from recall.config import parse_config
from recall.labels.audit_estimates import Census, count_cells
from recall.model.evaluate import AuditEstimate, AuditSample, Calibration, Cell, estimate_pooled
from recall.model.near_texts import NearTexts
from recall.records import Shard
from recall.run.crawl_pages import CrawlPages, crawl_pages
from recall.run.rounds import Round, Run, Step
from recall.run.scanned import ROWS, SHARDS, SHARDS_FILE, read_rows, scanned_shards
from recall.sites.holdout import Holdout
from recall.sites.prefixes import PrefixSet
from recall.steps.domains import domains
from recall.steps.seed import EXAMPLES
from recall.steps.train import OUT_OF_FOLD

Bools = NDArray[np.bool_]
FLOOR, THRESHOLD, COPIES, PAGES, CODE = 0.02, 0.6, 9, 2_000, 300
CONFIG = """
[run]
rounds = 1
[crawl]
warcs = ["unused"]
[label]
pages = 0
audit = 200
gold_share = 0.0
suspect_share = 0.0
language_share = 0.0
"""


def scores_of(truth: Bools, chance: np.random.Generator) -> NDArray[np.float64]:
    logits = np.where(truth, 0.6, -4.0) + 1.9 * chance.normal(size=len(truth))
    return np.asarray(1 / (1 + np.exp(-logits)))


def publish_shard(
    step: Step, number: int, pages: NDArray[np.int64], truth: Bools, *, copied: bool
) -> dict[str, object]:
    """A shard that holds some pages; the scores of a page's captures differ a little. copied: under other hosts."""
    chance = np.random.default_rng(number)
    scores = scores_of(truth, np.random.default_rng(99))[pages]
    scores = np.clip(scores * chance.uniform(0.9, 1.1, len(pages)), 0, 1)
    start = ("https" if number % 2 else "http") + "://h" + f"{number}-" * copied
    sketches = np.random.default_rng(8).integers(1, 1 << 63, PAGES).astype(np.uint64)
    rows = {
        "url": [f"{start}{page % 40}.example/{page}" for page in pages.tolist()],
        "offset": np.arange(len(pages)),
        "length": np.ones(len(pages), np.int64),
        "score": scores,
        "kept": scores >= THRESHOLD,
        "model": ["m"] * len(pages),
        "candidate": scores >= FLOOR,
        "time": np.full(len(pages), 1_700_000_000 + number),
        "sketch": sketches[pages] * np.uint64(copied),
    }
    file = f"rows-{number}.parquet"
    step.publish_table(file, rows, ROWS)
    kept = int((scores >= THRESHOLD).sum())
    counts = {"shard": number, "path": f"w{number}", "read": len(pages), "skipped": "{}", "candidates": 0}
    counts |= {"rejected": len(pages) - kept, "kept": kept, "rows_file": step.key(file)}
    return counts | {"candidates_file": step.key(file)}


@pytest.fixture(scope="module")
def truth() -> Bools:
    return np.arange(PAGES) < CODE


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory, truth: Bools) -> Round:
    """A round with its domains step done: every page in the first shard, those that are not code in eight others."""
    return played(tmp_path_factory.mktemp("many") / "run", truth, copied=False)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory, truth: Bools) -> Round:
    """The same with the pages of the eight other shards under other hosts."""
    return played(tmp_path_factory.mktemp("copied") / "run", truth, copied=True)


def played(folder: Path, truth: Bools, *, copied: bool) -> Round:
    """A round up to its domains step."""
    shards = [Shard(number, "", f"w{number}", f"w{number}") for number in range(COPIES)]
    run = Run.create(folder, parse_config(CONFIG, "config.toml"), CONFIG, shards)
    seed = run.begin("seed")
    seed.publish_table("examples.parquet", {name: [] for name in EXAMPLES}, EXAMPLES)
    seed.finish({}, {})
    round_ = run.round(1)
    train = round_.begin("train")
    card = {"threshold": THRESHOLD, "metrics": {"floor": FLOOR}, "calibration": asdict(Calibration())}
    train.publish_json("model.json", card)
    train.publish("tokenizer.json", b"{}")
    train.publish_table("out_of_fold.parquet", {name: [] for name in OUT_OF_FOLD}, OUT_OF_FOLD)
    train.finish({}, {})
    step = round_.begin("scan")
    order = np.random.default_rng(1).permutation(PAGES)
    held = [order, *[order[~truth[order]]] * (COPIES - 1)]
    listed = [publish_shard(step, n, pages, truth, copied=copied) for n, pages in enumerate(held)]
    step.publish_table(SHARDS_FILE, {name: [row[name] for row in listed] for name in SHARDS}, SHARDS)
    sums = {name: sum(int(str(row[name])) for row in listed) for name in ("rejected", "kept")}
    step.finish(sums, {})
    domains(round_)
    return round_


def draws(round_: Round, pages: CrawlPages, times: int) -> Iterator[tuple[list[DrawnPage], list[Stratum]]]:
    """The audit sample of each seed."""
    rules: PoolRules = replace(pool_rules(round_, ()), pages=pages, marked=False)
    for seed in range(times):
        plan = replace(rules.plan, seed=seed)
        sampler = PageSampler(plan)
        for scanned in scanned_shards(round_):
            sampler.merge(sample_shard(replace(rules, plan=plan), scanned).sampler)
        yield sampler.draw()


def estimates(round_: Round, pages: CrawlPages, truth: Bools, times: int) -> Iterator[AuditEstimate]:
    counted: dict[tuple[float, ...], tuple[Counter[str], dict[str, str]]] = {}
    for drawn, strata in draws(round_, pages, times):
        bounds = tuple(stratum.low for stratum in strata[1:])
        if bounds not in counted:
            copies = ["", *(f"{number}-" for number in range(COPIES))]
            every = frozenset(f"h{copy}{page % 40}.example/{page}" for page in range(PAGES) for copy in copies)
            none = NearTexts(np.zeros(0, np.uint64))
            census = Census(pages, Holdout(), PrefixSet(()), bounds, every, frozenset(), none)
            results = [count_cells(census, scanned) for scanned in scanned_shards(round_)]
            cells: dict[str, str] = {}
            for result in reversed(results):
                cells.update(result.found)
            counted[bounds] = sum((result.pages for result in results), Counter[str]()), cells
        counts, cells = counted[bounds]
        keys = [one.page.url.partition("://")[2] for one in drawn]
        sample = AuditSample(
            truth=truth[[int(key.rpartition("/")[2]) for key in keys]],
            chance=np.array([one.probability for one in drawn]),
            share=np.ones(len(drawn)),
            cells=[cells[key] for key in keys],
        )
        yield estimate_pooled(sample, {name: Cell(float(n), name[0] == "1") for name, n in counts.items()}, 1000)


def share_held(found: list[AuditEstimate]) -> float:
    return float(np.mean([one.positives.low <= CODE <= one.positives.high for one in found]))


def test_intervals_hold_the_number_of_code_pages_whatever_was_captured_again(scanned: Round, truth: Bools) -> None:
    found = list(estimates(scanned, crawl_pages(scanned), truth, 60))
    assert share_held(found) >= 0.93
    assert np.mean([one.positives.value for one in found]) == pytest.approx(CODE, rel=0.05)


def test_captures_that_are_counted_as_pages_make_code_pages_of_others(scanned: Round, truth: Bools) -> None:
    """What a round of an earlier version gives, which knows no repeats: the fault that counting pages mends."""
    found = list(estimates(scanned, CrawlPages(scanned.run.store), truth, 6))
    assert min(one.positives.value for one in found) > 1.2 * CODE
    assert share_held(found) < 0.5


def test_pages_of_one_text_count_each_though_one_of_them_is_asked_about(copied: Round, truth: Bools) -> None:
    found = list(estimates(copied, crawl_pages(copied), truth, 40))
    assert share_held(found) >= 0.9
    assert np.mean([one.positives.value for one in found]) == pytest.approx(CODE, rel=0.05)
    again = 0
    for drawn, _ in draws(copied, crawl_pages(copied), 10):
        asked = {one.page.url: one.page.sketch for one in drawn if not one.same_as}
        assert len(set(asked.values())) == len(asked)
        assert all(asked[one.same_as] == one.page.sketch for one in drawn if one.same_as)
        again += sum(bool(one.same_as) for one in drawn)
    assert again > 10


def test_pages_of_a_text_that_was_asked_about_are_neither_drawn_nor_unknown(copied: Round, truth: Bools) -> None:
    shards = scanned_shards(copied)
    first = read_rows(copied.run.store, shards[0], ["url", "sketch"]).slice(0, 100)
    texts = NearTexts(first.column("sketch").to_numpy())
    pages = [int(url.rpartition("/")[2]) for url in first.column("url").to_pylist()]
    expected = sum(1 if truth[page] else COPIES for page in pages)
    rules = replace(pool_rules(copied, ()), marked=False, texts=texts)
    assert sum(sample_shard(rules, scanned).passed["same_text"] for scanned in shards) == expected
    census = Census(crawl_pages(copied), Holdout(), PrefixSet(()), (), frozenset(), frozenset(), texts)
    counted = [count_cells(census, scanned).copies for scanned in shards]
    assert sum(sum(copies.values()) for copies in counted) == expected
    assert {text for copies in counted for text, _ in copies} == set(range(100))
