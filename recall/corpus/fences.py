"""Code in a page's Markdown: fenced blocks, and code spans between back-ticks.

In: Markdown as `recall.page.markdown` writes it, with fenced blocks at the left margin. Out: offsets in characters. A
fence that is never closed runs to the end (CommonMark, 4.5). One pass, linear time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)$", re.MULTILINE)
_TICKS = re.compile(r"(?<!`)(`{1,2})(?!`)([^`\n]{1,500})\1(?!`)")


@dataclass(frozen=True, slots=True)
class FencedBlock:
    """A fenced block. start, end: characters of its code, without the fence lines; language: the fence's own word."""

    start: int
    end: int
    language: str


def blocks(text: str) -> Iterator[FencedBlock]:
    """Every fenced block, in order."""
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text) if "```" in text or "~~~" in text else ():
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2].strip():
            start = min(opened.end() + 1, fence.start())
            yield FencedBlock(start, max(start, fence.start() - 1), _word(opened[2]))
            opened = None
    if opened is not None:
        yield FencedBlock(min(opened.end() + 1, len(text)), len(text), _word(opened[2]))


def _word(information: str) -> str:
    word, *_ = information.split(None, 1) or [""]
    return word.lower()


def inline(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and end of each code span within characters [start, end) of prose."""
    for match in _TICKS.finditer(text, start, end):
        yield match.span(2)


def prose(text: str) -> str:
    """The text without fenced blocks, their fences kept as they are a line each."""
    pieces, at = [], 0
    for block in blocks(text):
        pieces.append(text[at : block.start])
        at = block.end
    return "".join([*pieces, text[at:]])
