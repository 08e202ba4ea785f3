r"""MathML to LaTeX, for formulas whose page carries no TeX: the presentation elements of MathML Core and MathML 3.

In: a `<math>` element. Out: LaTeX without dollar signs. Text, attributes and nesting are the page's: braces are always
balanced, what an unknown element holds is set in a row, and at `MAX_DEPTH` levels the rest is set as text.
"""

import re
from collections.abc import Callable
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import words

MAX_DEPTH: Final = 40

_NAMES: Final = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ϵ": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ϑ": "vartheta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu",
    "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "ϱ": "varrho", "σ": "sigma", "ς": "varsigma", "τ": "tau",
    "υ": "upsilon", "φ": "varphi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta",
    "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi",
    "Ω": "Omega", "∑": "sum", "∏": "prod", "∐": "coprod", "∫": "int", "∬": "iint", "∭": "iiint", "∮": "oint",
    "∂": "partial", "∇": "nabla", "∞": "infty", "√": "surd", "±": "pm", "∓": "mp", "×": "times", "÷": "div",
    "⋅": "cdot", "·": "cdot", "∗": "ast", "∘": "circ", "∙": "bullet", "⊕": "oplus", "⊗": "otimes", "⊖": "ominus",
    "≤": "leq", "≥": "geq", "≠": "neq", "≈": "approx", "≡": "equiv", "∼": "sim", "≃": "simeq", "≅": "cong",
    "∝": "propto", "≪": "ll", "≫": "gg", "≺": "prec", "≻": "succ", "⊂": "subset", "⊃": "supset", "⊆": "subseteq",
    "⊇": "supseteq", "∈": "in", "∉": "notin", "∋": "ni", "∪": "cup", "∩": "cap", "∖": "setminus", "∅": "emptyset",
    "∧": "wedge", "∨": "vee", "¬": "neg", "∀": "forall", "∃": "exists", "∄": "nexists", "⊢": "vdash", "⊨": "models",
    "⊤": "top", "⊥": "bot", "→": "to", "←": "leftarrow", "↔": "leftrightarrow", "⇒": "Rightarrow",
    "⇐": "Leftarrow", "⇔": "Leftrightarrow", "↦": "mapsto", "⟶": "longrightarrow", "⟹": "implies", "↑": "uparrow",
    "↓": "downarrow", "…": "ldots", "⋯": "cdots", "⋮": "vdots", "⋱": "ddots", "′": "prime", "ℓ": "ell", "ℏ": "hbar",
    "ℜ": "Re", "ℑ": "Im", "℘": "wp", "ℵ": "aleph", "∠": "angle", "△": "triangle", "□": "square", "⟨": "langle",
    "⟩": "rangle", "⌊": "lfloor", "⌋": "rfloor", "⌈": "lceil", "⌉": "rceil", "‖": "|", "∥": "parallel", "∣": "mid",
    "ℝ": "mathbb{R}", "ℕ": "mathbb{N}", "ℤ": "mathbb{Z}", "ℚ": "mathbb{Q}", "ℂ": "mathbb{C}", "ℙ": "mathbb{P}",
    "−": "-", "⁢": "", "⁡": "", "⁣": "", "⁤": "", "\u200b": "",
}  # fmt: skip
_ESCAPED: Final = {"{": r"\{", "}": r"\}", "%": r"\%", "#": r"\#", "&": r"\&", "_": r"\_", "$": r"\$", "~": r"\sim ",
                   "\\": r"\backslash ", "^": r"\hat{}"}  # fmt: skip
_FUNCTIONS: Final = words(
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max "
    "min Pr sec sin sinh sup tan tanh"
)
_ACCENTS: Final = {"^": "hat", "ˆ": "hat", "~": "tilde", "˜": "tilde", "¯": "overline", "‾": "overline", "ˉ": "bar",
                   "→": "vec", "⃗": "vec", "˙": "dot", "¨": "ddot", "ˇ": "check", "˘": "breve", "⏞": "overbrace",
                   "_": "underline", "⏟": "underbrace"}  # fmt: skip
_STYLES: Final = {"bold": "mathbf", "double-struck": "mathbb", "script": "mathcal", "fraktur": "mathfrak",
                  "sans-serif": "mathsf", "monospace": "mathtt", "bold-italic": "boldsymbol"}  # fmt: skip
_WIDE_OPERATORS: Final = frozenset("∑∏∐∫∬∭∮⋃⋂")
_LETTER: Final = re.compile(r"\\[A-Za-z]+\Z")


def latex_of(element: HtmlElement) -> str:
    """The LaTeX of a formula; empty for one without text."""
    return re.sub(r" {2,}", " ", _row(list(element), 0)).strip()


def _row(elements: list[HtmlElement], depth: int) -> str:
    out = ""
    for element in elements:
        if not isinstance(element.tag, str):
            continue
        piece = _convert(element, depth)
        if piece and piece[0].isalnum() and _LETTER.search(out):
            out += " "
        out += piece
    return out


