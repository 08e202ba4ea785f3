"""Writes a run of inline text as Markdown: emphasis that reads as such, words of controls, white space.

In: the text of a run, with lone surrogates, which no page can hold, for the borders of elements in it. Out: lines of
Markdown. Emphasis whose signs Markdown would not read there (CommonMark 0.31, 6.2: flanking) comes out without them.
"""

import re
import unicodedata
from typing import Final

_STRONG, _EMPHASIS, _STRUCK = "\ud800", "\ud801", "\ud802"
OPENINGS: Final = {
    **dict.fromkeys(("b", "strong"), _STRONG),
    **dict.fromkeys(("i", "em"), _EMPHASIS),
    **dict.fromkeys(("del", "s", "strike"), _STRUCK),
}
"""The border at which each element that emphasises begins."""

_SIGNS: Final = {_STRONG: "**", _EMPHASIS: "*", _STRUCK: "~~"}
_ASIDE, _ASIDE_END = "\ud820", "\ud821"
_CODE_START, _CODE_END = "\ud830", "\ud831"
_TOUCHING: Final = re.compile(f"(?<!`)`{_CODE_END}{_CODE_START}`(?!`)")
_BORDER: Final = re.compile("[\ud800-\ud8ff]")
_CUT: Final = re.compile("([\ud800-\ud81f]|\n\n+)")
_OPENING, _CLOSING = "[\ud800-\ud80f]", "[\ud810-\ud81f]"
_SPACE_INSIDE: Final = re.compile(rf"({_OPENING}++)(\s++)")
_SPACE_AT_END: Final = re.compile(rf"(?<!\s)(\s++)({_CLOSING}++)")
_SPACED_END: Final = re.compile(rf"(?<=\s){_CLOSING}")
"""Whether the last one matches anywhere: it is not tried at each space."""

_NOTHING: Final = re.compile("\ud800\ud810|\ud801\ud811|\ud802\ud812|\ud810\ud800|\ud811\ud801|\ud812\ud802")
_ASIDE_BORDER: Final = re.compile(f"([{_ASIDE}{_ASIDE_END}])")
_CODE: Final = re.compile(r"`[^`]*`")
_WORD: Final = re.compile(r"\w+")
_BLANKS: Final = re.compile(r"\n{3,}")
_UNSEEN: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"))
_EDGES: Final = " \n\u200b\u2060\ufeff\u00ad"
"""What shows nothing at either end of a run."""

_SENTENCE: Final = 3
_TAG_LIKE: Final = re.compile(
    r"(?<!`)(`++)(?!`).{0,2000}?(?<!`)\1(?!`)|\$[^$\n]{1,2000}\$"
    r"|(?<!\\)<(?=/?[a-z][a-z0-9-]*(?:\s[^<>]*)?/?>|!--|![A-Z\[]|\?)",
    re.I | re.S,
)
"""Inline code, a formula, or what Markdown would take for HTML and a reader not see (CommonMark 0.31, 6.6)."""

_RAISED: Final = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_LOWERED: Final = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_SHIFTED: Final = {
    "sup": (re.compile(r"[-−+=()n\d]{1,6}"), _RAISED, "^"),
    "sub": (re.compile(r"[-−+=()\d]{1,6}"), _LOWERED, "_"),
}
_REFERENCE: Final = re.compile(r"[\[(]?(\w{1,3}|[*†‡§]{1,3})[\])]?")
_TERM: Final = re.compile(r"[\w+\-−·*/(),=<>∈∞≤≥≠→]{1,16}")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_VARIABLES: Final = frozenset("dijklmnpqrtxyzNT")


def shifted(name: str, text: str, before: str, linked: bool) -> str:
    """A superscript or subscript. before: the character in front of it; linked: it is the number of a note."""
    core = text.strip()
    pattern, table, sign = _SHIFTED[name]
    if linked:
        note = _REFERENCE.fullmatch(core) if name == "sup" else None
        return f"[{note[1]}]" if note else text
    if pattern.fullmatch(core):
        return core.translate(table)
    symbol = before == ")" or (before != "" and unicodedata.category(before) == "Sm")
    if not _TERM.fullmatch(core) or not (before.isalnum() or symbol):
        return text
    if _LETTERS.fullmatch(core):  # ordinals and abbreviations are set so too
        return sign + core if core in _VARIABLES or name == "sub" else text
    return f"{sign}{core}" if core.isalnum() else f"{sign}({core.removeprefix('(').removesuffix(')')})"


def closing(opening: str) -> str:
    """The border at which an element ends that began at `opening`."""
    return chr(ord(opening) + 0x10)


def aside(text: str) -> str:
    """Words of a control or a picture: kept where a sentence is around them."""
    return f"{_ASIDE}{text}{_ASIDE_END}"


def inline_code_piece(markdown: str) -> str:
    """Inline code or a formula, with borders by which pieces that touch are told apart. Spaces around stay outside."""
    core = markdown.strip()
    return markdown.replace(core, f"{_CODE_START}{core}{_CODE_END}") if core.startswith("`") else markdown


