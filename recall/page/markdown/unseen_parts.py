"""Takes out what a page does not draw, and what it draws once for each size of screen.

In: the tree after `mark`, so that no part of a code block is looked at. Out: the tree without words for screen readers
alone, without hidden lines and parts of a line, and without the second of two copies of which a screen shows one; forms
that set how the page is shown are marked.
"""

import re
from functools import lru_cache
from itertools import islice
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.tree import (
    BLOCK,
    BLOCKS,
    HEADINGS,
    HIDDEN_STYLE,
    ancestors,
    hidden,
    holds,
    remove,
    squashed,
    text_of,
    words,
)

MAX_UNSEEN: Final = 200
"""Characters, or elements; longer texts for screen readers may be all that tells of a picture."""

VIEW: Final = "VIEW"
"""Attribute of the forms that choose how the page is shown; the parser writes names in lower case."""

_NOT_DRAWN: Final = re.compile(r"display\s*:\s*none", re.I)
_CONTROLLED: Final = etree.XPath(
    "//@aria-controls | //@data-target | //@data-bs-target | //@onclick | //@for | //a/@href[starts-with(., '#')]"
)
_IDS: Final = re.compile(r"[\w:.-]+")
_STREAMED: Final = re.compile(r"[A-Z]:\w+")
"""The id of a part that React shows as soon as it has come."""

_OPENED: Final = re.compile(
    r"tab|pane|accord|collaps|toggle|answer|spoiler|solution|hint|fold|expand|detail|more|step|slide|faq|reveal|open"
    r"|content|article|post|body|main|entry|text",
    re.I,
)
_OPENERS: Final = HEADINGS | words("a button summary dt label")
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
        if ((name := element.get("class")) and _kind(name))
        or element.get("style") is not None
        or element.get("hidden") is not None
    ]
    targets: set[str] | None = None
    for element in told:
        kind = _kind(element.get("class") or "")
        style, marked = element.get("style"), element.get("hidden") is not None
        if element.tag in _INLINE and style and HIDDEN_STYLE.search(style):
            if not holds(element, BLOCK):
                remove(element)
        elif not kind and (marked or _NOT_DRAWN.search(style or "")):
            if _is_aside(element):
                targets = _targets(root) if targets is None else targets
                if (marked and _NOT_DRAWN.search(style or "")) or not _is_opened(element, targets):
                    remove(element)
        elif kind == "readers" and element.tag not in _TOLD and _says_little(element):
            remove(element)
        elif kind == "screen" and element.tag not in ("td", "th") and element.getparent() is not None:
            _drop_copy(element)


def _targets(root: HtmlElement) -> set[str]:
    """The ids that controls of a page name: what these show and hide."""
    named = (str(value) for value in _CONTROLLED(root))
    return {word for value in named for word in _IDS.findall(value[:MAX_UNSEEN])}


def _is_opened(element: HtmlElement, targets: set[str]) -> bool:
    """Whether a script may show a hidden part: a control names it, its class or what stands before it says so.

    So it is of several hidden siblings too: panels, answers.
    """
    if element.get("id") in targets or element.get("aria-labelledby") or _STREAMED.fullmatch(element.get("id") or ""):
        return True
    around = (element, *ancestors(element, 2))
    if any(_OPENED.search(f"{part.get('class') or ''} {part.get('id') or ''}") for part in around):
        return True
    before = element.getprevious()
    if before is not None and (before.tag in _OPENERS or before.get("onclick") or before.get("aria-expanded")):
        return True
    beside = (
        islice(element.itersiblings(element.tag), MAX_SIBLINGS),
        islice(element.itersiblings(element.tag, preceding=True), MAX_SIBLINGS),
    )
    return any(other.get("class") == element.get("class") and hidden(other) for others in beside for other in others)


def _is_aside(element: HtmlElement) -> bool:
    """Whether what a page hides is a line that hardly a script will show: no tab, no code, nothing with a heading.

    Looks at MAX_UNSEEN elements, as hidden parts may hold one another.
    """
    if next(islice(element.iterdescendants(), MAX_UNSEEN, None), None) is not None:
        return False
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
