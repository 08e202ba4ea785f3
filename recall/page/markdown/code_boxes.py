"""Code in boxes without a `<pre>`: elements whose class, font, first prompt or lines say that they show code.

In: an element. Out: a CodeSpan, or None. A class or a font is not enough where prose has it too: then the text has to
look like code. A shell's prompt at the beginning of several short lines is enough in any box.
"""

import re
from functools import lru_cache
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_elements import EDITORS, CodeSpan, attribute_code, editor_text, is_editor
from recall.page.markdown.code_hints import code_share, declared_language, looks_like_code, strong_class, weak_class
from recall.page.markdown.code_lines import code_text, keeps_spaces
from recall.page.markdown.code_monospaced import several_lines
from recall.page.markdown.code_rows import counted_rows
from recall.page.markdown.code_runs import blank, is_target, line_run, monospaced_lines
from recall.page.markdown.code_tables import code_table
from recall.page.markdown.line_numbers import are_line_numbers, without_typed_numbers
from recall.page.markdown.prose_in_pre import is_long_prose, reads_as_phrases, reads_as_sentence, reads_as_verse
from recall.page.markdown.tree import (
    HEADINGS,
    MONOSPACED,
    classes,
    hidden,
    holds,
    monospace,
    preformatted,
    text_of,
    words,
)

BOXES: Final = words("div figure ol ul dl section td p span blockquote font dd b center article")
LAYOUTS: Final = words("div p section td dd blockquote figure")
"""Elements that are examined without a class or a style to say so."""

MAX_LINE: Final = 200
MAX_CAPTION: Final = 160
MAX_PARTS: Final = 12
MAX_TARGETS: Final = 3
"""Targets of links that may stand in front of a box's first text."""

MAX_TYPED: Final = 50_000
"""Characters of a box that its text alone makes code."""

_DEPTH: Final = 6
_FIRST: Final = 200
_NAMED: Final = frozenset({"div", "p", "td", "span"})
_PROSE: Final = frozenset({"p", "blockquote", "font"})
_INNER_BLOCK: Final = ("pre", "xmp", "listing", "textarea", "article", "main", "nav", *sorted(HEADINGS))
_NO_PLAIN_TEXT: Final = ("a", "img", "table", "code", "div", "ul", "ol", *_INNER_BLOCK)
_DECLARED: Final = re.compile(r"\w ?\([^()]*\)\s*\Z")
_PROMPT: Final = re.compile(
    r"\s*(?:[$%#] (?:\./)?[a-z][\w./-]*(?:\s|$)|[\w.-]+@[\w.-]+[:~ ][^\s$#%]{0,60}[$#%] ?\S"
    r"|[A-Z]:\\[^<>|?*]{0,80}>\s?\S"
    r"|PS [A-Z]:\\[^<>|?*]{0,80}> ?\S|>>> \S)"
)


def box(element: HtmlElement, name: str | None, seen: set[HtmlElement]) -> CodeSpan | None:
    """The code of an element that is no `<pre>`, `<code>` or table. name: its class attribute; seen: of `line_run`."""
    tag = element.tag
    styled = element.get("style") or (tag == "font" and element.get("face"))
    told = name is not None and _tells(name, tag in _NAMED and not (tag == "td" and len(name) == 1))
    if tag in BOXES and (told or (styled and (monospace(element) or preformatted(element)))):
        span = _container(element, seen)
        if span is not None:
            return span
    elif tag in _PROSE:
        span = _typed_lines(element)
        if span is not None:
            return span
    return _laid_out(element) if tag in LAYOUTS else None


@lru_cache(maxsize=4096)
def _tells(name: str, languages: bool) -> bool:
    """Whether a class attribute may be that of code."""
    return strong_class(name) or weak_class(name, languages) or not EDITORS.isdisjoint(name.lower().split())


def _laid_out(element: HtmlElement) -> CodeSpan | None:
    """Code that no class and no font of the element announces: by its first text it may be some."""
    first, told = element, False
    text = ""
    for _ in range(_DEPTH):
        told = first.tag in MONOSPACED or (first.get("style") is not None and monospace(first))
        text = first.text or ""
        if told or (text and not text.isspace()):
            break
        for inner in islice(first, MAX_TARGETS):
            if not is_target(inner) or not blank(inner.tail):
                break
        else:
            return None
        first = inner
    if told:
        run = monospaced_lines(element)
        return CodeSpan(run[0], run[1], declared_language(element)) if run else None
    text = text[:_FIRST].strip()
    if text.isdecimal():
        rows = counted_rows(element)
        return CodeSpan((element,), rows, declared_language(element)) if rows else None
    return _prompted(element) if _PROMPT.match(text) else None


def _prompted(element: HtmlElement) -> CodeSpan | None:
    """What a terminal shows: a prompt and a command, their output behind it, each line ended by a `<br>`."""
    if not holds(element, "br") or next(element.iterdescendants(*_NO_PLAIN_TEXT), None) is not None:
        return None
    text = code_text(element, keep=preformatted(element))
    lines = text.split("\n")
    return CodeSpan((element,), text) if len(lines) > 1 and max(map(len, lines)) <= MAX_LINE else None


