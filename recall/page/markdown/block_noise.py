"""What stands inside a code block and is no code: line numbers, buttons, title words, tooltips, ads.

In: the element of a block. Out: its parts that are proven to show no code. A class name alone proves nothing: a part
goes only where the page never draws it, where it counts the lines, or where its words are those of a control and it
stands where controls stand, at the edge of its block or on a line of its own. In doubt a part stays.
"""

import re
from functools import lru_cache
from itertools import islice, starmap
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.block_labels import is_control, is_copying, language_of, links_to_run, title_bar
from recall.page.markdown.drawn_elsewhere import SELDOM, is_drawn_elsewhere
from recall.page.markdown.line_numbers import NUMBER_CLASS, CodeLine, Marked, counters, counting, is_number_text
from recall.page.markdown.tree import BLOCKS, ancestors, classes, hidden, preformatted, squashed, text_of, words

_UNSEEN: Final = words(
    "script style svg noscript template input iframe img video audio canvas datalist rp param annotation annotation-xml"
)
"""Tags that show no text of their own (HTML standard, 15.3.1, and embedded content), or a picture."""

_NUMBER_CELL: Final = re.compile(r"num|line|gutter|\bln\b", re.I)
_CONTROL_CLASS: Final = re.compile(
    r"copy|clipboard|\bbtn\b|button|tool-?bar|tooltip|popup|popover|\bttc\b|fold(?!er|able)|collaps|expand"
    r"|sr-only|visually-?hidden|screen-reader|headerlink|anchor|test-arrow|run-?btn|code-?lang|lang-?label|toggle",
    re.I,
)
_READERS: Final = words("sr-only visually-hidden visuallyhidden screen-reader-text screen-reader-only a11y-hidden")
_LINE_ANCHOR: Final = re.compile(r"(?:.*#)?[a-z_.:-]*(?:\d+[-_.])?(\d+)", re.I)
_LABEL_CLASS: Final = re.compile(r"code-?lang|lang(?:uage)?-?(?:label|name|tag|id\b)", re.I)
_BUTTONS: Final = words("btn button toolbar run-btn test-arrow")
SHORT: Final = 60
_BUTTON_TAGS: Final = words("button select clipboard-copy")
_TOLD_BY_TAG: Final = _BUTTON_TAGS | words("dialog a td th")
_COUNTER_TAGS: Final = words("span div a i em b small td")
LINE_CLASSES: Final = words(
    "line token-line code-line cl view-line cm-line ace_line codeline code__line cline gatsby-highlight-code-line "
    "hljs-line crayon-line ltx_listingline lines__line row-line enlighter-line highlight-line source-line"
)
"""Classes that highlighters give to one line each."""


def _is_unseen(element: HtmlElement) -> bool:
    """Whether browsers draw no text for an element, or a page's own markup says that it is no content."""
    if hidden(element) or element.get("popover") is not None:
        return True
    if element.get("role") == "tooltip" or element.get("data-ad-client") is not None:
        return True
    name = element.get("class")
    return bool(name) and "s" in told_by_class(name) and is_drawn_elsewhere(element)


@lru_cache(maxsize=4096)
def told_by_class(name: str) -> str:
    """What a class attribute may be a word for: 'n' a line number, 'c' a control, 's' something that is not shown."""
    kinds = "n" if NUMBER_CLASS.search(name) else ""
    kinds += "c" if _CONTROL_CLASS.search(name) else ""
    lowered = name.lower()
    return kinds + ("s" if lowered == "code" or any(word in lowered for word in SELDOM) else "")


def is_aside(element: HtmlElement) -> bool:
    """Whether an element beside code shows nothing, or nothing but a number or a control that its markup names."""
    claim = _claim(element)
    if claim in ("", "x"):
        return bool(claim)
    text = _shown(element)
    return is_number_text(text) or (claim == "c" and (_is_sign(text) or is_control(text)))


@lru_cache(maxsize=8192)
def _says_nothing(attribute: str, value: str) -> bool:
    """Whether an attribute cannot tell that its element is no code."""
    if attribute == "class":
        return not told_by_class(value)
    if attribute == "style":
        lowered = value.lower()
        return not any(word in lowered for word in ("display", "visibility", "user-select"))
    return attribute in ("id", "title", "lang", "data-lang", "data-language")


