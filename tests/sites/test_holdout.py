"""Pages that are held out."""

import pytest

from recall.errors import BadInput
from recall.sites.holdout import Holdout, parse_holdout


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
        '{"url": "no host", "use": "pool"}',
    ]
    assert parse_holdout(lines, "holdout.txt").names == {"example.org", "b.org", "d.org"}


NO_HOST = {
    "no scheme": '{"url": "example.org/page"}',
    "a host alone": '{"url": "example.org"}',
    "nothing": '{"url": ""}',
    "a path": '{"url": "/page"}',
    "a host with a port": '{"url": "example.org:8080/page"}',
    "a scheme alone": '{"url": "https://"}',
    "a scheme without a host": '{"url": "mailto:a@example.org"}',
    "line ends": '{"url": "\\n\\u001b[2Jexample.org", "use": "measure"}',
    "a long one": '{"url": "' + "x" * 100_000 + '"}',
}


@pytest.mark.parametrize("line", NO_HOST.values(), ids=NO_HOST)
def test_a_url_that_would_hold_nothing_out_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(BadInput, match=r'^h\.jsonl:2: expected a "url" with scheme and host, found ') as caught:
        parse_holdout(["a.org", line], "h.jsonl")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_a_line_that_is_nested_too_deep_is_named() -> None:
    with pytest.raises(BadInput, match=r"^h\.jsonl:1: expected"):
        parse_holdout(['{"url": ' + "[" * 100_000], "h.jsonl")


@pytest.mark.parametrize("line", ["{", '{"label": "C"}', '{"url": 3}', "{}"])
def test_a_broken_holdout_line_is_named(line: str) -> None:
    with pytest.raises(BadInput, match=r"^h\.jsonl:2: expected"):
        parse_holdout(["a.org", line], "h.jsonl")


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
