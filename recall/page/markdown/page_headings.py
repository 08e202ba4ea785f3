"""Headings, paragraphs and labels of notes as a page shows them, by role and by what generators call them.

In: the tree. Out: the tree with `h1` to `h6` in place of `role="heading"`, with spans in place of boxes in a heading,
without links that only lead to the heading itself; with `p` in place of spans that stand for paragraphs, `br` behind
lines that are none, and the number of a note in its first paragraph.
"""

import re
from functools import lru_cache
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.marks import CODE_TAGS
from recall.page.markdown.tree import BLOCK, BLOCKS, HEADINGS, PREFORMATTED, ancestors, holds, remove, text_of, words

MAX_HEADING: Final = 300
"""Characters; an element that holds more is no heading, or one that is not closed."""

MAX_PERMALINK: Final = 120
_BY_ROLE: Final = etree.XPath("//*[@role='heading']")
_ROLES: Final = ('"heading"', "'heading'", "=heading")
"""One of these stands in the source of a page with a heading by role; else the tree is not searched."""

_TITLE_BOX: Final = etree.XPath("//div[@class='headertitle']/div[@class='title']")
"""Doxygen's title."""

_PARAGRAPHS: Final = etree.XPath("//span[@data-as='p']")
_NOTES: Final = etree.XPath("//*[@role='doc-footnote' or @role='doc-biblioentry']/*[1][self::span][@class='label']")
_LINES: Final = etree.XPath("//div[@class='line-block']/div[@class='line']")
"""Docutils' lines that are no paragraphs."""

_BOXES: Final = words("div p section header center article hgroup")
_OTHERS: Final = (*HEADINGS, *PREFORMATTED, BLOCK, "table", "ul", "ol", "dl", "form")
"""What stands in no heading."""

_PERMALINK_CLASS: Final = re.compile(
    r"headerlink|anchor|permalink|header-?link|heading-?link|editsection|hash-link|copiable-link|toc-?back|viewcode|linkcode"
    r"|src-?link|source-?link|view-?source|toggle-?source|(?:^| )(?:src|icon-action)(?: |$)",
    re.I,
)
_SIGNS: Final = r"(?:Â?¶|#|§|◆|🔗|∞|⚓|[\ue000-\uf8ff])"
_PERMALINK: Final = re.compile(
    rf"[\s\u200b]*(?:{_SIGNS}|link|permalink|\[?\s*edit(?: source)?\s*\]?|anchor|direct link"
    r"|\[?\s*(?:view )?(?:source|src)(?: code)?\s*\]?)?[\s\u200b]*",
    re.I,
)
_SIGN: Final = re.compile(rf"\s*{_SIGNS}\s*")
_SEPARATOR: Final = re.compile(r"\s[·•|]\s*\Z")
"""What parted a link from the words in front of it."""

_WORDS: Final = re.compile(
    r"[\s\u200b]*(?:(?:(?:direct |perma|copy |anchor )?link (?:to|for) (?:this |the )?(?:head(?:ing|line|er)|section)"
    r"|permalink to .*|section titled .*|direct link to .*|copy (?:section )?link(?: to (?:heading|section))?"
    r"|navigate to (?:header|heading|section)|link copied(?: to clipboard)?)[\s\u200b.!]*)+",
    re.I,
)


def set_headings(root: HtmlElement, source: str) -> None:
    """Name headings by their role as such, and set the boxes in headings as parts of one line. source: of the page."""
    for element in _BY_ROLE(root) if any(map(source.__contains__, _ROLES)) else ():
        if element.tag not in HEADINGS and element.tag in ("div", "p", "span", "a", "strong", "b"):
            level = element.get("aria-level") or ""
            if len(text_of(element)) <= MAX_HEADING and not holds(element, *_OTHERS):
                element.tag = f"h{level if level in '123456' and len(level) == 1 else 2}"
    _set_generated(root, source)
    for heading in root.iter(*HEADINGS):
        boxes = list(heading.iterdescendants(*_BOXES))
        if boxes and len(text_of(heading)) <= MAX_HEADING and not holds(heading, *_OTHERS):
            for box in boxes:
                box.tag = "span"
                box.text, box.tail = f" {box.text or ''}", f" {box.tail or ''}"


def _set_generated(root: HtmlElement, source: str) -> None:
    """Name what generators of documentation draw as a title, paragraphs, lines and labels as such."""
    if "headertitle" in source and next(root.iter("h1"), None) is None:
        for title in _TITLE_BOX(root)[:1]:
            title.tag = "h1"
    for span in _PARAGRAPHS(root) if 'data-as="p"' in source else ():
        if not holds(span, *BLOCKS) and next(span.iterancestors("p", *HEADINGS), None) is None:
            span.tag = "p"
    for line in _LINES(root) if '"line-block"' in source else ():
        if not holds(line, *BLOCKS):
            line.tag = "span"
            line.append(line.makeelement("br"))
    for label in _NOTES(root) if '"doc-' in source else ():
        _label_note(label)


def _label_note(label: HtmlElement) -> None:
    """Move the label of a note into the paragraph behind it."""
    paragraph = label.getnext()
    if paragraph is not None and paragraph.tag == "p" and not (label.tail or "").strip():
        paragraph.insert(0, label)
        label.tail, paragraph.text = f" {paragraph.text or ''}", None


def drop_permalinks(root: HtmlElement) -> None:
    """Remove the permalinks of headings, the edit links of wikis, and links from names to their source."""
    named = [element for element in root.iter("a", "span", "small") if _may_link(element.get("class") or "")]
    for element in named:
        text = text_of(element)
        told = len(text) <= MAX_PERMALINK and (
            (len(text) <= 24 and _PERMALINK.fullmatch(text)) or _WORDS.fullmatch(text)
        )
        if told and not _is_in_sentence(element, text):
            _remove_outside_code(element)
    for heading in root.iter(*HEADINGS):
        links = [part for part in heading.iterdescendants() if part.tag in ("a", "button", "span") or "-" in part.tag]
        if not links or len(whole := text_of(heading)) > 2 * MAX_HEADING:
            continue
        for link in links:
            text = text_of(link)
            if len(text.strip()) < len(whole.strip()) and _leads_here(link, text):
                _remove_outside_code(link)


def _is_in_sentence(element: HtmlElement, text: str) -> bool:
    """Whether the words of an element are among others: text goes on behind them, no sign and no heading's."""
    if not any(map(str.isalnum, text)) or not any(map(str.isalnum, element.tail or "")):
        return False
    return not any(part.tag in HEADINGS for part in ancestors(element, 4))


def _leads_here(link: HtmlElement, text: str) -> bool:
    """Whether a part of a heading, by its text, is there to link to the heading."""
    if len(text) > MAX_PERMALINK:
        return False
    sign = link.tag == "a" and "#" in (link.get("href") or "") and _SIGN.fullmatch(text) is not None
    return sign or _WORDS.fullmatch(text) is not None


def _remove_outside_code(element: HtmlElement) -> None:
    if next(element.iterancestors(*CODE_TAGS), None) is None:
        parent, before = element.getparent(), element.getprevious()
        last = element.getnext() is None and not (element.tail or "").strip()
        remove(element)
        if last and before is not None and before.tail:
            before.tail = _SEPARATOR.sub("", before.tail)
        elif last and before is None and parent is not None and parent.text:
            parent.text = _SEPARATOR.sub("", parent.text)


@lru_cache(maxsize=4096)
def _may_link(name: str) -> bool:
    return _PERMALINK_CLASS.search(name) is not None
