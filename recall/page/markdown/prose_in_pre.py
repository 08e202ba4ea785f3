"""Tells prose in a `<pre>` (mails, poems, licences, shop texts) from code, for certain only: in doubt it is code.

In: the element and its text. Out: whether it is prose; and the element made a division whose lines end in `<br>`.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import code_share
from recall.page.markdown.tree import words

MIN_WORDS: Final = 25
MAX_CHARS: Final = 400_000
FUNCTION_SHARE: Final = 0.25
"""Share of the words that are articles, pronouns, prepositions …; log files and word lists have fewer."""

WORD_SHARE: Final = 0.92
SIGN_SHARE: Final = 0.004
INDENTED_SHARE: Final = 0.1

_FUNCTION: Final = words(
    "a an and are as at be been but by can could do does for from had has have he her his i if in into is it its may "
    "me my no not of on one or our out she should so some such than that the their them there these they this those "
    "to up us was we were what when which who will with would you your all any der die das den dem des ein eine einen "
    "einem und ist sind nicht mit von zu im auf für sich auch als es ich wir sie wird werden oder aus bei nach wie "
    "dass zum zur le la les un une du de et est dans pour que qui sur pas ce cette il elle nous vous ne se au aux "
    "avec par el los las una y en del por con para su al lo como más o e os em um uma não com da dos na ao gli di che "
    "è per non sono si nel della een het van dat niet voor op te zijn met"
)
_SIGNS: Final = re.compile(r"[{}<>=|\\$#_~^\[\]`@*+]")
_LINE_END: Final = re.compile(r"(?m);$")
_QUOTED: Final = re.compile(r"(?m)^(?:> ?)+")
_INDENTED: Final = re.compile(r"(?: {2,}|\t)")
_COLUMNS: Final = re.compile(r"\S(?: {3,}|\t)\S")
_WORD: Final = re.compile(r"[\"'“‘(«„]*[^\W\d_]+(?:['’-][^\W\d_]+)*[\"'”’)».,;:!?…]*")


def is_prose(element: HtmlElement, text: str) -> bool:
    """Whether the text of a `<pre>` is prose: sentences of common words without any sign that code has."""
    if (
        len(text) > MAX_CHARS
        or element.get("class")
        or next(element.iter("code", "samp", "kbd", "span"), None) is not None
    ):
        return False
    text = _QUOTED.sub("", text)
    parts = text.split()
    if len(parts) < MIN_WORDS:
        return False
    if len(_SIGNS.findall(text)) > SIGN_SHARE * len(text):
        return False
    lines = [line for line in text.split("\n") if line.strip()]
    margin = min(len(line) - len(line.lstrip(" ")) for line in lines)
    if sum(1 for line in lines if _INDENTED.match(line[margin:]) or _COLUMNS.search(line)) > INDENTED_SHARE * len(
        lines
    ):
        return False
    if sum(1 for part in parts if _WORD.fullmatch(part)) < WORD_SHARE * len(parts):
        return False
    common = sum(1 for part in parts if part.strip("\"'“”‘’().,;:!?").lower() in _FUNCTION)
    return common >= FUNCTION_SHARE * len(parts) and code_share(_LINE_END.sub("", text)) <= 1 / 30


def set_as_lines(element: HtmlElement) -> None:
    """Make a `<pre>` a division each line of which ends in a `<br>`."""
    for part in list(element.iter()):
        if part is not element and part.tail and "\n" in part.tail:
            first, *rest = part.tail.split("\n")
            part.tail = None
            for line in reversed(rest):
                part.addnext(_break(element, line))
            part.tail = first
        if part.text and "\n" in part.text:
            first, *rest = part.text.split("\n")
            part.text = first
            for line in reversed(rest):
                part.insert(0, _break(element, line))
    element.tag = "div"


def _break(element: HtmlElement, line: str) -> HtmlElement:
    made: HtmlElement = element.makeelement("br")
    made.tail = line
    return made
