"""URLs to hosts, families and prefixes; pages that are held out."""

import time

import pytest

from recall.errors import BadInput
from recall.sites.hosts import Holdout, PrefixSet, family_of, host_of, parse_holdout, prefix_key, under


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://User:pw@Docs.Example.ORG.:8080/a?b#c", "docs.example.org"),
        ("http://[2001:db8::1]/x", "2001:db8::1"),
        ("//example.org/x", "example.org"),
        ("http://пример.рф/", "пример.рф"),
        ("mailto:someone@example.org", ""),
        ("http://[broken", ""),
        ("", ""),
    ],
)
def test_the_host_of_a_url_has_no_user_port_or_final_dot(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("HTTPS://Example.org:443/Docs/a?q=1#top", "example.org/Docs/a"),
        ("http://example.org", "example.org/"),
        ("http://example.org.?q=/x", "example.org/"),
        ("http://[broken", ""),
    ],
)
def test_a_prefix_key_is_host_and_path(url: str, key: str) -> None:
    assert prefix_key(url) == key


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("a.github.io", "a.github.io"),
        ("x.a.github.io", "a.github.io"),
        ("github.io", "github.io"),
        ("192.0.2.1", "192.0.2.1"),
        ("localhost", "localhost"),
    ],
)
def test_a_family_is_the_registered_domain_private_suffixes_included(host: str, family: str) -> None:
    assert family_of(host) == family


@pytest.mark.parametrize(
    ("prefix", "url", "covered"),
    [
        ("a.org/docs", "https://a.org/docs", True),
        ("a.org/docs", "https://a.org/docs/x", True),
        ("a.org/docs", "https://a.org/docsets", False),
        ("a.org/docs/", "http://a.org/docs/x?y", True),
        ("a.org/docs/", "http://a.org/docs", False),
        ("a.org/", "http://a.org", True),
        ("a.org", "http://a.org/x", True),
        ("a.org", "http://a.org.evil.net/x", False),
        ("a.org/", "http://b.a.org/", False),
        ("a.org//", "http://a.org//x", True),
        ("", "http://a.org/", False),
        ("a.org", "http://[broken", False),
    ],
)
def test_a_prefix_ends_at_a_path_boundary(prefix: str, url: str, covered: bool) -> None:
    assert under(prefix, url) is covered
    assert (PrefixSet([prefix]).match(url) == prefix) is covered


def test_a_prefix_set_gives_the_longest_match_first() -> None:
    prefixes = PrefixSet(["a.org", "a.org/", "a.org/docs", "a.org/docs/api/", "b.org/x", ""])
    assert len(prefixes) == 5
    assert list(prefixes.matches("http://a.org/docs/api/v1")) == ["a.org/docs/api/", "a.org/docs", "a.org/", "a.org"]
    assert prefixes.match("http://a.org/docsets") == "a.org/"
    assert prefixes.match("http://b.org/") is None
    assert prefixes.match("http://c.org/x") is None


