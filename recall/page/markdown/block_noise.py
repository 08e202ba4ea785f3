"""Content of a code block that is no code: line numbers, buttons, fold marks, tooltips, ads.

In: an element inside a block. Out: whether to drop it. Text is dropped for its class only where it is short, and as a
line number only where it is nothing but a number, so that a class name used otherwise costs no code.
"""

import re
from itertools import pairwise

from lxml.html import HtmlElement

from recall.page.markdown.tree import hidden, text_of, words

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
