"""What a page kind works with: prose, code and the markup of the host; and what it gives back."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from random import Random

from tests.sample_generator.markup import code, inline
from tests.sample_generator.prose import Writer
from tests.sample_generator.snippets import Coder, Snippet


@dataclass(frozen=True, slots=True)
class Body:
    """A page without its frame. html: everything between the menus."""

    title: str
    html: str


@dataclass(frozen=True, slots=True)
class Author:
    """Writes one page. style: the host's code markup, a key of `markup.STYLES`."""

    writer: Writer
    coder: Coder
    style: str

    @property
    def rng(self) -> Random:
        """The page's own source of chance."""
        return self.writer.rng

    def chance(self, share: float) -> bool:
        """True in `share` of the cases."""
        return self.rng.random() < share

    def text(self, prose: str) -> str:
        """Escaped prose with inline code."""
        return inline(self.style, prose)

    def paragraphs(self, count: int, length: int, topic: str | None = None) -> str:
        """Paragraphs of about `length` sentences."""
        return "".join(f"<p>{self.text(text)}</p>\n" for text in self.writer.paragraphs(count, length, topic))

    def listing(self) -> str:
        """A piece of code, now and then under a comment in the page's language."""
        return self.show(self.coder.snippet(self.writer.title() if self.chance(0.25) else None))

    def output(self) -> str:
        """A stack trace or log; "" where the languages of the page have none."""
        found = self.coder.output()
        return self.show(found) if found else ""

    def show(self, snippet: Snippet) -> str:
        """A snippet in the host's markup."""
        return code(self.style, snippet) + "\n"

    def heading(self, level: int, text: str) -> str:
        """A heading of plain text."""
        return f"<h{level}>{self.text(text)}</h{level}>\n"

    def interface(self, slot: str) -> str:
        """A word of the site's interface, escaped."""
        return escape(self.writer.voice.interface(slot))

    def bullets(self, entries: Iterable[str]) -> str:
        """A list of different plain texts."""
        return "<ul>" + "".join(f"<li>{self.text(entry)}</li>" for entry in dict.fromkeys(entries)) + "</ul>\n"
