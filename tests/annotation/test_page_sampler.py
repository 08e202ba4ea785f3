"""The audit sample and the pages to train on."""

import math
import pickle
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from annotation.page_records import MUCH_CODE, NO_CODE, DrawnPage, PageColumns, ScannedPage
from annotation.page_sampler import HOST_SHARE, LanguageSample, PageSampler
from annotation.strata import SamplingPlan, Stratum, allocate
from recall.sites.urls import host_of

PLAN = SamplingPlan(seed=3, round=1, pages=60, audit=80, uncertain_share=0.5, floor=0.02, threshold=0.6)


def crawl(pages: int = 4000, seed: int = 0) -> PageColumns:
    """One shard with scores as a scan gives them: most far below the floor."""
    chance = np.random.default_rng(seed)
    scores = np.where(chance.random(pages) < 0.1, chance.beta(4, 2, pages), chance.beta(0.4, 12, pages))
    urls = [f"https://www.h{number % 97}.com/{number}" for number in range(pages)]
    numbers = np.arange(pages)
    return PageColumns(0, range(pages), urls, numbers, numbers, scores, [True] * pages)


def part(rows: PageColumns, chosen: NDArray[Any], shard: int) -> PageColumns:
    urls = [rows.urls[row] for row in chosen]
    auditable = [rows.auditable[row] for row in chosen]
    indices = list(range(len(chosen)))
    return PageColumns(shard, indices, urls, rows.offsets[chosen], rows.lengths[chosen], rows.scores[chosen], auditable)


def draw(plan: SamplingPlan, *shards: PageColumns) -> tuple[list[DrawnPage], list[Stratum]]:
    sampler = PageSampler(plan)
    for rows in shards:
        sampler.offer(rows)
    return sampler.draw()


def of_use(drawn: list[DrawnPage], use: str) -> list[DrawnPage]:
    return [one for one in drawn if one.use == use]


def test_the_audit_sample_covers_every_stratum_with_known_probabilities() -> None:
    rows = crawl()
    drawn, strata = draw(PLAN, rows)
    audit = of_use(drawn, "audit")
    assert drawn[: len(audit)] == audit
    assert len(audit) == PLAN.audit
    assert [stratum.name for stratum in strata] == ["far", "below_floor", "low", "near_below", "near_above", "high"]
    assert sum(stratum.pages for stratum in strata) == len(rows.urls)
    for stratum in strata:
        inside = (rows.scores >= stratum.low) & (rows.scores < stratum.high)
        assert stratum.pages == int(inside.sum())
        mine = [one for one in audit if one.stratum == stratum.name]
        assert len(mine) == stratum.drawn > 0
        assert all(stratum.low <= one.page.score < stratum.high for one in mine)
        assert all(one.probability == stratum.drawn / stratum.pages for one in mine)
    assert strata[1].high == PLAN.floor
    assert strata[3].high == PLAN.threshold


def test_weights_of_the_audit_sample_estimate_a_total_without_bias() -> None:
    rows = crawl(1500)
    truth = np.random.default_rng(5).random(len(rows.urls)) < rows.scores
    estimates = []
    for seed in range(60):
        drawn, _ = draw(replace(PLAN, seed=seed), rows)
        estimates.append(sum(truth[one.page.row] / one.probability for one in of_use(drawn, "audit")))
    error = np.std(estimates) / math.sqrt(len(estimates))
    assert abs(np.mean(estimates) - truth.sum()) < 3 * error


def test_the_draw_depends_neither_on_shard_order_nor_on_who_looked() -> None:
    rows = crawl()
    order = np.random.default_rng(1).permutation(len(rows.urls))
    shards = [part(rows, chunk, number) for number, chunk in enumerate(np.array_split(order, 5))]
    expected = draw(PLAN, *shards)
    assert draw(PLAN, *reversed(shards)) == expected
    merged = PageSampler(PLAN)
    for group in (shards[3:], shards[:1], shards[1:3]):
        worker = PageSampler(PLAN)
        for shard in group:
            worker.offer(shard)
        merged.merge(pickle.loads(pickle.dumps(worker)))
    assert merged.draw() == expected


