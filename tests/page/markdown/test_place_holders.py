"""No page can forge a place-holder: words stay, blocks stay where they are, whatever the page spells or hides."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recall.page.markdown import markdown
from recall.page.markdown.lift import PLACE_HOLDER_LETTERS

LETTER = PLACE_HOLDER_LETTERS[0]
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
    assert "`inner" in prose
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
