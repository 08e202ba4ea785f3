"""Code in elements made for something else: form fields, scripts that browsers do not run, signatures of an API.

In: the element. Out: what it shows as `Found`, or None.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_heuristics import looks_like_code, strong_class, weak_class
from recall.page.markdown.code_language import told_language
from recall.page.markdown.code_lines import code_text, tidy
from recall.page.markdown.code_span import ZERO_WIDTH, Found, inline
from recall.page.markdown.tree import HEADINGS, classes

_FORM_FIELD: Final = re.compile(r"comment|message|reply|body|email|search|query|content|text$", re.I)
_PLAIN_SCRIPT: Final = re.compile(r"syntaxhighlighter|brush|language-|lang-", re.I)
_CDATA: Final = re.compile(r"\A\s*<!\[CDATA\[(.*?)\]\]>\s*\Z", re.S)


def textarea(element: HtmlElement) -> Found | None:
    """Code in a field that is there to be copied from, not to be written in."""
    text = tidy((element.text_content() or "").removeprefix("\n"), keep=True)
    if not text:
        return None
    shown = element.get("readonly") is not None or element.get("disabled") is not None
    name = f"{element.get('class') or ''} {element.get('id') or ''}"
    coded = strong_class(name) or weak_class(name) or "code" in name.lower()
    if not (shown or coded) and (_FORM_FIELD.search(element.get("name") or "") or not looks_like_code(text)):
        return None
    return Found((element,), text, told_language(element))


def script(element: HtmlElement) -> Found | None:
    """SyntaxHighlighter and Prism read code from scripts that browsers do not run."""
    kind, name = element.get("type") or "", element.get("class") or ""
    if kind != "syntaxhighlighter" and not (kind == "text/plain" and _PLAIN_SCRIPT.search(name)):
        return None
    text = element.text or ""
    inside = _CDATA.match(text)
    text = tidy(inside[1] if inside else text, keep=True)
    return Found((element,), text, told_language(element)) if text else None


def signature(element: HtmlElement) -> Found | None:
    """Declarations of API documentation that are set as code without being marked up as it."""
    names = classes(element)
    if element.tag == "dt" and ("sig" in names or element.find("./*[@class='descname']") is not None):
        return inline(element)
    if "code-header" in names and element.tag in HEADINGS | {"section", "div"} and element.find(".//pre") is None:
        return inline(element) if element.find(".//button") is None else None
    if "member-signature" in names or "type-signature" in names:
        text = ZERO_WIDTH.sub("", code_text(element, keep=True)).replace("\u00a0", " ")
        return Found((element,), text) if text else None
    return None
