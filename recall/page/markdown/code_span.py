"""Code found on a page: the value that the finders give and the lifting takes."""

import re
from dataclasses import dataclass
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_lines import raw_lines, tidy
from recall.page.markdown.tree import squashed

ZERO_WIDTH: Final = re.compile("\u200b")
"""A place where a long name may be broken; it shows nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """Code on the page. elements: the first stands for the code, the others are parts of it.

    inline: inside a sentence, else a block. gutter: nothing but line numbers, to be dropped.
    """

    elements: tuple[HtmlElement, ...]
    text: str
    language: str = ""
    inline: bool = False
    gutter: bool = False


def inline(element: HtmlElement) -> Found | None:
    """Inline code of an element, None where it shows nothing."""
    pieces = tidy(raw_lines(element, keep=False).replace("\n", " "), keep=False)
    text = squashed(ZERO_WIDTH.sub("", pieces))
    return Found((element,), text, inline=True) if text else None
