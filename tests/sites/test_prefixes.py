"""URL prefixes and templates."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.sites.prefixes import PrefixSet, parse_prefix, prefix_key, under, url_under


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
        ("a.org/linux{any}", "https://a.org/linux-sed-2.html", True),
        ("a.org/linux{any}", "https://a.org/linux", True),
        ("a.org/linux{any}", "https://a.org/linux/x", True),
        ("a.org/linux{any}", "https://a.org/unix-linux", False),
        ("a.org/{any}math{any}/", "https://a.org/highmathx/7", True),
        ("a.org/{any}math{any}/", "https://a.org/highmathx", False),
        ("a.org/{any}math{any}", "https://a.org/x/math", False),
        ("a.org/a{any}b{any}b", "https://a.org/axbxb", True),
        ("a.org/a{any}b{any}b", "https://a.org/axb", False),
        ("a.org/aa{any}aa", "https://a.org/aaa", False),
    ],
)
def test_a_template_stands_for_whole_path_parts(template: str, url: str, covered: bool) -> None:
    assert under(template, url) is covered


@pytest.mark.parametrize(
    ("prefix", "url", "covered"),
    [
        ("*.a.org/en/", "https://b.a.org/en/x", True),
        ("*.a.org/en/", "https://c.b.A.org./en/x", True),
        ("*.a.org/en/", "https://a.org/en/x", False),
        ("*.a.org/en/", "https://ba.org/en/x", False),
        ("*.a.org/en/", "https://b.a.org/fr/x", False),
        ("*.a.org/en/", "https://b.a.org.evil.net/en/x", False),
        ("*.a.org/{int}/", "https://b.a.org/7/x", True),
        ("*.a.org", "https://b.a.org/x", True),
        ("HTTPS://*.A.org./en/", "http://b.a.org/en/x", True),
        ("*.bücher.example/", "http://x.xn--bcher-kva.example/", True),
        ("*.a.org/en/", "http://*.a.org/en/", True),
        ("b.*.org/", "https://b.a.org/", False),
    ],
)
def test_a_star_stands_for_the_hosts_below_a_name(prefix: str, url: str, covered: bool) -> None:
    assert under(prefix, url) is covered
    assert parse_prefix(parse_prefix(prefix)) == parse_prefix(prefix)


def test_of_prefixes_that_cover_the_same_part_the_closest_host_comes_first() -> None:
    prefixes = PrefixSet(["*.a.org/x", "b.a.org/x", "*.a.org/{slug}", "*.b.a.org/x/", "*.a.org/x/y/"])
    assert list(prefixes.matches("http://b.a.org/x/1")) == ["b.a.org/x", "*.a.org/x", "*.a.org/{slug}"]
    assert list(prefixes.matches("http://c.b.a.org/x/1")) == ["*.b.a.org/x/", "*.a.org/x", "*.a.org/{slug}"]
    assert prefixes.match("http://b.a.org/x/y/z") == "*.a.org/x/y/"
    assert prefixes.hosts == {"b.a.org"}
    assert prefixes.parents == {"a.org", "b.a.org"}


def test_hostile_urls_cost_no_more_than_their_length() -> None:
    prefixes = PrefixSet(["*.a.org/", f"b.org/{'a{any}' * 50}b"])
    start = time.process_time()
    assert prefixes.match(f"http://{'x.' * 120}a.org/") == "*.a.org/"
    assert prefixes.match(f"http://b.org/{'a' * 100_000}c") is None
    assert time.process_time() - start < 5


def test_templates_and_prefixes_are_asked_together_the_longest_cover_first() -> None:
    prefixes = PrefixSet(["a.org/q/", "a.org/q/{int}/", "a.org/q/7/", "a.org/{slug}/{int}/x", "b.org/{year}/"])
    found = list(prefixes.matches("http://a.org/q/7/x"))
    assert found == ["a.org/{slug}/{int}/x", "a.org/q/7/", "a.org/q/{int}/", "a.org/q/"]
    assert prefixes.match("http://a.org/x/7/") is None


def test_many_templates_of_a_host_cost_no_more_than_the_parts_of_a_url() -> None:
    prefixes = PrefixSet([f"a.org/{name}/{{int}}/{{slug}}" for name in range(20_000)])
    start = time.process_time()
    assert sum(prefixes.match(f"http://a.org/{name}/5/x") is not None for name in range(2_000)) == 2_000
    assert time.process_time() - start < 5


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


@pytest.mark.parametrize(
    "prefix",
    ["a.org", "a.org/", "a.org/x", "a.org/q/{int}/", "a.org/{year}/{slug}", "a.org/{any}x{any}/", "*.a.org/{int}"],
)
def test_a_url_under_a_prefix_lies_under_it(prefix: str) -> None:
    assert under(prefix, url_under(prefix))


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


@pytest.mark.parametrize(
    ("pattern", "url", "covered"),
    [
        ("*/viewtopic.php", "http://board.a.org/viewtopic.php?t=3", True),
        ("*/viewtopic.php", "http://b.net/some/forum/viewtopic.php?f=1&t=2", True),
        ("*/viewtopic.php", "http://b.net/viewtopic.phpx", False),
        ("*/viewtopic.php", "http://b.net/viewforum.php", False),
        ("*/blob/", "https://c.org/owner/tool/blob/main/a.py", True),
        ("*/blob/", "https://c.org/owner/tool/blob", False),
        ("*/blob/", "https://c.org/blobs/x", False),
        ("*/questions/{int}/", "https://d.org/questions/17/how-to", True),
        ("*/questions/{int}/", "https://d.org/questions/tagged/x", False),
        ("*/Special:{any}", "https://e.org/wiki/Special:RecentChanges", True),
        ("*/Special:{any}", "https://e.org/wiki/Specials", False),
        ("*/en/latest/", "https://f.readthedocs.io/en/latest/api.html", True),
        ("*/en/latest/", "https://f.org/latest/en/api.html", False),
        ("*/x/", "mailto:x/y/z", False),
    ],
)
def test_a_pattern_stands_for_every_host_and_begins_in_any_folder(pattern: str, url: str, covered: bool) -> None:
    assert parse_prefix(pattern) == pattern
    assert under(pattern, url) is covered
    assert not PrefixSet([pattern]).hosts | PrefixSet([pattern]).parents  # no index can be searched for it


def test_what_lies_under_a_pattern_lies_under_it_on_hosts_with_prefixes_too() -> None:
    prefixes = PrefixSet(["a.org/forum/", "*/viewtopic.php", "*/forum/"])
    assert list(prefixes.matches("http://a.org/forum/viewtopic.php")) == ["*/viewtopic.php", "a.org/forum/", "*/forum/"]
    assert prefixes.match("http://a.org/forum/x") == "a.org/forum/"
    assert PrefixSet(["*/docs/"]).match(url_under("*/docs/{slug}/")) == "*/docs/"


def test_the_longest_prefix_decides_whether_a_page_is_taken_out_again() -> None:
    prefixes = PrefixSet(
        ["wiki.a.org/", "wiki.a.org/w/Special:Code/"], ["*/Special:{any}", "wiki.a.org/talk/", "b.org/"]
    )
    assert list(prefixes) == ["wiki.a.org/", "wiki.a.org/w/Special:Code/"]
    assert len(prefixes) == 2
    assert prefixes.match("http://wiki.a.org/w/Loops") == "wiki.a.org/"
    assert prefixes.match("http://wiki.a.org/w/Special:Search") is None
    assert prefixes.match("http://wiki.a.org/w/Special:Code/1") == "wiki.a.org/w/Special:Code/"
    assert prefixes.match("http://wiki.a.org/talk/x") is None
    assert prefixes.match("http://b.org/x") is None
    assert PrefixSet(["a.org/"], ["a.org/"]).match("http://a.org/x") == "a.org/"


def test_patterns_on_a_url_of_very_many_parts_cost_no_more_than_its_length() -> None:
    prefixes = PrefixSet(["*/a/{slug}/{slug}/x", "*/{slug}/a/", "*/a/a/a/"])
    url = "http://h.org/" + "a/" * 100_000
    start = time.process_time()
    assert prefixes.match(url) is not None
    assert time.process_time() - start < 2
