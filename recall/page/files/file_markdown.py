"""A body that is no HTML → the text that the corpus keeps, with its title.

Text and Markdown stay as they are, to the character: what is indented, page breaks and running heads of an RFC stay. A
source file is one fenced block, exact to the character. A notebook is its Markdown cells as they are, its code in
fences of its language, its outputs in fences that say `output`. Raises BrokenNotebook.
"""

import re
from dataclasses import dataclass
from typing import Final

from recall.page.files.file_text import characters
from recall.page.files.notebook import OUTPUT, read_notebook
from recall.page.markdown.code_hints import LANGUAGES, OTHER_LANGUAGES, clean_language
from recall.page.markdown.markdown_writer import fence
from recall.records import BodyKind

MAX_TITLE: Final = 300

_FRONT_MATTER: Final = re.compile(
    r"(?m)\A---[ \t]*\n((?:(?!---[ \t]*$|\.\.\.[ \t]*$)[^\n]{0,2000}\n){0,200})(?:---|\.\.\.)[ \t]*(?:\n|\Z)"
)
_NAMED: Final = re.compile(r"(?im)^title:[ \t]*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([^\n]*))$")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX: Final = re.compile(r" {0,3}#{1,6}[ \t]+(\S[^\n]*)")
_UNDERLINE: Final = re.compile(r" {0,3}(?:=+|-{2,})[ \t]*$")
_LINES_FOR_TITLE: Final = 400


@dataclass(frozen=True, slots=True)
class KeptFile:
    """What is kept of a body. title: of Markdown or a notebook, "" without one; left_out: as in Notebook."""

    text: str
    title: str = ""
    left_out: int = 0


def file_markdown(body: bytes, charset: str | None, kind: BodyKind, language: str = "") -> KeptFile:
    """What is kept of a body. language: the word for the fence of a source file."""
    text = characters(body, charset)
    if kind is BodyKind.NOTEBOOK:
        return _of_notebook(text)
    if not text.strip():
        return KeptFile("")
    if kind is BodyKind.SOURCE:
        return KeptFile(fence(text.removesuffix("\n"), language) + "\n")
    text = text if text.endswith("\n") else text + "\n"
    return KeptFile(text, title_of(text) if kind is BodyKind.MARKDOWN else "")


def _of_notebook(text: str) -> KeptFile:
    notebook, pieces, title = read_notebook(text), list[str](), ""
    for cell in notebook.cells:
        if cell.kind == "markdown":
            pieces.append(cell.text)
            title = title or title_of(cell.text)
        else:
            word = OUTPUT if cell.kind == "output" else _word(cell.language)
            pieces.append(fence(cell.text.removesuffix("\n"), word))
    whole = "\n\n".join(pieces)
    return KeptFile(f"{whole}\n" if whole else "", title or notebook.title[:MAX_TITLE], notebook.left_out)


def _word(language: str) -> str:
    """The word for a fence, "" where nobody knows the language."""
    word = clean_language(re.sub(r"(?<=\+\+)\d\d$", "", language.lower()))
    return word if word in LANGUAGES or word in OTHER_LANGUAGES else ""


def title_of(text: str) -> str:
    """The title that Markdown's front matter names, else its first heading outside fences; "" without one."""
    front = _FRONT_MATTER.match(text)
    named = _NAMED.search(front[1]) if front else None
    if named and (title := (named[1] or named[2] or named[3] or "").strip()):
        return title[:MAX_TITLE]
    opened, before = "", ""
    for line in text[front.end() if front else 0 :].split("\n", _LINES_FOR_TITLE)[:_LINES_FOR_TITLE]:
        fenced = _FENCE.match(line)
        if opened:
            opened = "" if fenced and fenced[1].startswith(opened) else opened
        elif fenced:
            opened = fenced[1]
        elif heading := _ATX.match(line):
            return _unclosed(heading[1]).strip()[:MAX_TITLE]
        elif before and _UNDERLINE.match(line):
            return before[:MAX_TITLE]
        before = "" if opened or line.startswith(("    ", "\t", ">", "|", "- ", "* ")) else line.strip()
    return ""


def _unclosed(heading: str) -> str:
    """A heading without the signs that close it: those at its end, behind a space. A pattern would be quadratic."""
    words = heading.rstrip(" \t").rstrip("#")
    return words if not words or words.endswith((" ", "\t")) else heading
