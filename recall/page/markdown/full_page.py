"""The wider cut: a part of the tree → Markdown, leaving out nothing but the page's frame.

In: an element with place-holders for code. Out: paragraphs of Markdown. Used for threads, for parts that main-content
extraction left out although they hold code, and where it finds nothing at all.
"""

from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.page_frame import is_frame
from recall.page.markdown.tree import BLOCKS, HEADINGS, text_of

_MARKS: Final = {"b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "s": "~~", "strike": "~~"}
_MAX_CELL: Final = 400


def render(element: HtmlElement) -> str:
    """Markdown of everything in an element that is not frame."""
    return "\n\n".join(_paragraphs(element))


def render_block(element: HtmlElement) -> str:
    """Markdown of one heading or list."""
    return "\n\n".join(_block(element))


def _paragraphs(element: HtmlElement) -> list[str]:
    """The blocks of an element in order."""
    out: list[str] = []
    run: list[str] = [element.text or ""]
    for child in element:
        if not isinstance(child.tag, str) or is_frame(child):
            pass
        elif child.tag == "br":
            run.append("\n")
        elif child.tag in BLOCKS or any(inner.tag in BLOCKS for inner in child.iterdescendants()):
            _flush(run, out)
            out.extend(_block(child))
        else:
            run.append(_inline(child))
        run.append(_spaced(child.tail))
    run[0] = _spaced(run[0])
    _flush(run, out)
    return out


def _spaced(text: str | None) -> str:
    """Text of the markup: its line feeds are spaces."""
    return (text or "").replace("\n", " ")


def _flush(run: list[str], out: list[str]) -> None:
    lines = [" ".join(line.split()) for line in "".join(run).split("\n")]
    text = "\n".join(lines).strip()
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    if text:
        out.append(text)
    run.clear()
    run.append("")


def _inline(element: HtmlElement) -> str:
    parts = [_spaced(element.text)]
    for child in element:
        if isinstance(child.tag, str) and not is_frame(child):
            parts.append("\n" if child.tag == "br" else _inline(child))
        parts.append(_spaced(child.tail))
    text = "".join(parts)
    mark = _MARKS.get(element.tag)
    if mark and text.strip():
        core = text.strip()
        lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return f"{lead}{mark}{core}{mark}{trail}"
    return text


def _block(element: HtmlElement) -> list[str]:
    tag = element.tag
    if tag in HEADINGS:
        text = " ".join(" ".join(_paragraphs(element)).split())
        return ["#" * int(tag[1]) + " " + text] if text else []
    if tag in ("ul", "ol", "menu"):
        return _list(element)
    if tag == "table":
        return _table(element)
    if tag == "blockquote":
        return ["\n".join(f"> {line}".rstrip() for line in part.split("\n")) for part in _paragraphs(element)]
    if tag == "hr":
        return []
    return _paragraphs(element)


def _list(element: HtmlElement) -> list[str]:
    """Items with their bullets; what belongs to an item stands two or three columns in."""
    lines: list[str] = []
    number = 0
    for child in element:
        if not isinstance(child.tag, str) or is_frame(child):
            continue
        parts = _paragraphs(child) if child.tag == "li" else _block(child)
        if not parts:
            continue
        number += 1
        bullet = f"{number}. " if element.tag == "ol" else "- "
        indent = " " * len(bullet)
        body = "\n".join(parts).split("\n")
        lines.append(bullet + body[0])
        lines.extend(indent + line for line in body[1:])
    return ["\n".join(lines)] if lines else []


def _table(element: HtmlElement) -> list[str]:
    """A table of data as pipes; a table that lays the page out as its cells in order."""
    rows = [row for row in element.iter("tr") if next(row.iterancestors("table"), None) is element]
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
    nested = element.find(".//table") is not None or element.find(".//h1") is not None
    if nested or max(map(len, cells), default=0) < 2 or any(len(text_of(c)) > _MAX_CELL for row in cells for c in row):
        return [part for row in cells for cell in row for part in _paragraphs(cell)]
    lines: list[str] = []
    for row in cells:
        texts = [" ".join(" ".join(_paragraphs(cell)).split()).replace("|", "\\|") for cell in row]
        if any(texts):
            lines.append("| " + " | ".join(texts) + " |")
            if len(lines) == 1:
                lines.append("|" + "---|" * len(texts))
    return ["\n".join(lines)] if lines else []
