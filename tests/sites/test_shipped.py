"""The URL prefixes that recall ships: form, examples, counts, and what the papers print."""

import re
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from recall.errors import Damaged
from recall.sites.hosts import registered_domain
from recall.sites.prefixes import SUBDOMAINS, PrefixSet, parse_prefix, under
from recall.sites.shipped import (
    SHIPPED_KINDS,
    SOURCES,
    TAGS,
    UNSEEN,
    ShippedPrefix,
    parse_shipped,
    shipped_prefixes,
)
from tests.sites.shipped_counts import count_shipped

PROJECT = Path(__file__).parents[2]
TABLE_14 = {
    "*cloud.tencent.com/developer/article*": "Code",
    "*cloud.tencent.com/ask*": "Code",
    "*cloud.tencent.com/developer/information*": "Code",
    "*cloud.tencent.com/document*": "Code",
    "*my.oschina.net*blog*": "Code",
    "*ask.csdn.net/questions*": "Code",
    "*www.cnblogs.com*": "Code",
    "*forum.ubuntu.org.cn*": "Code",
    "*q.cnblogs.com/q*": "Code",
    "*segmentfault.com/q*": "Code",
    "*segmentfault.com/a*": "Code",
    "*woshipm.com/data-analysis*": "Code",
    "*zgserver.com/server*": "Code",
    "*zgserver.com/linux*": "Code",
    "*zgserver.com/ubuntu*": "Code",
    "*juejin.cn/post*": "Code",
    "*jiqizhixin.com/articles*": "Code",
    "*help.aliyun.com/zh*": "Code",
    "*jyeoo.com*": "Math",
    "*haihongyuan.com*shuxue*": "Math",
    "*www.03964.com*": "Math",
    "*www.nbhkdz.com*": "Math",
    "*9512.net*": "Math",
    "*lanxicy.com*": "Math",
    "*bbs.emath.ac.cn*": "Math",
    "*math.pro*": "Math",
    "*mathschina.com*": "Math",
    "*shuxue.chazidian.com*": "Math",
    "*shuxue.ht88.com*": "Math",
}
"""OpenCoder's patterns and tags (arXiv:2411.04905, table 14), with * for the paper's %."""


def line(**changed: str) -> str:
    """A line of the table with some columns changed."""
    columns = {
        "kind": "qa",
        "language": "en",
        "tag": "Code",
        "source": "site",
        "checked": UNSEEN,
        "prefix": "a.org/q/",
        "example": "https://a.org/q/1",
    }
    return "\t".join((columns | changed).values())


def test_the_list_covers_every_kind_and_many_languages() -> None:
    known = shipped_prefixes()
    assert len(known) >= 250
    kinds = Counter(one.kind for one in known)
    assert set(kinds) == set(SHIPPED_KINDS)
    assert min(kinds.values()) >= 10
    languages = Counter(one.language for one in known)
    assert len(languages) >= 12
    assert min(languages[name] for name in ("zh", "ja", "ru", "es", "de", "fr", "pt", "ko")) >= 6
    assert {one.tag for one in known} == set(TAGS)
    assert {one.source for one in known} == set(SOURCES)


def test_every_prefix_is_written_as_it_is_compared_and_covers_its_example_alone() -> None:
    known = shipped_prefixes()
    every = PrefixSet(one.prefix for one in known)
    assert len(every) == len(known)
    for one in known:
        assert parse_prefix(one.prefix) == one.prefix
        assert list(every.matches(one.example)) == [one.prefix]


def test_every_prefix_has_a_registered_domain_and_only_known_placeholders() -> None:
    for one in shipped_prefixes():
        host, _, path = one.prefix.partition("/")
        assert "." in registered_domain(host.removeprefix(SUBDOMAINS))
        assert "*" not in one.prefix.removeprefix(SUBDOMAINS)
        assert set(re.findall(r"[{][^}]*[}]?", path)) <= {"{int}", "{year}", "{slug}", "{any}"}


