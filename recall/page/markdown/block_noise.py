"""What stands inside or beside a code block and is no code: line numbers, buttons, tooltips, ads, labels.

In: an element inside a block. Out: whether to drop it. Text is dropped for its class only where it is short, and as a
line number only where it is nothing but a number, so that a class name used otherwise costs no code.
"""

import re
from itertools import pairwise
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import LANGUAGES, clean_language
from recall.page.markdown.tree import hidden, remove, squashed, text_of, words

_DROPPED = words("button script style svg noscript template input select iframe object img video audio canvas ins math")
_NUMBER_CLASS = re.compile(
    r"line-?_?no|line-?_?nu?m|linenr|lnum\b"
    r"|(?:^|[ -])ln[at]?(?:$| )|ln-n|(?:blob|lines)-num|gutter|line-?_?count|rownum"
    r"|ltx_tag|src-line|code-?line-?num|line-index|crayon-num",
    re.I,
)
_NUMBER_CELL = re.compile(r"num|line|gutter|\bln\b", re.I)
_NUMBERS = re.compile(r"[\d\s\u00a0.:|+\-−▸▾▶▼⊞⊟]*")
_BUTTON_CLASS = re.compile(
    r"copy|clipboard|\bbtn\b|button|toolbar|tool-?bar|tooltip|popup|popover|\bttc\b|fold(?!er|able)|collaps|expand"
    r"|sr-only|visually-?hidden|screen-reader|adsbygoogle|\bads?\b|advert|sponsor|headerlink|anchorjs|test-arrow"
    r"|run-?btn|code-?lang|lang-?label|toggle",
    re.I,
)
_WIDGET = re.compile(
    r"\bttc\b|tooltip|popup|popover|adsbygoogle|enlighter-raw|enlighter-toolbar|gutter-wrapper|gutters\b|codemirror-gutter|rows\b",
    re.I,
)
_LINE_TARGET = re.compile(r"#?[\w.:-]*\d+$")
SHORT = 60


def is_block_noise(element: HtmlElement) -> bool:
    """Whether an element inside a code block shows no code."""
    if not isinstance(element.tag, str) or element.tag in _DROPPED or hidden(element):
        return True
    name = element.get("class") or ""
    if name and _is_named_noise(element, name):
        return True
    if element.get("role") == "button":
        return len(text_of(element)) <= SHORT
    if element.get("aria-hidden") == "true" or element.get("data-nosnippet") is not None or _unselectable(element):
        text = text_of(element)
        return _NUMBERS.fullmatch(text) is not None and any(letter.isdecimal() for letter in text)
    return element.tag == "a" and _is_line_anchor(element)


def _is_named_noise(element: HtmlElement, name: str) -> bool:
    """Whether the class names a number or a control, and the text is one; `boring` lines are hidden by mdBook."""
    numbers = _NUMBER_CELL if element.tag in ("td", "th") else _NUMBER_CLASS
    if name == "boring" or (numbers.search(name) and _NUMBERS.fullmatch(text_of(element))):
        return True
    return bool(_BUTTON_CLASS.search(name) or _WIDGET.search(name)) and _is_widget(element, name)


def _is_widget(element: HtmlElement, name: str) -> bool:
    """A class that names a control; code spans such as `foldopen` hold lines and stay."""
    if _WIDGET.search(name) and "rows" not in name:
        return True
    if "line" in name.split() or element.tag in ("pre", "code", "ol", "table", "tbody", "tr"):
        return False
    text = text_of(element)
    return len(text) <= SHORT and "\n" not in text.strip() and not _holds_code_tokens(element)


def _holds_code_tokens(element: HtmlElement) -> bool:
    """Whether highlighter spans are inside: then it is a line of code that is folded, not the fold's handle."""
    return element.find(".//span[@class]") is not None and element.tag in ("div", "span")


def _unselectable(element: HtmlElement) -> bool:
    style = element.get("style") or ""
    return element.get("unselectable") == "on" or "user-select" in style


def _is_line_anchor(element: HtmlElement) -> bool:
    """A link whose text is the number of its own line, or a permalink sign."""
    text = text_of(element).strip()
    if text in ("¶", "#", "§", "🔗"):
        return "anchor" in (element.get("class") or "") or "headerlink" in (element.get("class") or "")
    if not text.isdecimal():
        return False
    target = element.get("href") or element.get("id") or element.get("name") or ""
    return bool(_LINE_TARGET.search(target)) and target.lstrip("#").endswith(text)


def are_line_numbers(text: str) -> bool:
    """Whether a text is nothing but consecutive line numbers, at least two of them."""
    words = [word.rstrip(".:)|") for word in text.split()]
    if len(words) < 2 or not all(word.isdecimal() for word in words):
        return False
    first = int(words[0])
    return all(int(word) == first + index for index, word in enumerate(words))


def line_counters(root: HtmlElement) -> frozenset[HtmlElement]:
    """Elements that count the lines without a class name to say so.

    They share tag and class, each is the first thing in a parent of its own, they hold 1, 2, 3 … in order, and most of
    the parents show more than the number.
    """
    groups: dict[tuple[str, str | None], list[HtmlElement]] = {}
    for element in root.iter("span", "div", "a", "i", "em", "b", "small", "td"):
        if not len(element) and (element.text or "").strip().isdecimal():
            groups.setdefault((element.tag, element.get("class")), []).append(element)
    counters: set[HtmlElement] = set()
    for group in groups.values():
        parents = {element.getparent() for element in group}
        if (
            len(group) < 3
            or len(parents) < len(group)
            or not are_line_numbers(" ".join(text_of(part) for part in group))
        ):
            continue
        if all(_comes_first(element) for element in group):
            telling = sum(1 for parent in parents if not text_of(parent).strip().isdecimal())
            if telling * 2 > len(parents):
                counters.update(group)
    return frozenset(counters)


def _comes_first(element: HtmlElement) -> bool:
    parent = element.getparent()
    if (parent.text or "").strip():
        return False
    return all(not text_of(before).strip() or before.tag == "style" for before in element.itersiblings(preceding=True))


_TYPED = re.compile(r"[ \t]*(\d+)([:|]?)(?:[ \t]|$)")


def without_typed_numbers(text: str) -> str:
    """Strip line numbers that were typed into the lines themselves.

    Only where every line has one, they count up by one from the first of at least four, and what remains is laid out
    as code (an indented or an empty line): numbered lists and BASIC programs stay as they are.
    """
    lines = text.split("\n")
    if len(lines) < 4:
        return text
    matches = [_TYPED.match(line) for line in lines]
    numbers = [int(match[1]) for match in matches if match]
    if len(numbers) < len(lines) or any(b - a != 1 for a, b in pairwise(numbers)):
        return text
    rest = [line[match.end() :] for line, match in zip(lines, matches, strict=True) if match]
    if not any(line[:1] in " \t" for line in rest if line.strip()) and all(line.strip() for line in rest):
        return text
    while all(line[:1] == " " for line in rest if line.strip()) and any(line.strip() for line in rest):
        rest = [line[1:] for line in rest]
    return "\n".join(line if line.strip() else "" for line in rest)


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