def parts_of_listing(element: HtmlElement) -> CodeSpan | None:
    """Several `<pre>` in one box of a highlighter, of which each goes on where the last one ends.

    A caption beside them stays where it is, and the listing stands behind it.
    """
    if not 2 <= len(element) <= MAX_PARTS or not blank(element.text):
        return None
    pres = [child for child in element if child.tag == "pre"]
    captions = [child for child in element if child.tag != "pre"]
    if len(pres) < 2 or len(captions) > 1 or any(not blank(child.tail) for child in element):
        return None
    if any(len(text_of(one)) > MAX_CAPTION or holds(one, "pre") for one in captions):
        return None
    names = [(pre.get("class") or "").split("-")[0] for pre in pres]
    texts = [code_text(pre, keep=True).removesuffix("\n") for pre in pres]
    if not names[0] or len(set(names)) > 1 or any(hidden(pre) or pre.get("id") for pre in pres):
        return None
    if any(are_line_numbers(text) for text in texts):
        return None
    return CodeSpan((pres[-1], *pres[:-1]), "\n".join(texts), declared_language(element))


def _container(element: HtmlElement, seen: set[HtmlElement]) -> CodeSpan | None:
    """An element whose class or font says that it shows code."""
    name = element.get("class") or ""
    if is_editor(element):
        text = editor_text(element)
        return CodeSpan((element,), text, declared_language(element)) if text else None
    strong = strong_class(name)
    if hidden(element) or _wraps_container(element) or _holds_blocks(element):
        return None
    if strong and not text_of(element).strip():
        return attribute_code(element)
    run = line_run(element, seen)
    if run is not None and (strong or looks_like_code(run[1])):
        return CodeSpan(run[0], run[1], declared_language(element))
    keep = preformatted(element) or keeps_spaces(element) or (strong and _has_typed_lines(element))
    text = without_typed_numbers(code_text(element, keep=keep))
    return (
        CodeSpan((element,), text, declared_language(element))
        if text and _is_block_text(element, text, strong)
        else None
    )


def _wraps_container(element: HtmlElement) -> bool:
    """Whether an element holds only another of its kind, which is examined instead."""
    if len(element) != 1 or (element.text or "").strip() or (element[0].tail or "").strip():
        return False
    return element[0].tag in BOXES and element[0].get("class") == element.get("class")


def _holds_blocks(element: HtmlElement) -> bool:
    """Whether blocks are to be looked for inside: the element is their wrapper."""
    if next(element.iter(*_INNER_BLOCK), None) is not None:
        return True
    inner = next(element.iterdescendants("code"), None)
    if inner is not None and several_lines(inner):
        return True
    if any(element is not ol and strong_class(ol.get("class") or "") for ol in element.iter("ol")):
        return True
    tables = list(element.iterdescendants("table"))
    return len(tables) == 1 and code_table(tables[0]) is not None


def _is_block_text(element: HtmlElement, text: str, strong: bool) -> bool:
    if (holds(element, "img") and not strong) or not any(letter.isalnum() for letter in text):
        return False
    several = "\n" in text
    if "literallayout" in classes(element) and is_long_prose(text):
        return False  # DocBook's lines as they are, in the font of the text
    if strong and element.tag not in ("span", "b"):
        return code_share(text) > 0 or (several and not holds(element, "a"))
    if monospace(element) and (preformatted(element) if several else element.tag == "div" and _is_declaration(text)):
        return True
    if not several and element.tag not in ("p", "div", "td"):
        return False
    return looks_like_code(text) and len(text) < MAX_TYPED and not reads_as_phrases(text)


def _is_declaration(text: str) -> bool:
    """Whether a line in a box and font of code is no sentence: it declares or calls something."""
    return len(text) <= MAX_LINE and _DECLARED.search(text) is not None and not reads_as_sentence(text)


def _has_typed_lines(element: HtmlElement) -> bool:
    """Whether the lines are line feeds of the text: no `<br>` and no block inside."""
    if "\n" not in text_of(element).strip():
        return False
    return next(element.iterdescendants("br", "div", "p", "li", "tr"), None) is None


def _typed_lines(element: HtmlElement) -> CodeSpan | None:
    """Old pages: code in a paragraph or quotation, a `<br>` behind each line, in the font of the text."""
    if (
        next(element.iterchildren("br"), None) is None
        or next(element.iterdescendants(*_NO_PLAIN_TEXT), None) is not None
    ):
        return None
    text = code_text(element, keep=False)
    lines = [line for line in text.split("\n") if line.strip()]
    few = len(lines) < 3 and not (len(lines) == 2 and all(line.rstrip()[-1] in ";{}" for line in lines))
    if few or max(map(len, lines)) > 160 or code_share(text) < 0.7:
        return None
    if sum(map(reads_as_verse, lines)) * 3 > len(lines):
        return None
    return CodeSpan((element,), text)
