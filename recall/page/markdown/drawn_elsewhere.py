"""Parts of a block of code that its page draws elsewhere, or not at all: bubbles, lines that are hidden, ads.

In: an element inside a block. Out: whether it is known for such a part, by its class and by what stands around it. Of a
hidden block: whether it is data of the page's own scripts, or the page's own text once more.
"""

import re
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import ancestors, classes, hidden, text_of, words

SELDOM: Final = (
    "adsbygoogle", "ttc", "boring", "enlighter-raw", "tooltip", "tool-tip", "popup", "pop-up", "popover",
    "error-behind", "language-id", "playground-link",
)  # fmt: skip
"""What stands in the class of such a part, besides a lone `code`."""

_BUBBLE: Final = re.compile(r"(?:tool-?tip|pop-?up|pop-?over)[-_]?(?:text|content|inner|body|container)$")
_RUST: Final = words("playground language-rust")
_TWOSLASH: Final = words("error-behind language-id playground-link")

_DATA: Final = re.compile(r"\s*(?:\[\s*)?\{\s*\"[\w ]{1,40}\"\s*:.*\}(?:\s*\])?\s*", re.S)
_RAW_WORD: Final = re.compile(r"\w+")
_LEAST_COPY: Final = 100
_PHRASE: Final = 5
_PHRASES: Final = 40
"""Words of a text that may be the page's once more; of a phrase that is looked for; phrases at most."""


def is_data_of_script(element: HtmlElement, text: str) -> bool:
    """Whether a hidden `<pre>` holds JSON for a script of the page, and nothing would show it.

    Panels have siblings, and custom elements show what they hold.
    """
    if element.tag != "pre" or not hidden(element) or len(element) or _DATA.fullmatch(text) is None:
        return False
    parent = element.getparent()
    beside = (element.getprevious(), element.getnext())
    shown = any(one is not None and one.tag in ("pre", "button", "a", "summary", "label") for one in beside)
    return not shown and parent is not None and "-" not in parent.tag


def repeats_page(root: HtmlElement, element: HtmlElement) -> bool:
    """Whether a hidden text is the page's own once more, as Markdown perhaps: half of its phrases stand elsewhere.

    Walks over the whole page.
    """
    own = text_of(element)
    spoken = _RAW_WORD.findall(own)
    if len(spoken) < _LEAST_COPY:
        return False
    step = max(_PHRASE, len(spoken) // _PHRASES)
    phrases = [" ".join(spoken[at : at + _PHRASE]) for at in range(0, len(spoken) - _PHRASE, step)]
    page = " ".join(_RAW_WORD.findall(text_of(root).replace(own, " ", 1)))
    return 2 * sum(phrase in page for phrase in phrases) > len(phrases)


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
