"""The prefixes that recall ships."""

from collections import Counter

import pytest

from recall.errors import Damaged
from recall.sites.hosts import PrefixSet, family_of
from recall.sites.shipped import KINDS, known_prefixes, parse_prefixes


def test_the_list_covers_every_kind_and_many_languages() -> None:
    known = known_prefixes()
    assert len(known) >= 60
    kinds = Counter(one.kind for one in known)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 5
    languages = Counter(one.language for one in known)
    assert len(languages) >= 10
    assert min(languages[name] for name in ("zh", "ja", "ru", "es", "de", "fr")) >= 4


def test_no_prefix_is_listed_twice_or_lies_under_another() -> None:
    prefixes = [one.prefix for one in known_prefixes()]
    assert len(set(prefixes)) == len(prefixes)
    for prefix in prefixes:
        others = PrefixSet(set(prefixes) - {prefix})
        assert others.match(f"https://{prefix.replace('{int}', '1').replace('{year}', '2020')}") is None


def test_every_prefix_has_a_registered_domain_and_only_known_placeholders() -> None:
    for one in known_prefixes():
        host, _, path = one.prefix.partition("/")
        assert "." in family_of(host)
        assert host == host.lower()
        assert all(part in {"{int}", "{year}", "{slug}"} for part in path.split("/") if "{" in part)


@pytest.mark.parametrize(
    "url",
    [
        "https://stackoverflow.com/questions/11227809/why-is-it-faster",
        "https://ru.stackoverflow.com/questions/5/x",
        "https://qiita.com/someone/items/abcdef",
        "https://blog.csdn.net/name/article/details/123",
        "https://github.com/owner/tool/issues/17",
        "https://www.php.net/manual/de/function.echo.php",
        "https://lkml.org/lkml/2020/1/2/3",
    ],
)
def test_well_known_pages_are_covered(url: str) -> None:
    assert PrefixSet(one.prefix for one in known_prefixes()).match(url)


@pytest.mark.parametrize("url", ["https://stackoverflow.com/questions/tagged/c", "https://github.com/about/press/x"])
def test_lists_and_company_pages_are_not(url: str) -> None:
    assert PrefixSet(one.prefix for one in known_prefixes()).match(url) is None


@pytest.mark.parametrize("line", ["qa\ten", "recipes\ten\ta.org/", "qa\ten\thttps://a.org/x", "qa\ten\ta.org"])
def test_a_line_that_is_no_prefix_is_named(line: str) -> None:
    with pytest.raises(Damaged, match="list:2"):
        parse_prefixes(f"# a comment\n{line}\n", "list")
