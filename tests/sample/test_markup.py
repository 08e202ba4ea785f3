"""Whatever the markup, the code that a reader sees is the code that was written."""

import re
from html import unescape

import pytest

from tests.sample_generator.chance import chance
from tests.sample_generator.markup import STYLES, code, inline
from tests.sample_generator.snippets import Coder, Snippet

_SOURCE = 'for (int i = 0; i < n && *p != "a&b"; i++) {\n    go(i);\n\n\tx = `y`; // <done>\n}'


def _visible(html: str) -> str:
    text = re.sub(r"<br ?/?>\n?|</div><div class=\"line\">|</tr>", "\n", html, flags=re.IGNORECASE)
    return unescape(re.sub(r"<[^>]+>", "", text)).replace("\xa0", " ")


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_style_shows_the_same_code(style: str) -> None:
    shown = _visible(code(style, Snippet("c", _SOURCE))).replace("    ", "\t")
    wanted = _SOURCE.replace("    ", "\t")
    for line in filter(None, wanted.split("\n")):
        assert line in shown


@pytest.mark.parametrize("style", sorted(STYLES))
def test_inline_code_is_marked_and_the_rest_escaped(style: str) -> None:
    html = inline(style, "Use `a < b` & go")
    assert "`" not in html
    assert "a &lt; b</" in html
    assert "&amp; go" in html


def test_a_coder_writes_the_same_code_for_the_same_chance() -> None:
    first = [Coder(("python", "c"), chance("x")).snippet() for _ in range(2)]
    assert first[0] == first[1]
    assert Coder(("python", "c"), chance("y")).snippet() != first[0]


def test_languages_without_signatures_or_outputs_still_answer() -> None:
    coder = Coder(("pseudo",), chance("z"))
    assert coder.output() is None
    assert coder.signature().text.endswith(")")
