"""Code outside `<pre>`: inline, in form fields, scripts, signatures and browser editors, or in neighbours, a line each.

In: an element. Out: what it shows, as CodeSpan or as text, or None where it shows no code. Editors (CodeMirror 5 and 6,
Monaco, Ace) draw lines as absolutely placed blocks, so the order in the markup need not be the order on the page, and
their spaces are no-break spaces.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final
from urllib.parse import unquote

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import declared_language, looks_like_code, strong_class, weak_class
from recall.page.markdown.code_lines import code_text, raw_lines, tidy
from recall.page.markdown.prose_in_pre import reads_as_sentence
from recall.page.markdown.tree import HEADINGS, classes, hidden, holds, squashed, text_of

ZERO_WIDTH: Final = "\u200b"
"""Where a long name may be broken; it shows nothing."""


MAX_EMPTY: Final = 24
MAX_LABEL: Final = 60
"""Elements around an empty block, and letters that they show: its buttons and their words."""

_CODE_ATTRIBUTES: Final = ("data-code", "data-clipboard-text", "data-copy-text", "data-snippet", "data-raw-code")


@dataclass(frozen=True, slots=True)
class CodeSpan:
    """A detected piece of code. elements: the first is replaced by a place-holder, the others are removed.

    inline: inside a sentence, else a block. gutter: only line numbers, to be dropped. prose: in a `<pre>`,
    but no code.
    """

    elements: tuple[HtmlElement, ...]
    text: str
    language: str = ""
    inline: bool = False
    gutter: bool = False
    prose: bool = False


def inline(element: HtmlElement) -> CodeSpan | None:
    """Inline code of an element, None where it shows nothing."""
    pieces = tidy(raw_lines(element, keep=False).replace("\n", " "), keep=False) if len(element) else element.text or ""
    text = squashed(pieces.replace(ZERO_WIDTH, ""))
    return CodeSpan((element,), text, inline=True) if text else None


_FORM_FIELD: Final = re.compile(r"comment|message|reply|body|email|search|query|content|text$", re.I)
_PLAIN_SCRIPT: Final = re.compile(r"syntaxhighlighter|brush|language-|lang-", re.I)
_SHARING: Final = re.compile(r"shar(?:e|ing)(?![a-z])|shareable|republi", re.I)
_SHARED: Final = re.compile(r"\s*(?:<[a-z]|\[[a-z]+[=\]]|https?://)", re.I)
"""Names of fields from which a page is shared, and how a link or text for that begins: HTML, forum code, address."""

_TEMPLATE: Final = re.compile(r"template|tmpl", re.I)
_ENCODED: Final = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])[A-Za-z0-9+/]{40,}={0,2}")
"""Base64, which nobody reads."""

_CDATA: Final = re.compile(r"\A\s*<!\[CDATA\[(.*?)\]\]>\s*\Z", re.S)


def textarea(element: HtmlElement) -> CodeSpan | None:
    """Code of a text field that is meant for copying, None for one that is meant for input."""
    text = tidy((element.text_content() or "").removeprefix("\n"), keep=True)
    if not text:
        return None
    shown = element.get("readonly") is not None or element.get("disabled") is not None
    name = f"{element.get('class') or ''} {element.get('id') or ''}"
    coded = strong_class(name) or weak_class(name) or "code" in name.lower()
    if not (shown or coded) and (_FORM_FIELD.search(element.get("name") or "") or not looks_like_code(text)):
        return None
    if not coded and all(map(reads_as_sentence, filter(None, text.split("\n")))):
        return None
    if (_SHARING.search(name) and _SHARED.match(text)) or (hidden(element) and _TEMPLATE.search(name)):
        return None
    return CodeSpan((element,), text, declared_language(element))


def script(element: HtmlElement) -> CodeSpan | None:
    """Code of a script element that a highlighter (SyntaxHighlighter, Prism) reads and browsers do not run."""
    kind, name = element.get("type") or "", element.get("class") or ""
    if kind != "syntaxhighlighter" and not (kind == "text/plain" and _PLAIN_SCRIPT.search(name)):
        return None
    text = element.text or ""
    inside = _CDATA.match(text)
    text = tidy(inside[1] if inside else text, keep=True)
    return CodeSpan((element,), text, declared_language(element)) if text else None


def attribute_code(element: HtmlElement) -> CodeSpan | None:
    """Code that a script is yet to draw in an empty element: in an attribute of it, or of its button to copy."""
    around, text = element, None
    for _ in range(3):
        if around is None or sum(1 for _ in islice(around.iter(), MAX_EMPTY + 1)) > MAX_EMPTY:
            return None
        if len(text_of(around)) > MAX_LABEL or any(text_of(part).strip() for part in around.iter("pre", "code")):
            return None
        text = next((part.get(name) for part in around.iter() for name in _CODE_ATTRIBUTES if part.get(name)), None)
        if text:
            break
        around = around.getparent()
    if not text or _is_name(text):
        return None
    text = tidy(unquote(text) if "%20" in text and " " not in text else text, keep=True)
    return CodeSpan((element,), text, declared_language(element)) if text else None


def _is_name(text: str) -> bool:
    """Whether a value is no code, but the name of something: a language, a part of the page; or nothing to read."""
    return (
        _ENCODED.fullmatch(text.strip()) is not None
        or text.isalnum()
        or (text.startswith(("#", ".")) and " " not in text)
    )


@lru_cache(maxsize=4096)
def may_sign(name: str) -> bool:
    """Whether a class attribute may be that of a declaration."""
    return any(part in name.lower() for part in ("sig", "code-header"))


def signature(element: HtmlElement) -> CodeSpan | None:
    """Code of a declaration in API documentation (Sphinx, rustdoc, JavaDoc) that is not marked up as code."""
    names = classes(element)
    if element.tag == "dt" and ("sig" in names or element.find("./*[@class='descname']") is not None):
        return inline(element)
    if "code-header" in names and element.tag in HEADINGS | {"section", "div"} and not holds(element, "pre"):
        return inline(element) if not holds(element, "button") else None
    if "member-signature" in names or "type-signature" in names:
        text = code_text(element, keep=True).replace(ZERO_WIDTH, "").replace("\u00a0", " ")
        return CodeSpan((element,), text) if text else None
    return None


EDITORS: Final = frozenset({"codemirror", "cm-editor", "monaco-editor", "ace_editor"})
_LINES: Final = frozenset({"codemirror-line", "cm-line", "view-line", "ace_line"})
_TOP: Final = re.compile(r"top\s*:\s*(-?\d+(?:\.\d+)?)px")
_ZERO_WIDTH: Final = re.compile("[\u200b\u200c\u2060\ufeff]")


def is_editor(element: HtmlElement) -> bool:
    """Whether the element is the outside of an editor."""
    return not EDITORS.isdisjoint(classes(element))


def editor_text(editor: HtmlElement) -> str | None:
    """The lines of an editor in the order in which it draws them, None where it shows none."""
    lines = [
        line
        for line in editor.iter("pre", "div", "span")
        if not _LINES.isdisjoint(classes(line)) and "codemirror-measure" not in classes(line.getparent())
    ]
    if not lines:
        return None
    tops = [_top(line) for line in lines]
    if all(top is not None for top in tops):
        lines = [line for _, line in sorted(zip(tops, lines, strict=True), key=lambda pair: pair[0] or 0.0)]
    texts = [_ZERO_WIDTH.sub("", raw_lines(line, keep=True)).strip("\n") for line in lines]
    return tidy("\n".join(texts).replace("\u00a0", " "), keep=True)


def _top(line: HtmlElement) -> float | None:
    match = _TOP.search(line.get("style") or "")
    return float(match[1]) if match else None