def _claim(element: HtmlElement) -> str:
    """What an element's markup says: 'x' nothing of it is shown, 'n' a line number, 'c' a control, else nothing."""
    tag = element.tag
    if not isinstance(tag, str) or tag in _UNSEEN:
        return "x"
    if tag not in _TOLD_BY_TAG and all(starmap(_says_nothing, element.items())):
        return ""
    if (tag == "dialog" and element.get("open") is None) or _is_unseen(element):
        return "x"
    if tag in _BUTTON_TAGS or element.get("role") == "button":
        return "c"
    return _named(element)


def _named(element: HtmlElement) -> str:
    """What an anchor, a class or another attribute calls an element."""
    tag, name = element.tag, element.get("class")
    told = told_by_class(name) if name else ""
    numbered = "n" in told or (name and tag in ("td", "th") and _NUMBER_CELL.search(name))
    if numbered or (tag == "a" and _is_line_anchor(element)):
        return "n"
    if "c" in told or (tag == "a" and links_to_run(element)):
        return "c"
    silent = element.get("aria-hidden") == "true" or element.get("data-nosnippet") is not None
    return "n" if silent or _unselectable(element) else ""


def _unselectable(element: HtmlElement) -> bool:
    style = element.get("style") or ""
    return element.get("unselectable") == "on" or "user-select" in style


def _is_line_anchor(element: HtmlElement) -> bool:
    """A link to a line of its own page or file, its number the text; or an anchor so named."""
    text = text_of(element).strip()
    if not text.isdecimal():
        return False
    href = element.get("href")
    target = element.get("id") or element.get("name") or "" if href is None else href
    if href is not None and "#" not in href:
        return False
    match = _LINE_ANCHOR.fullmatch(target)
    return match is not None and match[1] == text


def bar_language(root: HtmlElement) -> str:
    """The language that a label at the beginning of a block names, where the label is no code."""
    first = islice(root.iterdescendants("div", "span", "p"), 4)
    bar = title_bar(root)
    labels = [part for part in first if part is bar or _LABEL_CLASS.search(part.get("class") or "")]
    noise = noise_in(root, keep=True) if labels else set()
    return language_of([_shown(part) for part in labels if part in noise])


def noise_in(root: HtmlElement, keep: bool) -> set[HtmlElement]:
    """The parts of a block that show no code. keep: whether white space counts in it."""
    bar = title_bar(root)
    noise: set[HtmlElement] = set() if bar is None else {bar}
    claims: dict[HtmlElement, str] = {}
    numbers: list[HtmlElement] = []
    for element in root.iterdescendants():
        claim = _claim(element)
        if claim == "x":
            noise.add(element)
        elif claim:
            claims[element] = claim
        elif element.tag in _COUNTER_TAGS and (element.text or "").strip().isdecimal() and not len(element):
            numbers.append(element)
    if claims:
        lines = _lines(root, keep, noise, claims)
        noise |= counting(lines, {element for element, claim in claims.items() if claim == "n"})
        noise |= _controls(lines, {element for element, claim in claims.items() if claim == "c"})
    return noise | counters(root, numbers) if numbers else noise


def _lines(root: HtmlElement, keep: bool, noise: set[HtmlElement], claims: dict[HtmlElement, str]) -> list[CodeLine]:
    """The lines of a block, with the marked elements that hold nothing but a number or a control's words."""
    lines = [CodeLine()]
    stack: list[tuple[HtmlElement | str | None, bool]] = [(root, keep)]
    while stack:
        part, kept = stack.pop()
        if part is None:
            _end_line(lines)
        elif isinstance(part, str):
            for number, text in enumerate(part.split("\n") if kept else (part,)):
                if number:
                    lines.append(CodeLine())
                lines[-1].add(text)
        elif part in claims and part is not root and _is_short(part, claims[part]):
            if part.tag in BLOCKS:
                _end_line(lines)
                stack.append((None, kept))
            lines[-1].marked.append(Marked(part, lines[-1].shown, lines[-1].last))
        elif part not in noise:
            _push(stack, part, kept or preformatted(part), part is root)
            if part.tag == "br":
                lines.append(CodeLine())
    return lines


