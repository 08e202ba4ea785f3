"""Code and formulas out of the tree, place-holders in.

In: the tree and what was found in it. Out: the tree changed in place, and what each place-holder stands for. A
place-holder of a block is a paragraph about as long as its code, so that main-content extraction weighs the page as it
would with the code in it; one of inline code is a word.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.blocks import Found, find_code
from recall.page.markdown.formulas import TYPED, Formula, find_formulas
from recall.page.markdown.language import LANGUAGES, clean_language
from recall.page.markdown.tree import BLOCKS, HEADINGS, remove, squashed, text_of

FILLER: Final = " and this is the code as it was on the page"
MAX_FILLER: Final = 700
MAX_CHROME: Final = 120
_CHROME: Final = re.compile(
    r"(?:php |html |sql |css |xml |java |source |quick )?code(?: block| example)?:?"
    r"|copy(?: code| to clipboard| snippet)?"
    r"|copied!?|select(?: all)?|\[?select\]?|expand|collapse|view(?: raw| plain| code)?|raw|plain text|print|run|edit"
    r"|download|wrap(?: lines)?|toggle(?: line numbers| word wrap)?|open in new window|hosted with ❤ by github"
    r"|\?|:|\||-|•|»"
    r"|show(?: more)?|hide|play|try it|[\d ]+|text|plaintext|console|terminal",
    re.I,
)
_COPY_CLASS: Final = re.compile(r"raw|origin|plain", re.I)
_SIGN_CLASS: Final = re.compile(
    r"headerlink|anchor|permalink|header-?link|heading-?link|editsection|hash-link|toc-?back", re.I
)
_SIGN: Final = re.compile(
    r"[\s\u200b]*(?:[¶#§🔗∞⚓link]|permalink|\[?\s*edit(?: source)?\s*\]?|anchor|direct link|\ue157)?[\s\u200b]*", re.I
)
_HOLDERS: Final = frozenset(
    {"div", "figure", "section", "span", "p", "table", "tbody", "tr", "td", "th", "dl", "dd", "dt", "center", "code",
     "font", "a", "b", "samp", "kbd", "tt", "fieldset"}
)  # fmt: skip
_INLINE_HOLDERS: Final = ("p", "span", "font", "b", "strong", "i", "em", "a", "center", "code", "tt", "samp", "kbd",
                          "small", "big", "u", "label", "figure", "fieldset", "button")  # fmt: skip
_TABLE_PARTS: Final = frozenset({"table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption"})


@dataclass(slots=True)
class Lifted:
    """What the place-holders stand for. stem: a word that does not occur on the page and starts each of them."""

    stem: str
    blocks: list[Found] = field(default_factory=list)
    places: list[HtmlElement] = field(default_factory=list)
    inlines: list[str] = field(default_factory=list)

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
    """Whether a block is the hidden plain copy that highlighters keep beside the one they draw; it is dropped."""
    if not lifted.blocks or found.elements[0].tag not in ("textarea", "pre", "script"):
        return False
    last = lifted.blocks[-1]
    if "".join(last.text.split()) != "".join(found.text.split()):
        return False
    parent = found.elements[0].getparent()
    place = lifted.places[-1]
    near = any(ancestor is parent or ancestor is parent.getparent() for ancestor in place.iterancestors())
    first = found.elements[0]
    plain = first.tag == "textarea" or _COPY_CLASS.search(first.get("class") or "") is not None
    if near and plain:
        lifted.blocks[-1] = replace(last, language=last.language or found.language)
        _drop(found)
        return True
    return False


def _lift_block(found: Found, lifted: Lifted) -> None:
    outer, chrome = _holder(found)
    language = found.language or _language_of(chrome)
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
    _clear_way(outer)


def _holder(found: Found) -> tuple[HtmlElement, list[str]]:
    """The outermost element that shows nothing but this block and its controls, and the controls' words."""
    outer = found.elements[0]
    words: list[str] = []
    if len(found.elements) > 1:
        return outer, words
    for _ in range(8):
        parent = outer.getparent()
        if parent is None or parent.tag not in _HOLDERS:
            return outer, words
        beside = _beside(parent, outer)
        if beside is None:
            return outer, words
        words = words + beside
        outer = parent
    return outer, words


def _beside(parent: HtmlElement, child: HtmlElement) -> list[str] | None:
    """Texts around a child where all of them are controls of a code block, else None."""
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
    words = [squashed(text) for text in texts if text.strip()]
    if sum(map(len, words)) > MAX_CHROME or not all(_is_chrome(word) for word in words):
        return None
    return words


def _is_chrome(text: str) -> bool:
    """Whether a text is made of the words that controls of code blocks carry."""
    rest = text
    while rest:
        match = _CHROME.match(rest)
        word = rest.split(" ", 1)[0]
        end = match.end() if match else 0
        if not end or (end < len(rest) and rest[end].isalnum()):
            if not _language_of([word]):
                return False
            end = len(word)
        rest = rest[end:].lstrip(" :[]()·,")
    return True


def _language_of(words: list[str]) -> str:
    for text in words:
        for word in text.split()[:3]:
            clean = clean_language(word.strip("[]():"))
            if word in ("C", "R", "C:") or (clean in LANGUAGES and clean not in ("make", "d", "r", "c")):
                return clean
    return ""


def _clear_way(place: HtmlElement) -> None:
    """Make the ancestors of a block such that a paragraph may stand in them and extraction does not drop them."""
    inline = True
    for ancestor in place.iterancestors():
        tag = ancestor.tag
        if tag == "table":
            _undo_table(ancestor)
        elif tag == "figure" or (inline and tag in _INLINE_HOLDERS):
            ancestor.tag = "div"
        elif tag in ("aside", "header"):
            if next(ancestor.iterancestors("article", "main"), None) is not None:
                ancestor.tag = "div"
        elif tag not in _TABLE_PARTS:
            inline = False


def _undo_table(table: HtmlElement) -> None:
    """Turn a table that lays out text and code into divisions; loose text in its cells becomes paragraphs."""
    own = [
        part for part in table.iter(*_TABLE_PARTS) if part is table or next(part.iterancestors("table"), None) is table
    ]
    for part in own:
        if part.tag in ("td", "th", "caption"):
            _wrap_loose_text(part)
    for part in own:
        part.tag = "div"


def _wrap_loose_text(cell: HtmlElement) -> None:
    """Put runs of text and inline elements of a cell into paragraphs: extraction drops text without one."""
    children = list(cell)
    run = _paragraph(cell.text)
    cell.text = None
    place = 0
    for child in children:
        tail, child.tail = child.tail, None
        if child.tag in BLOCKS or any(inner.tag in BLOCKS for inner in child.iterdescendants()):
            place = _place(cell, run, place) + 1
            run = _paragraph(tail)
        else:
            run.append(child)
            child.tail = tail
    _place(cell, run, place)


def _paragraph(text: str | None) -> HtmlElement:
    paragraph = etree.Element("p")
    paragraph.text = text
    return paragraph


def _place(cell: HtmlElement, run: HtmlElement, place: int) -> int:
    """Insert a paragraph that holds anything before the child at a place; the child's place afterwards."""
    if not len(run) and not (run.text or "").strip():
        return place
    cell.insert(place, run)
    return place + 1
