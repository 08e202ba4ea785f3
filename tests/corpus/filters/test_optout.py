"""Lists and pages decide who is left out."""

from pathlib import Path

import pytest

from recall.config import AccessSection
from recall.corpus.filters.optout import OptOut, noai, parse_hosts, parse_patterns
from recall.corpus.signals import signals
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


def test_lists_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("a.org  # asked by mail\n*.b.net\n")
    (tmp_path / "patterns").write_text("c.com/x\n")
    lists = OptOut.load(str(tmp_path / "hosts"), str(tmp_path / "patterns"), AccessSection())
    assert [lists.reason(url) for url in ("http://w.a.org/", "http://b.net/", "http://c.com/xy", "http://d.org/")] == [
        *("a.org", "b.net", "c.com/x", "")
    ]
    with pytest.raises(BadInput, match=r"f:1: expected a host"):
        parse_hosts(["a b"], "f")


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (b"<meta content='index, NOAI' name=Robots>", "", "noai"),
        (b'<meta name="CCBot" content="noml">', "", "noml"),
        (b'<meta name="tdm-reservation" content="1">', "", "tdm-reservation"),
        (b'<meta name="tdm-reservation" content="0">', "", ""),
        (b'<meta name="description" content="noai">', "", ""),
        (b"<p>noai", "", ""),
        (b"", "x-robots-tag: noindex\nx-robots-tag: noai", "noai"),
        (b"", "tdm-reservation: 1", "tdm-reservation"),
        (b"", "content-usage: train-ai=n", "train-ai"),
        (b"", "content-usage: train-ai=y", ""),
    ],
)
def test_pages_say_it_themselves(body: bytes, headers: str, said: str) -> None:
    assert noai(body, headers) == said


def test_code_moves_no_signal_of_prose() -> None:
    page = "Some words about a function that returns the sum of its two arguments.\n\n```c\n%s\n```\n"
    plain, braces = signals(page % "x"), signals(page % ("{\n\t{\n}\n}\n;\n" * 50))
    prose = ["words", "alphabetic_share", "symbol_share", "digit_share", "uppercase_share", "stop_word_share"]
    prose += ["unique_word_share", "mean_word_length", "duplicate_line_share"]
    assert {name: plain[name] for name in prose} == {name: braces[name] for name in prose}
    assert signals("") == dict.fromkeys(signals(""), 0)