def test_seed_and_round_change_the_draw() -> None:
    rows = crawl()
    first = {one.page.url for one in of_use(draw(PLAN, rows)[0], "audit")}
    for plan in (replace(PLAN, seed=4), replace(PLAN, round=2)):
        assert len(first & {one.page.url for one in of_use(draw(plan, rows)[0], "audit")}) < len(first) / 2


def test_no_url_is_drawn_twice() -> None:
    rows = crawl(1000)
    again = replace(rows, shard=1, scores=np.random.default_rng(9).permutation(rows.scores))
    drawn, _ = draw(PLAN, rows, again)
    urls = [one.page.url for one in drawn]
    assert len(urls) == len(set(urls))


def copied(rows: PageColumns, times: int) -> list[PageColumns]:
    """Shards that hold every page of one under other hosts, each time with one part of its sketch changed."""
    sketches = np.random.default_rng(2).integers(1, 1 << 62, len(rows.urls)).astype(np.uint64)
    return [
        replace(
            rows,
            shard=number,
            urls=[url.replace("www", f"copy{number}") for url in rows.urls],
            sketches=sketches ^ np.uint64(number),
        )
        for number in range(times)
    ]


def test_no_text_is_drawn_twice() -> None:
    drawn, _ = draw(PLAN, *copied(crawl(1000), 9))
    asked = [one.page.row for one in drawn if not one.same_as]
    assert len(asked) == len(set(asked)) > PLAN.pages
    assert len(of_use(drawn, "train")) == PLAN.pages
    assert len(of_use(drawn, "audit")) == PLAN.audit


def test_pages_that_may_have_been_learned_from_are_not_audited() -> None:
    rows = crawl(300)
    auditable = [row % 3 == 0 for row in rows.rows]
    drawn, strata = draw(replace(PLAN, audit=500, pages=20), replace(rows, auditable=auditable))
    audit = of_use(drawn, "audit")
    assert {one.page.row for one in audit} == set(range(0, 300, 3))
    assert all(one.probability == 1.0 for one in audit)
    assert sum(stratum.pages for stratum in strata) == 100
    assert len(of_use(drawn, "train")) == 20


def test_uncertain_pages_are_those_nearest_to_the_threshold_from_many_hosts() -> None:
    rows = crawl()
    plan = replace(PLAN, audit=0, uncertain_share=1.0)
    drawn, strata = draw(plan, rows)
    assert len(drawn) == plan.pages
    assert {(one.stratum, one.probability) for one in drawn} == {("uncertain", 0.0)}
    assert sum(stratum.drawn for stratum in strata) == 0
    most = max(Counter(host_of(one.page.url) for one in drawn).values())
    assert most <= math.ceil(plan.pages * HOST_SHARE)
    farthest = max(plan.distance(np.array([one.page.score for one in drawn])))
    assert np.mean(plan.distance(rows.scores) <= farthest) < 2 * plan.pages / len(rows.urls)


def test_uncertain_pages_come_from_one_host_where_there_is_no_other() -> None:
    rows = crawl(200)
    alone = replace(rows, urls=[f"https://one.org/{row}" for row in rows.rows])
    assert len(draw(replace(PLAN, audit=0), alone)[0]) == PLAN.pages


def test_spread_takes_one_page_a_host_code_domains_and_new_hosts_first() -> None:
    rows = crawl()
    code = frozenset(f"www.h{number}.com" for number in range(50))
    known = frozenset(f"www.h{number}.com" for number in (*range(20), *range(50, 60)))
    plan = replace(PLAN, audit=0, pages=30, uncertain_share=0.0, code_hosts=code, known_hosts=known)
    hosts = [host_of(one.page.url) for one in draw(plan, rows)[0]]
    assert len(set(hosts)) == len(hosts) == 30
    assert sum(host in code for host in hosts) == 20
    assert not set(hosts) & known
    assert all(one.page.score >= plan.floor for one in draw(plan, rows)[0])


