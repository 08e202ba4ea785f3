"""Replaces code and formulas in the tree by place-holders.

In: the tree. Out: the tree changed in place, and what each place-holder stands for. A block's place-holder is a
paragraph about as long as its code, so that main-content extraction weighs the page as it would with the code in it;
that of inline code is a word. An `&` becomes a letter, as extraction decodes character references a second time, and
what a page shows may look like one. Tables of layout, figures and inline elements around a block become divisions, as
extraction drops a paragraph in them or sets it in a table or a sentence.
"""

import re
from dataclasses import dataclass
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.block_labels import drop_label, language_of, outer_holder
from recall.page.markdown.blocks import find_code
from recall.page.markdown.by_trafilatura.prose_layout import keep_words, make_room, undo_section_lists
from recall.page.markdown.code_elements import CodeSpan
from recall.page.markdown.formulas import TYPED, Formula, find_formulas
from recall.page.markdown.marks import (
    CODE_TAGS,
    Marked,
    drop,
    inline_code,
    is_copy,
    repeats,
    write_out,
)
from recall.page.markdown.page_headings import drop_permalinks
from recall.page.markdown.tree import HEADINGS, remove, squashed

_FILLER: Final = " and this is the code as it was on the page"
MAX_FILLER: Final = 700


@dataclass(slots=True, kw_only=True)
class Lifted(Marked):
    """Code and formulas by the number in their place-holders. stem: their common start, of a letter not on the page.

    ampersand: another such letter, which stands for `&`. elements: the place-holder of each block in the tree.
    """

    stem: str
    ampersand: str

    @property
    def filler(self) -> str:
        """What a block's place-holder is lengthened with; it ends in the letter that is not on the page."""
        return _FILLER + self.stem[0]

    @property
    def block_token(self) -> re.Pattern[str]:
        """Matches a block's place-holder with its filler."""
        return re.compile(rf"{self.stem}b(\d+)x(?:{self.filler})*")

    @property
    def inline_token(self) -> re.Pattern[str]:
        """Matches the place-holder of inline code or of a formula."""
        return re.compile(rf"{self.stem}i(\d+)x*z")


def lift(root: HtmlElement, text: str) -> Lifted:
    """Replace all code and formulas of a page by place-holders."""
    letter, ampersand = _letters(root, text)
    lifted = Lifted(stem=f"{letter}zq", ampersand=ampersand)
    drop_permalinks(root)
    undo_section_lists(root)
    for formula in list(find_formulas(root)):
        if next(formula.element.iterancestors(*CODE_TAGS), None) is None:
            _lift_formula(formula, lifted)
        elif formula.element.tag != "math":
            write_out(formula)
    for span in find_code(root):
        if span.gutter:
            drop(span)
        elif span.inline:
            _put_word(span.elements[0], inline_code(span.text), lifted)
        elif not repeats(span, lifted):
            _lift_block(span, lifted)
    if "\\" in text or "$$" in text:
        _lift_typed_formulas(root, lifted)
    if "&" in text:
        _replace(root, "&", ampersand)
    if lifted.blocks or lifted.inlines:
        _drop_encoded_text(root)
    keep_words(root)
    return lifted


def _lift_typed_formulas(root: HtmlElement, lifted: Lifted) -> None:
    """Replace LaTeX typed in the text, which a script draws: extraction would escape its signs."""

    def word(match: re.Match[str]) -> str:
        lifted.inlines.append(squashed(match[0]))
        head = f"{lifted.stem}i{len(lifted.inlines) - 1}"
        return head + "x" * max(1, min(len(match[0]), 40) - len(head) - 1) + "z"

    for element in root.iter():
        if element.text and isinstance(element.tag, str) and element.tag not in ("script", "style"):
            element.text = TYPED.sub(word, element.text)
        if element.tail:
            element.tail = TYPED.sub(word, element.tail)


PLACE_HOLDER_LETTERS: Final = tuple(chr(point) for point in range(0x14400, 0x14647) if f"{point:x}".isdecimal())
"""Anatolian hieroglyphs: letters to every program, without case or other forms, and on hardly any page."""

_MAX_LETTERS: Final = 64


_TEXTS: Final = etree.XPath("descendant::text()[contains(., $part)][not(parent::script or parent::style)]")
_ENCODED: Final = etree.XPath("//script[contains(@type, 'json')] | //*[@data-preloaded]")


def _letters(root: HtmlElement, text: str) -> tuple[str, str]:
    """Two letters that the page holds neither as such nor by their numbers: that of place-holders, that of `&`.

    A page can forge no place-holder, whatever is dropped or joined on the way to Markdown: there is no letter to begin
    one with, and no `&` that a second decoding could make one of. Of a page with nearly all that are tried, the last
    two are taken.
    """
    tried = PLACE_HOLDER_LETTERS[:_MAX_LETTERS]
    free = (
        letter
        for letter in tried
        if letter not in text and str(ord(letter)) not in text and f"{ord(letter):x}" not in text
    )
    first, second = next(free, None), next(free, None)
    if first and second:
        return first, second
    for letter in tried[-2:]:
        _replace(root, letter, "\ufffd")
        for element in root.iter(etree.Element):
            for name, value in element.items():
                if letter in value:
                    element.set(name, value.replace(letter, "\ufffd"))
    return tried[-2], tried[-1]


def _replace(root: HtmlElement, part: str, other: str) -> None:
    """Put `other` in the place of each `part` in the text of the tree."""
    for found in _TEXTS(root, part=part):
        holder = found.getparent()
        if found.is_tail:
            holder.tail = holder.tail.replace(part, other)
        else:
            holder.text = holder.text.replace(part, other)


def _drop_encoded_text(root: HtmlElement) -> None:
    """Remove the text in JSON that extraction reads where it finds no other: it could spell a place-holder."""
    for element in _ENCODED(root):
        element.attrib.pop("data-preloaded", None)
        if element.tag == "script":
            element.text = None


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


def _lift_block(span: CodeSpan, lifted: Lifted) -> None:
    lifted.plain = is_copy(span.elements[0])
    outer, controls = outer_holder(span.elements[0], len(span.elements) == 1)
    language = span.language or language_of(controls + drop_label(outer))
    for element in span.elements[1:]:
        remove(element)
    number = len(lifted.blocks)
    lifted.blocks.append(CodeSpan((outer,), span.text, language))
    lifted.elements.append(outer)
    tail = outer.tail
    outer.clear()
    outer.tag, outer.tail = "p", tail
    fill = min(len(span.text), MAX_FILLER) // len(_FILLER)
    outer.text = f"{lifted.stem}b{number}x" + lifted.filler * fill
    make_room(outer)
