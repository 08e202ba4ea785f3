"""Patterns cover the URLs that their lines mean, or are refused with their line."""

import time

import pytest

from recall.corpus.filters.optout import OptOut
from recall.corpus.filters.url_patterns import parse_patterns
from recall.errors import BadInput


@pytest.mark.parametrize(
    ("line", "url", "covered"),
    [
        ("a.org/private/", "https://a.org/private/x", True),
        ("a.org/private/", "https://b.a.org/private/x", False),
        ("*/users/*/mail", "http://a.org/users/7/mail?x", True),
        ("a.org/*.pdf$", "http://a.org/b/c.pdf", True),
        ("a.org/*.pdf$", "http://a.org/b/c.pdf.html", False),
        ("a.org/x$", "http://a.org/xy", False),
        ("https://a.org/*draft=1", "https://a.org/p?draft=1", True),
        ("https://a.org/*draft=1", "http://a.org/p?draft=1", False),
    ],
)
def test_patterns_cover_urls(line: str, url: str, covered: bool) -> None:
    assert bool(OptOut(patterns=parse_patterns(["# no", "", line], "f")).reason(url)) == covered


SPELLINGS = {
    "scheme, user and port": ("HTTPS://user@A.org:443/x", "https://a.org/x/y"),
    "upper case": ("A.ORG/x", "http://a.org/xy"),
    "a final dot": ("a.org./x", "http://a.org/x"),
    "a final dot in the URL": ("a.org/x", "http://a.org./x"),
    "letters of its own": ("bücher.example/", "http://xn--bcher-kva.example/x"),
    "Punycode": ("xn--bcher-kva.example/", "http://bücher.example/x"),
    "letters with a wildcard beside": ("*.bücher.example/x", "http://www.xn--bcher-kva.example/x"),
    "percent codes of letters": ("a.org/%7euser/", "http://a.org/~user/x"),
    "percent codes in lower case": ("a.org/%c3%a4", "http://a.org/ä"),
    "a space": ("a.org/x y", "http://a.org/x%20y/z"),
    "backslashes": ("a.org\\x", "http://a.org/x"),
    "dot segments": ("a.org/y/../x", "http://a.org/x"),
    "a query": ("a.org/x?id=*&all", "http://a.org/x?id=7&all=1"),
    "a query without a slash": ("a.org?draft", "http://a.org/?draft=1"),
    "a port": ("a.org:8080/x", "http://a.org:8080/x"),
    "any scheme": ("*://a.org/x", "https://a.org/x"),
    "any web scheme": ("http*://a.org/x", "https://a.org/x"),
    "a URL in a path": ("web.archive.org/*/http://a.org/", "http://web.archive.org/web/2020/http://a.org/x"),
    "the home page": ("a.org$", "http://a.org"),
    "a comment behind": ("a.org/x # asked by mail", "http://a.org/x"),
    "a default port beside no scheme": ("a.org:443/x", "https://a.org/x"),
    "part of a host": ("*example*/x", "http://www.example.net/x"),
    "an address": ("192.168.*/", "http://192.168.0.7/x"),
    "IPv6": ("[2001:DB8::1]/x", "http://[2001:db8:0::1]/x"),
}


@pytest.mark.parametrize(("line", "url"), SPELLINGS.values(), ids=SPELLINGS)
def test_a_pattern_covers_a_url_however_both_are_written(line: str, url: str) -> None:
    (pattern,) = parse_patterns([line], "f")
    assert OptOut(patterns=(pattern,)).reason(url) == line.partition(" #")[0]
    assert not OptOut(patterns=(pattern,)).reason("http://other.test/z")


@pytest.mark.parametrize(
    ("line", "url"),
    [
        ("a.org:8080/x", "http://a.org/x"),
        ("https://a.org:8443/", "https://a.org/"),
        ("a.org/x?id=", "http://a.org/x"),
        ("a.org$", "http://a.org/x"),
        ("*.a.org/", "http://a.org/"),
        ("https://a.org/", "http://a.org/"),
    ],
)
def test_a_pattern_covers_no_more_than_it_says(line: str, url: str) -> None:
    assert not OptOut(patterns=parse_patterns([line], "f")).reason(url)


