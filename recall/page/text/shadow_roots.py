"""Shadow roots that a page declares, put where a browser shows them: before its text is read.

In: decoded HTML. Out: HTML without them that shows the same. The rule (HTML standard, 4.12.3 and 13.2.6.4.4; DOM
standard, 4.2.2): a `<template>` shows nothing, whatever is in it. With `shadowrootmode` "open" or "closed" it is the
shadow root of the element that it lies in, where that may have one (`SHADOW_HOSTS`, and custom elements), and only the
first such template of each. A host shows its shadow root in place of its own content; of that a `<slot>` of the shadow
root shows what asks for it by its name, one without a name all that asks for none, and its own content where there is
none. Elements are told apart by their tags: of what a browser closes by itself, only `<p>` is closed here. Nothing is
refused; each part of the page is written at most once, in linear time.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final

import recall.kernels.html_names as names
from recall.page.text.definition import MOST_TEMPLATES, TAG, TAG_NAME, Tag, comment_end, content_end, lower, tag_of

_CUSTOM: Final = re.compile(r"[a-z][^-]*-")
_GAP: Final = re.compile(r"(?:[ \t\n\f\r]++|<!--(?!-?>)(?:(?!--!?>).)*+-->)*+", re.DOTALL)
_WHOLE: Final = frozenset(("html", "head", "body"))
RAW_TAGS: Final = names.RAW_HIDDEN_TAGS | names.RAW_SHOWN_TAGS | names.CHARACTERS_ONLY_TAGS | {"script", "plaintext"}
MARKUP: Final = re.compile("<(?=[A-Za-z/!?])")
"""Where a tag or a comment may begin; any other `<` is text."""
_TAG_OR_MARKUP: Final = re.compile(f"{TAG.pattern}|<!--(?!-?>)(?s:.*?)--!?>|{MARKUP.pattern}")
"""A whole tag or comment, else where one may begin."""
_NO_HOST = -1
_LONG_TAG = 2048
"""Bytes of a tag that are looked at before its attributes are read."""
_MOST_IN_P = 64
"""How many open elements a `<p>` is looked for behind."""
MOST_MARKUP = 120_000
"""Of a page with more `<` each host shows its own content, as its elements would take long and much memory."""

_Part = tuple[int, int]
"""Where a part of the page begins and ends."""


def declared(page: bytes, templates: list[tuple[int, int]]) -> bool:
    """Whether a template of the page may be a shadow root. templates: as for `flattened`; a long tag counts as one."""
    if len(templates) >= MOST_TEMPLATES:
        return b"shadowrootmode" in page.lower()
    tags = (TAG.match(page[at : at + _LONG_TAG].decode("latin-1")) for _, at in templates)
    return any(tag is None or "shadowrootmode" in tag[0].lower() for tag in tags)


def flattened(page: bytes, templates: list[tuple[int, int]]) -> bytes:
    """The page with each shadow root's content in place of its host's, and this where a slot of the root shows it.

    templates: as `definition.read` gives them, in bytes. A host that ends where it should, with its root at its start,
    is all that is looked at; where there is another one, it takes the whole page. One of MOST_MARKUP stays as it is.
    """
    if page.count(b"<") > MOST_MARKUP:
        return page
    html = page.decode("latin-1")  # so that offsets are the same; markup is ASCII
    parts = _by_hosts(html, templates) if len(templates) < MOST_TEMPLATES else None
    if parts is None:
        whole = _Elements(html)
        whole.read()
        end = html[whole.end :]
        parts = [*whole.written(), end if end == "</" else ""]
    return "".join(parts).encode("latin-1")


def _by_hosts(html: str, templates: list[tuple[int, int]]) -> list[str] | None:
    """The same where only these hosts need to be looked at, else None."""
    out, done = list[str](), 0
    for before, at in templates:
        declared, host = TAG.match(html, at), TAG.match(html, before)
        if at < done or not (declared and "shadowrootmode" in declared[0].lower()):
            continue
        if not (host and html[before + 1] != "/" and _may_be_host(host[1].lower()) and host[1].lower() != "body"):
            return None
        one = _Elements(html, before)
        end = one.read() if _GAP.fullmatch(html, host.end(), at) else 0
        if end == 0:
            return None
        out.extend((html[done:before], *one.written()))
        done = end
    return [*out, html[done:]]


class _Elements:
    """The elements of a stretch of the page, numbered in the order of their start tags; 0 is the body around them.

    `starts`, `contents`, `closes`, `ends`: the offsets where each begins, where its content does, and where its end tag
    begins and ends. No tree of objects, which takes longer: of hundreds of elements only hosts, their children and
    slots are looked at again.
    """

    def __init__(self, html: str, start: int | None = None) -> None:
        """Of the whole page, or of the element that begins at `start`."""
        self.html, self.start, self.end, self.alone = html, start or 0, len(html), start is not None
        self.starts, self.contents, self.closes, self.ends = [self.start], [self.start], [self.end], [self.end]
        self.open, self.open_names = [0], ["body"]
        self.opened: list[dict[str, int]] = [{}]  # how many are open of a name: in the page, and in each open root ...
        self.hosts = [_NO_HOST]  # ... and whose root it is
        self.roots: dict[int, int] = {}  # host -> root
        self.slots: dict[tuple[int, str], int] = {}  # host and name -> slot
        self.notes: list[_Part] = []  # what no slot shows: comments, hidden templates, end tags that end nothing
        self.in_body, self.broken = self.alone, False
        self.hidden = self.hidden_at = 0

    def read(self) -> int:
        """Read up to the end of the page, or of the element; the offset there, 0 where its end tag is not its own."""
        at, end = self.start, -1
        while at != end:  # at first, and behind raw content
            for match in _TAG_OR_MARKUP.finditer(self.html, at):
                if not self.in_body:
                    self.text(at, match.start())
                end = match.end()
                at = self.tag(match, end) if match[1] else self.markup(match.start(), end)
                if self.alone and (self.broken or len(self.open) == 1):
                    self.closes[0] = at
                    return 0 if self.broken else at
                if at != end:
                    break
            else:
                end = at
        self.text(at, self.end)
        if self.hidden:
            self.notes.append((self.hidden_at, self.end))
        for element in self.open:
            self.closes[element] = self.ends[element] = self.end
        return 0 if self.alone else self.end

    def text(self, at: int, end: int) -> None:
        """Begin the body at this text, where it has not begun."""
        if not (self.in_body or self.hidden) and self.html[at:end].strip(" \t\n\f\r"):
            self.begin_body(at)

    def begin_body(self, at: int) -> None:
        """Take what comes before as the head, which stays where it is."""
        self.in_body, self.starts[0], self.contents[0] = True, at, at

    def markup(self, at: int, end: int) -> int:
        """Read a comment, or else a tag or `</` that the page ends in; the offset behind it."""
        if end == at + 1 and not TAG_NAME.match(self.html, at):
            foreign = self.opened[-1].get(names.SVG_TAG, 0) > 0 and not self.hidden
            end = comment_end(self.html, at, foreign=foreign)
        if end <= at + 1:
            self.end = at
            return len(self.html)
        if not self.hidden:
            self.notes.append((at, end))
        return end

    def tag(self, match: re.Match[str], end: int) -> int:
        """Apply a tag, which ends at `end`; the offset behind it and its raw content."""
        at, name = match.start(), match[1]
        closing = self.html[at + 1] == "/"
        if not name.islower():
            name = lower(name)
        if name in RAW_TAGS and not closing:
            end = content_end(self.html, Tag(name, False, False, {}, end))
        if self.hidden:
            if name == names.TEMPLATE_TAG:
                self.hidden += -1 if closing else 1
                if not self.hidden:
                    self.notes.append((self.hidden_at, end))
        elif closing:
            self.close(name, at, end)
        elif name == names.TEMPLATE_TAG:
            self.template(match)
        elif name in _WHOLE:
            if name == "body" and not self.in_body:
                self.begin_body(at)
            self.notes.append((at, end))
        else:
            self.element(match, name, end)
        return end

    def template(self, match: re.Match[str]) -> None:
        """Begin a shadow root, or what is hidden."""
        host = self.open[-1]
        mode = _attribute(self.html, match, "shadowrootmode").lower()
        may_be_root = mode in {"open", "closed"} and self.in_body and not self.opened[-1].get(names.SVG_TAG)
        if may_be_root and host not in self.roots and _may_be_host(self.open_names[-1]):
            self.roots[host] = len(self.starts)
            self.opened.append({})
            self.hosts.append(host)
            self.add(names.TEMPLATE_TAG, match.start(), match.end())
        else:
            self.hidden, self.hidden_at = 1, match.start()

    def element(self, match: re.Match[str], name: str, end: int) -> None:
        """Begin an element; `end` is the offset behind its start tag and raw content."""
        opened, at = self.opened[-1], match.start()
        if not self.in_body:
            if name in names.HEAD_TAGS:
                return
            self.begin_body(at)
        while opened.get(names.SVG_TAG) and name in names.SVG_ENDS_AT:
            self.close(names.SVG_TAG, at, at)
        if opened.get("p") and name in names.PARAGRAPH_ENDS_AT:
            self.close_paragraph(at)
        if name == "slot" and self.hosts[-1] != _NO_HOST:
            self.slots.setdefault((self.hosts[-1], _attribute(self.html, match, "name")), len(self.starts))
        in_svg = name == names.SVG_TAG or opened.get(names.SVG_TAG)
        self.add(name, at, end, empty=name in names.VOID_TAGS or bool(in_svg and match[2].endswith("/")))

    def add(self, name: str, at: int, end: int, *, empty: bool = False) -> None:
        """Open an element whose start tag is at `at` and whose content begins at `end`, unless it has none."""
        if not empty:
            self.open.append(len(self.starts))
            self.open_names.append(name)
            self.opened[-1][name] = self.opened[-1].get(name, 0) + 1
        self.starts.append(at)
        self.contents.append(end)
        self.closes.append(end)
        self.ends.append(end)

    def close_paragraph(self, at: int) -> None:
        """End the `<p>` that is open, unless it lies outside a table's cell or something of that kind."""
        for name in self.open_names[: -_MOST_IN_P - 1 : -1]:
            if name == "p":
                self.close("p", at, at)
            if name == "p" or name in names.PARAGRAPH_KEEPERS:
                return

    def close(self, name: str, at: int, end: int) -> None:
        """End an element, and with it all that it holds; an end tag that ends nothing is kept as it is."""
        opened = self.opened[-1]
        if not opened.get(name):
            self.broken = True  # it may end what lies around the element that was begun with
            self.notes.append((at, end))
            return
        last = ""
        while last != name:
            last, element = self.open_names.pop(), self.open.pop()
            opened[last] -= 1
            self.closes[element] = self.ends[element] = at
        self.ends[element] = end
        if name == names.TEMPLATE_TAG:
            self.opened.pop()
            self.hosts.pop()

    def written(self) -> Iterator[str]:
        """The stretch in parts, in the order in which they are shown."""
        other = sorted({*self.roots, *self.slots.values()} - {0})  # hosts, and slots: they may show other parts
        contents, slotted = [self.contents[element] for element in other], dict[int, list[_Part]]()
        todo, before = [*reversed(self.shown(0, slotted)), (self.start, self.contents[0])], ""
        while todo:
            at, end = todo.pop()
            index = bisect_right(contents, at)
            if index < len(contents) and contents[index] <= end:
                todo.append((self.closes[other[index]], end))
                todo.extend(reversed(self.shown(other[index], slotted)))
                end = contents[index]
            if at < end:
                if before == "<" != self.html[at]:
                    yield "<!---->"  # it was no tag before they came together
                before = self.html[end - 1]
                yield self.html[at:end]

    def shown(self, element: int, slotted: dict[int, list[_Part]]) -> list[_Part]:
        """The parts that an element shows; `slotted` holds those of each slot, and gets those of a host's slots."""
        if element not in self.roots:
            return slotted.get(element) or [(self.contents[element], self.closes[element])]
        for part, asks in self.light(element):
            slot = self.slots.get((element, asks))
            if slot is not None:
                slotted.setdefault(slot, []).append(part)
        root = self.roots[element]
        return [(self.contents[root], self.closes[root])]

    def light(self, host: int) -> Iterator[tuple[_Part, str]]:
        """A host's children and the text between them, each with the name of the slot that it asks for."""
        at, end, child = self.contents[host], self.closes[host], host + 1
        while child < len(self.starts) and self.starts[child] < end:
            yield from self.texts(at, self.starts[child])
            if child != self.roots[host]:
                asks = _attribute(self.html, TAG.match(self.html, self.starts[child]), "slot")
                yield (self.starts[child], self.ends[child]), asks
            at = self.ends[child]
            child = bisect_left(self.starts, at, child + 1)
        yield from self.texts(at, end)

    def texts(self, at: int, end: int) -> Iterator[tuple[_Part, str]]:
        """The text between two elements, which asks for the slot without a name."""
        index = bisect_left(self.notes, (at, 0))
        while at < end:
            note = self.notes[index] if index < len(self.notes) else (end, end)
            if at < min(note[0], end):
                yield (at, min(note[0], end)), ""
            at, index = note[1], index + 1


def _attribute(html: str, match: re.Match[str] | None, name: str) -> str:
    """An attribute's value in the tag that was matched."""
    tag = tag_of(html, match) if match else None
    return tag.attributes.get(name, "") if tag else ""


def _may_be_host(name: str) -> bool:
    return name in names.SHADOW_HOSTS or (_CUSTOM.match(name) is not None and name not in names.NO_CUSTOM_TAGS)
