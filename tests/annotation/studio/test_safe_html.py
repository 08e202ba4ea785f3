"""Page content on a labelling screen: readable, code exact, and nothing that runs, loads or leads anywhere."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.studio.safe_html import TAGS, code_html, link, page_html, sanitise, web_address

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![a](https://evil.example/pixel.png)",
    "[a](javascript:alert(1))",
    "[a](https://evil.example/)",
    "<https://evil.example/>",
    "<iframe src='https://evil.example'></iframe>",
    "```html\n<script>alert(1)</script><img src=x>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "| a |\n| - |\n| <b onclick=x> |",
    "[x]: https://evil.example/ '\"><script>'\n\n[x]",
    "<!-- --><style>@import 'https://evil.example'</style>",
]


class Elements(HTMLParser):
    """Collects what a browser would build."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def assert_harmless(html: str) -> None:
    found = Elements(html)
    assert set(found.tags) <= TAGS - {"a"}
    assert {name for name, _ in found.attributes} <= {"class"}


@pytest.mark.parametrize("markdown", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_of_a_page_runs_loads_or_leads_anywhere(markdown: str) -> None:
    assert_harmless(page_html(f"before\n\n{markdown}\n\nafter"))


@given(st.text(alphabet=st.sampled_from("<>\"'&`[]()!|-#* \n\tabjs:/=\\\x00\ud800"), max_size=200))
def test_no_text_whatever_becomes_an_attribute_or_a_link(markdown: str) -> None:
    assert_harmless(page_html(markdown))


def test_code_keeps_every_character_and_its_indentation() -> None:
    code = "def f(x):\n    if x < 1 && y:\n\t\treturn '<b>'\n\n        # done   \n"
    html = page_html(f"text\n\n```python\n{code}```\n")
    block = re.search(r"<pre><code>(.*?)</code></pre>", html, re.S)
    assert block
    assert unescape(re.sub(r"<[^>]+>", "", block[1])) == code
    assert 'class="hl-' in block[1]


@pytest.mark.parametrize(
    "code", ["SELECT a FROM b;", "  \n x", "\n\n\nx", "no language at all", "é\u2028\x0b", "x" * 30_000]
)
def test_code_of_unknown_language_is_kept_as_it_is(code: str) -> None:
    assert unescape(re.sub(r"<[^>]+>", "", code_html(code, "no-such-language"))) == code


def test_links_and_images_stay_readable() -> None:
    html = page_html("See [the docs](https://a.org/x) and ![a diagram](d.png), ![](e.png).")
    assert "the docs" in html
    assert "[image: a diagram]" in html
    assert "[image]" in html
    assert "a.org" not in html


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://a.org/x?y=1&z=2", True),
        ("http://münchen.de/", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//a.org/", False),
        ("https://", False),
        ("https://a.org/ x", False),
        ("https://[::1", False),
        ("ftp://a.org/", False),
        ("https://a.org/\u202e", False),
    ],
)
def test_only_web_addresses_can_be_followed(url: str, followed: bool) -> None:
    assert (web_address(url) is not None) == followed
    html = sanitise(link(url, "<b>t</b>"))
    assert ("href" in html) == followed
    assert "&lt;b&gt;" in html
    if followed:
        assert "noopener noreferrer nofollow" in html
        assert 'target="_blank"' in html
