r"""MathML to LaTeX, for formulas whose page carries no TeX: the presentation elements of MathML Core and MathML 3.

In: a `<math>` element. Out: LaTeX without dollar signs. Text, attributes and nesting are the page's: braces are always
balanced, what an unknown element holds is set in a row, and at `MAX_DEPTH` levels the rest is set as text.
"""

import re
from collections.abc import Callable
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.math_symbols import symbol, text_piece
from recall.page.markdown.tree import words

MAX_DEPTH: Final = 40

_FUNCTIONS: Final = words(
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max "
    "min Pr sec sin sinh sup tan tanh"
)
_ACCENTS: Final = {"^": "hat", "ˆ": "hat", "~": "tilde", "˜": "tilde", "¯": "overline", "‾": "overline", "ˉ": "bar",
                   "→": "vec", "⃗": "vec", "˙": "dot", "¨": "ddot", "ˇ": "check", "˘": "breve", "⏞": "overbrace",
                   "_": "underline", "⏟": "underbrace"}  # fmt: skip
_STYLES: Final = {"bold": "mathbf", "double-struck": "mathbb", "script": "mathcal", "fraktur": "mathfrak",
                  "sans-serif": "mathsf", "monospace": "mathtt", "bold-italic": "boldsymbol",
                  "normal": "mathrm"}  # fmt: skip
_MATRICES: Final = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", (r"\{", r"\}"): "Bmatrix", ("|", "|"): "vmatrix",
                    (r"\|", r"\|"): "Vmatrix", (r"\{", ""): "cases"}  # fmt: skip
_ENCLOSED: Final = {"box": "boxed", "roundedbox": "boxed", "radical": "sqrt", "top": "overline", "bottom": "underline",
                    "updiagonalstrike": "cancel", "downdiagonalstrike": "bcancel"}  # fmt: skip
_ARROWS: Final = {"→": "xrightarrow", "⟶": "xrightarrow", "←": "xleftarrow", "⟵": "xleftarrow"}
_STACK: Final = r"\genfrac{}{}{0pt}{}"
_EMS: Final = {"em": 1.0, "ex": 0.5, "px": 1 / 16, "pt": 1 / 12, "mu": 1 / 18, "cm": 2.4, "mm": 0.24, "in": 6.0}
_NAMED_LENGTHS: Final = frozenset({"thickmathspace", "verythickmathspace", "veryverythickmathspace"})
"""Names for the width of a word's space (MathML 3, 2.1.5.2); around signs LaTeX sets such spaces itself."""

_LENGTH: Final = re.compile(r"(-?(?:\d{1,6}\.?\d{0,6}|\.\d{1,6}))\s*([a-z]{2})")
_UNDER_MARKS: Final = frozenset("_⏟")
_WIDE_OPERATORS: Final = frozenset("∑∏∐∫∬∭∮⋃⋂")
_LETTER: Final = re.compile(r"\\[A-Za-z]+\Z")
_MATRIX: Final = re.compile(r"\\begin\{matrix\}(.*)\\end\{matrix\}", re.S)


def latex_of(element: HtmlElement) -> str:
    """The LaTeX of a formula; empty for one without text."""
    return re.sub(r" {2,}", " ", _row(list(element), 0)).strip()


def _row(elements: list[HtmlElement], depth: int) -> str:
    pieces = [_convert(element, depth) for element in elements if isinstance(element.tag, str)]
    out = ""
    for piece in _delimited([piece for piece in pieces if piece]):
        if piece[0].isalnum() and _LETTER.search(out[-24:]):
            out += " "
        out += piece
    return out


def _delimited(pieces: list[str]) -> list[str]:
    """The pieces of a row, with the delimiters around a matrix or a stack of two as part of it."""
    out: list[str] = []
    skip = False
    for at, piece in enumerate(pieces):
        if skip:
            skip = False
            continue
        before = out[-1].strip() if out else ""
        behind = pieces[at + 1].strip() if at + 1 < len(pieces) else ""
        inner = _MATRIX.fullmatch(piece)
        name = _MATRICES.get((before, behind)) if inner and r"\begin{matrix}" not in inner[1] else None
        if inner and name:
            out[-1], skip = rf"\begin{{{name}}}{inner[1]}\end{{{name}}}", bool(behind)
        elif (before, behind) == ("(", ")") and piece.startswith(_STACK) and piece.count(_STACK) == 1:
            out[-1], skip = r"\binom" + piece[len(_STACK) :], True
        else:
            out.append(piece)
    return out


