"""Parts of a block of code that its page draws elsewhere, or not at all: bubbles, lines that are hidden, ads.

In: an element inside a block. Out: whether it is known for such a part, by its class and by what stands around it.
"""

import re
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import ancestors, classes, text_of, words

SELDOM: Final = (
    "adsbygoogle", "ttc", "boring", "enlighter-raw", "tooltip", "tool-tip", "popup", "pop-up", "popover",
    "error-behind", "language-id", "playground-link",
)  # fmt: skip
"""What stands in the class of such a part, besides a lone `code`."""

_BUBBLE: Final = re.compile(r"(?:tool-?tip|pop-?up|pop-?over)[-_]?(?:text|content|inner|body|container)$")
_RUST: Final = words("playground language-rust")
_TWOSLASH: Final = words("error-behind language-id playground-link")


def is_drawn_elsewhere(element: HtmlElement) -> bool:
    """Advertisements; Doxygen's and Twoslash's bubbles; lines that mdBook hides; a bubble inside what it explains."""
    names = classes(element)
    if "adsbygoogle" in names or ("ttc" in names and element.find("./*[@class='ttname']") is not None):
        return True
    if "enlighter-raw" in names:
        beside = [*islice(element.itersiblings(preceding=True), 2), *islice(element.itersiblings(), 2)]
        return _letters(element) in map(_letters, beside)
    if "boring" in names:
        return any(not _RUST.isdisjoint(classes(part)) for part in ancestors(element, 3))
    if names == ("code",) or not _TWOSLASH.isdisjoint(names):
        return _is_of_twoslash(element, names)
    return any(_BUBBLE.search(one) for one in names) and _is_explained(element)


def _is_of_twoslash(element: HtmlElement, names: tuple[str, ...]) -> bool:
    """What Twoslash writes into code: an error's number, its words again, the language's name, a link to run it."""
    if names == ("code",) and "error" not in classes(element.getparent()):
        return False
    return any(part.tag == "pre" and "twoslash" in classes(part) for part in ancestors(element, 5))


def _is_explained(bubble: HtmlElement) -> bool:
    """Whether the words that a bubble explains stand beside it."""
    parent = bubble.getparent()
    before = (text_of(part) for part in islice(bubble.itersiblings(preceding=True), 3))
    told = any("tooltip" in one or "pop" in one or "hover" in one for one in classes(parent))
    return told and any((text or "").strip() for text in (parent.text, bubble.tail, *before))


def _letters(element: HtmlElement) -> str:
    return "".join("".join(element.itertext()).split())