def test_a_small_crawl_is_drawn_whole_and_once() -> None:
    rows = crawl(50)
    drawn, _ = draw(replace(PLAN, audit=30, pages=100), rows)
    assert sorted(one.page.row for one in drawn) == list(range(50))
    assert draw(PLAN, crawl(0))[0] == []


@pytest.mark.parametrize(("floor", "threshold"), [(0.0, 0.5), (0.9, 0.5), (0.02, 0.0), (0.02, 1.0), (0.5, 0.5)])
def test_any_floor_and_threshold_make_strata(floor: float, threshold: float) -> None:
    rows = crawl(500)
    scores = np.concatenate([rows.scores[:-2], [0.0, 1.0]])
    drawn, strata = draw(replace(PLAN, floor=floor, threshold=threshold), replace(rows, scores=scores))
    assert sum(stratum.pages for stratum in strata) == 500
    assert len(of_use(drawn, "audit")) == PLAN.audit
    kept = sum(stratum.pages for stratum in strata if stratum.name in {"near_above", "high"})
    assert kept == int((scores >= threshold).sum())


@pytest.mark.parametrize(
    ("pages", "total", "expected"),
    [
        ([0, 0, 0], 10, [0, 0, 0]),
        ([5, 3], 100, [5, 3]),
        ([100, 100], 10, [5, 5]),
        ([1_000_000, 10_000, 0], 20, [14, 6, 0]),
        ([1000, 2, 1000], 10, [4, 2, 4]),
        ([], 5, []),
        ([10, 10], 0, [0, 0]),
    ],
)
def test_the_audit_sample_is_divided_half_equally_half_by_root(
    pages: list[int], total: int, expected: list[int]
) -> None:
    assert allocate(pages, total) == expected


def suspicious(rows: PageColumns) -> PageColumns:
    """Every other page has no code, the rest much."""
    code = np.where(np.asarray(rows.rows) % 2 == 0, NO_CODE, MUCH_CODE).astype(np.int8)
    return replace(rows, code=code)


def test_suspected_errors_are_sure_scores_that_code_speaks_against() -> None:
    rows = suspicious(crawl())
    plan = replace(PLAN, suspect_share=0.2)
    drawn, _ = draw(plan, rows)
    high = [one for one in drawn if one.stratum == "suspect_high"]
    low = [one for one in drawn if one.stratum == "suspect_low"]
    assert (len(high), len(low)) == (6, 6)
    assert len(of_use(drawn, "train")) == plan.pages
    assert all(one.page.score >= plan.threshold and one.page.row % 2 == 0 for one in high)
    assert all(one.page.score < plan.threshold and one.page.row % 2 == 1 for one in low)
    assert len({host_of(one.page.url) for one in high}) == len(high)
    assert draw(PLAN, rows)[0] == draw(PLAN, crawl())[0]


def test_suspects_do_not_touch_the_audit_sample() -> None:
    rows = suspicious(crawl())
    gold = replace(PLAN, suspect_share=0.2, gold=20)
    sampler = PageSampler(gold)
    sampler.offer(rows)
    for index in range(0, 4000, 9):
        sampler.offer_gold(rows.page(index), index % 2 == 0, 0)
    drawn, strata = sampler.draw()
    plain = draw(PLAN, rows)
    assert of_use(drawn, "audit") == of_use(plain[0], "audit")
    assert strata == plain[1]
    assert len({one.page.url for one in drawn}) == len(drawn) == PLAN.audit + PLAN.pages + 20


def test_candidates_in_other_languages_get_their_share() -> None:
    rows = crawl()
    spoken = replace(rows, languages=["de" if row % 50 == 0 else "ja" if row % 70 == 1 else "en" for row in rows.rows])
    plan = replace(PLAN, language_share=0.2)
    drawn, strata = draw(plan, spoken)
    rare = [one for one in drawn if one.stratum == "language"]
    assert len(rare) == 12
    assert Counter(spoken.languages[one.page.row] for one in rare if spoken.languages) == {"de": 6, "ja": 6}
    assert all(one.page.score >= plan.floor and one.use == "train" for one in rare)
    assert max(Counter(host_of(one.page.url) for one in rare).values()) == 1
    assert len(of_use(drawn, "train")) == plan.pages
    assert (of_use(drawn, "audit"), strata) == (of_use(draw(PLAN, rows)[0], "audit"), draw(PLAN, rows)[1])
    assert draw(PLAN, spoken)[0] == draw(PLAN, rows)[0]
    assert of_use(draw(plan, rows)[0], "train") == of_use(draw(PLAN, rows)[0], "train")


