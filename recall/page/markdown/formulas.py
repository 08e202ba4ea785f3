"""Formulas: the LaTeX that MathML, KaTeX, MathJax and MediaWiki carry.

In: the tree. Out: a `Formula` for each, its element being the outermost wrapper. Of MathML the page's own TeX counts
first, then its `alttext`, then what `mathml` makes of it.
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
    {"katex", "katex-display", "mwe-math-element", "mathjax", "mathjax_display", "mjx-container"}
)
_PREVIEWS: Final = frozenset(
    {"mathjax_preview", "mathjax", "mathjax_display", "mathjax_svg", "mathjax_chtml", "mjx-chtml"}
)
_DISPLAY_STYLE: Final = re.compile(r"^\{\\displaystyle\s*(.*)\}$", re.S)


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
    for element in list(root.iter("math", "script", "mjx-container")):
        formula = _from_script(element) if element.tag == "script" else _from_mathml(element)
        if formula is not None:
            yield formula


def _from_script(script: HtmlElement) -> Formula | None:
    kind = script.get("type") or ""
    latex = squashed(script.text or "")
    if not latex or not _TEX_SCRIPT.search(kind):
        return None
    drawn = []
    previous = script.getprevious()
    while previous is not None and not (previous.tail or "").strip() and not _PREVIEWS.isdisjoint(classes(previous)):
        drawn.append(previous)
        previous = previous.getprevious()
    return Formula(script, latex, "mode=display" in kind.replace(" ", ""), tuple(drawn))


def _from_mathml(element: HtmlElement) -> Formula | None:
    notes = _ANNOTATION(element)
    latex = squashed(notes[0].text or "") if notes else squashed(element.get("alttext") or "") or latex_of(element)
    if not latex:
        return None
    displayed = element.get("display") in ("block", "true")
    wrapper = element
    for ancestor in ancestors(element, 5):
        names = classes(ancestor)
        if ancestor.tag == "mjx-container" or not _WRAPPERS.isdisjoint(names):
            wrapper = ancestor
            displayed = displayed or "katex-display" in names or ancestor.get("display") == "true"
    inner = _DISPLAY_STYLE.match(latex)
    return Formula(wrapper, inner[1].strip() if inner else latex, displayed)
