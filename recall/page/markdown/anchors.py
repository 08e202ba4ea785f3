"""Where parts of a page stand in the Markdown that was made from it.

In: Markdown with place-holders, elements of the tree. Out: offsets. Texts are compared by their letters and digits
alone, because extraction changes white space and adds marks.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import BLOCKS, text_of

_WORD: Final = re.compile(r"[^\W_]+")
_MIN: Final = 12
"""Shorter texts occur by chance."""

_PIECE: Final = 60


def letters_of(text: str) -> str:
    """The letters and digits of a text."""
    return "".join(_WORD.findall(text))


@dataclass(frozen=True, slots=True)
class Kept:
    """The letters and digits of a Markdown. offsets: where each word starts among them; starts: and in the Markdown."""

    letters: str
    offsets: list[int]
    starts: list[int]

    @classmethod
    def of(cls, markdown: str) -> "Kept":
        """Index a Markdown."""
        words = [(word.start(), word[0]) for word in _WORD.finditer(markdown)]
        offsets = list(accumulate((len(word) for _, word in words), initial=0))
        return cls("".join(word for _, word in words), offsets, [start for start, _ in words])

    def _place(self, letter: int) -> int:
        word = bisect_right(self.offsets, letter) - 1
        return self.starts[word] + letter - self.offsets[word]

    def find(self, text: str, last: bool) -> int | None:
        """Where a text of the page stands in the Markdown, or None where it is too short to tell or not there."""
        letters = letters_of(text)
        if len(letters) < _MIN:
            return None
        piece = letters[-_PIECE:] if last else letters[:_PIECE]
        start = self.letters.find(piece)
        return None if start < 0 else self._place(start + len(piece) - 1 if last else start)


def own_text(element: HtmlElement) -> str:
    """Text that stands in the element itself: a block's first words, or what follows its inline children."""
    if element.tag not in BLOCKS:
        return ""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and child.tag not in BLOCKS:
            parts.append(text_of(child) if len(child) < 50 else "")
        elif child.tag in BLOCKS and "".join(parts).strip():
            break
        parts.append(child.tail or "")
    text = "".join(parts)
    return text if text.strip() else ""


def after(markdown: str, where: list[int | None], first: int) -> int:
    """The end of the line that holds the nearest text before, else the start of the one behind."""
    for place in reversed(where[:first]):
        if place is not None:
            end = markdown.find("\n", place)
            return len(markdown) if end < 0 else end
    for place in where[first:]:
        if place is not None:
            return markdown.rfind("\n", 0, place) + 1
    return len(markdown)