def _convert(element: HtmlElement, depth: int) -> str:
    if depth > MAX_DEPTH:
        return _text(str(element.text_content()))
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
    out = "".join(_symbol(character) for character in text)
    style = _STYLES.get(element.get("mathvariant") or "")
    return f"\\{style}{{{out}}}" if style and out else out


def _symbol(character: str) -> str:
    name = _NAMES.get(character)
    if name is not None:
        return f"\\{name} " if name and name != "-" else name
    return _ESCAPED.get(character, character)


def _text(text: str) -> str:
    text = " ".join(text.split())
    text = "".join(_ESCAPED.get(character, character) if character in "{}%#&_$\\" else character for character in text)
    return rf"\text{{{text}}}" if text else ""


def _fraction(element: HtmlElement, depth: int) -> str:
    above, below = _arguments(element, 2, depth)
    if element.get("linethickness") in ("0", "0pt", "0px"):
        return rf"\binom{{{above}}}{{{below}}}"
    return rf"\frac{{{above}}}{{{below}}}"


def _root(element: HtmlElement, depth: int) -> str:
    inner, index = _arguments(element, 2, depth)
    return rf"\sqrt[{index}]{{{inner}}}" if index else rf"\sqrt{{{inner}}}"


def _base(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 1 or re.fullmatch(r"\\[A-Za-z]+", text) else f"{{{text}}}"


def _superscript(element: HtmlElement, depth: int) -> str:
    base, above = _arguments(element, 2, depth)
    primes = above.strip().split()
    if primes and all(prime == r"\prime" for prime in primes):
        return _base(base) + "'" * len(primes)
    return f"{_base(base)}^{{{above.strip()}}}"


def _subscript(element: HtmlElement, depth: int) -> str:
    base, below = _arguments(element, 2, depth)
    return f"{_base(base)}_{{{below.strip()}}}"


def _both(element: HtmlElement, depth: int) -> str:
    base, below, above = _arguments(element, 3, depth)
    return f"{_base(base)}_{{{below.strip()}}}^{{{above.strip()}}}"


def _over(element: HtmlElement, depth: int) -> str:
    base, above = _arguments(element, 2, depth)
    return _stacked(element, base, above, "^", r"\overset")


def _under(element: HtmlElement, depth: int) -> str:
    base, below = _arguments(element, 2, depth)
    return _stacked(element, base, below, "_", r"\underset")


def _stacked(element: HtmlElement, base: str, script: str, sign: str, command: str) -> str:
    mark = "".join(element[1].itertext()).strip() if len(element) > 1 else ""
    if mark in _ACCENTS:
        return rf"\{_ACCENTS[mark]}{{{base.strip()}}}"
    own = "".join(element[0].itertext()).strip() if len(element) else ""
    if own in _WIDE_OPERATORS or own in _FUNCTIONS:
        return f"{base.strip()}{sign}{{{script.strip()}}}"
    return rf"{command}{{{script.strip()}}}{{{base.strip()}}}"


def _table(element: HtmlElement, depth: int) -> str:
    rows = [
        r" & ".join(_row(list(cell), depth).strip() for cell in row if isinstance(cell.tag, str))
        for row in element
        if isinstance(row.tag, str)
    ]
    return r"\begin{matrix}" + r" \\ ".join(rows) + r"\end{matrix}"


def _fenced(element: HtmlElement, depth: int) -> str:
    opening, closing = element.get("open", "("), element.get("close", ")")
    marks = (element.get("separators", ",") or "").replace(" ", "")
    out = ""
    for number, child in enumerate(child for child in element if isinstance(child.tag, str)):
        if number and marks:
            out += f"{_symbol(marks[min(number, len(marks)) - 1])} "
        out += _convert(child, depth)
    return "".join(map(_symbol, opening)) + out + "".join(map(_symbol, closing))


def _inside(element: HtmlElement, depth: int) -> str:
    return _row(list(element), depth)


_RULES: Final[dict[str, Callable[[HtmlElement, int], str]]] = {
    **dict.fromkeys(("mi", "mn", "mo"), lambda element, _: _symbols(element)),
    **dict.fromkeys(("mtext", "ms"), lambda element, _: _text("".join(element.itertext()))),
    **dict.fromkeys(("mspace", "maligngroup", "malignmark", "none", "mprescripts"), lambda _element, _depth: " "),
    **dict.fromkeys(("annotation", "annotation-xml"), lambda _element, _depth: ""),
    **dict.fromkeys(("mrow", "mstyle", "mpadded", "merror", "semantics", "maction", "mtd", "menclose"), _inside),
    "mphantom": lambda _element, _depth: "",
    "mfrac": _fraction,
    "msqrt": lambda element, depth: rf"\sqrt{{{_row(list(element), depth).strip()}}}",
    "mroot": _root,
    "msup": _superscript,
    "msub": _subscript,
    "msubsup": _both,
    "munderover": _both,
    "mover": _over,
    "munder": _under,
    "mtable": _table,
    "mfenced": _fenced,
}