def test_gold_pages_are_half_positive_and_new_ones_come_first() -> None:
    rows = crawl(400)
    plan = replace(PLAN, audit=0, gold=10)
    sampler = PageSampler(plan)
    sampler.offer(rows)
    for index in range(100):
        sampler.offer_gold(rows.page(index), index % 5 == 0, index // 50)
    gold = of_use(sampler.draw()[0], "gold")
    assert len(gold) == 10
    assert sum(one.page.row % 5 == 0 for one in gold) == 5
    assert all(one.page.row < 50 for one in gold)
    few = PageSampler(plan)
    few.offer_gold(rows.page(0), True, 0)
    assert len(of_use(few.draw()[0], "gold")) == 1


def test_pages_of_hosts_that_nobody_was_asked_about_are_told_apart() -> None:
    rows = crawl()
    known = frozenset(f"www.h{number}.com" for number in range(90))
    plan = replace(PLAN, audit=0, pages=30, uncertain_share=0.0, known_hosts=known)
    for one in draw(plan, rows)[0]:
        assert one.stratum == ("spread" if host_of(one.page.url) in known else "new")


def test_labels_most_likely_to_be_wrong_are_asked_about_again_in_place_of_other_pages() -> None:
    rows = crawl()
    plan = replace(PLAN, doubted_share=0.1)
    before = [crawl(40, seed=1).page(index) for index in range(40)]
    before = [replace(page, url=f"https://again.org/{page.row}") for page in before]
    sampler = PageSampler(plan)
    sampler.offer(rows)
    for page in reversed(before):
        sampler.offer_suspected_error(page, 0.2 + page.row / 100)
    drawn, strata = sampler.draw()
    again = [one for one in drawn if one.stratum == "doubted"]
    assert [one.page.row for one in again] == [39, 38, 37, 36, 35, 34]
    assert {(one.use, one.probability) for one in again} == {("train", 0.0)}
    assert len(of_use(drawn, "train")) == plan.pages
    plain = draw(PLAN, rows)
    assert (of_use(drawn, "audit"), strata) == (of_use(plain[0], "audit"), plain[1])
    assert draw(plan, rows) == plain


def language_page(number: int) -> ScannedPage:
    return ScannedPage(0, number, f"https://a.example/{number}", 0, 1, 0.5)


LANGUAGES = [("en", number) for number in range(50)] + [("de", 50 + number) for number in range(8)]
LANGUAGES += [("ja", 70), ("ja", 71), ("", 80)]


def sampled(pages: list[tuple[str, int]], capacity: int = 5) -> LanguageSample:
    sample = LanguageSample(capacity)
    for language, number in pages:
        sample.offer(language, (number,), language_page(number))
    return sample


def test_all_but_the_commonest_language_have_their_turn_the_rarest_first() -> None:
    assert [seen.row for seen in sampled(LANGUAGES).in_turn()] == [70, 50, 71, 51, 52, 53, 54]


def test_neither_order_nor_who_looked_matters() -> None:
    mixed = random.Random(1).sample(LANGUAGES, len(LANGUAGES))
    one = sampled(mixed[:20])
    one.merge(sampled(mixed[20:]))
    assert one.in_turn() == sampled(LANGUAGES).in_turn()


def test_one_language_alone_is_the_commonest() -> None:
    assert sampled(LANGUAGES[:50]).in_turn() == []
    assert sampled(LANGUAGES, capacity=0).in_turn() == []
    assert Counter(seen.row for seen in sampled(LANGUAGES * 2).in_turn()).most_common(1)[0][1] == 1
