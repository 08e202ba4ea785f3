"""Controls around a code block: titles such as `Code:`, the language's name, copy buttons.

In: the element of a block. Out: the outermost element that shows only the block and its controls, and the text of the
controls, which may name the language.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import LANGUAGES, clean_language
from recall.page.markdown.tree import remove, squashed, words

MAX_CONTROLS: Final = 120
MAX_PARTS: Final = 24
_CONTROLS: Final = re.compile(
    r"(?:php |html |sql |css |xml |java |source |quick )?code(?: block| example)?:?"
    r"|copy(?: code| to clipboard| snippet)?"
    r"|copied!?|select(?: all)?|\[?select\]?|expand|collapse|view(?: raw| plain| code)?|raw|plain text|print|run|edit"
    r"|download|wrap(?: lines)?|toggle(?: line numbers| word wrap)?|open in new window|hosted with ❤ by github"
    r"|\?|:|\||-|•|»"
    r"|show(?: more)?|hide|play|try it|[\d ]+|text|plaintext|console|terminal",
    re.I,
)
_HOLDERS: Final = words(
    "div figure section span p table tbody tr td th dl dd dt center code font a b samp kbd tt fieldset"
)
_LABELS: Final = frozenset({"div", "span", "p", "b", "strong", "dt", "figcaption", "small"})
_LABEL_CLASS: Final = re.compile(r"code|title|head|lang|label|file|tool", re.I)


def outer_holder(first: HtmlElement, alone: bool) -> tuple[HtmlElement, list[str]]:
    """The outermost element that shows nothing but a block and its controls, and the controls' words.

    alone: whether the block is a single element; a run of siblings has no outer_holder.
    """
    outer = first
    texts: list[str] = []
    if not alone:
        return outer, texts
    for _ in range(8):
        parent = outer.getparent()
        if parent is None or parent.tag not in _HOLDERS:
            return outer, texts
        beside = _beside(parent, outer)
        if beside is None:
            return outer, texts
        texts = texts + beside
        outer = parent
    return outer, texts


def drop_label(outer: HtmlElement) -> list[str]:
    """Remove a heading such as `Code: [Select]` in front of a block and return its words."""
    label = outer.getprevious()
    if label is None or label.tag not in _LABELS or (label.tail or "").strip() or label.find(".//pre") is not None:
        return []
    text = squashed(" ".join(label.itertext()))
    named = label.tag not in ("p", "b", "strong") or _LABEL_CLASS.search(label.get("class") or "")
    if not text or len(text) > 40 or not named or not _is_control(text):
        return []
    remove(label)
    return [text]


def _beside(parent: HtmlElement, child: HtmlElement) -> list[str] | None:
    """Texts around a child where all of them are controls of a code block, else None."""
    if len(parent) > MAX_PARTS:
        return None
    texts = [parent.text or "", child.tail or ""]
    for sibling in parent:
        if sibling is child or not isinstance(sibling.tag, str):
            texts.append("" if sibling is child else sibling.tail or "")
            continue
        if (
            sibling.tag in ("pre", "textarea", "h1", "h2", "h3", "article", "main")
            or sibling.find(".//pre") is not None
        ):
            return None
        if sibling.tag not in ("script", "style", "button", "svg"):
            texts.append(" ".join(sibling.itertext()))
        texts.append(sibling.tail or "")
    shown = [squashed(text) for text in texts if text.strip()]
    if sum(map(len, shown)) > MAX_CONTROLS or not all(_is_control(text) for text in shown):
        return None
    return shown


def _is_control(text: str) -> bool:
    """Whether a text is made of the words that controls of code blocks carry."""
    rest = text
    while rest:
        match = _CONTROLS.match(rest)
        word = rest.split(" ", 1)[0]
        end = match.end() if match else 0
        if not end or (end < len(rest) and rest[end].isalnum()):
            if not language_of([word]):
                return False
            end = len(word)
        rest = rest[end:].lstrip(" :[]()·,")
    return True


def language_of(texts: list[str]) -> str:
    """The language that one of the controls' texts names, else nothing."""
    for text in texts:
        for word in text.split()[:3]:
            clean = clean_language(word.strip("[]():"))
            if word in ("C", "R", "C:") or (clean in LANGUAGES and clean not in ("make", "d", "r", "c")):
                return clean
    return ""
