"""URLs to hosts and registered domains."""

import pytest

from recall.sites.hosts import host_of, registered_domain


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
def test_a_registered_domain_is_told_with_private_suffixes(host: str, family: str) -> None:
    assert registered_domain(host) == family
