"""SURT keys, as Common Crawl's indexes have them."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.sites.surt import surt_host, surt_key

SESSION = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("example.com", "com,example"),
        ("www.example.com", "com,example"),
        ("WWW2.Example.com", "com,example"),
        ("www.blog.example.co.uk", "uk,co,example,blog"),
        ("blog.example.co.uk", "uk,co,example,blog"),
        ("wwwx.example.com", "com,example,wwwx"),
        ("docs.www.example.com", "com,example,www,docs"),
        ("www.com", "com,www"),
        ("xn--bcher-kva.example", "example,xn--bcher-kva"),
        ("165.22.100.0", "0,100,22,165"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("localhost", "localhost"),
    ],
)
def test_hosts(host: str, key: str) -> None:
    assert surt_host(host) == key


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://example.org", "org,example)/"),
        ("https://www2.Example.org/A?b=C", "org,example)/a?b=c"),
        ("http://www.com/", "com,www)/"),
        ("https://example.org/a/b/", "org,example)/a/b"),
        ("https://example.org/a/?q=1", "org,example)/a?q=1"),
        ("http://example.org:8080/a//b/../c/", "org,example:8080)/a/c"),
        ("http://example.org:80/x", "org,example)/x"),
        ("https://example.org:443/x", "org,example)/x"),
        ("https://example.org:80/x", "org,example:80)/x"),
        ("http://user:word@example.org/x#part", "org,example)/x"),
        ("https://example.org/?b=2&a=1&B=1", "org,example)/?a=1&b=1&b=2"),
        ("https://example.org/a?", "org,example)/a"),
        ("https://example.org/a?&b&&a=", "org,example)/a?&&a=&b"),
        ("https://example.org/a%2520b%2Fc?x=%26y", "org,example)/a%20b/c?x=&y"),
        ("https://bücher.example/ö?ü=ß", "example,xn--bcher-kva)/%c3%b6?%c3%bc=%c3%9f"),
        (f"https://example.org/?PHPSESSID={SESSION}&q=1", "org,example)/?q=1"),
        (f"https://example.org/?q=1&sid={SESSION}", "org,example)/?&q=1"),
        ("https://example.org/?cfid=1&cftoken=2&z=1", "org,example)/?z=1"),
        (f"https://example.org/(a({SESSION[:24]}))/x.aspx", "org,example)/x.aspx"),
        ("http://165.22.100.0/x", "0,100,22,165)/x"),
        ("http://[2001:db8::1]:81/x", "2001:db8::1:81)/x"),
        ("https://example.org/%7Euser/./index.html", "org,example)/~user/index.html"),
        ("https://example.org/a b|c", "org,example)/a%20b|c"),
    ],
)
def test_urls(url: str, key: str) -> None:
    assert surt_key(url) == key


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_url_has_one_key_on_one_line(path: str, query: str) -> None:
    key = surt_key(f"https://www.example.org/{path}?{query}")
    assert key.startswith("org,example)")
    assert key.isascii()
    assert key.isprintable()
    assert " " not in key


def test_keys_sort_pages_below_their_host() -> None:
    hosts = ["a.example.org", "example.org", "zexample.org"]
    keys = sorted(surt_key(f"https://{host}/{path}") for host in hosts for path in "abc")
    groups = [key.partition(")")[0] for key in keys]
    assert sum(one != two for one, two in pairwise(groups)) == 2


@pytest.mark.parametrize(
    "part",
    ["cfid=", "?cftoken=&cfid=", "(a(", "/(" + "0" * 24 + ")", "%25", "%2525", "a/../", "sid=", "&b=1", "?", "www."],
)
def test_the_cost_grows_with_the_length_alone(part: str) -> None:
    """Measured beside itself at a third of the length: a pattern that looks back would take nine times as long."""

    def seconds(count: int) -> float:
        url = (
            f"https://example.org/x.aspx?{part * count}" if "=" in part else f"https://example.org/{part * count}.aspx"
        )
        times = []
        for _ in range(3):
            started = time.process_time()
            surt_key(url)
            times.append(time.process_time() - started)
        return min(times)

    count = 60_000 // len(part)
    assert seconds(3 * count) < 7 * seconds(count) + 0.05
