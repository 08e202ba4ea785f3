"""No page can forge a place-holder: words stay, blocks stay where they are, whatever the page spells or hides.

Place-holders are words for trafilatura to carry; our own extractor has elements in their stead, which no page can make.
"""

import re
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recall.page.markdown import markdown as markdown_by
from recall.page.markdown.by_trafilatura.lift import PLACE_HOLDER_LETTERS
from recall.page.markdown.conversion import Extractor

LETTER = PLACE_HOLDER_LETTERS[0]
markdown = partial(markdown_by, extractor="trafilatura")
FENCED = re.compile(r"(?ms)^(`{3,})[^\n`]*\n(.*?)\n\1$")
FILLER = " and this is the code as it was on the page"
STEMS = [f"{LETTER}zq", "zqk", "zqkq", *(f"{letter}zq" for letter in PLACE_HOLDER_LETTERS[1:3])]


def spellings(word: str) -> list[str]:
    """Ways to write a word so that a reader of the source does not see it."""
    first, rest = word[0], word[1:]
    return [
        word,
        f"&#{ord(first)};{rest}",
        f"&#x{ord(first):X};{rest}",
        f"&#x{ord(first):06x};{rest}",
        f"&amp;#{ord(first)};{rest}",
        f"{first}<b></b>{rest}",
        f"{first}<script>1</script>{rest}",
        f"{first}<!-- a -->{rest}",
        f"{first}\u200b{rest}",
        f"{first}\x01{rest}",
        f"{first}<template>x</template>{rest}",
        f"{first}<ins class=a>{rest}</ins>",
        f"{first}&shy;{rest}",
        word.upper(),
    ]


FORGERIES = [
    spelling + ending
    for stem in STEMS
    for token in ("b0x", "b1x", "b9x", "i0z", "i0xxxz", "i7z")
    for spelling in spellings(stem + token)
    for ending in ("", FILLER)
]
PLACES = ("text", "title", "heading", "code", "inline", "alt", "tail", "cell")


def page(place: str, forged: str) -> str:
    put = {where: forged if where == place else "plain" for where in PLACES}
    return f"""<html><head><title>Title {put["title"]}</title></head><body><article><h1>Head {put["heading"]} done</h1>
<p>First wordA {put["text"]} wordB in a sentence that goes on for a while, so that it counts as text of the page.</p>
<pre>first(1);
{put["code"]}</pre>{put["tail"]} wordC
<p>Then <code>inner {put["inline"]}</code> wordD <img alt="{put["alt"]}"> in a sentence that goes on for a while.</p>
<table><tr><td>wordE {put["cell"]}</td><td>wordF</td></tr><tr><td>a</td><td>b</td></tr></table>
<pre>second(2);
third();</pre>
<p>Last wordG of a sentence that goes on for a while, so that it counts as text of the page as the others do.</p>
</article></body></html>"""


def check(place: str, forged: str) -> None:
    text = markdown(page(place, forged).encode("utf-8", "surrogatepass"))
    codes = [match[2] for match in FENCED.finditer(text)]
    assert len(codes) == 2
    assert codes[0].startswith("first(1);")
    assert codes[1] == "second(2);\nthird();"
    prose = FENCED.sub(" FENCE ", text)
    words = re.findall(r"word[A-G]|FENCE", prose)
    plain = re.findall(r"word[A-G]|FENCE", FENCED.sub(" FENCE ", markdown(page(place, "plain").encode())))
    assert words == plain
    assert prose.count("`inner") == 1
    assert text.count(FILLER) >= forged.count(FILLER) or place in ("title", "alt")


@pytest.mark.parametrize("place", PLACES)
def test_forged_place_holders_move_and_hide_nothing(place: str) -> None:
    for forged in FORGERIES[:: 17 if place in ("text", "code", "tail") else 61]:
        check(place, forged)


@given(
    place=st.sampled_from(PLACES),
    forged=st.lists(
        st.sampled_from([*FORGERIES, *"bxz019i", "zq", LETTER, FILLER, " ", f"&#{ord(LETTER)};", "<i>a</i>"]),
        max_size=6,
    ).map("".join),
)
@settings(max_examples=40)
def test_no_string_of_their_pieces_does(place: str, forged: str) -> None:
    if "<" in forged and place in ("title", "alt"):
        return
    check(place, forged)


def test_words_after_a_block_that_are_those_of_its_place_holder_stay() -> None:
    words = "<p>Some words before it all.</p>"
    body = f"<article><h1>A</h1>{words}<pre>a = 1\nb = 2</pre>{FILLER}{FILLER}{words}</article>"
    assert markdown(body.encode()).count(FILLER.strip()) == 2


def test_a_page_with_all_letters_of_place_holders_keeps_its_code() -> None:
    letters = " ".join(PLACE_HOLDER_LETTERS)
    text = markdown(page("text", letters).encode())
    assert [match[2] for match in FENCED.finditer(text)] == ["first(1);\nplain", "second(2);\nthird();"]
    assert PLACE_HOLDER_LETTERS[3] in text


