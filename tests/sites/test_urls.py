"""URLs as the URL standard reads them, and the key on top. Sections: https://url.spec.whatwg.org/."""

from typing import Any

import can_ada
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recall.sites.urls import address_of, host_of, is_web, named_host, stored_host, unicode_host, url_key
from tests.chromium import started

HOSTS = {
    "userinfo (4.4, authority state)": [
        ("https://user@a.org/", "a.org"),
        ("https://user:pw@a.org/", "a.org"),
        ("https://a.org:80@b.org/", "b.org"),
        ("https://a@b@c.org/", "c.org"),
        ("https://a.org%2f@b.org/", "b.org"),
        ("https://:@a.org/", "a.org"),
    ],
    "ports (4.4, port state)": [
        ("http://a.org:80/", "a.org"),
        ("https://a.org:443/", "a.org"),
        ("http://a.org:8080/", "a.org"),
        ("http://a.org:/", "a.org"),
        ("http://a.org:00080/", "a.org"),
        ("http://a.org:99999/", "a.org"),
    ],
    "the final dot": [
        ("http://a.org./", "a.org"),
        ("http://a.org.:8080/x", "a.org"),
        ("http://A.ORG.", "a.org"),
        ("http://bücher.example./", "xn--bcher-kva.example"),
        ("http://127.0.0.1./", "127.0.0.1"),
        ("http://a.org../", "a.org.."),
    ],
    "letters of any script (3.3, domain to ASCII)": [
        ("http://bücher.example/", "xn--bcher-kva.example"),
        ("http://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("http://BÜCHER.example/", "xn--bcher-kva.example"),
        ("http://пример.рф/", "xn--e1afmkfd.xn--p1ai"),
        ("http://bu\u0308cher.example/", "xn--bcher-kva.example"),
        ("http://straße.example/", "xn--strae-oqa.example"),
        ("http://日本語.jp/", "xn--wgv71a119e.jp"),
    ],
    "upper case": [
        ("HTTP://A.ORG/", "a.org"),
        ("http://WWW.A.Org/", "www.a.org"),
        ("hTTps://a.oRG/", "a.org"),
        ("http://XN--BCHER-KVA.example/", "xn--bcher-kva.example"),
        ("http://ÄÖÜ.example/", "xn--4ca0bs.example"),
    ],
    "characters that UTS 46 maps": [
        ("http://ａ.ｏｒｇ/", "a.org"),
        ("http://a。org/", "a.org"),
        ("http://a．org/", "a.org"),
        ("http://a｡org/", "a.org"),
        ("http://a\u00adb.org/", "ab.org"),
        ("http://ⅷ.org/", "viii.org"),
        ("http://\u24d0.org/", "a.org"),
    ],
    "a backslash is a slash (4.4)": [
        ("http:\\\\a.org\\b", "a.org"),
        ("http://a.org\\@b.org/", "a.org"),
        ("http:/\\a.org/", "a.org"),
        ("http:\\/a.org/", "a.org"),
        ("http:/a.org/", "a.org"),
        ("http:////a.org/", "a.org"),
    ],
    "tabs and line ends go (4.4)": [
        ("ht\ntp://a.org/", "a.org"),
        ("http://a.\torg/", "a.org"),
        ("http://a.o\r\nrg/", "a.org"),
        ("  http://a.org/  ", "a.org"),
        ("\x00\x1fhttp://a.org/\x00", "a.org"),
    ],
    "IPv4 in any notation (3.5)": [
        ("http://0x7f.1/", "127.0.0.1"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://0177.0.0.01/", "127.0.0.1"),
        ("http://127.1/", "127.0.0.1"),
        ("http://0x7F000001/", "127.0.0.1"),
        ("http://１２７.0.0.1/", "127.0.0.1"),
        ("http://1.2.3/", "1.2.0.3"),
    ],
    "IPv6 (3.5)": [
        ("http://[2001:DB8::1]/", "[2001:db8::1]"),
        ("http://[2001:db8:0:0:0:0:0:1]:80/", "[2001:db8::1]"),
        ("http://[::ffff:1.2.3.4]/", "[::ffff:102:304]"),
        ("http://user@[::1]/", "[::1]"),
        ("http://[1:0:0:2::]/", "[1:0:0:2::]"),
    ],
    "percent-encoded hosts (3.5)": [
        ("http://%61.org/", "a.org"),
        ("http://a%2Eorg/", "a.org"),
        ("http://b%C3%BCcher.example/", "xn--bcher-kva.example"),
        ("http://%41%2e%4F%52%47/", "a.org"),
        ("http://%30x7f.1/", "127.0.0.1"),
    ],
    "refused by the standard": [
        ("http://a b.org/x", "a b.org"),
        ("http://exa%2Fmple/", "exa%2fmple"),
        ("http://256.1.1.1/", "256.1.1.1"),
        ("http://xn--a.org/", "xn--a.org"),
        ("http://[broken/x", "[broken"),
        ("http://a<b.org:80/", "a<b.org"),
        ("//a.org/x", "a.org"),
        ("mailto:someone@example.org", ""),
        ("no url", ""),
        ("", ""),
    ],
}


@pytest.mark.parametrize(
    ("url", "host"), [pytest.param(*row, id=f"{kind}: {row[0]}") for kind, rows in HOSTS.items() for row in rows]
)
def test_the_host_of_a_url_is_the_standards(url: str, host: str) -> None:
    assert host_of(url) == host == address_of(url).host


KEYS = {
    "dot segments (4.4, path state)": [
        ("http://a.org/a/./b/../c", "a.org/a/c"),
        ("http://a.org/a/%2e/b/%2E%2e/c", "a.org/a/c"),
        ("http://a.org/a/.%2e/c", "a.org/c"),
        ("http://a.org/../../c", "a.org/c"),
        ("http://a.org/a/..", "a.org/"),
        ("http://a.org/a\\..\\c", "a.org/c"),
    ],
    "unreserved characters (RFC 3986, 6.2.2)": [
        ("http://a.org/%7Euser/%41%2D%5F", "a.org/~user/A-_"),
        ("http://a.org/%c3%a4", "a.org/%C3%A4"),
        ("http://a.org/ä", "a.org/%C3%A4"),
        ("http://a.org/%2f%2F", "a.org/%2F%2F"),
        ("http://a.org/x?q=%66%6f", "a.org/x?q=fo"),
        ("http://a.org/%2541", "a.org/%2541"),
        ("http://a.org/100%", "a.org/100%25"),
        ("http://a.org/%%34%31", "a.org/%2541"),
    ],
    "characters no URI may hold": [
        ("http://a.org/a|b", "a.org/a%7Cb"),
        ("http://a.org/a%7cb", "a.org/a%7Cb"),
        ("http://a.org/{x}", "a.org/%7Bx%7D"),
        ("http://a.org/?{x}=^`\\", "a.org/?%7Bx%7D=%5E%60%5C"),
        ("http://a.org/a b?c d", "a.org/a%20b?c%20d"),
        ("http://a.org/<\"'>", "a.org/%3C%22'%3E"),
        ("http://a.org/\ud800", "a.org/%EF%BF%BD"),
    ],
    "fragments, empty queries, users and ports": [
        ("http://a.org/x#top", "a.org/x"),
        ("http://a.org/x?#top", "a.org/x"),
        ("http://a.org#x?y", "a.org/"),
        ("http://a.org?x", "a.org/?x"),
        ("http://u:p@a.org:80/x", "a.org/x"),
        ("https://a.org:443/x", "a.org/x"),
        ("http://a.org:8080/x", "a.org:8080/x"),
    ],
    "what stays apart": [
        ("http://a.org/X", "a.org/X"),
        ("http://a.org/x/", "a.org/x/"),
        ("http://a.org//x", "a.org//x"),
        ("http://a.org/x?b=1&a=2", "a.org/x?b=1&a=2"),
        ("http://a.org/a+b", "a.org/a+b"),
        ("ftp://a.org/x", "ftp:a.org/x"),
        ("mailto:a@b.org", "mailto:a@b.org"),
    ],
    "refused by the standard": [
        ("http://a.org:99999/x", "a.org:99999/x"),
        ("http://a b.org/x?y#z", "a b.org/x?y"),
        ("http://u@exa%2Fmple\\x y", "exa%2fmple/x%20y"),
        ("http://[broken/../x", "[broken/../x"),
        ("http://", "http://"),
        ("no url", "no url"),
        ("//a.org/x", "a.org/x"),
    ],
}


@pytest.mark.parametrize(
    ("url", "key"), [pytest.param(*row, id=f"{kind}: {row[0]!a}") for kind, rows in KEYS.items() for row in rows]
)
def test_the_key_of_a_url(url: str, key: str) -> None:
    assert url_key(url) == key


ODD = "aA%24eE./:@?#\\[]| ^`{}~-_\tü。ß1\u200d\ud800xn0\u0000'\"<>&+ö\u0308٣"


@given(st.text(alphabet=ODD, max_size=30))
@example("0。。")
@example("%%34%31")
@example(":99999:/x")
def test_the_key_of_a_key_is_the_key(rest: str) -> None:
    url = f"http://{rest}"
    key = url_key(url)
    assert key
    assert host_of(url) == address_of(url).host
    if host_of(url):
        assert url_key(f"http://{key}") == key
        assert url_key(f"https://{key}") == key or ":" in key


@given(st.text(max_size=40))
def test_any_text_has_a_key_and_a_host(text: str) -> None:
    assert url_key(text) or not text.strip("".join(map(chr, range(0x21))))
    host_of(text)


def test_urls_that_are_refused_have_keys_and_hosts_of_their_own() -> None:
    refused = [url for url, host in HOSTS["refused by the standard"] if host]
    assert len({url_key(url) for url in refused}) == len({host_of(url) for url in refused}) == len(refused)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("a.org", "a.org"),
        ("A.org.", "a.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("::1", "[::1]"),
        ("[2001:DB8::1]", "[2001:db8::1]"),
        ("http://u@a.org:8080/x", "a.org"),
        ("a.org:8080", ""),
        ("a.org/x", ""),
        ("u@a.org", ""),
        ("a b", ""),
        ("a..org", ""),
        ("https:///x", ""),
        ("", ""),
    ],
)
def test_a_host_that_a_person_wrote(text: str, host: str) -> None:
    assert named_host(text) == host
    assert named_host(host) == host


@pytest.mark.parametrize(
    ("stored", "host"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("a.org", "a.org"),
        ("a b.org", "a b.org"),
        ("[broken", "[broken"),
        ("", ""),
    ],
)
def test_hosts_that_earlier_versions_stored_are_those_of_today(stored: str, host: str) -> None:
    assert stored_host(stored) == host == stored_host(host)


def test_a_host_has_letters_of_its_own() -> None:
    assert unicode_host("xn--bcher-kva.example") == "bücher.example"
    assert unicode_host("a.org") == "a.org"


def test_a_long_url_is_read_in_linear_time() -> None:
    for hostile in (
        "http://a.org/" + "%" * 100_000,
        "http://" + ":" * 100_000,
        "http://" + "%41." * 30_000,
        "/" * 100_000,
    ):
        assert url_key(hostile)


CHARACTERS = "\t\n !\"#$%&'()*+,-.;<=>@[\\]^`{|}~\u00a0\u00ad\u200b\u2028\u3000\ufeff\uff0e\uff05\U0001f600ÄßİΣς"
"""Each of them in a host, a path and a query."""

SCRIPT = """urls => urls.map(url => {
  try {
    const {href, protocol, hostname, port} = new URL(url);
    return [href, protocol, hostname, port];
  } catch { return null; }
})"""


def odd_urls() -> list[str]:
    written = [url for rows in (*HOSTS.values(), *KEYS.values()) for url, _ in rows]
    made = [
        f"http://{text}" for char in CHARACTERS for text in (f"a{char}b.org/", f"a.org/x{char}y", f"a.org/?x{char}y")
    ]
    return [url for url in [*written, *made] if "\ud800" not in url]


CHROMIUM_ALONE = {
    "http://a b.org/": "a space is a forbidden host code point (3.2); Chromium encodes it",
    "http://a b.org/x": "the same",
    "http://a b.org/x?y#z": "the same",
    "http://a\u00a0b.org/": "maps to a space",
    "http://a\u3000b.org/": "maps to a space",
    "http://xn--a.org/": "is no Punycode, so domain to ASCII fails (3.3); Chromium does not look",
    "http://a*b.org/": "* may stand in a domain (3.2); Chromium encodes it",
}
"""URLs of which Chromium shows another host than the standard; they name no host of the domain name system."""


def standard_parts(url: str) -> tuple[str, ...] | None:
    """What the parser makes of a URL; the key goes over its path and query."""
    try:
        parts = can_ada.parse(url)
    except ValueError:
        return None
    return parts.protocol, parts.hostname, parts.port


@pytest.mark.browser
def test_chromium_reads_odd_urls_as_we_do() -> None:
    """Its `new URL()` and our parser give the same parts, its URL and ours the same key; both refuse the same."""
    urls = odd_urls()
    assert len(urls) > 200
    with started() as chromium:
        answers: list[Any] = chromium.new_page().evaluate(SCRIPT, urls)
    for url, answer in zip(urls, answers, strict=True):
        if url in CHROMIUM_ALONE:
            assert answer is not None
        elif answer is None:
            assert standard_parts(url) is None
        else:
            assert standard_parts(url) == tuple(answer[1:4]), url
            assert url_key(answer[0]) == url_key(url), url
            assert host_of(answer[0]) == host_of(url)


@pytest.mark.parametrize(
    ("url", "web"),
    [
        ("https://a.org/x?y=1#z", True),
        ("HTTP://user@A.org:8080", True),
        ("http://bücher.example/ä", True),
        ("http://[::1]/", True),
        ("http://a.org\\x", True),
        ("https:///x", False),
        ("https://", False),
        ("//a.org/", False),
        ("a.org", False),
        ("javascript:alert(1)", False),
        ("http://[::1/", False),
        ("http://a b.org/", False),
        ("ht\ntp://a.org/", False),
        ("http://a.org/\u202e", False),
        ("http://a.org/\ud800", False),
    ],
)
def test_only_absolute_web_urls_are_followed(url: str, web: bool) -> None:
    assert is_web(url) is web
