"""URL prefixes and templates, and those that recall ships."""

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.errors import Damaged
from recall.sites.hosts import registered_domain
from recall.sites.prefixes import (
    SHIPPED_KINDS,
    PrefixSet,
    parse_prefix,
    parse_shipped,
    prefix_key,
    shipped_prefixes,
    under,
)


def test_the_list_covers_every_kind_and_many_languages() -> None:
    known = shipped_prefixes()
    assert len(known) >= 60
    kinds = Counter(one.kind for one in known)
    assert set(kinds) == set(SHIPPED_KINDS)
    assert min(kinds.values()) >= 5
    languages = Counter(one.language for one in known)
    assert len(languages) >= 10
    assert min(languages[name] for name in ("zh", "ja", "ru", "es", "de", "fr")) >= 4


def test_no_prefix_is_listed_twice_or_lies_under_another() -> None:
    prefixes = [one.prefix for one in shipped_prefixes()]
    assert len(set(prefixes)) == len(prefixes)
    for prefix in prefixes:
        others = PrefixSet(set(prefixes) - {prefix})
        assert others.match(f"https://{prefix.replace('{int}', '1').replace('{year}', '2020')}") is None


def test_every_prefix_has_a_registered_domain_and_only_known_placeholders() -> None:
    for one in shipped_prefixes():
        host, _, path = one.prefix.partition("/")
        assert "." in registered_domain(host)
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
    assert PrefixSet(one.prefix for one in shipped_prefixes()).match(url)


@pytest.mark.parametrize("url", ["https://stackoverflow.com/questions/tagged/c", "https://github.com/about/press/x"])
def test_lists_and_company_pages_are_not(url: str) -> None:
    assert PrefixSet(one.prefix for one in shipped_prefixes()).match(url) is None


@pytest.mark.parametrize("line", ["qa\ten", "recipes\ten\ta.org/", "qa\ten\thttps://a.org/x", "qa\ten\ta.org"])
def test_a_line_that_is_no_prefix_is_named(line: str) -> None:
    with pytest.raises(Damaged, match="list:2"):
        parse_shipped(f"# a comment\n{line}\n", "list")


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("HTTPS://Example.org:443/Docs/a?q=1#top", "example.org/Docs/a"),
        ("http://example.org", "example.org/"),
        ("http://example.org.?q=/x", "example.org/"),
        ("http://[broken", "[broken/"),
        ("mailto:someone@example.org", ""),
    ],
)
def test_a_prefix_key_is_host_and_path(url: str, key: str) -> None:
    assert prefix_key(url) == key


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


WRITTEN = {
    "a scheme": ("https://a.org/docs/", "http://a.org/docs/x"),
    "upper case": ("HTTP://WWW.A.ORG/docs/", "http://www.a.org/docs/x"),
    "a final dot": ("a.org./docs/", "http://a.org/docs/x"),
    "a final dot in the URL": ("a.org/docs/", "http://a.org./docs/x"),
    "letters of its own": ("bücher.example/docs/", "http://xn--bcher-kva.example/docs/x"),
    "Punycode": ("xn--bcher-kva.example/docs/", "http://BÜCHER.example/docs/x"),
    "user and port": ("user@a.org:8080/docs/", "http://a.org/docs/x"),
    "IPv6": ("[2001:DB8::1]/docs/", "http://[2001:db8:0::1]/docs/x"),
    "IPv6 without brackets, as once stored": ("2001:db8::1/docs/", "http://[2001:db8::1]/docs/x"),
    "IPv4 in another notation": ("0x7f.1/docs/", "http://127.0.0.1/docs/x"),
    "percent codes": ("a.org/%7euser/%c3%a4/", "http://a.org/~user/ä/x"),
    "letters in the path": ("a.org/ä ö/", "http://a.org/%C3%A4%20%C3%B6/x"),
    "backslashes": ("a.org\\docs\\", "http://a.org/docs/x"),
    "dot segments": ("a.org/x/../docs/", "http://a.org/./docs/%2e/x"),
    "blanks": (" a.org/docs/ ", "http://a.org/docs/x"),
    "a template": ("HTTPS://A.org./q/{int}/{slug}", "http://a.org/q/7/x/y"),
    "a URL in a path": ("archive.test/{year}/http://a.org/", "http://archive.test/2020/http://a.org/x"),
    "a host alone": ("https://A.ORG.", "http://a.org/docs/x"),
    "a host that the standard refuses": ("a b.org/docs/", "http://a b.org/docs/x"),
}


@pytest.mark.parametrize(("prefix", "url"), WRITTEN.values(), ids=WRITTEN)
def test_a_prefix_is_understood_as_a_person_writes_it(prefix: str, url: str) -> None:
    assert PrefixSet([prefix]).match(url) == prefix
    key = parse_prefix(prefix)
    assert parse_prefix(key) == key
    assert PrefixSet([key]).match(url) == key
    assert PrefixSet([prefix]).match(url.replace("://", "://other.", 1)) is None


@pytest.mark.parametrize("text", ["", " ", "/docs/", "https://", "https:///docs", "a.org/?page=1", "a.org/#top", "#"])
def test_what_is_no_prefix_covers_nothing(text: str) -> None:
    assert parse_prefix(text) == ""
    assert len(PrefixSet([text])) == 0


def test_braces_in_a_url_are_no_template() -> None:
    assert under("a.org/{int}/", "http://a.org/7/x")
    assert not under("a.org/{int}/", "http://a.org/{int}/x")
    assert under("a.org/{x}/", "http://a.org/%7Bx%7D/y")


def test_two_spellings_of_a_prefix_are_one() -> None:
    prefixes = PrefixSet(["a.org/docs/", "https://A.ORG/docs/", "a.org./docs/"])
    assert list(prefixes) == ["a.org./docs/"]
    assert list(prefixes.matches("http://a.org/docs/x")) == ["a.org./docs/"]
    assert prefixes.hosts == {"a.org"}


@given(st.text(alphabet="aA.%7e/\\ü{int} :@", max_size=20))
def test_the_prefix_of_a_key_is_the_key(rest: str) -> None:
    prefix = parse_prefix(f"a.org/{rest}")
    assert parse_prefix(prefix) == prefix
    key = prefix_key(f"http://a.org/{rest}")
    assert under(key.replace("{", "%7B"), f"http://a.org/{rest}")
