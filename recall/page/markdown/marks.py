"""Marks code and formulas in the tree, for the cut into segments.

In: the tree. Out: the tree changed in place, each block of code an empty `BLOCK` element and each piece of inline code
or formula an `INLINE` one, with a number into the lists of `Marked`.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.block_labels import drop_buttons, drop_label, language_of, outer_holder
from recall.page.markdown.blocks import find_code
from recall.page.markdown.code_elements import CodeSpan
from recall.page.markdown.code_lines import code_text
from recall.page.markdown.code_tabs import part_alternatives, place_tab_labels
from recall.page.markdown.code_typed import wrap_typed_lines
from recall.page.markdown.drawn_elsewhere import is_data_of_script, repeats_page
from recall.page.markdown.formulas import Formula, find_formulas
from recall.page.markdown.prose_in_pre import is_worded, set_as_lines
from recall.page.markdown.tree import BLOCK, HEADINGS, INLINE, classes, hidden, remove, text_of

CODE_TAGS: Final = ("pre", "code", "xmp", "listing", "tt", "samp", "kbd")
MIN_COPY: Final = 6
"""Letters from which two equal blocks beside each other are one, drawn twice: output may repeat a short input."""

_PATH: Final = re.compile(r"(?=\S*[./])(?:~?/|\.{1,2}/)?(?:[\w.@+~-]+/)*[\w.@+~-]+")
LEAST_REPEATED: Final = 600
MAX_COMPARED: Final = 4
"""Characters of a hidden block that may be the page's own text once more, and how many of a page are looked at."""

_COPY_CLASS: Final = re.compile(r"raw|origin|plain", re.I)


@dataclass(slots=True)
class Marked:
    """Code and formulas by the number at their mark. inlines: as Markdown. elements: the mark of each block.

    texts: of all blocks. copies: hidden texts that were compared with the page. plain: the last block is a
    highlighter's plain copy; typed: it is a `<pre>` whose lines are those of its text.
    """

    blocks: list[CodeSpan] = field(default_factory=list)
    elements: list[HtmlElement] = field(default_factory=list)
    inlines: list[str] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    copies: int = 0
    plain: bool = False
    typed: bool = False


def mark(root: HtmlElement) -> Marked:
    """Replace all code and formulas of a page by marks."""
    marked = Marked()
    for formula in list(find_formulas(root)):
        if next(formula.element.iterancestors(*CODE_TAGS), None) is None:
            for other in formula.others:
                remove(other)
            _mark_inline(formula.element, formula.markdown, marked)
        elif formula.element.tag != "math":
            write_out(formula)
    place_tab_labels(root)
    part_alternatives(root)
    wrap_typed_lines(root)
    for span in find_code(root):
        if span.gutter:
            drop(span)
        elif span.prose:
            for block in set_as_lines(span.elements[0]):
                _mark_block(CodeSpan((block,), code_text(block, keep=True)), marked)
        elif span.inline or _names_the_next(span):
            _mark_inline(span.elements[0], _with_spaces(span.elements[0], inline_code(span.text)), marked)
        elif "hidden" in classes(span.elements[0]) and span.text in marked.texts:
            drop(span)  # a style sheet hides it: the page's example that is shown in parts before
        elif _is_unseen(span, root, marked):
            drop(span)
        elif not repeats(span, marked):
            _mark_block(span, marked)
    return marked


def _is_unseen(span: CodeSpan, root: HtmlElement, marked: Marked) -> bool:
    """Whether a block is hidden and no code to be shown: the page's own text once more, or data of a script."""
    element = span.elements[0]
    if not hidden(element) or span.language:
        return False
    if is_data_of_script(element, span.text):
        return True
    if len(span.text) < LEAST_REPEATED or marked.copies >= MAX_COMPARED:
        return False
    marked.copies += 1
    return is_worded(span.text) and repeats_page(root, element)


