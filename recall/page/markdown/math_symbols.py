"""Characters of formulas as LaTeX: Greek, operators, arrows, alphabets of Unicode, and text between formulas.

In: a character or a text of the page. Out: LaTeX whose braces are balanced: what means something in LaTeX is escaped.
"""

import re
import unicodedata
from bisect import bisect
from typing import Final

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
_TEXT_ESCAPED: Final = {"\\": r"\textbackslash ", "^": r"\^{}", "~": r"\~{}", "\xa0": " ",
                        **{sign: f"\\{sign}" for sign in "{}%#&_$"}}  # fmt: skip
_ESCAPED: Final = {"{": r"\{", "}": r"\}", "%": r"\%", "#": r"\#", "&": r"\&", "_": r"\_", "$": r"\$", "~": r"\sim ",
                   "\\": r"\backslash ", "^": r"\hat{}"}  # fmt: skip
_ALPHABETS: Final = (
    (0x1D400, "mathbf"), (0x1D434, ""), (0x1D468, "boldsymbol"), (0x1D49C, "mathcal"), (0x1D504, "mathfrak"),
    (0x1D538, "mathbb"), (0x1D56C, "mathfrak"), (0x1D5A0, "mathsf"), (0x1D670, "mathtt"), (0x1D6A4, ""),
    (0x1D6A8, "mathbf"), (0x1D6E2, ""), (0x1D71C, "boldsymbol"), (0x1D7CE, "mathbf"), (0x1D7D8, "mathbb"),
    (0x1D7E2, "mathsf"), (0x1D7F6, "mathtt"), (0x1D800, ""),
)  # fmt: skip
"""Where each alphabet of Unicode's Mathematical Alphanumeric Symbols begins, and its command."""

_ALPHABET_STARTS: Final = [start for start, _ in _ALPHABETS]


def symbol(character: str) -> str:
    """A character of a formula as LaTeX; a command has a space behind it."""
    name = _NAMES.get(character)
    if name is not None:
        return f"\\{name} " if name and name != "-" else name
    if "\U0001d400" <= character <= "\U0001d7ff":
        command = _ALPHABETS[bisect(_ALPHABET_STARTS, ord(character)) - 1][1]
        letter = symbol(unicodedata.normalize("NFKC", character))
        return f"\\{command}{{{letter.strip()}}}" if command else letter
    return _ESCAPED.get(character, character)


def text_piece(text: str) -> str:
    """Text in a formula. No-break spaces at its ends are spaces, others are of the source."""
    text = re.sub(r"[ \t\r\n\f]+", " ", text).strip(" ")
    text = "".join(_TEXT_ESCAPED.get(character, character) for character in text)
    return rf"\text{{{text}}}" if text else ""
