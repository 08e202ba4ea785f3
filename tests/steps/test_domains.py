from typing import Any

import pytest

from recall.config import DomainsSection
from recall.records import DomainTally
from recall.run.rounds import Run
from recall.steps.domains import code_domains, prefixes_of, propose
from recall.steps.rows import read_rows, scanned_shards

SETTINGS = DomainsSection()


@pytest.mark.parametrize(
    ("url", "prefixes"),
    [
        ("https://a.org/", ["a.org/"]),
        ("https://a.org", ["a.org/"]),
        ("https://A.org:8080/x", ["a.org/"]),
        ("https://a.org/docs/x.html?q=1/2", ["a.org/", "a.org/docs/"]),
        ("https://a.org/1/2/3/4/5/6", ["a.org/", "a.org/1/", "a.org/1/2/", "a.org/1/2/3/", "a.org/1/2/3/4/"]),
        ("https://a.org//x/y", ["a.org/"]),
    ],
)
def test_prefixes_are_the_directories_of_a_url(url: str, prefixes: list[str]) -> None:
    assert prefixes_of(url) == prefixes


def test_more_than_a_tenth_makes_a_code_domain_a_tenth_does_not() -> None:
    tallies = [DomainTally("a.org", 10, 1), DomainTally("b.org", 10, 2), DomainTally("c.org", 2, 2)]
    assert [tally.host for tally in code_domains(tallies, SETTINGS)] == ["b.org"]


def test_a_prefix_whose_parts_are_kept_alike_is_proposed_whole() -> None:
    counts = {"a.org/": (30, 14), "a.org/2015/": (10, 5), "a.org/2016/": (10, 4), "a.org/2017/": (10, 5)}
    assert [one.prefix for one in propose(counts, SETTINGS)] == ["a.org/"]


def test_a_mixed_host_is_split_where_its_code_lies() -> None:
    counts = {"a.org/": (20, 6), "a.org/docs/": (6, 5), "a.org/news/": (9, 0), "a.org/x/": (5, 1)}
    assert [(one.prefix, one.kept) for one in propose(counts, SETTINGS)] == [("a.org/docs/", 5), ("a.org/x/", 1)]


def test_a_folder_is_told_from_the_loose_pages_beside_it() -> None:
    counts = {"a.org/": (12, 8), "a.org/docs/": (8, 8)}
    assert [one.prefix for one in propose(counts, SETTINGS)] == ["a.org/docs/"]


def test_a_mixed_host_without_large_parts_is_asked_about_as_a_whole() -> None:
    counts = {"a.org/": (6, 2), "a.org/1/": (2, 1), "a.org/2/": (2, 1), "a.org/3/": (2, 0)}
    assert [one.prefix for one in propose(counts, SETTINGS)] == ["a.org/"]


def test_only_so_many_prefixes_a_host_the_best_first() -> None:
    counts = {"a.org/": (180, 18), "a.org/news/": (90, 0)} | {f"a.org/{n}/": (9, 1 + 4 * (n % 2)) for n in range(9)}
    found = propose(counts, SETTINGS)
    assert len(found) == SETTINGS.prefixes_per_host
    assert [one.kept for one in found] == sorted((one.kept for one in found), reverse=True)


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
    assert all(row["code"] == (row["pages"] >= 3 and row["share"] > 0.1) for row in table)


def test_no_prefix_of_a_held_out_host_is_proposed(played: Run, crawl: Any) -> None:
    held = {site.url.split("/")[2] for site in crawl.sites if site.use == "measure"}
    proposed = played.store.read_table(played.round(1).step("domains").key("candidates.parquet")).to_pylist()
    code = played.store.read_table(played.round(1).step("domains").key("domains.parquet")).to_pylist()
    assert proposed
    assert not held & {row["host"] for row in proposed}
    assert held & {row["host"] for row in code if row["code"]}