@pytest.mark.parametrize(("pattern", "tag"), TABLE_14.items())
def test_each_pattern_of_opencoders_table_is_there(pattern: str, tag: str) -> None:
    listed = [one for one in shipped_prefixes() if one.source == "opencoder" and one.tag == tag]
    assert any(fnmatchcase(one.example, pattern) for one in listed)


def test_what_is_listed_as_opencoders_is_in_its_table() -> None:
    assert Counter(TABLE_14.values()) == {"Code": 18, "Math": 11}
    for one in shipped_prefixes():
        if one.source == "opencoder":
            assert any(tag == one.tag and fnmatchcase(one.example, pattern) for pattern, tag in TABLE_14.items())


def test_what_nobody_has_seen_is_not_trusted() -> None:
    assert [one for one in shipped_prefixes() if one.trusted]
    for one in shipped_prefixes():
        assert not one.trusted or (one.pages >= 2 and one.code / one.pages > 0.6)


@pytest.mark.parametrize(
    ("checked", "counts", "trusted"),
    [
        (UNSEEN, (0, 0), False),
        ("1/1", (1, 1), False),
        ("2/2", (2, 2), True),
        ("2/3", (3, 2), True),
        ("1/2", (2, 1), False),
        ("0/9", (9, 0), False),
    ],
)
def test_two_pages_and_two_thirds_of_code_make_a_prefix_trusted(
    checked: str, counts: tuple[int, int], trusted: bool
) -> None:
    (one,) = parse_shipped(line(checked=checked), "list")
    assert (one.pages, one.code) == counts
    assert one.trusted is trusted


@pytest.mark.realdata
def test_the_counts_are_those_of_the_shared_crawls(shared: Path) -> None:
    counts = count_shipped(shared)
    told = {one.prefix: f"{one.code}/{one.pages}" if one.pages else UNSEEN for one in shipped_prefixes()}
    assert told == counts


def test_the_readme_says_how_many_there_are() -> None:
    known = shipped_prefixes()
    code, math = (sum(one.tag == tag for one in known) for tag in TAGS)
    seen, trusted = sum(one.pages > 0 for one in known), sum(one.trusted for one in known)
    languages = len({one.language for one in known})
    told = " ".join((PROJECT / "README.md").read_text(encoding="utf-8").split())
    assert f"{code} URL prefixes of code and {math} of mathematics, in {languages} languages" in told
    assert f"{seen} of them were seen in real crawls, {trusted} are confirmed" in told


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
        "https://some-tool.readthedocs.io/en/latest/",
        "https://www.w3schools.com/sql/sql_where.asp",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html",
    ],
)
def test_well_known_pages_are_covered(url: str) -> None:
    assert PrefixSet(one.prefix for one in shipped_prefixes()).match(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://stackoverflow.com/questions/tagged/c",
        "https://github.com/about/press/x",
        "https://readthedocs.io/en/",
        "https://leetcode.com/accounts/login/",
    ],
)
def test_lists_and_company_pages_are_not(url: str) -> None:
    assert PrefixSet(one.prefix for one in shipped_prefixes()).match(url) is None


@pytest.mark.parametrize(
    "broken",
    [
        "qa\ten",
        line(kind="recipes"),
        line(language="english"),
        line(tag="Physics"),
        line(source="hearsay"),
        line(checked="3"),
        line(checked="3/2"),
        line(checked="0/0"),
        line(prefix="https://a.org/q/"),
        line(prefix="a.org"),
        line(example="a.org/q/1"),
        line() + "\tmore",
    ],
)
def test_a_line_that_is_no_prefix_is_named(broken: str) -> None:
    assert under("a.org/q/", "https://a.org/q/1")
    expected = ShippedPrefix("qa", "en", "Code", "site", 0, 0, "a.org/q/", "https://a.org/q/1")
    assert parse_shipped(f"# a comment\n{line()}\n", "list") == (expected,)
    with pytest.raises(Damaged, match="list:2"):
        parse_shipped(f"# a comment\n{broken}\n", "list")
