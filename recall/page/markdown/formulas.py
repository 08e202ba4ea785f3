"""Formulas: the LaTeX that MathML, KaTeX, MathJax and MediaWiki carry.

In: the tree. Out: a `Formula` for each, its element being the outermost wrapper. Of MathML the page's own TeX counts
first, then its `alttext`, then what `mathml` makes of it; of a picture of a formula its `alt`. TeX whose braces are not
balanced counts as none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.mathml import latex_of
from recall.page.markdown.tree import ancestors, classes, squashed

TYPED: Final = re.compile(r"\\\((?:[^\\]|\\[^()])+\\\)|\\\[(?:[^\\]|\\[^\[\]])+\\\]|\$\$[^$]+\$\$")
"""LaTeX between `\\(`…`\\)`, `\\[`…`\\]` or `$$`…`$$`, as authors type it for MathJax and KaTeX."""

_TEX_SCRIPT: Final = re.compile(r"math/tex", re.I)
_ANNOTATION: Final = etree.XPath('.//*[local-name()="annotation"][@encoding="application/x-tex"]')
_WRAPPERS: Final = frozenset(
    {"katex", "katex-display", "mwe-math-element", "mathjax", "mathjax_display", "mathjax_svg", "mjx-chtml"}
)
_PREVIEWS: Final = frozenset(
    {"mathjax_preview", "mathjax", "mathjax_display", "mathjax_svg", "mathjax_chtml", "mjx-chtml"}
)
_STYLE: Final = re.compile(r"\\(?:displaystyle|textstyle)(?![A-Za-z])\s*")
_COMMENT: Final = re.compile(r"(?<!\\)%[^\n]*")
_BRACE: Final = re.compile(r"\\.|([{}])", re.S)
_DELIMITERS: Final = (("$$", "$$"), (r"\[", r"\]"), (r"\(", r"\)"), ("$", "$"))
_PROSE: Final = re.compile(r"[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}")
_PICTURE_CLASS: Final = re.compile(r"\b(?:latex|tex|math\w*)\b", re.I)
_PICTURE_ADDRESS: Final = re.compile(r"/latex\.php\?|latex\.codecogs\.com/|/math/render/(?:svg|png)/|[?&]cht=tx\b")
MAX_PICTURE: Final = 2_000
"""Characters of the `alt` of a picture of a formula."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of the page. displayed: set on a line of its own."""

    element: HtmlElement
    latex: str
    displayed: bool
    others: tuple[HtmlElement, ...] = ()

    @property
    def markdown(self) -> str:
        """The formula between dollar signs."""
        return f"$${self.latex}$$" if self.displayed else f"${self.latex}$"


def find_formulas(root: HtmlElement) -> Iterator[Formula]:
    """All formulas of a page."""
    drawn: set[HtmlElement] = set()
    for element in list(root.iter("math", "script", "img")):
        if element.tag == "script":
            formula = _from_script(element)
        else:
            formula = _from_picture(element) if element.tag == "img" else _from_mathml(element)
        if formula is not None and formula.element not in drawn:
            drawn.add(formula.element)
            yield formula


def own_latex(text: str) -> str:
    """TeX of the page on one line, without comments, delimiters and a style around; empty where it is broken."""
    lines, end, last = text.rpartition("\n")
    latex = squashed(_COMMENT.sub("", lines) + end + last)  # one without an end of line would hide all behind it
    for opening, closing in _DELIMITERS:
        if latex.startswith(opening) and latex.endswith(closing) and len(latex) > len(opening + closing):
            latex = latex[len(opening) : -len(closing)].strip()
            if opening in latex:  # two formulas and what is between them
                return ""
            break
    if latex.startswith("{") and _STYLE.match(latex, 1) and _closes_last(latex):
        latex = latex[1:-1].strip()
    style = _STYLE.match(latex)
    latex = latex[style.end() :] if style else latex
    return latex if latex and is_balanced(latex) else ""


def is_balanced(latex: str) -> bool:
    """Whether each brace of a formula has its other one."""
    depth = 0
    for brace in _BRACE.findall(latex):
        depth += {"{": 1, "}": -1}.get(brace, 0)
        if depth < 0:
            return False
    return depth == 0


def _closes_last(latex: str) -> bool:
    """Whether the first brace ends with the last character."""
    return latex.endswith("}") and is_balanced(latex[1:-1])


def _from_script(script: HtmlElement) -> Formula | None:
    kind = script.get("type") or ""
    latex = own_latex(script.text or "") if _TEX_SCRIPT.search(kind) else ""
    if not latex:
        return None
    drawn = []
    previous = script.getprevious()
    while previous is not None and not (previous.tail or "").strip() and not _PREVIEWS.isdisjoint(classes(previous)):
        drawn.append(previous)
        previous = previous.getprevious()
    return Formula(script, latex, "mode=display" in kind.replace(" ", ""), tuple(drawn))


def _from_mathml(element: HtmlElement) -> Formula | None:
    notes = _ANNOTATION(element)
    alternative = element.get("alttext") or ""
    if "\\" not in alternative and _PROSE.search(alternative):
        alternative = ""  # words for who cannot see it
    latex = (own_latex(notes[0].text or "") if notes else "") or own_latex(alternative) or latex_of(element)
    if not latex:
        return None
    displayed = element.get("display") in ("block", "true") or element.get("mode") == "display"
    wrapper = element
    for ancestor in ancestors(element, 5):
        names = classes(ancestor)
        if ancestor.tag == "mjx-container" or not _WRAPPERS.isdisjoint(names):
            wrapper = ancestor
            displayed = displayed or "katex-display" in names or ancestor.get("display") == "true"
    return Formula(wrapper, latex, displayed)


def _from_picture(picture: HtmlElement) -> Formula | None:
    name = picture.get("class") or ""
    alternative = picture.get("alt") or ""
    if len(alternative) > MAX_PICTURE or not (
        _PICTURE_CLASS.search(name) or _PICTURE_ADDRESS.search(picture.get("src") or "")
    ):
        return None
    latex = own_latex(alternative)
    if not latex or ("\\" not in latex and _PROSE.search(latex)):
        return None
    displayed = alternative.lstrip().startswith(("$$", r"\[")) or "-image-display" in name
    wrapper = picture
    for ancestor in ancestors(picture, 3):
        around = classes(ancestor)
        if "mwe-math-element" in around:
            wrapper = ancestor
        displayed = displayed or (ancestor.tag == "div" and "math" in around)
    return Formula(wrapper, latex, displayed)