def inline_text(run: str, kept_whole: bool) -> str:
    """The Markdown of a run, lines without white space at their ends. kept_whole: asides stay where nothing else is."""
    if not run.isascii() and _BORDER.search(run):
        run = _with_asides(run, kept_whole)
        if _CUT.search(run):
            run = _with_signs(run)
        if _CODE_END in run:  # a back-tick beside another would read as one sign
            run = _TOUCHING.sub("", run).replace(_CODE_END + _CODE_START, " ")
            run = run.replace(_CODE_START, "").replace(_CODE_END, "")
    if "\n" in run:
        lines = [" ".join(line.split()) for line in run.split("\n")]
        text = _BLANKS.sub("\n\n", "\n".join(lines)).strip("\n")
    else:
        text = " ".join(run.split())
    if text.isascii():
        return text
    text = text.strip(_EDGES)
    return text if len(text) > 20 or text.translate(_UNSEEN).strip() else ""


def without_html(text: str) -> str:
    """Markdown in which what looks like a tag outside code and formulas stays text."""
    return _TAG_LIKE.sub(lambda match: r"\<" if match[0] == "<" else match[0], text) if "<" in text else text


def _with_asides(run: str, kept_whole: bool) -> str:
    """The run with the words of its asides, or without them where little else stands there."""
    if _ASIDE not in run:
        return run
    outside, inside = list[str](), 0  # an aside may lie in another: a picture in a button
    for piece in _ASIDE_BORDER.split(run):
        if piece in (_ASIDE, _ASIDE_END):
            inside += 1 if piece == _ASIDE else -1
        elif not inside:
            outside.append(piece)
    words = len(_WORD.findall(_BORDER.sub("", " ".join(outside))))
    if not words if kept_whole else words >= _SENTENCE:
        return _ASIDE_BORDER.sub("", run)
    return "".join(outside)


def _with_signs(run: str) -> str:
    """The run with signs at the borders of emphasis."""
    text = run
    for _ in range(2):  # white space that moves out may part paragraphs
        stripped = _stripped(text)
        balanced = _balanced(stripped)
        text = _spaces_out(balanced)
        if stripped == balanced == text:  # as most are
            break
    else:
        text = _balanced(_stripped(text))
    parts = _CUT.split(text)
    opened: list[tuple[int, bool]] = []
    touching = False  # what ended here and what begins would be one run of signs
    for at in range(1, len(parts), 2):
        border = parts[at]
        touching = touching and not parts[at - 1] and border[0] != "\n"
        if border in _SIGNS:
            opened.append((at, touching))
        elif border[0] != "\n":
            start, touched = opened.pop()
            sign = _SIGNS[parts[start]] if not touched and _reads(parts, start, at, bool(opened)) else ""
            parts[start] = parts[at] = sign
            touching = touching or bool(sign)
    return "".join(parts)


def _stripped(text: str) -> str:
    """The text without white space at the ends of lines."""
    return "\n".join(line.strip() for line in text.split("\n")) if "\n" in text else text.strip()


def _spaces_out(text: str) -> str:
    """The text with the white space at both ends of emphasis outside it, and without emphasis of nothing."""
    for _ in range(4 * len(_SIGNS)):  # at most so many borders stand in a row that are not alike
        moved = _SPACE_INSIDE.sub(r"\2\1", text)
        if _SPACED_END.search(moved):
            moved = _SPACE_AT_END.sub(r"\2\1", moved)
        moved = _NOTHING.sub("", moved)
        if moved == text:
            break
        text = moved
    return text


def _balanced(run: str) -> str:
    """The run with borders in pairs, each pair within a paragraph."""
    parts = _CUT.split(run)
    pairs: set[int] = set()
    opened: list[int] = []
    for at in range(1, len(parts), 2):
        if parts[at] in _SIGNS:
            opened.append(at)
        elif parts[at][0] != "\n" and opened:
            pairs.update((opened.pop(), at))
    around: list[str] = []
    for at in range(1, len(parts), 2):
        border = parts[at]
        if border[0] == "\n":
            parts[at] = "".join(map(closing, reversed(around))) + border + "".join(around)
        elif at not in pairs:
            parts[at] = ""
        elif border in _SIGNS:
            around.append(border)
        else:
            around.pop()
    return "".join(parts)


def _reads(parts: list[str], start: int, end: int, nested: bool) -> bool:
    """Whether signs at the borders `start` and `end` of the parts are read as emphasis. nested: in other emphasis."""
    sign = _SIGNS[parts[start]][0]
    inside = "".join(parts[start + 1 : end : 2])
    if sign in inside and sign in _CODE.sub("", inside):
        return False
    before, behind = _visible(parts, start - 1, -1, sign), _visible(parts, end + 1, 1, sign)
    first, last = _visible(parts, start + 1, 1, sign), _visible(parts, end - 1, -1, sign)
    if sign in (before, behind):
        return False
    if nested and ((before.isalnum() and first.isalnum()) or (last.isalnum() and behind.isalnum())):
        return False  # a sign within a word may as well end what is around it
    return (not _is_mark(first) or _is_border(before)) and (not _is_mark(last) or _is_border(behind))


def _visible(parts: list[str], at: int, step: int, sign: str) -> str:
    """The nearest character from a part on that a reader sees beside a run of `sign`, a space where there is none."""
    for _ in range(2 * len(_SIGNS)):
        if not 0 <= at < len(parts):
            break
        if text := parts[at].strip(_CODE_START + _CODE_END):
            return text[-1 if step < 0 else 0]
        border = parts[at + step] if 0 <= at + step < len(parts) else ""
        if border.startswith("\n"):
            break
        if border and border[0] in "*~" and border[0] != sign:
            return border[0]
        at += 2 * step
    return " "


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _is_border(character: str) -> bool:
    return character.isspace() or _is_mark(character)
