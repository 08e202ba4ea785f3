"""Parses the text of a page to a tree, and reads properties of elements.

In: decoded text. Out: the root of an lxml tree, or the bound that the page breaks. Bounds are bytes, nodes and depth,
never time, so that a page gives the same Markdown on every machine.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Final

from lxml import etree
from lxml.html import HtmlElement, document_fromstring

MAX_CHARS = 4_000_000
"""Longer pages are cut here: Common Crawl cuts bodies at 1 MiB, other archives hold up to 8."""

MAX_NODES = 200_000
"""Pages with more elements come out as plain text; 99.9 % of pages have fewer than 20,000."""

MAX_DEPTH = 240
"""Browsers stop nesting at 512; deeper than this only unclosed tags go, and the walk over prose is recursive."""

SPACE = " \t\n\r\f"
CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\ufffe\uffff]")
_CONTROL_BYTES = bytes((*range(9), 11, *range(14, 32)))
"""Those of CONTROL that are one byte; to look for these in bytes takes a third of the time."""

_CONTROL_REFERENCE = re.compile(
    r"&#(?:[xX]0*(?:[0-8bBeEfF]|1[0-9a-fA-F]|[fF]{3}[eEfF])(?![0-9a-fA-F])|0*(?:[0-8]|1[14-9]|2\d|3[01]|6553[45])(?!\d))"
)


def words(text: str) -> frozenset[str]:
    """The words of a constant as a set."""
    return frozenset(text.split())


BLOCKS = words(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr html legend li listing main menu nav ol p plaintext pre section summary table tbody "
    "td tfoot th thead tr ul xmp"
)
MONOSPACED = words("code tt samp kbd")
_METADATA = words("base basefont bgsound link meta noframes noscript object script style template title")
PREFORMATTED = frozenset({"pre", "xmp", "listing", "plaintext"})
_CODE_HOLDERS = PREFORMATTED | {"textarea", "code", "tt", "samp", "kbd", "script"}
BLOCK, INLINE = "BLOCK", "INLINE"
"""Elements that stand for a block of code, for inline code or a formula: the parser writes names in lower case, so no
page can make one."""

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_PRE_STYLE = re.compile(r"white-space\s*:\s*(pre|pre-wrap|break-spaces)\b", re.I)
_MONO_STYLE = re.compile(r"font[^;]*:[^;]*(mono|courier|consolas|menlo|lucida console|fixedsys)", re.I)


FAILURES: Final = (
    AttributeError,
    AssertionError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    RecursionError,
    etree.LxmlError,
)
"""Exceptions on unusual trees; nothing else is caught. Of trafilatura they are expected, of the rest of this room they
are bugs: one page must not end the others' stage, so it comes out as plain text, and its reason names the exception."""


class Fallback(StrEnum):
    """Why a page came out as plain text, or as the full page, instead of its main content."""

    NO_TREE = "no_tree"
    TOO_MANY_NODES = "too_many_nodes"
    TOO_DEEP = "too_deep"
    EXTRACTOR = "extractor_failed"
    BLOCK_LOST = "block_lost"
    ERROR = "error"


_ELEMENTS: Final = etree.ElementDefaultClassLookup(element=HtmlElement)
"""One class for all elements: that of lxml.html asks Python code for each, which takes a tenth of the time here."""