INTO_THE_PATH = {
    "a kind of file": ("*.pdf$", "https://a.com/x.pdf"),
    "a kind of file on a host": ("a.com*.pdf$", "https://a.com/b/x.pdf"),
    "a last word": ("*secret$", "https://a.com/x/secret"),
    "everything": ("*$", "https://a.com/x/y"),
    "a kind of file with a scheme": ("https://*.pdf$", "https://a.com/x.pdf"),
    "a query with a scheme": ("https://*?print=1", "https://a.com/x?print=1"),
    "a query behind a host with a scheme": ("https://a.com*?x", "https://a.com/y?x"),
    "a query behind a host": ("a.com*?x", "https://a.com/y?x"),
    "letters of another case": ("*Secret$", "https://a.com/Secret"),
    "letters of another case before a path": ("*Private/x", "https://a.com/Private/x"),
    "a host in another case, and a path": ("*.A.com*Secret$", "https://www.a.com/x/Secret"),
    "what no host holds": ("*~user$", "https://a.com/~user"),
    "a percent code": ("a.com*%7euser$", "https://a.com/~user"),
    "a space": ("*old page.html$", "https://a.com/old%20page.html"),
    "two wildcards": ("*draft*.html$", "https://a.com/draft/x.html"),
    "a path in brackets": ("a.com*(disambiguation)$", "https://a.com/wiki/C_(disambiguation)"),
    "an at sign": ("*@me$", "https://a.com/@me"),
    "a port": ("https://a.com*:8080$", "https://a.com/proxy:8080"),
    "home pages": ("*.a.com$", "https://www.a.com/"),
    "home pages with a query": ("*.a.com?x", "https://www.a.com/?x"),
}
"""URLs that patterns with a `*` before their first slash covered when they were compared as they are written."""


@pytest.mark.parametrize(("line", "url"), INTO_THE_PATH.values(), ids=INTO_THE_PATH)
def test_a_wildcard_in_the_host_may_run_over_into_the_path(line: str, url: str) -> None:
    lists = OptOut(patterns=parse_patterns([line], "f"))
    assert lists.reason(url) == line
    assert line == "*$" or not lists.reason("https://b.net/other/page.txt?q=1")


def test_a_pattern_of_many_wildcards_is_compared_in_bounded_time() -> None:
    (pattern,) = parse_patterns(["*A" * 1000], "f")
    started = time.process_time()
    assert not OptOut(patterns=(pattern,)).reason("http://a.org/" + "aA" * 900)
    assert time.process_time() - started < 2


UNCLEAR = {
    "a dot": "a.com/.",
    "two dots": "a.com/x/..",
    "percent codes": "a.com/%2e",
    "percent codes and a dot": "a.com/x/.%2E",
    "behind a backslash": "a.com/x\\..",
    "before the end": "a.com/.$",
    "before a query": "a.com/x/..?q",
    "before a slash": "a.com/x/../",
    "behind a wildcard": "a.com/*/..",
    "with a scheme": "https://a.com/.",
    "a default port beside any scheme": "*://a.com:443/",
    "a default port beside any web scheme": "http*://a.com:80/x",
}


@pytest.mark.parametrize("line", UNCLEAR.values(), ids=UNCLEAR)
def test_a_pattern_that_covers_other_pages_than_it_seems_to_is_refused(line: str) -> None:
    with pytest.raises(BadInput, match=r"^f:2: (its path ends in|beside a scheme with \*)"):
        parse_patterns(["a.org/", line], "f")


@pytest.mark.parametrize("line", ["a.com/.well-known/", "a.com/x/..y", "a.com/...", "a.com/a.", "*://a.com:8443/"])
def test_dots_and_ports_that_change_nothing_are_taken(line: str) -> None:
    url = f"https://{line.removeprefix('*://')}"
    assert OptOut(patterns=parse_patterns([line], "f")).reason(url) == line
    assert not OptOut(patterns=parse_patterns([line], "f")).reason("https://a.com/")


NOTHING = {
    "no host": "/private/",
    "no host but the end": "$",
    "a scheme without a host": "https://",
    "a scheme without a host, with a path": "https:///x",
    "a scheme that no page has": "ftp://a.org/",
    "a scheme mistyped": "htps://a.org/",
    "a wildcard in a scheme that no page has": "f*://a.org/",
    "a fragment": "a.org/x#top",
    "a host with a space": "a b.org/x",
    "a host of dots": "../x",
    "a user without a host": "user@/x",
    "letters beside a wildcard": "büch*.example/x",
    "a port that is none": "a.org:http/x",
    "a sentence": "please: leave out our pages",
}


@pytest.mark.parametrize("line", NOTHING.values(), ids=NOTHING)
def test_a_pattern_that_could_cover_nothing_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(BadInput, match=r"^f:2: covers nothing: .+: "):
        parse_patterns(["a.org/", line], "f")
