"""Cuts a page's body into segments: runs of inline text, and blocks of code, each with the elements around it.

In: a tree whose code and formulas are marked (`marks`). Out: `Segments`: the text of each as inline Markdown, the
block elements around it as a tree of nodes, and what the choice of main content learns from: class words, link text.
Walks over the serialised body, which is twice as fast as over its elements, and does not recurse.
"""

import re
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from recall.page.markdown.marks import Marked
from recall.page.markdown.tree import BLOCK, BLOCKS, HEADINGS, INLINE, words

TABLE_BITS: Final = 14
"""Words of classes and ids are hashed to so many bits."""

MIN_NOSCRIPT: Final = 250
"""Characters from which a `<noscript>` is content: forum software serves crawlers so."""

_SKIPPED: Final = words(
    "script style head title meta link template svg iframe object embed video audio canvas datalist map area param "
    "source track noframes button select option input textarea progress meter"
)
_VOID: Final = words("br hr img wbr")
_MARKS: Final = {"b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "s": "~~", "strike": "~~"}
_TAGS: Final = re.compile(r"<([^>]*)>")
_ATTRIBUTE: Final = re.compile(r'(?:^|\s)(class|id|role|style|hidden|alt|n|start|colspan|POST)="([^"]*)"')
_CASE: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_HIDDEN: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_FORMULA: Final = re.compile(r"\b(?:latex|tex|math\w*)\b", re.I)
_RAISED: Final = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED: Final = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_SHIFTED: Final = {"sup": (re.compile(r"[-+=()n\d]{1,6}"), _RAISED), "sub": (re.compile(r"[-+=()\d]{1,6}"), _LOWERED)}
_BLANKS: Final = re.compile(r"\n{3,}")
_ORDINAL: Final = 60


@dataclass(frozen=True, slots=True)
class Tag:
    """An opening tag. tokens: hashes of its name and of the words of its class, id and role."""

    name: str
    tokens: tuple[int, ...]
    block: bool
    attributes: dict[str, str]


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


def token(text: str) -> int:
    """The hash of a word of markup."""
    return zlib.crc32(text.encode("utf-8", "replace")) & ((1 << TABLE_BITS) - 1)


@lru_cache(maxsize=1 << 15)
def parse_tag(source: str) -> Tag:
    """The tag between angle brackets, as XML writes it."""
    name, _, rest = source.partition(" ")
    name = name.rstrip("/")
    found = {key: unescape(value) for key, value in _ATTRIBUTE.findall(rest)} if rest else {}
    tokens = {token(f"t:{name}")}
    for kind in ("class", "id"):
        for word in found.get(kind, "").split()[:12]:
            tokens.add(token(f"{kind[0]}:{word[:60].lower()}"))
            tokens.update(token(f"w:{part.lower()}") for part in _CASE.findall(word[:60])[:6])
    if "role" in found:
        tokens.add(token(f"r:{found['role'][:30].lower()}"))
    if "hidden" in found or _HIDDEN.search(found.get("style", "")):
        tokens.add(token("hidden"))
    block = name in BLOCKS or name in ("body", "noscript", BLOCK)
    return Tag(name, tuple(sorted(tokens)), block, found)


def segments_of(body: HtmlElement, marked: Marked) -> Segments:
    """Cut a body into segments."""
    body.getroottree().docinfo.clear()  # that of XHTML has a closing tag written for each element
    source = etree.tostring(body, encoding="unicode", method="xml", with_tail=False)
    walk = _Walk(marked)
    parts = iter(_TAGS.split(source)[1:])
    skipped = 0
    for opening, text in zip(parts, parts, strict=True):
        if opening[0] == "/":
            if skipped:
                skipped -= 1
            else:
                walk.leave()
        elif opening[-1] == "/":
            if not skipped:
                walk.enter_empty(parse_tag(opening))
        elif skipped:
            skipped += 1
        else:
            tag = parse_tag(opening)
            if tag.name in _SKIPPED:
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
        self._open: list[tuple[Tag, int]] = []  # tag, where its text begins in the run
        self._run: list[str] = []
        self._run_number = 0
        self._runs: list[int] = []  # the run in which each open element began
        self._linked = 0
        self._links = 0

    def add(self, text: str) -> None:
        """Text of the page."""
        if "&" in text:
            text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        if "\n" in text:
            text = text.replace("\n", " ")
        self._run.append(text)
        if self._links:
            self._linked += len(text.strip())

    def enter(self, tag: Tag) -> None:
        """An element with content."""
        if tag.block:
            self._flush()
            self._push(tag)
        elif tag.name == "a":
            self._links += 1
        elif tag.name == "q":
            self._run.append('"')
        self._open.append((tag, len(self._run)))
        self._runs.append(self._run_number)

    def enter_empty(self, tag: Tag) -> None:
        """An element without content."""
        if tag.name == "br":
            self._run.append("\n")
        elif tag.name == INLINE:
            self._run.append(self._marked.inlines[int(tag.attributes["n"])])
        elif tag.name == BLOCK:
            self._flush()
            self._push(tag)
            number = int(tag.attributes["n"])
            self._add_segment(self._marked.blocks[number].text, number)
            self._node = self.out.parents[self._node]
        elif tag.name == "img":
            alt = " ".join(tag.attributes.get("alt", "").split())
            if alt and _FORMULA.search(tag.attributes.get("class", "")):
                self._run.append(f"${alt.strip('$')}$")
        elif tag.block:
            self._flush()

    def leave(self) -> None:
        """The end of the innermost open element."""
        tag, start = self._open.pop()
        same = self._runs.pop() == self._run_number
        if tag.block:
            self._flush()
            self._node = self.out.parents[self._node]
        elif tag.name == "a":
            self._links -= 1
        elif tag.name == "q":
            self._run.append('"')
        elif same and tag.name in _MARKS:
            self._emphasise(_MARKS[tag.name], start)
        elif same and tag.name in _SHIFTED:
            self._shift(tag.name, start)

    def _push(self, tag: Tag) -> None:
        self.out.parents.append(self._node)
        self.out.tags.append(tag)
        self._node = len(self.out.parents) - 1

    def _emphasise(self, sign: str, start: int) -> None:
        text = "".join(self._run[start:])
        core = text.strip()
        if not core or sign in core or "\n" in core or self.out.tags[self._node].name in HEADINGS:
            return
        lead = text[: len(text) - len(text.lstrip())]
        trail = text[len(text.rstrip()) :]
        self._run[start:] = [f"{lead}{sign}{core}{sign}{trail}"]

    def _shift(self, name: str, start: int) -> None:
        pattern, table = _SHIFTED[name]
        text = "".join(self._run[start:])
        if not self._links and pattern.fullmatch(text.strip()):
            self._run[start:] = [text.strip().translate(table)]

    def _flush(self) -> None:
        """End the run of inline text."""
        if self._run:
            text = "".join(self._run)
            if not text.isspace():
                if "\n" in text:
                    lines = [" ".join(line.split()) for line in text.split("\n")]
                    text = _BLANKS.sub("\n\n", "\n".join(lines)).strip("\n")
                else:
                    text = " ".join(text.split())
                if text:
                    self._add_segment(text, -1)
            self._run = []
        self._run_number += 1
        self._linked = 0

    def _add_segment(self, text: str, code: int) -> None:
        out = self.out
        out.texts.append(text)
        out.nodes.append(self._node)
        out.linked.append(min(self._linked, len(text)))
        out.code.append(code)