def _convert(element: HtmlElement, depth: int) -> str:
    if depth > MAX_DEPTH:
        return text_piece(str(element.text_content()))
    name = element.tag.rpartition(":")[2].rpartition("}")[2].lower()
    rule = _RULES.get(name)
    if rule is not None:
        return rule(element, depth + 1)
    return _row(list(element), depth + 1) if len(element) else _symbols(element)


def _arguments(element: HtmlElement, count: int, depth: int) -> list[str]:
    """The LaTeX of the first children; missing ones are empty."""
    children = [child for child in element if isinstance(child.tag, str)]
    return [_convert(child, depth) for child in children[:count]] + [""] * (count - len(children))


def _symbols(element: HtmlElement) -> str:
    """The text of a token element."""
    text = "".join(element.itertext()).strip()
    if text in _FUNCTIONS:
        return f"\\{text} "
    if element.tag.endswith("mi") and len(text) > 1 and text.isalpha() and text.isascii():
        return rf"\mathrm{{{text}}}"
    out = "".join(symbol(character) for character in text)
    variant = element.get("mathvariant") or ""
    style = _STYLES.get(variant)
    if variant == "normal" and not (element.tag.endswith("mi") and text.isascii() and text.isalpha()):
        style = None  # upright is what signs, digits and Greek capitals are
    return f"\\{style}{{{out.strip()}}}" if style and out else out


def _space(element: HtmlElement, _depth: int) -> str:
    """The space that an `<mspace>` leaves: of one em, of two, or of a word."""
    asked = (element.get("width") or "").strip().lower()
    if asked in _NAMED_LENGTHS:
        beside = (element.getprevious(), element.getnext())
        return r"\ " if any(other is not None and other.tag == "mtext" for other in beside) else ""
    length = _LENGTH.fullmatch(asked)
    width = float(length[1]) * _EMS.get(length[2], 0) if length else 0.0
    if width >= 0.9:
        return r"\qquad " if width >= 1.9 else r"\quad "
    return r"\ " if width >= 0.2 else r"\," if width > 0.05 else ""


def _fraction(element: HtmlElement, depth: int) -> str:
    above, below = _arguments(element, 2, depth)
    thick = (element.get("linethickness") or "").strip()
    command = _STACK if re.fullmatch(r"0*\.?0*(?:[a-z]{2}|%)?", thick) and thick else r"\frac"
    return f"{command}{{{above.strip()}}}{{{below.strip()}}}"


def _root(element: HtmlElement, depth: int) -> str:
    inner, index = _arguments(element, 2, depth)
    index = f"{{{index.strip()}}}" if "]" in index else index.strip()
    return rf"\sqrt[{index}]{{{inner.strip()}}}" if index else rf"\sqrt{{{inner.strip()}}}"


