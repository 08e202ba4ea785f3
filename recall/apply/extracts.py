"""Pages as Markdown with exact code: what the corpus keeps of them, for any input.

In: pages as they were read. Out: for each its text and why it fell back to the full page or plain text ("" where it did
not), or NO_TEXT. A page that was text already stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recall.apply.page_outcomes import Answer, ReadPage
from recall.page.markdown import Conversion, convert
from recall.records import Skip, plain_text
from recall.run.store import Schema


@dataclass(frozen=True, slots=True)
class Extraction:
    """The work of `recall extract`."""

    @property
    def schema(self) -> Schema:
        """Its columns."""
        return {"fetched": "string", "fallback": "string", "text": "string"}

    def settings(self) -> list[str]:
        """What the answers depend on."""
        return []

    def answers(self, pages: Sequence[ReadPage]) -> list[Answer | Skip]:
        """For each page its Markdown."""
        return [_answer(page) for page in pages]


def _answer(read: ReadPage) -> Answer | Skip:
    plain = plain_text(read.page.body)
    converted = convert(read.page.body, read.url or None, read.page.charset) if plain is None else Conversion(plain)
    text = converted.text.encode("utf-8", "replace").decode()  # a lone surrogate has no place in a file
    if not text.strip():
        return Skip.NO_TEXT
    return {"fetched": read.page.fetched, "fallback": converted.reason, "text": text}
