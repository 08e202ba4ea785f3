from typing import Any

import numpy as np
import pytest

from recall.config import DomainsSection
from recall.errors import Incomplete
from recall.records import Candidate, DomainTally
from recall.run.crawl_pages import CrawlPages
from recall.run.rounds import Run
from recall.run.scanned import read_rows, scanned_shards
from recall.run.store import Store
from recall.sites.holdout import Holdout
from recall.sites.prefixes import PrefixSet
from recall.sites.shipped import ShippedPrefix
from recall.steps import domains as steps
from recall.steps.domains import captures, domains, tally, url_shapes
from recall.steps.domains.bounds import ModelErrors, lower_share, lower_shares
from recall.steps.domains.code_added import LEVELS, Bins, CodeAdded, kept_in, no_pages, pages_in
from recall.steps.domains.prefix_candidates import directory_prefixes, missed_under, propose, with_slugs

SETTINGS = DomainsSection()
ESTIMATE = CodeAdded()


def bins(counts: dict[str, tuple[int, int]]) -> dict[str, Bins]:
    """Pages and kept pages by prefix, each kind at one probability."""
    made = {}
    for prefix, (pages, kept) in counts.items():
        made[prefix] = no_pages()
        made[prefix][LEVELS // 3], made[prefix][-1] = pages - kept, kept
    return made


def told(counts: dict[str, tuple[int, int]], split: frozenset[str] = frozenset()) -> list[Candidate]:
    return propose(bins(counts), SETTINGS, ESTIMATE, split)


@pytest.mark.parametrize(
    ("url", "prefixes"),
    [
        ("https://a.org/", ["a.org/"]),
        ("https://a.org", ["a.org/"]),
        ("https://A.org:8080/x", ["a.org/"]),
        ("https://a.org/docs/x.html?q=1/2", ["a.org/", "a.org/docs/"]),
        ("https://a.org/b/c/d/e/f/g", ["a.org/", "a.org/b/", "a.org/b/c/", "a.org/b/c/d/", "a.org/b/c/d/e/"]),
        ("https://a.org/questions/17/how", ["a.org/", "a.org/questions/", "a.org/questions/{int}/"]),
        ("https://a.org/2024/05/x", ["a.org/", "a.org/{year}/", "a.org/{year}/{int}/"]),
        ("https://a.org//x/y", ["a.org/"]),
    ],
)
def test_prefixes_are_the_directories_of_a_url(url: str, prefixes: list[str]) -> None:
    assert directory_prefixes(url) == prefixes


def test_more_than_a_tenth_makes_a_code_domain_a_tenth_does_not() -> None:
    tallies = [DomainTally("a.org", 10, 1), DomainTally("b.org", 10, 2), DomainTally("c.org", 2, 2)]
    bounds = lower_shares(tallies, SETTINGS, ModelErrors())
    assert [host for host, bound in bounds.items() if bound > SETTINGS.share] == ["b.org"]


def test_more_pages_raise_the_bound_to_the_share() -> None:
    bounds = [lower_share(10 * n, 2 * n, ModelErrors(), 0.9) for n in (1, 10, 1000)]
    assert bounds == sorted(bounds)
    assert bounds[-1] == pytest.approx(0.2, abs=0.01)
    assert lower_share(10, 2, ModelErrors(), 0.5) == pytest.approx(0.2)


def test_the_share_is_corrected_for_what_the_model_misses_and_keeps_wrongly() -> None:
    assert lower_share(10_000, 4_600, ModelErrors(recall=0.8, false_positive_rate=0.06), 0.5) == pytest.approx(
        0.4 / 0.74
    )
    assert lower_share(1000, 50, ModelErrors(recall=0.8, false_positive_rate=0.05), 0.8) == 0.0
    assert lower_share(10, 10, ModelErrors(recall=0.1, false_positive_rate=0.1), 0.8) == 0.0


def test_a_bound_holds_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    errors = ModelErrors(recall=0.8, false_positive_rate=0.03)
    kept = random.binomial(40, 0.3 * errors.recall + 0.7 * errors.false_positive_rate, 2000)
    assert np.mean([lower_share(40, int(one), errors, 0.8) <= 0.3 for one in kept]) >= 0.75


def test_small_hosts_of_a_family_count_together_but_not_those_of_a_shared_suffix() -> None:
    tallies = [DomainTally(f"{name}.a.org", 2, 2) for name in "xyz"]
    tallies += [DomainTally(f"{name}.github.io", 2, 2) for name in "xyz"]
    assert set(lower_shares(tallies, SETTINGS, ModelErrors())) == {"x.a.org", "y.a.org", "z.a.org"}


def test_many_small_folders_become_one_template() -> None:
    counts = {"a.org/": (200, 40), "a.org/big/": (100, 0)}
    for name in range(20):
        counts |= {f"a.org/u{name}/": (2, 2), f"a.org/u{name}/issues/": (2, 2)}
    folded = with_slugs(bins(counts), SETTINGS)
    assert pages_in(folded["a.org/{slug}/issues/"]) == kept_in(folded["a.org/{slug}/issues/"]) == 40
    assert (pages_in(folded["a.org/big/"]), kept_in(folded["a.org/big/"])) == (100, 0)
    assert not any("/u1/" in prefix for prefix in folded)
    assert [one.prefix for one in told(counts)] == ["a.org/{slug}/"]


def test_what_judgements_buy_is_counted_as_people_see_them() -> None:
    candidates = [Candidate(f"a.org/{n}/", "a.org", 10 + n, 4, added=n / 2, gain=n / 4) for n in range(60)]
    gains = missed_under(candidates)
    assert gains["missed_first_10"] == sum(10 + n - 4 for n in range(50, 60))
    assert gains["missed_first_10"] < gains["missed_first_50"] < gains["missed_under_all"]
    assert gains["added_first_10"] == sum(n / 2 for n in range(50, 60)) < gains["added_under_all"] == 885


def test_a_prefix_whose_parts_are_kept_alike_is_proposed_whole() -> None:
    counts = {"a.org/": (30, 14), "a.org/2015/": (10, 5), "a.org/2016/": (10, 4), "a.org/2017/": (10, 5)}
    assert [one.prefix for one in told(counts)] == ["a.org/"]


def test_a_mixed_host_is_split_where_its_code_lies() -> None:
    counts = {"a.org/": (20, 6), "a.org/docs/": (6, 5), "a.org/news/": (9, 0), "a.org/x/": (5, 1)}
    assert [(one.prefix, one.kept) for one in told(counts)] == [("a.org/docs/", 5), ("a.org/x/", 1)]


def test_what_people_want_to_split_is_proposed_by_its_parts() -> None:
    counts = {"a.org/": (30, 14), "a.org/2015/": (10, 5), "a.org/2016/": (10, 4), "a.org/2017/": (10, 5)}
    parts = ["a.org/2015/", "a.org/2017/", "a.org/2016/"]
    assert [one.prefix for one in told(counts, frozenset({"a.org/"}))] == parts


def test_a_folder_is_told_from_the_loose_pages_beside_it() -> None:
    counts = {"a.org/": (12, 8), "a.org/docs/": (8, 8)}
    assert [one.prefix for one in told(counts)] == ["a.org/docs/"]


def test_a_mixed_host_without_large_parts_is_asked_about_as_a_whole() -> None:
    counts = {"a.org/": (6, 2), "a.org/1/": (2, 1), "a.org/2/": (2, 1), "a.org/3/": (2, 0)}
    assert [one.prefix for one in told(counts)] == ["a.org/"]


def test_only_so_many_prefixes_a_host_the_best_first() -> None:
    counts = {"a.org/": (180, 18), "a.org/news/": (90, 0)} | {f"a.org/{n}/": (9, 1 + 4 * (n % 2)) for n in range(9)}
    found = told(counts)
    assert len(found) == SETTINGS.prefixes_per_host
    assert [one.gain for one in found] == sorted((one.gain for one in found), reverse=True)


def test_tallies_are_those_of_the_rows(played: Run) -> None:
    round_ = played.round(1)
    count: dict[str, list[int]] = {}
    for scanned in scanned_shards(round_):
        for row in read_rows(played.store, scanned).to_pylist():
            host = row["url"].split("/")[2]
            pages = count.setdefault(host, [0, 0])
            pages[0] += 1
            pages[1] += row["kept"]
    table = played.store.read_table(round_.step("domains").key("domains.parquet")).to_pylist()
    assert {row["host"]: [row["pages"], row["kept"]] for row in table} == count
    assert all(row["code"] == (row["low"] > 0.1) for row in table)
    assert any(row["code"] for row in table)


def test_no_prefix_of_a_held_out_host_is_proposed(played: Run, crawl: Any) -> None:
    held = {site.url.split("/")[2] for site in crawl.sites if site.use == "measure"}
    proposed = played.store.read_table(played.round(1).step("domains").key("candidates.parquet")).to_pylist()
    code = played.store.read_table(played.round(1).step("domains").key("domains.parquet")).to_pylist()
    assert proposed
    assert not held & {row["host"] for row in proposed}
    assert held & {row["host"] for row in code if row["code"]}


def test_a_shipped_prefix_is_proposed_wherever_the_scan_saw_pages_under_it(
    played: Run, fresh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["*.example0.org/", "*.example1.org/", "nowhere.org/x/"]
    known = tuple(ShippedPrefix("docs", "en", "Code", "site", 0, 0, name, "") for name in names)
    monkeypatch.setattr(steps, "shipped_prefixes", lambda: known)
    monkeypatch.setattr(tally, "PAGES_A_PARTITION", 47)
    run = fresh("round 1 domains")
    rows = [row for one in scanned_shards(run.round(1)) for row in read_rows(run.store, one).to_pylist()]
    proposed = {row["prefix"]: row for row in run.store.read_table("rounds/1/domains/candidates.parquet").to_pylist()}
    before = played.store.read_table("rounds/1/domains/candidates.parquet").column("prefix").to_pylist()
    for name in names[:2]:
        under = [row for row in rows if PrefixSet([name]).match(row["url"]) and not run.holdout.covers(row["url"])]
        counted = {"prefix": name, "host": name.rstrip("/"), "pages": len(under), "kept": sum(r["kept"] for r in under)}
        assert (counted.items() <= proposed.get(name, {}).items()) is (len(under) >= SETTINGS.prefix_min_pages)
    shown = PrefixSet(name for name in names if name in proposed)
    assert len(shown)
    assert set(shown) <= set(proposed) <= {name for name in before if not shown.match(f"http://{name}")} | set(shown)
    gains = [row["gain"] for row in proposed.values()]
    assert gains == sorted(gains, reverse=True)
    assert run.store.read("rounds/1/domains/domains.parquet") == played.store.read("rounds/1/domains/domains.parquet")
    assert run.round(1).step("domains").manifest.counts["candidates"] == len(proposed)


def test_a_pattern_is_counted_on_all_pages_that_are_not_held_out(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url_shapes, "SITES", 2)
    monkeypatch.setattr(url_shapes, "AGREED", 0.0)
    run = fresh("round 1 domains")
    proposed = run.store.read_table("rounds/1/domains/candidates.parquet").to_pylist()
    patterns = [row for row in proposed if row["host"] == "*"]
    assert patterns
    rows = [row for one in scanned_shards(run.round(1)) for row in read_rows(run.store, one).to_pylist()]
    for told in patterns:
        under = [
            row for row in rows if PrefixSet([told["prefix"]]).match(row["url"]) and not run.holdout.covers(row["url"])
        ]
        assert (told["pages"], told["kept"]) == (len(under), sum(row["kept"] for row in under))
        assert 0 <= told["low"] <= told["added"] <= told["high"] <= told["pages"] - told["kept"]


@pytest.mark.parametrize(
    ("candidate", "told"),
    [
        (Candidate("a.org/", "a.org", 9, 5), True),
        (Candidate("a.org/", "a.org", 9, 6), False),
        (Candidate("a.org/q/", "a.org", 9, 5), True),
        (Candidate("a.org/q/{int}/x/", "a.org", 3, 3), True),
        (Candidate("a.org/q/{int}/", "a.org", 5, 5), True),
        (Candidate("a.org/news/", "a.org", 9, 5), False),
        (Candidate("b.org/", "b.org", 9, 1), False),
    ],
)
def test_what_a_shipped_prefix_asks_already_is_not_asked_twice(candidate: Candidate, told: bool) -> None:
    inputs = tally.TallyInputs(
        1,
        SETTINGS,
        ModelErrors(),
        Holdout(),
        CrawlPages(Store("nowhere"), (), 1, np.zeros(0, np.int64)),
        known=PrefixSet(["a.org/q/{int}/", "b.org/x/"]),
        counted=(Candidate("a.org/q/{int}/", "a.org", 5, 5),),
    )
    assert tally.told_by_known(candidate, inputs) is told


def test_partitions_give_what_one_gives(played: Run, fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "PAGES_A_PARTITION", 47)
    monkeypatch.setattr(captures, "GROUPS", 2)
    run = fresh("round 1 domains")
    for file in ("domains.parquet", "candidates.parquet"):
        assert run.store.read(f"rounds/1/domains/{file}") == played.store.read(f"rounds/1/domains/{file}")
    assert run.round(1).step("domains").manifest.counts == played.round(1).step("domains").manifest.counts
    assert run.store.keys("build/") == []


def test_a_killed_tally_goes_on_with_what_is_left(played: Run, fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fresh("round 1 scan")
    counted: list[int] = []
    whole = tally.count_hosts

    def die_third(stage: Any, group: Any) -> tally.CountedGroup:
        counted.append(group.number)
        if counted.count(group.number) == 1 and group.number == 2:
            raise KeyboardInterrupt
        return whole(stage, group)

    def refuse(*_: object) -> None:
        raise AssertionError("counted twice")

    monkeypatch.setattr(tally, "count_hosts", die_third)
    with pytest.raises(KeyboardInterrupt):
        domains(run.round(1))
    read = CrawlPages.read
    monkeypatch.setattr(
        CrawlPages, "read", lambda pages, one, columns: refuse() if one.number < 2 else read(pages, one, columns)
    )
    with pytest.raises(Incomplete, match=r"2 failed.*counted twice"):
        domains(run.round(1))  # the hosts of the first two shards are not counted again, their prefixes are
    monkeypatch.setattr(CrawlPages, "read", read)
    domains(run.round(1))
    assert run.store.read("rounds/1/domains/domains.parquet") == played.store.read("rounds/1/domains/domains.parquet")


def test_pages_that_are_tallied_nowhere_end_the_step(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fresh("round 1 scan")
    read = CrawlPages.read
    monkeypatch.setattr(CrawlPages, "read", lambda *arguments: read(*arguments).slice(1))
    with pytest.raises(Incomplete, match="324 captures were scanned, 321 pages are tallied and 0 are repeats"):
        domains(run.round(1))