def _end_line(lines: list[CodeLine]) -> None:
    if lines[-1].last or lines[-1].marked:
        lines.append(CodeLine())


def _push(stack: list[tuple[HtmlElement | str | None, bool]], part: HtmlElement, keep: bool, is_root: bool) -> None:
    """Push an element's texts and children, last first; None where a block begins or ends."""
    block = not is_root and (part.tag in BLOCKS or not LINE_CLASSES.isdisjoint(classes(part)))
    if block:
        stack.append((None, keep))
    for child in reversed(part):
        if child.tail:
            stack.append((child.tail, keep))
        stack.append((child, keep))
    if part.text:
        stack.append((part.text, keep))
    if block:
        stack.append((None, keep))


def _is_short(element: HtmlElement, claim: str) -> bool:
    """Whether the text of a marked element may be a number or a control; else it is text like any other."""
    if claim == "n":
        return is_number_text("".join(element.itertext()))
    text = _shown(element)
    if len(text) > SHORT:
        return False
    return _is_sign(text) or _links_to_itself(element, text) or is_control(text) or is_control(_spoken(element))


def _shown(element: HtmlElement) -> str:
    """The words of an element, those of each part by themselves."""
    return squashed(" ".join(element.itertext()))


def _spoken(element: HtmlElement) -> str:
    """What a control is called for those who do not see it; a dash where nothing says so."""
    return squashed(element.get("aria-label") or element.get("title") or "-no-")


def _is_sign(text: str) -> bool:
    """Whether a text is blank or a picture sign that no code is written with, such as ▾ or ¶."""
    return all(not letter.isalnum() and letter > "\u00a0" and letter not in "…·×÷¬±–—−«»„“”‘’" for letter in text)


def _links_to_itself(element: HtmlElement, text: str) -> bool:
    """A link of a letter or two to the element that it stands in: a permalink, whatever its sign was decoded to."""
    target = element.get("href") or ""
    if len(text) > 2 or text.isascii() or target[:1] != "#":
        return False
    return any(part.get("id") == target[1:] for part in ancestors(element, 4))


def _controls(lines: list[CodeLine], claims: set[HtmlElement]) -> set[HtmlElement]:
    """Those of the claimed controls whose words and whose place both say so; none where nothing else is shown."""
    shown = [index for index, line in enumerate(lines) if line.shown]
    found: set[HtmlElement] = set()
    for index, line in enumerate(lines if shown else ()):
        for mark in line.marked:
            if mark.element in claims:
                starts, ends = not mark.before, mark.before == line.shown
                edge = (starts and index <= shown[0]) or (ends and index >= shown[-1])
                beside = mark.following if starts else mark.last
                if _is_proven(mark.element, starts + 2 * ends, edge, beside):
                    found.add(mark.element)
    return found


def _is_proven(element: HtmlElement, place: int, edge: bool, beside: str) -> bool:
    """Whether a control's words fit its place.

    place: 1 where it begins its line, 2 where it ends it, 3 alone. edge: of the block. beside: the letter of code next
    to it: a space parts it, a letter of a word would make another word of both.
    """
    text, names = _shown(element), classes(element)
    parted, glued = beside.isspace(), beside.isalnum()
    if not text:
        return LINE_CLASSES.isdisjoint(names)
    if _is_sign(text) or _links_to_itself(element, text):
        return True
    if not place or text.isdecimal() or (place < 3 and links_to_run(element)):
        return bool(place) and edge and glued and not text.isdecimal()
    if element.tag in _BUTTON_TAGS or element.get("role") == "button":
        return edge or place == 3 or is_copying(text)
    if is_copying(text) or not _READERS.isdisjoint(names):
        return place == 3 or (edge and not parted)
    # other words of controls are commands too (run, edit, show): a class must call them a label or a button
    named = _LABEL_CLASS.search(element.get("class") or "") if language_of([text]) else not _BUTTONS.isdisjoint(names)
    return place == 3 and edge and bool(named)
