"""Tells prose in a `<pre>` (mails, poems, licences, shop texts) from code, for certain only: in doubt it is code.

In: the element and its text. Out: whether it is prose; and the element made a division whose lines end in `<br>`, with
a `<pre>` of its own for each part that is laid out as code, as mails quote it.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.code_hints import code_share, strong_class
from recall.page.markdown.tree import words

MIN_WORDS: Final = 25
MAX_CHARS: Final = 400_000


@dataclass(frozen=True, slots=True)
class Measure:
    """What a text must reach to be prose. least: words.

    common: share of its words that are articles, pronouns, prepositions …; log files and word lists have fewer. plain:
    share of words at all. signs: share of letters that code is written with, at most. laid_out: share of lines that
    are indented among others or hold columns, at most.
    """

    least: int
    common: float
    plain: float
    signs: float
    laid_out: float


_SHORT: Final = Measure(14, 0.27, 0.95, 0.0, 0.0)
_USUAL: Final = Measure(MIN_WORDS, 0.25, 0.92, 0.004, 0.1)
_CLASSED: Final = Measure(MIN_WORDS, 0.3, 0.92, 0.004, 0.0)
_CLASSED_LONG: Final = Measure(60, 0.3, 0.92, 0.012, 0.0)
_LONG: Final = Measure(80, 0.28, 0.86, 0.012, 0.2)
"""Of a long text single code names, options and addresses prove less."""

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
_ADDRESS: Final = re.compile(
    r"<?\b(?:https?|ftp)://[^\s<>]{1,300}>?|<?\b[\w.+-]{1,60}@[\w-]{1,60}(?:\.[\w-]{1,60}){1,6}>?"
)
_MAIL: Final = re.compile(r"\s*[\w.+-]{1,60}@(?:[\w-]{1,60}\.){1,6}[a-zA-Z]{2,10}\s*")
_COLUMNS: Final = re.compile(r"\S(?: {3,}|\t)\S")
_WORD: Final = re.compile(
    r"[\"'“‘(«„]*(?:[^\W\d_]+(?:['’/-][^\W\d_]+)*|\d{1,4}(?:[.,]\d{1,4})?%?)[\"'”’)».,;:!?…]*|[-–—&]|\d{1,2}[.)]"
)
_RUNS_ON: Final = re.compile(r"[^\W\d_]{2},?\n *[^\W\d_A-Z]")
"""A line that ends inside a sentence, and the next that goes on."""

_LABELLED: Final = re.compile(r"(?m)^\w+:")
_ENDED: Final = re.compile(r"[.!?…][\"'”’)]?\Z")
_SENTENCE: Final = re.compile(r"[.!?…:,;][\"'”’)]?(?:\s|\Z)")
_WORDS_PER_SIGN: Final = 40
"""Words of prose come with a full stop, comma or the like at least so often."""

_SPOKEN: Final = re.compile(
    r"(?im)^[^\S\n]*(?:(?:select|from|where|group by|order by|inner join|left join|insert into|values)\b"
    r"|(?:scenario|feature|background|given|when|then)\b[^.\n]*$|end (?:tell|repeat|try|if)\b|tell application\b"
    r"|(?:move|add|perform|display) [\w-]+ (?:to|until)\b|\w+ division\."
    r"|(?-i:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|TRACE)\b)"
)
"""Lines of languages that are written in words (SQL, Gherkin, AppleScript, COBOL), and of logs."""

_STATEMENT: Final = re.compile(r"(?:select|insert|update|delete|from \S+ import|import)\b", re.I)
_COMMENT: Final = re.compile(r"(?://|#|/?\*|--|;|%|'|rem\b|<!--|\"\"\")", re.I)
_REMARK: Final = re.compile(r"\s(?://|/\*|#|--)\s.*")
_OF_CODE: Final = re.compile(r"[{}=\\|<>]|;\s*\Z")
_CODE_SIGN: Final = re.compile(r"[{}()=;<>]")
_INDEX: Final = re.compile(r"(?:0x)?[\dA-F]{2,8}(?=\s)|\[?[\dA-F]{1,8}\]?(?= (?:-+|–|=|:) )")
"""The number or code that a line of a list of values begins with."""

_LISTED: Final = 3
_BLANK: Final = re.compile(r"\n[ \t]*\n")


def is_prose(element: HtmlElement, text: str) -> bool:
    """Whether the text of a `<pre>` is prose: sentences of common words without any sign that code has.

    So is an e-mail address alone.
    """
    if len(text) > MAX_CHARS or next(element.iter("code", "samp", "kbd", "span"), None) is not None:
        return False
    text = _QUOTED.sub("", text)
    if not _reads_as_prose(text, element.get("class")):
        return False
    return len(_SPOKEN.findall(text)) * 5 <= text.count("\n") + 1 and not _is_indexed(text)


def _reads_as_prose(text: str, name: str | None) -> bool:
    """Whether the words of a text are those of prose. name: the class of its element."""
    if not name and _MAIL.fullmatch(text):
        return True
    count = len(text.split())
    if count < _SHORT.least:
        return False
    if name:
        reached = not strong_class(name) and (_reaches(text, _CLASSED) or _reaches(text, _CLASSED_LONG))
        return reached and _RUNS_ON.search(text) is not None
    if _reaches(text, _USUAL) or (count >= _LONG.least and is_long_prose(_without_code(text))):
        return True
    runs_on = _RUNS_ON.search(text) is not None and _LABELLED.search(text) is None
    return runs_on and _ENDED.search(text) is not None and _reaches(text, _SHORT)


def is_long_prose(text: str) -> bool:
    """Whether a text is prose as long mails and licences are, in which addresses and single names count less."""
    return len(text) <= MAX_CHARS and _reaches(text, _LONG)


def _is_indexed(text: str) -> bool:
    """Whether most lines begin in the same column with a code of the same length, as those of a list of values do."""
    lines = [line for line in text.split("\n") if line.strip()]
    found = [(len(line) - len(line.lstrip()), match[0]) for line in lines if (match := _INDEX.match(line.lstrip()))]
    shapes = Counter((margin, len(code)) for margin, code in found)
    same = max(shapes.values(), default=0)
    return same >= _LISTED and 2 * same > len(lines) and any(code[-1:].isdigit() for _, code in found)


def _without_code(text: str) -> str:
    """A text without the paragraphs of code in it, where they are the smaller half."""
    parts = _BLANK.split(text)
    rest = [part for part in parts if not _is_code(part)]
    return "\n\n".join(rest) if 2 * sum(map(len, rest)) > len(text) else ""


def _reaches(text: str, measure: Measure) -> bool:
    if measure is _LONG:
        text = _ADDRESS.sub("", text)
    parts = text.split()
    if len(parts) < measure.least or len(_SIGNS.findall(text)) > measure.signs * len(text):
        return False
    if sum(1 for part in parts if _WORD.fullmatch(part)) < measure.plain * len(parts):
        return False
    if _common(parts) < measure.common * len(parts) or len(_SENTENCE.findall(text)) * _WORDS_PER_SIGN < len(parts):
        return False
    paragraphs = [paragraph.split("\n") for paragraph in _BLANK.split(text.strip("\n"))]
    if measure is _LONG:
        paragraphs = [part for paragraph in paragraphs for part in _without_margins(paragraph)]
    lines = sum(map(len, paragraphs))
    if sum(map(_laid_out, paragraphs)) > measure.laid_out * lines:
        return False
    return code_share(_LINE_END.sub("", text)) <= (1 / 8 if measure is _LONG else 1 / 30)


def _common(parts: list[str]) -> int:
    return sum(1 for part in parts if part.strip("\"'“”‘’().,;:!?").lower() in _FUNCTION)


def _without_margins(lines: list[str]) -> list[list[str]]:
    """The parts of a paragraph that mails indent each by its own margin, where each runs on from line to line."""
    parts = [list(part) for _, part in groupby(lines, key=lambda line: len(line) - len(line.lstrip(" ")))]
    margins = [part for part in parts if part[0].startswith(" ")]
    told = len(parts) > 1 and all(len(part) > 1 and _RUNS_ON.search("\n".join(part)) for part in margins)
    return parts if told else [lines]


def _laid_out(lines: list[str]) -> int:
    """How many lines of a paragraph are indented more than its least indented one, or hold columns.

    The first one of several may be indented, as those of paragraphs are.
    """
    lines = [line.expandtabs(8) if line[:1] == "\t" else line for line in lines]
    margins = [len(line) - len(line.lstrip(" ")) for line in lines]
    margin = min(margins)
    if len(lines) > 1 and margins[0] > margin and not _COLUMNS.search(lines[0]):
        lines = lines[1:]
    return sum(
        1 for line in lines if line[margin : margin + 2] == "  " or "\t" in line[: margin + 1] or _COLUMNS.search(line)
    )


def reads_as_sentence(line: str) -> bool:
    """Whether a line is (a part of) a sentence, and none of code."""
    line = _REMARK.sub("", line).strip()
    letters = [letter for letter in line if letter.isalpha()]
    if len(letters) < 8 or _COMMENT.match(line) or _OF_CODE.search(line):
        return False
    if sum(1 for letter in letters if letter > "\u2e80") * 2 > len(letters):
        return True
    parts = line.split()
    if len(parts) < 5 or code_share(line) > 0:
        return False
    plain = sum(1 for part in parts if _WORD.fullmatch(part))
    ended = _ENDED.search(line) is not None or line[-1] == ":"
    return plain >= 0.8 * len(parts) and (_common(parts) >= 0.2 * len(parts) or ended)


def reads_as_verse(line: str) -> bool:
    """Whether a line is words alone, common ones among them, though it begins or ends as lines of code do."""
    parts = line.strip().removesuffix(";").split()
    least = 3 if line.rstrip().endswith(";") else 5
    if len(parts) < least or _STATEMENT.match(line.strip()) or not all(map(_WORD.fullmatch, parts)):
        return False
    return 4 * sum(len(part) > 1 and part.strip(",.:!?").lower() in _FUNCTION for part in parts) >= len(parts)


def is_worded(text: str) -> bool:
    """Whether a fifth of the words of a text are common ones, as in prose of any kind."""
    parts = text.split()
    return _common(parts) >= 0.2 * len(parts)


def reads_as_phrases(text: str) -> bool:
    """Whether all lines begin with a capital and are words alone, a fifth of them common ones: no code has such lines.

    Words that begin lines of code (import, let, using) begin sentences too.
    """
    parts = text.split()
    if not all(
        line.lstrip()[:1].isupper() and line.split()[0][1:].islower() for line in text.split("\n") if line.strip()
    ):
        return False
    return all(map(_WORD.fullmatch, parts)) and is_worded(text)


def set_as_lines(element: HtmlElement) -> list[HtmlElement]:
    """Make a `<pre>` a division each line of which ends in a `<br>`; the `<pre>`s in it that its code got."""
    text = _typed_text(element)
    parts = _BLANK.split(text)
    if any(map(_is_code, parts)):
        return _set_apart(element, parts)
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
    return []


def _typed_text(element: HtmlElement) -> str:
    """The text of an element, a line feed for each `<br>`."""
    walk = etree.iterwalk(element, events=("start", "end"))
    runs = (
        "\n" * (part.tag == "br") + (part.text or "") if event == "start" else part.tail or "" for event, part in walk
    )
    return "".join(runs)


def _is_code(paragraph: str) -> bool:
    """Whether a paragraph among prose is code: half of its lines look so, and it is no sentence."""
    plain = _ADDRESS.sub("", _QUOTED.sub("", paragraph))
    parts = plain.split()
    return _CODE_SIGN.search(plain) is not None and code_share(plain) >= 0.5 and _common(parts) < 0.15 * len(parts)


def _set_apart(element: HtmlElement, paragraphs: list[str]) -> list[HtmlElement]:
    """Fill a division with the lines of its paragraphs, those of code in a `<pre>` each."""
    tail = element.tail
    element.clear()
    element.tag, element.tail = "div", tail
    made: list[HtmlElement] = []
    for are_code, group in groupby(paragraphs, key=_is_code):
        if are_code:
            made.append(element.makeelement("pre"))
            made[-1].text = "\n\n".join(group)
            element.append(made[-1])
            continue
        for paragraph in group:
            for line in paragraph.split("\n"):
                element.append(_break(element, line))
            element.append(_break(element, ""))
    return made


def _break(element: HtmlElement, line: str) -> HtmlElement:
    made: HtmlElement = element.makeelement("br")
    made.tail = line
    return made
