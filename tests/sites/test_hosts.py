"""Hosts to registered domains."""

import pytest

from recall.sites.hosts import registered_domain


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("a.github.io", "a.github.io"),
        ("x.a.github.io", "a.github.io"),
        ("github.io", "github.io"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("www.xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai"),
        ("a.xn--55qx5d.cn", "a.xn--55qx5d.cn"),
        ("a b.org", "a b.org"),
        ("localhost", "localhost"),
    ],
)
def test_a_registered_domain_is_told_with_private_suffixes(host: str, family: str) -> None:
    assert registered_domain(host) == family
