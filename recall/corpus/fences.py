"""The fenced blocks of a text, a row each: language, who named it, place, size, whether it parses.

In: a page's Markdown and which of its fences recall named. Out: values of the column `fences`.
"""

from collections.abc import Collection, Sequence

from recall.corpus.signals import blocks
from recall.corpus.syntax import parses

FENCES = "list<struct<language:string,named:bool,offset:int32,chars:int32,lines:int32,parses:bool>>"


def fences_of(
    text: str, guessed: Collection[int] = (), verdicts: Sequence[bool | None] | None = None
) -> list[dict[str, object]]:
    """Every fenced block of a text, in order. guessed: numbers of those whose language the page does not name.

    verdicts: whether each parses, where that is known.

    language: the fence's word; named: whether the page gave it, null without one; offset, chars: of the code within the
    text, in characters; lines: of the code; parses: as `parses` says.
    """
    if verdicts is None:
        named = ((text[block.start : block.end], block.language) for block in blocks(text))
        verdicts = [parses(code, word) if word else None for code, word in named]
    return [
        {
            "language": block.language,
            "named": number not in guessed if block.language else None,
            "offset": block.start,
            "chars": block.end - block.start,
            "lines": text.count("\n", block.start, block.end) + 1 if block.end > block.start else 0,
            "parses": verdicts[number],
        }
        for number, block in enumerate(blocks(text))
    ]
