"""Code and formulas out of the tree, place-holders in.

In: the tree and what was found in it. Out: the tree changed in place, and what each place-holder stands for. A
place-holder of a block is a paragraph about as long as its code, so that main-content extraction weighs the page as it
would with the code in it; one of inline code is a word.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.block_controls import drop_label, holder, language_of
from recall.page.markdown.blocks import find_code
from recall.page.markdown.code_span import Found
from recall.page.markdown.formulas import TYPED, Formula, find_formulas
from recall.page.markdown.layout import clear_way, undo_section_lists
from recall.page.markdown.tree import HEADINGS, remove, squashed, text_of

FILLER: Final = " and this is the code as it was on the page"
MAX_FILLER: Final = 700
_COPY_CLASS: Final = re.compile(r"raw|origin|plain", re.I)
_SIGN_CLASS: Final = re.compile(
    r"headerlink|anchor|permalink|header-?link|heading-?link|editsection|hash-link|toc-?back", re.I
)
_SIGN: Final = re.compile(
    r"[\s\u200b]*(?:[¶#§🔗∞⚓]|link|permalink|\[?\s*edit(?: source)?\s*\]?|anchor|direct link|\ue157)?[\s\u200b]*", re.I
)


@dataclass(slots=True)
class Lifted:
    """What the place-holders stand for. stem: a word that does not occur on the page and starts each of them."""

    stem: str
    blocks: list[Found] = field(default_factory=list)
    places: list[HtmlElement] = field(default_factory=list)
    inlines: list[str] = field(default_factory=list)
    plain: bool = False  # the last block lifted is a highlighter's plain copy

    @property
    def block_token(self) -> re.Pattern[str]:
        """Matches a block's place-holder with its filler."""
        return re.compile(rf"{self.stem}b(\d+)x(?:{FILLER}(?= |\W|$))*")

    @property
    def inline_token(self) -> re.Pattern[str]:
        """Matches the place-holder of inline code or of a formula."""
        return re.compile(rf"{self.stem}i(\d+)x*z")


def lift(root: HtmlElement, text: str) -> Lifted:
    """Replace all code and formulas of a page by place-holders."""
    lifted = Lifted(_stem(text))
    _drop_signs(root)
    undo_section_lists(root)
    for formula in list(find_formulas(root)):
        _lift_formula(formula, lifted)
    for found in find_code(root):
        if found.gutter:
            _drop(found)
        elif found.inline:
            _put_word(found.elements[0], inline_code(found.text), lifted)
        elif not _repeats(found, lifted):
            _lift_block(found, lifted)
    if "\\" in text or "$$" in text:
        _lift_typed_formulas(root, lifted)
    return lifted


def _lift_typed_formulas(root: HtmlElement, lifted: Lifted) -> None:
    """Protect LaTeX that stands in the text for a script to draw: extraction would escape its signs."""

    def word(match: re.Match[str]) -> str:
        lifted.inlines.append(squashed(match[0]))
        head = f"{lifted.stem}i{len(lifted.inlines) - 1}"
        return head + "x" * max(1, min(len(match[0]), 40) - len(head) - 1) + "z"

    for element in root.iter():
        if element.text and isinstance(element.tag, str) and element.tag not in ("script", "style"):
            element.text = TYPED.sub(word, element.text)
        if element.tail:
            element.tail = TYPED.sub(word, element.tail)


def _drop_signs(root: HtmlElement) -> None:
    """Remove the permalinks behind headings and the edit links of wikis."""
    for element in list(root.iter("a", "span", "small")):
        name = element.get("class")
        if name and _SIGN_CLASS.search(name) and len(text_of(element)) <= 24 and _SIGN.fullmatch(text_of(element)):
            remove(element)


def _stem(text: str) -> str:
    """A word of letters that does not occur on the page."""
    stem = "zqk"
    lowered = text.lower()
    while stem in lowered:
        stem += "q"
    return stem


def inline_code(text: str) -> str:
    """Inline code between as many back-ticks as it needs."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * (longest + 1) if longest else "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _put_word(element: HtmlElement, markdown: str, lifted: Lifted) -> None:
    """Turn an element into a span that holds a place-holder about as long as its text."""
    number = len(lifted.inlines)
    lifted.inlines.append(markdown)
    head = f"{lifted.stem}i{number}"
    tail = element.tail
    keeps_tag = element.tag in HEADINGS or element.tag in ("dt", "div", "section")
    tag = element.tag if keeps_tag else ("p" if element.tag == "table" else "span")
    element.clear()
    element.tag, element.tail = tag, tail
    element.text = head + "x" * max(1, min(len(markdown), 40) - len(head) - 1) + "z"


def _lift_formula(formula: Formula, lifted: Lifted) -> None:
    for other in formula.others:
        remove(other)
    _put_word(formula.element, formula.markdown, lifted)


def _drop(found: Found) -> None:
    for element in found.elements:
        remove(element)


def _repeats(found: Found, lifted: Lifted) -> bool:
    """Whether a block shows again what the one before shows, one of them being the plain copy of a highlighter.

    Highlighters keep such a copy, mostly hidden, beside the code that they draw; one of the two is dropped.
    """
    if not lifted.blocks:
        return False
    last, place, parent = lifted.blocks[-1], lifted.places[-1], found.elements[0].getparent()
    if "".join(last.text.split()) != "".join(found.text.split()) or not (lifted.plain or _is_copy(found.elements[0])):
        return False
    if not any(ancestor is parent or ancestor is parent.getparent() for ancestor in place.iterancestors()):
        return False
    lifted.blocks[-1] = replace(last, language=last.language or found.language)
    _drop(found)
    return True


def _is_copy(element: HtmlElement) -> bool:
    return element.tag == "textarea" or (
        element.tag in ("pre", "script") and _COPY_CLASS.search(element.get("class") or "") is not None
    )


def _lift_block(found: Found, lifted: Lifted) -> None:
    lifted.plain = _is_copy(found.elements[0])
    outer, chrome = holder(found.elements[0], len(found.elements) == 1)
    language = found.language or language_of(chrome + drop_label(outer))
    for element in found.elements[1:]:
        remove(element)
    number = len(lifted.blocks)
    lifted.blocks.append(Found((outer,), found.text, language))
    lifted.places.append(outer)
    tail = outer.tail
    outer.clear()
    outer.tag, outer.tail = "p", tail
    fill = min(len(found.text), MAX_FILLER) // len(FILLER)
    outer.text = f"{lifted.stem}b{number}x" + FILLER * fill
    clear_way(outer)
