"""What looks like a block of code by its element and is none: no fence, alone and between forty paragraphs."""

import base64

import pytest

from recall.page.markdown import markdown
from tests.page.markdown.pieces import PARAGRAPH
from tests.page.markdown.test_code_without_pre import FENCED, LENGTHS, page

ENCODED = base64.b64encode(b"<script>load('pear', 'apple', [300, 250]);</script>\n").decode()
ARTICLE = "".join(PARAGRAPH.format(f"{number} of this very article") for number in range(12))
SOURCE = ARTICLE.replace("<p>", "").replace("</p>", "\n\n").replace("The ", "The _").replace(" of ", "_ of ")
SHARED = "&lt;h1&gt;Pears&lt;/h1&gt;\n&lt;p&gt;They are ripe.&lt;/p&gt;"
UNFENCED = {
    "field-that-says-why-not": "<textarea name=text readonly>You must have an account to answer here.</textarea>",
    "field-to-share-in-a-forum": '<textarea class="share-bb">[B][URL="http://a.example/"]A pear[/URL][/B]</textarea>',
    "field-to-share-an-address": "<textarea class=x-sharing readonly>https://a.example/pears</textarea>",
    "field-to-publish-elsewhere": f'<textarea id="shareable-text" readonly>{SHARED}</textarea>',
    "template-of-a-script": '<textarea id="list_template" style="display:none">&lt;p&gt;\n&lt;b&gt;x&lt;/b&gt;</text'
    "area>",
    "settings-of-a-script": '<pre hidden>[\n  {"name": "Box", "place": 3},\n  {"name": "Bar", "place": 4}\n]</pre>',
    "source-of-the-article": f"{ARTICLE}<pre hidden class=raw># How to\n\n{SOURCE}</pre>",
    "encoded-advertisement": f'<div class="code-block"><div data-code="{ENCODED}"></div></div>',
    "list-of-languages": '<div class="language-selector"><div class=a>English;</div><div class=a>Deutsch;</div></div>',
    "column-named-by-a-letter": '<table><tr><td class="l">|| a [b]() ||</td><td class="r">|| c = d ||</td></table>',
    "sentence-whose-spaces-count": '<p style="white-space:pre-wrap">Let the paint dry. Look at it for an hour.</p>',
    "class-that-is-a-language-too": '<div class="vim x"><p>Import fees:</p><p>Import fees may be due in it</p></div>',
}
FENCES = {
    "field-of-code": ("<textarea readonly>a = 1\nb = 2</textarea>", "a = 1\nb = 2"),
    "field-of-shared-code": (
        '<textarea class="share" readonly>for x in y:\n    z(x)</textarea>',
        "for x in y:\n    z(x)",
    ),
    "hidden-panel": (
        '<button>JSON</button><pre hidden>{\n  "a": 1\n}</pre>',
        '{\n  "a": 1\n}',
    ),
    "hidden-block-of-a-custom-element": ('<x-code><pre hidden>{\n  "a": 1\n}</pre></x-code>', '{\n  "a": 1\n}'),
    "path-in-an-attribute": (f'<div class="code-block" data-code="{"/pear" * 10}"></div>', "/pear/pear"),
    "words-of-a-language": ('<div class="python">import os<br>import sys</div>', "import os\nimport sys"),
}


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("piece", UNFENCED.values(), ids=UNFENCED)
def test_no_fence(piece: str, around: int) -> None:
    text = markdown(page(piece, around))
    assert "```" not in text
    assert ENCODED not in text


@pytest.mark.parametrize("around", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize(("piece", "code"), FENCES.values(), ids=FENCES)
def test_code_in_the_same_places_is_a_fence(piece: str, code: str, around: int) -> None:
    assert [match["code"].startswith(code) for match in FENCED.finditer(markdown(page(piece, around)))] == [True]


@pytest.mark.parametrize(
    ("piece", "shown"), [("sentence-whose-spaces-count", "Let the paint"), ("class-that-is-a-language-too", "fees may")]
)
def test_what_a_reader_sees_stays(piece: str, shown: str) -> None:
    assert shown in markdown(page(UNFENCED[piece], 0))
