"""Replaces place-holders by their code.

In: Markdown with place-holders and what was lifted. Out: Markdown whose fenced blocks hold the code as it was. Fences
lie at the left margin, also in lists, so that each line keeps exactly its own indentation.
"""

import re
from typing import Final

from recall.page.markdown.lift import FILLER, Lifted

_ONLY_MARKUP: Final = re.compile(r"[\s>#*_|+~`:.\-–•]*(?:\d+[.)])?[\s*_|>`]*")
_BLANKS: Final = re.compile(r"\n{3,}")


def fence(code: str, language: str) -> str:
    """A fenced block, its fence longer than any run of back-ticks in the code."""
    longest = max((len(run) for run in re.findall("`{3,}", code)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{code}\n{ticks}"


def blocks_in(markdown: str, lifted: Lifted) -> list[int]:
    """Numbers of the blocks whose place-holders occur, in the order of the text."""
    return [int(match[1]) for match in lifted.block_token.finditer(markdown)]


def restore(markdown: str, lifted: Lifted) -> str:
    """Put all code back; of a block that occurs twice only the first occurrence counts."""
    segments: list[str] = []
    prose: list[str] = []
    done: set[int] = set()
    for line in markdown.split("\n"):
        if f"{lifted.stem}b" not in line:
            prose.append(line)
            continue
        for part in _parts(line, lifted):
            if isinstance(part, str):
                prose.append(part)
            elif part not in done:
                done.add(part)
                _close(prose, segments, lifted)
                block = lifted.blocks[part]
                segments.append(fence(block.text, block.language))
    _close(prose, segments, lifted)
    return "\n\n".join(segments) + "\n" if segments else ""


def _parts(line: str, lifted: Lifted) -> list[str | int]:
    """A line with place-holders as texts and block numbers, without the markup that only held a place-holder."""
    parts: list[str | int] = []
    position = 0
    for match in lifted.block_token.finditer(line):
        parts.append(line[position : match.start()])
        parts.append(int(match[1]))
        position = match.end()
    parts.append(line[position:])
    return [_clean(part) if isinstance(part, str) else part for part in parts if part != ""]


def _clean(text: str) -> str:
    if _ONLY_MARKUP.fullmatch(text):
        return ""
    if text.lstrip().startswith("|") or text.rstrip().endswith("|"):
        text = text.strip().strip("|").replace(" | ", " ")
    for mark in ("**", "`"):
        if text.count(mark) % 2:
            text = text.removesuffix(mark) if text.endswith(mark) else text.removeprefix(mark)
    return text.rstrip()


def _close(prose: list[str], segments: list[str], lifted: Lifted) -> None:
    """End a run of prose: put its inline code back."""
    text = _BLANKS.sub("\n\n", "\n".join(prose)).strip("\n")
    prose.clear()
    if not text.strip():
        return
    text = lifted.inline_token.sub(lambda match: _inline(int(match[1]), lifted), text)
    if lifted.stem in text:
        text = re.sub(rf"{lifted.stem}[bi]\d+x*z?|{re.escape(FILLER)}", "", text)
    if text.strip():
        segments.append(text)


def _inline(number: int, lifted: Lifted) -> str:
    return lifted.inlines[number] if number < len(lifted.inlines) else ""