def parse(text: str) -> HtmlElement | None:
    """Parse a page; None when it holds no element at all."""
    clean = text[:MAX_CHARS].replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_pis=True, remove_comments=True, collect_ids=False
    )
    parser.set_element_class_lookup(_ELEMENTS)
    try:
        root = document_fromstring(clean.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        return None
    _end_head(root)
    return root


def _end_head(root: HtmlElement) -> None:
    """Move what is no metadata from the head to the body, as the HTML standard has it.

    The parser is of HTML 4: an `<article>` or `<main>` after an unclosed head stays inside it, and all that follows.
    """
    head = root.find("head")
    first = None if head is None else next((child for child in head if child.tag not in _METADATA), None)
    if head is None or first is None:
        return
    body = root.find("body")
    if body is None:
        body = etree.SubElement(root, "body")
    strays = [first, *first.itersiblings()]
    for index, stray in enumerate(strays):
        body.insert(index, stray)
    if strays and body.text and body.text.strip():  # it stood behind what comes before it now
        strays[-1].tail = CONTROL.sub("", (strays[-1].tail or "") + body.text).replace("\f", " ")
        body.text = None


_TOO_DEEP: Final = etree.XPath(f"boolean({'/'.join('*' * MAX_DEPTH)})")
_COUNT: Final = etree.XPath("count(descendant-or-self::*)")


def broken_bound(root: HtmlElement, max_nodes: int | None = None) -> Fallback | None:
    """The bound that the tree breaks, if any. max_nodes: MAX_NODES unless given."""
    if _TOO_DEEP(root):
        return Fallback.TOO_DEEP
    return Fallback.TOO_MANY_NODES if _COUNT(root) > (max_nodes or MAX_NODES) else None


def flatten(root: HtmlElement) -> None:
    """Take out the formatting elements that old pages open again and again and never close."""
    etree.strip_tags(root, "font", "b", "i", "u", "em", "strong", "small", "big", "center", "span", "basefont")


def may_hold_controls(source: str) -> bool:
    """Whether the tree of a page may hold control characters, as such or by a reference to one."""
    encoded = source.encode("utf-8", "replace")
    plain = len(encoded.translate(None, _CONTROL_BYTES)) == len(encoded)
    return not (plain and "\ufffe" not in source and "\uffff" not in source) or (
        "&#" in source and _CONTROL_REFERENCE.search(source) is not None
    )


def drop_control_characters(root: HtmlElement, in_code: bool) -> None:
    """Remove what XML cannot hold and lxml refuses to move.

    in_code: also inside elements that hold code; not before it was lifted, which keeps it as it is.
    """
    walker = etree.iterwalk(root, events=("start",))
    for _, element in walker:
        if element.tail and CONTROL.search(element.tail):
            element.tail = CONTROL.sub("", element.tail)
        if not in_code and element.tag in _CODE_HOLDERS:
            walker.skip_subtree()
        elif element.text and CONTROL.search(element.text):
            element.text = CONTROL.sub("", element.text)


@lru_cache(maxsize=4096)
def _split(value: str) -> tuple[str, ...]:
    return tuple(value.lower().split())


def classes(element: HtmlElement) -> tuple[str, ...]:
    """Class names in lower case."""
    value = element.get("class")
    return _split(value) if value else ()


def text_of(element: HtmlElement) -> str:
    """All text below an element, comments excepted."""
    text: str = (
        etree.tostring(element, encoding="unicode", method="text", with_tail=False)  # quicker than `text_content`
        if len(element)
        else element.text or ""
    )
    return text


def holds(element: HtmlElement, *tags: str) -> bool:
    """Whether an element has a descendant of one of the tags."""
    return next(element.iterdescendants(*tags), None) is not None


def holds_more(element: HtmlElement, count: int) -> bool:
    """Whether an element has more children than a number; looks at no more of them, as lxml's `len` counts all."""
    return next(islice(element.iterchildren(), count, None), None) is not None


def squashed(text: str) -> str:
    """Text with every run of white space, no-break spaces included, as one space."""
    return " ".join(text.split())


def hidden(element: HtmlElement) -> bool:
    """Whether the page's own markup hides the element."""
    style = element.get("style")
    return element.get("hidden") is not None or bool(style and HIDDEN_STYLE.search(style))


def preformatted(element: HtmlElement) -> bool:
    """Whether white space inside counts, by tag or by style."""
    if element.tag in PREFORMATTED or element.tag == "textarea":
        return True
    style = element.get("style")
    return bool(style and _PRE_STYLE.search(style))


def monospace(element: HtmlElement) -> bool:
    """Whether the element asks for a fixed-width font."""
    if element.tag in MONOSPACED:
        return True
    style, face = element.get("style"), element.get("face")
    return bool((style and _MONO_STYLE.search(style)) or (face and _MONO_STYLE.search("font:" + face)))


def ancestors(element: HtmlElement, limit: int) -> Iterator[HtmlElement]:
    """The nearest `limit` ancestors, inside out."""
    for count, ancestor in enumerate(element.iterancestors()):
        if count == limit:
            return
        yield ancestor


def remove(element: HtmlElement) -> None:
    """Take an element out and leave the text behind it where it was."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        previous = element.getprevious()
        if previous is None:
            parent.text = (parent.text or "") + element.tail
        else:
            previous.tail = (previous.tail or "") + element.tail
    parent.remove(element)