def test_a_prefix_set_says_what_under_says() -> None:
    paths = ["", "/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "//a", "/a//b"]
    prefixes = [f"h.org{path}" for path in paths]
    for path in paths:
        url = f"http://h.org{path}"
        assert set(PrefixSet(prefixes).matches(url)) == {prefix for prefix in prefixes if under(prefix, url)}


def test_a_holdout_covers_hosts_and_families() -> None:
    holdout = Holdout(frozenset({"example.org", "a.github.io"}))
    assert holdout.covers("https://www.example.org/x")
    assert holdout.covers("https://example.org/")
    assert not holdout.covers("https://b.github.io/")
    assert not Holdout(frozenset({"docs.example.org"})).covers("https://www.example.org/")
    assert not Holdout().covers("https://example.org/")
    assert not holdout.covers("http://[broken")


def test_a_holdout_file_lists_hosts_or_labelled_urls() -> None:
    lines = [
        "# comment",
        "",
        "  Example.ORG  ",
        '{"url": "http://b.org/1", "label": "C", "use": "measure"}',
        '{"url": "http://c.org/1", "label": "C", "use": "pool"}',
        '{"url": "http://d.org/1"}',
        '{"url": "no host"}',
    ]
    assert parse_holdout(lines, "holdout.txt").names == {"example.org", "b.org", "d.org"}


@pytest.mark.parametrize("line", ["{", '{"label": "C"}', '{"url": 3}', "{}"])
def test_a_broken_holdout_line_is_named(line: str) -> None:
    with pytest.raises(BadInput, match=r"^h\.jsonl:2: expected"):
        parse_holdout(["a.org", line], "h.jsonl")


@pytest.mark.parametrize(
    ("template", "url", "covered"),
    [
        ("a.org/questions/{int}/{slug}", "https://a.org/questions/42/how-to", True),
        ("a.org/questions/{int}/{slug}", "https://a.org/questions/42/how-to/more", True),
        ("a.org/questions/{int}/{slug}", "https://a.org/questions/42", False),
        ("a.org/questions/{int}/{slug}", "https://a.org/questions/42/", False),
        ("a.org/questions/{int}/{slug}", "https://a.org/questions/tagged/c", False),
        ("a.org/{year}/", "https://a.org/2019/05/x.html", True),
        ("a.org/{year}/", "https://a.org/2019", False),
        ("a.org/{year}/", "https://a.org/1234/x", False),
        ("a.org/{year}/", "https://b.org/2019/x", False),
        ("a.org/{slug}/issues/", "https://a.org/tool/issues/7", True),
        ("a.org/{slug}/issues/", "https://a.org//issues/7", False),
        ("a.org/{int}", "https://a.org/٣", False),
    ],
)
def test_a_template_stands_for_whole_path_parts(template: str, url: str, covered: bool) -> None:
    assert under(template, url) is covered


def test_templates_and_prefixes_are_asked_together_the_longest_cover_first() -> None:
    prefixes = PrefixSet(["a.org/q/", "a.org/q/{int}/", "a.org/q/7/", "a.org/{slug}/{int}/x", "b.org/{year}/"])
    found = list(prefixes.matches("http://a.org/q/7/x"))
    assert found == ["a.org/{slug}/{int}/x", "a.org/q/7/", "a.org/q/{int}/", "a.org/q/"]
    assert prefixes.match("http://a.org/x/7/") is None


def test_many_templates_of_a_host_cost_no_more_than_the_parts_of_a_url() -> None:
    prefixes = PrefixSet([f"a.org/{name}/{{int}}/{{slug}}" for name in range(20_000)])
    start = time.perf_counter()
    assert sum(prefixes.match(f"http://a.org/{name}/5/x") is not None for name in range(2_000)) == 2_000
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize(
    ("line", "held", "free"),
    [
        ("docs.a.org", "https://docs.a.org/x", "https://www.a.org/x"),
        ("https://docs.a.org/some/page", "http://docs.a.org/", "http://a.org/"),
        ("A.org.", "https://www.a.org/", "https://b.org/"),
        ("пример.рф", "http://xn--e1afmkfd.xn--p1ai/", "http://b.org/"),
        ('{"url": "https://docs.a.org/x", "use": "measure"}', "https://www.a.org/y", "https://b.org/"),
        ('{"url": "https://docs.a.org/x", "use": "pool"}', "", "https://docs.a.org/x"),
    ],
)
def test_a_holdout_line_holds_out_its_host_and_a_labelled_page_its_family(line: str, held: str, free: str) -> None:
    holdout = parse_holdout([line], "holdout.txt")
    assert not held or holdout.covers(held)
    assert not holdout.covers(free)


@pytest.mark.parametrize("line", ["a.org, b.org", "a.org:8080", "a org", '{"host": "a.org"}', "{", "https:///x"])
def test_a_holdout_line_that_would_hold_nothing_out_is_refused(line: str) -> None:
    with pytest.raises(BadInput, match=r"holdout.txt:2: "):
        parse_holdout(["# comment", line], "holdout.txt")