def _with_spaces(element: HtmlElement, code: str) -> str:
    """Inline code with the white space that its element begins or ends with, which is not the code's."""
    text = text_of(element)
    return f"{' ' * text[:1].isspace()}{code}{' ' * text[-1:].isspace()}"


def _mark_inline(element: HtmlElement, markdown: str, marked: Marked) -> None:
    tail, tag = element.tail, element.tag
    element.clear()
    element.tail = tail
    inner = element
    if tag in HEADINGS or tag in ("dt", "div", "section", "pre"):
        element.tag = "p" if tag == "pre" else tag
        inner = element.makeelement(INLINE)
        element.append(inner)
    else:
        element.tag = INLINE
    inner.set("n", str(len(marked.inlines)))
    marked.inlines.append(markdown)


def _names_the_next(span: CodeSpan) -> bool:
    """Whether a `<pre>` is the caption of the one behind it: the path of a file."""
    element = span.elements[0]
    following = element.getnext()
    return (
        element.tag == "pre"
        and _PATH.fullmatch(span.text) is not None
        and following is not None
        and following.tag == "pre"
        and not (element.tail or "").strip()
    )


def _mark_block(span: CodeSpan, marked: Marked) -> None:
    marked.plain, marked.typed = is_copy(span.elements[0]), is_typed(span.elements[0])
    kind = span.elements[0].tag
    outer, controls = outer_holder(span.elements[0], len(span.elements) == 1)
    language = span.language or language_of(controls + drop_label(outer))
    drop_buttons(outer)
    for element in span.elements[1:]:
        remove(element)
    tail = outer.tail
    outer.clear()
    outer.tag, outer.tail = BLOCK, tail
    outer.set("n", str(len(marked.blocks)))
    outer.set("type", kind if "\n" in span.text else "code")
    marked.blocks.append(CodeSpan((outer,), span.text, language))
    marked.elements.append(outer)
    marked.texts.add(span.text)


def inline_code(text: str) -> str:
    """Inline code between as many back-ticks as it needs."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * (longest + 1) if longest else "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def write_out(formula: Formula) -> None:
    """Set a formula that a script draws in code as its LaTeX."""
    tail = formula.element.tail
    formula.element.clear()
    formula.element.tag, formula.element.text, formula.element.tail = "span", formula.latex, tail
    for other in formula.others:
        remove(other)


def drop(span: CodeSpan) -> None:
    """Take the elements of a block out of the tree."""
    for element in span.elements:
        remove(element)


def is_copy(element: HtmlElement) -> bool:
    """Whether an element is where highlighters keep the code as it was typed."""
    return element.tag == "textarea" or (
        element.tag in ("pre", "script") and _COPY_CLASS.search(element.get("class") or "") is not None
    )


def is_typed(element: HtmlElement) -> bool:
    """Whether the lines of an element are those of its text, and not of blocks in it."""
    return (
        element.tag in ("pre", "xmp", "textarea", "script") and next(element.iter("div", "table", "li"), None) is None
    )


def repeats(span: CodeSpan, marked: Marked) -> bool:
    """Whether a block repeats the previous block, and drop it then.

    Highlighters keep a plain copy, mostly hidden, beside the code that they draw. Where one of the two is a `<pre>` and
    the other blocks of a line each, the lines are those of the `<pre>`.
    """
    if not marked.blocks:
        return False
    last, element, parent = marked.blocks[-1], marked.elements[-1], span.elements[0].getparent()
    letters, typed = "".join(span.text.split()), is_typed(span.elements[0])
    drawn_apart = typed != marked.typed and len(letters) >= MIN_COPY
    if "".join(last.text.split()) != letters or not (marked.plain or is_copy(span.elements[0]) or drawn_apart):
        return False
    if not any(ancestor is parent or ancestor is parent.getparent() for ancestor in element.iterancestors()):
        return False
    marked.blocks[-1] = replace(
        last, text=span.text if typed and not marked.typed else last.text, language=last.language or span.language
    )
    marked.typed = typed or marked.typed
    drop(span)
    return True