@pytest.mark.parametrize("name", ["alttext", "title", "data-lang", "class", "href"])
def test_attributes_forge_none(name: str) -> None:
    body = page("text", f'<a {name}="&#{ord(LETTER)};zqb1x">link</a> <math alttext="&#{ord(LETTER)};zqb1x"></math>')
    codes = [match[2] for match in FENCED.finditer(markdown(body.encode()))]
    assert codes == ["first(1);\nplain", "second(2);\nthird();"]


NUMBER = str(ord(LETTER))
SPLITS = {
    "element": "<i></i>",
    "comment": "<!-- a -->",
    "optional break": "<wbr>",
    "soft hyphen": "&shy;",
    "zero-width space": "\u200b",
    "zero-width space by number": "&#x200b;",
    "control character": "&#1;",
    "script": "<script>1</script>",
    "template": "<template>x</template>",
    "nothing": "",
}


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
@pytest.mark.parametrize("start", ["&amp;#", "&amp;#x", "&amp;amp;#", "&<i></i>#", "&amp;<b></b>#"])
@pytest.mark.parametrize("token", ["zqb1x", "zqi0z"])
def test_a_number_that_is_split_forges_none(split: str, start: str, token: str) -> None:
    number = f"{ord(LETTER):x}" if start.endswith("x") else NUMBER
    check("text", f"{start}{number[:2]}{split}{number[2:]};{token}")


@pytest.mark.parametrize("token", ["zqb1x", "zqi0z"])
def test_no_number_forges_one_on_a_page_with_all_letters(token: str) -> None:
    forged = "".join(f" &amp;#{ord(letter)};{token} {letter}{token}" for letter in PLACE_HOLDER_LETTERS)
    check("text", forged)


@pytest.mark.parametrize(
    "letter", ["\\ud811\\udc00", f"&amp;#{NUMBER};", f"&#{NUMBER};", f"&amp;#82<i></i>{NUMBER[2:]};"]
)
@pytest.mark.parametrize("token", ["zqb1x", "zqb0x", "zqi0z"])
def test_text_in_json_forges_none(letter: str, token: str) -> None:
    words = "words of a text that stands in JSON alone and goes on for a while, " * 8
    script = f'<script type="application/ld+json">{{"articleBody": "{words} {letter}{token} {words}"}}</script>'
    code = "<pre>first(1);\nfoo();</pre><p>ab <code>inner</code></p><pre>second(2);\nthird();</pre>"
    for body in (code, ""):
        text = markdown(f"<html><head>{script}</head><body>{body}</body></html>".encode())
        assert not re.search(r"JSON(?s:.)*(?:first|second|inner)", text)
        assert ("second(2);\nthird();" in text) == bool(body)
        assert body or "words of a text" in text


ELEMENTS = {
    "block": "<BLOCK n=0>fake</BLOCK>",
    "inline": "<INLINE n=0></INLINE>",
    "xml": '<?xml version="1.0"?><BLOCK n="0"/><INLINE n="9"/>',
    "namespace": "<x:BLOCK n=0></x:BLOCK>",
    "svg": "<svg><BLOCK n=0></BLOCK></svg><math><INLINE n=0></INLINE></math>",
    "post": "<div POST=0>fake</div><div post=1>fakes</div>",
    "number": '<p n="0" start="1">words</p>',
}


@pytest.mark.parametrize("place", ["text", "tail", "cell", "heading"])
@pytest.mark.parametrize("forged", ELEMENTS.values(), ids=ELEMENTS)
def test_no_page_can_make_the_elements_that_stand_for_code(forged: str, place: str) -> None:
    text = markdown_by(page(place, forged).encode())
    assert [match[2].split("\n")[0] for match in FENCED.finditer(text)] == ["first(1);", "second(2);"]
    assert text.count("`inner plain`") == 1
    words = re.findall(r"word[A-G]|FENCE", FENCED.sub(" FENCE ", text))
    assert words == ["wordA", "wordB", "FENCE", "wordC", "wordD", "wordE", "wordF", "FENCE", "wordG"]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("&amp;lt;div&amp;gt;", "&lt;div&gt;"),
        ("&amp;amp;", "&amp;"),
        ("&amp;nbsp;", "&nbsp;"),
        ("&amp;#169;", "&#169;"),
        ("&amp;copy", "&copy"),
        ("AT&T", "AT&T"),
        ("R&amp;D", "R&D"),
        ("a & b", "a & b"),
        ("a && b", "a && b"),
        ("?x=1&copy=2", "?x=1©=2"),
        ("<b>this &amp;eacute; that</b>", "**this &eacute; that**"),
    ],
)
@pytest.mark.parametrize("extractor", ["recall", "trafilatura"])
@pytest.mark.parametrize("around", [0, 8], ids=["alone", "long-page"])
def test_text_that_looks_like_a_reference_comes_out_as_it_is_shown(
    source: str, shown: str, around: int, extractor: Extractor
) -> None:
    fill = "<p>Words that go on for a while, so that this is the text of a page and not of a menu.</p>"
    body = f"<p>To show it write {source} there, in words.</p><pre>a &amp;lt; b;\nc</pre>"
    text = markdown_by(
        f"<article><h1>H</h1>{fill * around}{body}{fill * around}</article>".encode(), extractor=extractor
    )
    assert f"To show it write {shown} there" in text
    assert "a &lt; b;\nc" in text