def _base(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 1 or re.fullmatch(r"\\[A-Za-z]+", text) else f"{{{text}}}"


def _superscript(element: HtmlElement, depth: int) -> str:
    base, above = _arguments(element, 2, depth)
    primes = (
        above.replace("″", r"\prime \prime ").replace("‴", r"\prime \prime \prime ").replace(r"\prime", "'").split()
    )
    if primes and not "".join(primes).strip("'"):
        return _base(base) + "".join(primes)
    return f"{_base(base)}^{{{above.strip()}}}"


def _subscript(element: HtmlElement, depth: int) -> str:
    base, below = _arguments(element, 2, depth)
    return f"{_base(base)}_{{{below.strip()}}}"


def _both(element: HtmlElement, depth: int) -> str:
    base, below, above = _arguments(element, 3, depth)
    return f"{_base(base)}_{{{below.strip()}}}^{{{above.strip()}}}"


def _limits(element: HtmlElement, depth: int) -> str:
    """`munder`, `mover` and `munderover`: accents, limits of operators, labels of arrows, else a stack."""
    name = element.tag.rpartition(":")[2]
    parts = [child for child in element if isinstance(child.tag, str)]
    base, *scripts = (piece.strip() for piece in _arguments(element, 3 if name == "munderover" else 2, depth))
    below, above = (scripts[0], "") if name == "munder" else ("", scripts[0]) if name == "mover" else scripts
    own = "".join(parts[0].itertext()).strip() if parts else ""
    mark = "".join(parts[1].itertext()).strip() if len(parts) == 2 else ""
    if own in _ARROWS:
        under = f"[{{{below}}}]" if below else ""
        return rf"\{_ARROWS[own]}{under}{{{above}}}"
    if mark in _ACCENTS and (mark in _UNDER_MARKS) == (name == "munder"):
        return rf"\{_ACCENTS[mark]}{{{base}}}"
    if own in _WIDE_OPERATORS or own in _FUNCTIONS or base.startswith((r"\overbrace{", r"\underbrace{")):
        return base + (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
    base = rf"\underset{{{below}}}{{{base}}}" if below else base
    return rf"\overset{{{above}}}{{{base}}}" if above else base


def _multiscripts(element: HtmlElement, depth: int) -> str:
    """A base with pairs of scripts: those after `mprescripts` stand before it."""
    base, scripts = "", ["", ""]
    behind = at = 0
    for number, child in enumerate(child for child in element if isinstance(child.tag, str)):
        if child.tag.endswith("mprescripts"):
            behind, at = 1, 0
        elif number == 0:
            base = _base(_convert(child, depth))
        else:
            script = _convert(child, depth).strip()
            scripts[behind] += f"{'_^'[at % 2]}{{{script}}}" if script else ""
            at += 1
            if at % 2 == 0 and scripts[behind]:
                scripts[behind] += "{}"
    before, after = (part.removesuffix("{}") for part in (scripts[1], scripts[0]))
    return f"{{}}{before}{base}{after}" if before else f"{base}{after}"


def _enclosed(element: HtmlElement, depth: int) -> str:
    inner = _row(list(element), depth).strip()
    for notation in (element.get("notation") or "").split()[:4]:
        if notation in _ENCLOSED and inner:
            inner = rf"\{_ENCLOSED[notation]}{{{inner}}}"
    return inner


def _table(element: HtmlElement, depth: int) -> str:
    rows = []
    for row in element:
        if not isinstance(row.tag, str):
            continue
        cells = [_row(list(cell), depth).strip() or _symbols(cell) for cell in row if isinstance(cell.tag, str)]
        if row.tag.endswith("mlabeledtr"):  # its first cell is the equation's number
            cells = [*cells[1:], *cells[:1]]
        rows.append(" & ".join(cells))
    return r"\begin{matrix}" + r" \\ ".join(rows) + r"\end{matrix}"


def _fenced(element: HtmlElement, depth: int) -> str:
    opening, closing = element.get("open", "("), element.get("close", ")")
    marks = (element.get("separators", ",") or "").replace(" ", "")
    out = ""
    for number, child in enumerate(child for child in element if isinstance(child.tag, str)):
        if number and marks:
            out += f"{symbol(marks[min(number, len(marks)) - 1])} "
        out += _convert(child, depth)
    return "".join(map(symbol, opening)) + out + "".join(map(symbol, closing))


def _inside(element: HtmlElement, depth: int) -> str:
    return _row(list(element), depth)


_RULES: Final[dict[str, Callable[[HtmlElement, int], str]]] = {
    **dict.fromkeys(("mi", "mn", "mo"), lambda element, _: _symbols(element)),
    "mtext": lambda element, _: text_piece("".join(element.itertext())),
    "ms": lambda element, _: text_piece(
        element.get("lquote", '"') + str(element.text_content()) + element.get("rquote", '"')
    ),
    "mspace": _space,
    **dict.fromkeys(("maligngroup", "malignmark", "none", "mprescripts"), lambda _element, _depth: ""),
    **dict.fromkeys(("annotation", "annotation-xml"), lambda _element, _depth: ""),
    **dict.fromkeys(("mrow", "mstyle", "mpadded", "merror", "semantics", "mtd"), _inside),
    "maction": lambda element, depth: _arguments(element, 1, depth)[0],
    "mphantom": lambda _element, _depth: "",
    "mfrac": _fraction,
    "msqrt": lambda element, depth: rf"\sqrt{{{_row(list(element), depth).strip()}}}",
    "mroot": _root,
    "msup": _superscript,
    "msub": _subscript,
    "msubsup": _both,
    **dict.fromkeys(("munder", "mover", "munderover"), _limits),
    "mmultiscripts": _multiscripts,
    "menclose": _enclosed,
    "mtable": _table,
    "mfenced": _fenced,
}
