"""Code in `<code>`, `<tt>`, `<samp>` and `<kbd>` outside `<pre>`: inline, or a block where it shows several lines.

In: the element. Out: a CodeSpan, or None. A line feed of the page's source inside a sentence, an item or a cell is none
that a browser shows: such code stays inline.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.block_noise import is_aside
from recall.page.markdown.code_elements import CodeSpan, inline
from recall.page.markdown.code_hints import LANGUAGES, declared_language, looks_like_code, strong_class
from recall.page.markdown.code_lines import code_text, raw_lines, tidy
from recall.page.markdown.code_runs import blank, ends_line, line_run, starts_line
from recall.page.markdown.code_tables import code_table
from recall.page.markdown.line_numbers import without_typed_numbers
from recall.page.markdown.tree import BLOCKS, holds, holds_more, preformatted, text_of

MAX_BESIDE: Final = 60
"""Elements beside a lonely one: more are a text."""

_LINES: Final = ("div", "p", "li", "ol")
_IN_LINE: Final = frozenset({"li", "td", "th", "dd", "dt"})
_SPACED: Final = re.compile(r" {2,}\S")
_PAIR: Final = re.compile(r"\n[ \t]*\n")


def monospaced(element: HtmlElement, seen: set[HtmlElement]) -> CodeSpan | None:
    """The code of such an element. seen: of `line_run`."""
    if len(element) == 0:
        if "\n" not in (element.text or ""):
            run = line_run(element, seen) if element.tail is None or element.tail.isspace() else None
            if run is None and not strong_class(element.get("class") or ""):
                return inline(element)
    elif next(element.iter("pre", "xmp", "listing", "textarea", "table"), None) is not None:
        table = next(element.iterdescendants("table"), None)
        hit = code_table(table) if table is not None and not holds(element, "pre") else None
        return CodeSpan((element,), hit[0], declared_language(element)) if hit else None
    language, text = _unread_fence(element) or ("", several_lines(element))
    if text:
        return CodeSpan((element,), text, language or declared_language(element))
    run = line_run(element, seen)
    if run is not None and (element.getparent().tag not in ("td", "th") or looks_like_code(run[1])):
        return CodeSpan(run[0], run[1], declared_language(element))
    if strong_class(element.get("class") or "") and _stands_alone(element) and _in_block(element):
        text = code_text(element, keep=True)
        return CodeSpan((element,), text, declared_language(element)) if text else None
    return inline(element)


def _unread_fence(element: HtmlElement) -> tuple[str, str] | None:
    """The language and lines of a fence that the page's Markdown converter took for inline code, alone on a line."""
    language, _, code = (element.text or "").partition("\n")
    if len(element) or len(language) < 3 or language == "make" or language not in LANGUAGES or not code.strip():
        return None
    return (language, tidy(code, keep=True)) if starts_line(element) and ends_line(element) else None


def several_lines(element: HtmlElement) -> str:
    """The lines of a monospaced element that shows more than one or is laid out by blocks, else nothing."""
    blocks = len(element) > 0 and next(element.iter(*_LINES), None) is not None
    linked = element.find(".//a[@href]") is not None
    if blocks or holds(element, "br"):
        text = without_typed_numbers(_spaced(element) or code_text(element, keep=preformatted(element)))
        return text if blocks or ("\n" in text and (not linked or looks_like_code(text))) else ""
    source = text_of(element)
    if "\n" not in source.strip():
        return ""
    text = _dedented(code_text(element, keep=True))
    if "\n" not in text:
        return ""
    if not preformatted(element):
        parent = element.getparent()
        apart = source.lstrip(" \t").startswith("\n") and source.rstrip(" \t").endswith("\n")
        own = apart or (starts_line(element) and ends_line(element))
        if not own or (parent is not None and parent.tag in _IN_LINE and not (apart or text.count("\n") > 1)):
            return ""
    return text if (_stands_alone(element) and not linked) or looks_like_code(text) else ""


def _spaced(element: HtmlElement) -> str:
    """The lines of an element whose `<br>` are followed by two plain spaces or more, as the author typed them.

    Nothing where there are none, or where line feeds of the source break lines elsewhere too.
    """
    breaks = [(part.tail or "") for part in element.iter("br")]
    fed = all(tail[:1] == "\n" for tail in breaks[:-1]) and bool(breaks[:-1])
    if not any(_SPACED.match(tail.removeprefix("\n")) for tail in breaks):
        return ""
    lead = (element.text or "")[: len(element.text or "") - len((element.text or "").lstrip())]
    fed_by_breaks = sum(tail.count("\n") for tail in breaks) if fed else 0
    if text_of(element).count("\n") - lead.count("\n") > fed_by_breaks:
        return ""
    text = raw_lines(element, keep=True)
    if fed:
        text = _PAIR.sub("\n", text)
        margins = {len(line) - len(line.lstrip(" ")) for line in text.strip("\n").split("\n")[1:] if line.strip()}
        if len(margins) < 2:
            return ""  # the source is indented, not the code
    return tidy("\n".join(line.rstrip() for line in text.split("\n")), keep=True)


def _in_block(element: HtmlElement) -> bool:
    """Whether the parent is a block that no sentence is set in."""
    parent = element.getparent().tag
    return parent in BLOCKS and parent not in ("p", "li")


def _stands_alone(element: HtmlElement) -> bool:
    """Whether the element's parent holds nothing else."""
    parent = element.getparent()
    if parent is None or holds_more(parent, MAX_BESIDE) or not blank(parent.text) or not blank(element.tail):
        return False
    return all(child is element or is_aside(child) or not text_of(child).strip() for child in parent) and not any(
        (child.tail or "").strip() for child in parent if child is not element
    )


def _dedented(text: str) -> str:
    """Undo the indentation that the markup gave to all lines behind the first."""
    first, *rest = text.split("\n")
    margins = [len(line) - len(line.lstrip(" ")) for line in rest if line.strip()]
    own = len(first) - len(first.lstrip(" "))
    margin = min(margins, default=0)
    if own and own <= margin:
        return "\n".join(line[own:] for line in (first, *rest))
    return text
