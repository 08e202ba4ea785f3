"""Cuts a page's body into segments: runs of inline text, and blocks of code, each with the elements around it.

In: a tree whose code and formulas are marked (`marks`). Out: `Segments`: the text of each as inline Markdown, the
block elements around it as a tree of nodes, and what the choice of main content learns from: class words, link text.
Walks over the serialised body, which is twice as fast as over its elements, and does not recurse.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.code_runs import blank
from recall.page.markdown.inline_text import OPENINGS, aside, closing, inline_code_piece, inline_text, shifted
from recall.page.markdown.marks import Marked
from recall.page.markdown.opening_tags import Tag, tag_of
from recall.page.markdown.tree import BLOCK, HEADINGS, INLINE, words

MAX_ALT: Final = 200  # longer descriptions of pictures are left out
_SKIPPED: Final = words(
    "script style head title meta link template svg iframe object embed video audio canvas datalist map area param "
    "source track noframes select option textarea"
)
_NO_CONTROLS: Final = words("figure figcaption p table ul ol blockquote")
"""What makes of a button around it a box that opens."""

_TAGS: Final = re.compile(r"<([^>]*)>")
_BORDERED: Final = OPENINGS.keys() | words("a q button sup sub rt label")
"""Inline elements at whose borders something is done."""

_WHOLE: Final = HEADINGS | {"dt", "summary", "th"}
"""Blocks whose words are theirs though they stand in a button."""

_COUNTED: Final = ("td", "th", "li")
"""Blocks that count for others though they are empty."""

_FIELDS: Final = ("checkbox", "radio")
_BACK: Final = re.compile(r"[\s\[(]*[↩↑⤴⏎↵^][\ufe0e\ufe0f↩\s\])]*")
_FILE: Final = re.compile(r"\S*\.(?:png|jpe?g|gif|svg|webp|bmp|ico)", re.I)
_OPENED: Final = tuple("(（[［【《")


_PLAIN: Final = Tag("span", (), False, {})


@dataclass(slots=True)
class Segments:
    """The segments of a page in its order, by index, and the block elements around them, by node number.

    texts: inline Markdown, or the code of a block; nodes: the innermost block element; linked: characters inside links;
    code: number of the block of code, -1 for text. parents, tags: of each node; node 0 is the body, with parent -1.
    """

    texts: list[str] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    linked: list[int] = field(default_factory=list)
    code: list[int] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)


def segments_of(body: HtmlElement, marked: Marked) -> Segments:
    """Cut a body into segments."""
    body.getroottree().docinfo.clear()  # that of XHTML has a closing tag written for each element
    source = etree.tostring(body, encoding="unicode", method="xml", with_tail=False)
    walk = _Walk(marked)
    parts = iter(_TAGS.split(source)[1:])
    tags: dict[str, Tag] = {}
    skipped = 0
    for opening, text in zip(parts, parts, strict=True):
        if opening[0] == "/":
            if skipped:
                skipped -= 1
            else:
                walk.leave()
        elif opening[-1] == "/":
            if not skipped:
                walk.enter_empty(tags.get(opening) or tags.setdefault(opening, tag_of(opening)))
        elif skipped:
            skipped += 1
        else:
            tag = tags.get(opening) or tags.setdefault(opening, tag_of(opening))
            if tag.name in _SKIPPED or ("hidden" in tag.attributes and not tag.block):
                skipped = 1
            else:
                walk.enter(tag)
        if text and not skipped:
            walk.add(text)
    return walk.out


class _Walk:
    """The state of the walk: open elements, and the run of inline text that is being gathered."""

    def __init__(self, marked: Marked) -> None:
        self.out = Segments()
        self._marked = marked
        self._node = -1
        # tag, run and place in it where the element begins, and how many links, fields or buttons are before it
        self._open: list[tuple[Tag, int, int, int]] = []
        self._run: list[str] = []
        self._blank = 0  # pieces of the run, from its beginning, that are known to show nothing
        self._run_number = 0
        self._linked = 0
        self._links = self._link_starts = 0
        self._buttons = 0
        self._fields = 0
        self._signs: set[str] = set()

    def add(self, text: str) -> None:
        """Text of the page; white space that a run would begin with shows nothing."""
        if not self._run and not self._buttons and text.isspace():
            return
        if "&" in text:
            text = text.replace("&#13;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        if "\n" in text:
            text = text.replace("\n", " ")
        self._run.append(aside(text) if self._buttons else text)
        if self._links:
            self._linked += len(text.strip())

    def enter(self, tag: Tag) -> None:
        """An element with content."""
        name = tag.name
        if tag.block:
            if name == "legend" and self._open and self._open[-1][0].name != "fieldset":
                tag = replace(tag, block=False)
            else:
                self._flush()
                self._push(tag)
        elif name not in _BORDERED:
            pass
        elif name in OPENINGS:
            sign = OPENINGS[name]
            if sign in self._signs or self.out.tags[self._node].name in HEADINGS:
                tag = _PLAIN
            else:
                self._signs.add(sign)
                self._run.append(sign)
        elif name == "a":
            self._links += 1
            self._link_starts += 1
        elif name == "q":
            self._run.append('"')
        elif name == "button" and "aria-expanded" not in tag.attributes:
            self._buttons += 1
        start = self._fields if name == "label" else self._link_starts if name == "sup" else self._buttons
        if tag.block and name in _NO_CONTROLS:
            self._buttons = 0
        self._open.append((tag, self._run_number, len(self._run), start))

    def enter_empty(self, tag: Tag) -> None:
        """An element without content."""
        name = tag.name
        if name == "br":
            self._run.append("\n")
        elif name == INLINE:
            text = inline_code_piece(self._marked.inlines[int(tag.attributes["n"])])
            self._run.append(aside(text) if self._buttons else text)
            self._linked += len(text) if self._links else 0
        elif name == BLOCK:
            self._flush()
            self._push(tag)
            number = int(tag.attributes["n"])
            self._add_segment(self._marked.blocks[number].text, number)
            self._node = self.out.parents[self._node]
        elif name == "img":
            self._picture(tag)
        elif name == "input":
            self._field(tag)
        elif tag.block:
            self._flush()
            if name in _COUNTED:
                self.out.parents.append(self._node)
                self.out.tags.append(tag)

    def leave(self) -> None:
        """The end of the innermost open element."""
        tag, run, start, count = self._open.pop()
        self._blank = min(self._blank, start)  # the run is changed from there at most
        if tag.block:
            self._flush()
            self._node = self.out.parents[self._node]
            self._buttons = count
        elif tag.name in _BORDERED:
            self._end(tag, run == self._run_number, start, count)

    def _end(self, tag: Tag, same: bool, start: int, count: int) -> None:
        """The end of an inline element. same: whether it began in this run, at the place `start`."""
        name = tag.name
        if name in OPENINGS:
            self._signs.discard(OPENINGS[name])
            if same:
                self._run.append(closing(OPENINGS[name]))
        elif name == "a":
            self._links -= 1
            if same and len(self._run) - start < 4 and _BACK.fullmatch("".join(self._run[start:])):
                del self._run[start:]
        elif name == "q":
            self._run.append('"')
        elif name == "button" and "aria-expanded" not in tag.attributes:
            self._buttons -= 1
        elif same and name in ("sup", "sub"):
            linked = bool(self._links) or (name == "sup" and self._link_starts > count)
            before = next((text for text in reversed(self._run[max(0, start - 4) : start]) if text), "")
            self._run[start:] = [shifted(name, "".join(self._run[start:]), before[-1:], linked)]
        elif same and name == "rt":
            self._reading(start)
        elif same and name == "label" and self._fields > count:
            self._run[start:] = [aside("".join(self._run[start:]))]

    def _push(self, tag: Tag) -> None:
        self.out.parents.append(self._node)
        self.out.tags.append(tag)
        self._node = len(self.out.parents) - 1

    def _has_text(self) -> bool:
        """Whether the run shows anything yet."""
        while self._blank < len(self._run) and blank(self._run[self._blank]):
            self._blank += 1
        return self._blank < len(self._run)

    def _reading(self, start: int) -> None:
        """Set the reading of a ruby in parentheses, unless the page does."""
        reading = "".join(self._run[start:]).strip()
        if reading and not "".join(self._run[max(0, start - 3) : start]).rstrip().endswith(_OPENED):
            self._run[start:] = [f"({reading})"]

    def _picture(self, tag: Tag) -> None:
        """The sign or the words that a picture in a sentence stands for."""
        alt = " ".join(tag.attributes.get("alt", "").split())
        if alt and len(alt) <= MAX_ALT and not self._links and not _FILE.fullmatch(alt) and self._has_text():
            self._run.append(alt if len(alt) <= 8 and not alt.isascii() else aside(alt))

    def _field(self, tag: Tag) -> None:
        """A box of a task list, or a field to fill in."""
        kind = tag.attributes.get("type", "text")
        if kind == "checkbox" and "disabled" in tag.attributes:
            if not self._has_text() and self.out.tags[self._node].name in ("li", "p"):
                self._run.append("[x] " if "checked" in tag.attributes else "[ ] ")
        elif kind in _FIELDS:
            self._fields += 1

    def _flush(self) -> None:
        """End the run of inline text."""
        if self._run:
            run = "".join(self._run)
            if not run.isspace():
                text = inline_text(run, self.out.tags[self._node].name in _WHOLE)
                if text:
                    self._add_segment(text, -1)
            self._run, self._blank = [], 0
        self._run_number += 1
        self._linked = 0

    def _add_segment(self, text: str, code: int) -> None:
        out = self.out
        out.texts.append(text)
        out.nodes.append(self._node)
        out.linked.append(min(self._linked, len(text)))
        out.code.append(code)
