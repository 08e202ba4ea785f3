"""Patterns over hosts: which shapes URLs have, and which of them are proposed."""

import pytest

from recall.config import DomainsSection
from recall.records import Candidate
from recall.sites.prefixes import under
from recall.steps.domains import url_shapes
from recall.steps.domains.bounds import ModelErrors
from recall.steps.domains.url_shapes import ShapeCounts, choose_patterns, distinct_patterns, sample_limit, shapes_of

SETTINGS, EXACT = DomainsSection(), ModelErrors()


@pytest.mark.parametrize(
    ("url", "shapes"),
    [
        ("http://a.org/viewtopic.php?t=3", ["*/viewtopic.php"]),
        ("http://a.org/forum/viewtopic.php?t=3", ["*/forum/", "*/viewtopic.php"]),
        ("http://a.org/wiki/Special:Search", ["*/wiki/", "*/Special:{any}"]),
        ("http://a.org/questions/17/how", ["*/questions/", "*/questions/{int}/"]),
        ("http://a.org/x/tool/blob/main/a.py", ["*/tool/", "*/blob/", "*/main/", "*/tool/blob/", "*/blob/main/"]),
        ("http://a.org/en/latest/api.html", ["*/latest/", "*/api.html"]),
        ("http://a.org/2024/05/some-post", []),
        ("http://a.org/a-long-title-that-is-no-folder-of-software/1", []),
        ("http://a.org", []),
        ("mailto:x", []),
    ],
)
def test_shapes_are_folders_pairs_of_them_scripts_and_namespaces(url: str, shapes: list[str]) -> None:
    assert shapes_of(url) == shapes
    assert all(under(shape, url) for shape in shapes)


def counted(pages: dict[str, list[bool]], limit: int = 2**63) -> dict[str, url_shapes.Sites]:
    """Shapes of pages by URL, each with whether it is kept, once per item."""
    counts = ShapeCounts(limit)
    for url, kept in pages.items():
        for keep in kept:
            counts.add(url, url.split("/")[2], keep)
    found: dict[str, url_shapes.Sites] = {}
    for piece in counts.pieces(3):
        for shape, site, seen, keep in zip(*piece.values(), strict=True):
            found.setdefault(str(shape), {})[int(site)] = [int(seen), int(keep)]
    return found


def boards(kept: list[bool], hosts: int = 6) -> dict[str, list[bool]]:
    return {f"http://board{number}.example/viewtopic.php": kept for number in range(hosts)}


def test_a_script_that_holds_code_on_many_sites_is_a_pattern() -> None:
    found = choose_patterns(counted(boards([True, True, True, False])), SETTINGS, EXACT)
    assert [(one.prefix, one.sites) for one in found] == [("*/viewtopic.php", 6)]
    assert found[0].missed == pytest.approx(6 * 3 / 4)


def test_what_few_sites_share_or_sites_disagree_about_is_none() -> None:
    assert not choose_patterns(counted(boards([True], hosts=4)), SETTINGS, EXACT)
    large = {"http://one.example/viewtopic.php": [True] * 900}
    assert not choose_patterns(counted({**boards([False]), **large}), SETTINGS, EXACT)


def test_a_weak_model_s_correction_alone_makes_no_pattern() -> None:
    weak = ModelErrors(recall=0.1, false_positive_rate=0.0)
    rarely = {f"http://s{number}.example/news/x": [number == 0, False] for number in range(20)}
    assert not choose_patterns(counted(rarely), SETTINGS, weak)
    assert choose_patterns(counted(boards([True, False, False, False], 20)), SETTINGS, weak)


def test_only_sampled_sites_are_counted_and_of_each_a_bounded_number_of_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sample_limit(1_000, 1) == 2**63
    limit = sample_limit(url_shapes.SAMPLED * 20, 10)
    seen = len(counted(boards([True], 2_000), limit)["*/viewtopic.php"])
    assert 900 < seen < 1_100
    monkeypatch.setattr(url_shapes, "SITE_PAGES", 10)
    many = counted({"http://one.example/viewtopic.php": [True] * 50})
    assert list(many["*/viewtopic.php"].values()) == [[10, 10]]


def test_the_patterns_of_most_missed_code_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url_shapes, "PATTERNS", 2)
    pages = {f"http://s{n}.example/{name}": [True] * 8 + [False] * missed for n in range(6) for name, missed in NAMES}
    found = choose_patterns(counted(pages), SETTINGS, EXACT)
    assert [one.prefix for one in found] == ["*/showthread.php", "*/item.php"]


NAMES = (("viewtopic.php", 0), ("item.php", 1), ("showthread.php", 2))


def pattern(prefix: str, pages: int, kept: int) -> Candidate:
    return Candidate(prefix, "*", pages, kept)


@pytest.mark.parametrize(
    ("counts", "left"),
    [
        ({"*/en/": (100, 60), "*/en/latest/": (40, 30)}, ["*/en/"]),
        ({"*/en/": (100, 40), "*/en/latest/": (40, 30)}, ["*/en/latest/"]),
        ({"*/en/": (100, 50), "*/en/latest/": (20, 18)}, ["*/en/", "*/en/latest/"]),
        ({"*/q/": (9, 9), "*/r/": (9, 0), "*/s/": (9, 5)}, ["*/s/"]),
    ],
)
def test_a_pair_of_folders_stays_where_it_says_more_than_its_folders(
    counts: dict[str, tuple[int, int]], left: list[str]
) -> None:
    assert [
        one.prefix for one in distinct_patterns({name: pattern(name, *count) for name, count in counts.items()})
    ] == left
