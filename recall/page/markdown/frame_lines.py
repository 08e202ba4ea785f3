"""Lines beside an article that are no part of it, by their words: feedback, ways to edit or share, pagers, tags.

In: segments, and which are kept. Out: the same mask, changed in place. A line goes only where all of it is such words,
and pagers and tags only where much of it is links. Code and tables of data are not looked at.
"""

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from recall.page.markdown.segments import Segments
from recall.page.markdown.tree import HEADINGS

MAX_LINE: Final = 300
"""Characters; longer lines are text."""

MAX_PAGER: Final = 5
"""Items of a list that leads to the pages before and behind."""

_PAGE: Final = (
    r"(?:page|article|section|document(?:ation)?|docs?|guide|tutorial|topic|content|post|answer|chapter|lesson)"
)
_HOST: Final = r" (?:on|in) (?:github|gitlab|bitbucket)"
_FRAME: Final = re.compile(
    rf"(?:was|is) this (?:\w+ )?{_PAGE}? ?(?:helpful|useful)(?: to you)?"
    rf"|did (?:this {_PAGE} help(?: you)?|you find (?:this|the) {_PAGE} (?:helpful|useful))"
    rf"|help (?:us )?(?:to )?improve (?:this {_PAGE}|our {_PAGE}|\w+)"
    rf"|(?:edit|view|improve|open|suggest (?:an )?(?:edits?|changes?) (?:to|for)) (?:this|the) {_PAGE}(?: source)?"
    rf"(?:{_HOST})?|(?:edit|view|view source|improve){_HOST}|suggest (?:an )?edits?(?:{_HOST})?"
    rf"|report (?:a|an) (?:problem|issue|bug|error)(?: (?:with|on|in) this {_PAGE})?"
    r"|learn how to contribute|(?:thanks|thank you) for (?:your feedback|letting us know .{1,60})"
    r"|if you've got a moment, please tell us .{1,80}|(?:send|submit|give|provide)(?: us)? feedback"
    rf"|this {_PAGE} was last (?:modified|updated) on [\w ,/.-]{{6,24}} by \w+ contributors"
    rf"|leave a (?:comment|reply)|be the first to comment|share this(?: {_PAGE})?"
    r"|(?:click to )?share on [\w ]{1,20}(?: \(opens in (?:a )?new window\))?"
    r"|sign up for free(?: to join this conversation on github)?|already have an account\? sign in to comment"
    r"|sign up for free to join this conversation on github. already have an account\? sign in to comment"
    r"|load earlier comments|expand description|subscribe to (?:my|our|the) (?:newsletter|blog|mailing list)"
    r"|war diese seite hilfreich|cette page vous a-t-elle (?:aidé|été utile)|¿?te (?:ha resultado|fue) útil esta página"
    r"|эта страница была полезна|该页面对你有帮助吗|このページは役に立ちましたか",
    re.I,
)
_CURLY: Final = str.maketrans("’", "'")
_ENDS: Final = " \t*_?？!.…:→»›«‹←[]"
_PARTS: Final = re.compile(r"\s[•·|]\s|\n")
_PAGER: Final = re.compile(rf"\W*(?:prev(?:ious)?|next)(?: (?:{_PAGE}|up))?\s*(?:[^\w\s(.].*)?", re.I)
_TAGS: Final = re.compile(
    r"\W*(?:(?:tags?|tagged(?: (?:with|as))?|categor(?:y|ies))\W*:|(?:filed under|posted in|tagged with)\b)\W*",
    re.I,
)


def drop_frame_lines(keep: npt.NDArray[Any], segments: Segments, tables: dict[int, int]) -> list[int]:
    """Drop the kept lines that are frame by their words, and the other items of a list that is a pager.

    Gives the headings that are such lines, as rules about headings look at what follows them alone.
    """
    headings: list[int] = []
    for index in np.flatnonzero(keep).tolist():
        text = segments.texts[index]
        if segments.code[index] >= 0 or index in tables or len(text) > MAX_LINE:
            continue
        name, linked = segments.tags[segments.nodes[index]].name, segments.linked[index]
        if _is_frame(text) and (linked or name != "li"):
            keep[index] = False
            if name in HEADINGS:
                headings.append(index)
        elif name not in HEADINGS and 3 * linked > len(text) and _PAGER.fullmatch(text):
            keep[index] = False
            _drop_items_beside(keep, segments, index)
        elif name not in HEADINGS and (told := _TAGS.match(text)):
            keep[index] = 2 * linked <= len(text) - told.end()
    return headings


def _is_frame(text: str) -> bool:
    """Whether each part of a line, between dots and bars, is words of the frame."""
    return all(_FRAME.fullmatch(part.strip(_ENDS)) for part in _PARTS.split(text.translate(_CURLY)))


def _drop_items_beside(keep: npt.NDArray[Any], segments: Segments, pager: int) -> None:
    """Drop the linked items of the list that a pager is in, where it has few."""
    around = _list_around(segments, pager)
    if around < 0:
        return
    beside = range(max(pager - MAX_PAGER, 0), min(pager + MAX_PAGER + 1, len(segments.texts)))
    items = [index for index in beside if _list_around(segments, index) == around]
    if len(items) <= MAX_PAGER and all(2 * segments.linked[index] > len(segments.texts[index]) for index in items):
        keep[items] = False


def _list_around(segments: Segments, index: int) -> int:
    """The node of the list that a segment is an item of, -1 for none."""
    node = segments.nodes[index]
    for _ in range(3):
        if node >= 0 and segments.tags[node].name == "li":
            return segments.parents[node]
        node = segments.parents[node] if node >= 0 else -1
    return -1
