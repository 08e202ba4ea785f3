"""Takes out what a page does not draw, and what it draws once for each size of screen.

In: the tree after `mark`, so that no part of a code block is looked at. Out: the tree without words for screen readers
alone, without hidden lines and parts of a line, and without the second of two copies of which a screen shows one; forms
that set how the page is shown are marked.
"""

import re
from functools import lru_cache
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import (
    BLOCK,
    BLOCKS,
    HEADINGS,
    HIDDEN_STYLE,
    holds,
    remove,
    squashed,
    text_of,
    words,
)

MAX_UNSEEN: Final = 200
"""Characters; longer texts for screen readers may be all that tells of a picture."""

VIEW: Final = "VIEW"
"""Attribute of the forms that choose how the page is shown; the parser writes names in lower case."""

MAX_COPY: Final = 20_000
MAX_SIBLINGS: Final = 3
_READERS: Final = words(
    "sr-only visually-hidden visuallyhidden visuallyHidden screen-reader-text screen-reader-only a11y-hidden "
    "screenreader-only g-screen-reader-only u-visually-hidden visually-hidden-focusable sr-only-focusable"
)
_INLINE: Final = words("span a b strong i em small label abbr font u mark time")
_CELLS: Final = words("td th li dt dd p")
_TOLD: Final = HEADINGS | words("caption th td tr table thead tbody body html main article input select")
_SCREEN: Final = re.compile(
    r"(?:sm|md|lg|xl|2xl|xs|tablet|desktop|mobile|phone)[:-](?:hidden|block|flex|inline|grid|none)"
    r"|(?:hidden|visible|d|show|hide)-(?:on-|for-|only-)?(?:xs|sm|md|lg|xl|mobile|desktop|tablet|phone)"
    r"(?:-(?:only|up|down|none|block|and-up|and-down))*"
    r"|(?:mobile|desktop|tablet)(?:-only|-view|-title|-hidden)?|(?:is|only)-(?:mobile|desktop|tablet)|sl-hidden"
)


def drop_unseen(root: HtmlElement) -> None:
    """Remove what is not drawn in a line, and second copies."""
    for form in root.iter("form"):
        if _sets_the_view(form):
            form.set(VIEW, "")  # and stays, as the model of main content learned from pages with such forms
    told = [
        element
        for element in root.iter()
        if ((name := element.get("class")) and _kind(name)) or element.get("style") is not None
    ]
    for element in told:
        kind = _kind(element.get("class") or "") or ("twice" if "hidden" in element.attrib else "")
        style = element.get("style")
        if element.tag in _INLINE and style and HIDDEN_STYLE.search(style):
            if not holds(element, BLOCK):
                remove(element)
        elif kind == "twice":
            if style and HIDDEN_STYLE.search(style) and _is_aside(element):
                remove(element)
        elif kind == "readers" and element.tag not in _TOLD and _says_little(element):
            remove(element)
        elif kind == "screen" and element.tag not in ("td", "th") and element.getparent() is not None:
            _drop_copy(element)


def _is_aside(element: HtmlElement) -> bool:
    """Whether what a page hides twice is a line that no script will show: no tab, no code, nothing with a heading."""
    if element.tag in _TOLD or element.get("role") == "tabpanel" or holds(element, *HEADINGS, BLOCK, "table", "li"):
        return False
    return not _says_more(element, MAX_UNSEEN)


def _sets_the_view(form: HtmlElement) -> bool:
    """Whether a form is there to choose how the page is shown: lists to choose from, and hardly a word beside them."""
    if form.getparent() is None or not holds(form, "select") or holds(form, "h1", "p", "table", "textarea", BLOCK):
        return False
    letters = 0
    for part in form.iter():
        chosen = part.tag in ("option", "optgroup", "select")
        letters += len(("" if chosen else part.text or "").strip()) + len((part.tail or "").strip())
        if letters > MAX_UNSEEN:
            return False
    return True


def _says_little(element: HtmlElement) -> bool:
    """Whether words for screen readers are few, and in a line beside others, as those for a picture are not."""
    parent = element.getparent()
    text = text_of(element)
    if parent is None or len(text) > MAX_UNSEEN or holds(element, *HEADINGS, BLOCK, "input"):
        return False
    return parent.tag in BLOCKS - _CELLS or _says_more(parent, len("".join(text.split())))


def _says_more(element: HtmlElement, letters: int) -> bool:
    """Whether an element's text has more letters than a number; reads no further."""
    for text in element.itertext():
        letters -= len("".join(text.split()))
        if letters < 0:
            return True
    return False


def _drop_copy(element: HtmlElement) -> None:
    """Remove the copy of an element among those behind it: one for screens of other sizes."""
    text = text_of(element)
    letters = squashed(text) if len(text) <= MAX_COPY else ""
    if not letters:
        return
    screens = _screens(element)
    for other in islice(element.itersiblings(), MAX_SIBLINGS):
        if other.tag != element.tag or _screens(other) in (frozenset(), screens):
            continue
        if squashed(text_of(other)) == letters and not holds(other, BLOCK):
            remove(other)
            return


def _screens(element: HtmlElement) -> frozenset[str]:
    """The classes that say on which screens an element is shown."""
    return frozenset(filter(_SCREEN.fullmatch, (element.get("class") or "").split()))


@lru_cache(maxsize=4096)
def _kind(name: str) -> str:
    """What a `class` says: an element is for screen readers alone, for screens of some sizes, or nothing of these."""
    names = name.split()
    if not _READERS.isdisjoint(names):
        return "readers"
    return "screen" if any(map(_SCREEN.fullmatch, names)) else ""
