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
from collections import Counter
from collections.abc import Iterator
from typing import Final

import recall.kernels.html_names as names
from recall.page.text.definition import MOST_TEMPLATES, TAG, TAG_NAME, Tag, comment_end, content_end, tag_of

_CUSTOM: Final = re.compile(r"[a-z][^-]*-")
_GAP: Final = re.compile(r"(?:[ \t\n\f\r]++|<!--(?!-?>)(?:(?!--!?>).)*+-->)*+", re.DOTALL)
_WHOLE: Final = frozenset(("html", "head", "body"))
RAW_TAGS: Final = names.RAW_HIDDEN_TAGS | names.RAW_SHOWN_TAGS | names.CHARACTERS_ONLY_TAGS | {"script", "plaintext"}
MARKUP: Final = re.compile("<(?=[A-Za-z/!?])")
"""Where a tag or a comment may begin; any other `<` is text."""
_LONG_TAG = 2048
"""Bytes of a tag that are looked at before its attributes are read."""
_MOST_IN_P = 64
"""How many open elements a `<p>` is looked for behind."""
MOST_MARKUP = 120_000
"""Of a page with more `<` each host shows its own content, as its elements would take long and much memory."""


class _Node:
    """An element, or text ("#text")."""

    __slots__ = ("asks", "children", "close", "name", "offers", "open", "root", "scope", "slots")

    def __init__(self, name: str, source: str, scope: "_Node | None", asks: str = "") -> None:
        self.name, self.open, self.close = name, source, ""
        self.scope = scope  # the host in whose shadow root it lies
        self.asks, self.offers = (
            asks,
            "",
        )  # the slot in which it is shown; the slot that it is, with a "/" before its name
        self.children: list[_Node | str] = []
        self.root: _Node | None = None
        self.slots: dict[str, list[_Node | str]] = {}  # of a host: what its slots show


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
        whole = _Tree(html)
        whole.build()
        parts = [*whole.head, *_written(whole.document)]
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
        one = _Tree(html, before)
        end = one.build() if _GAP.fullmatch(html, host.end(), at) else 0
        if end == 0:
            return None
        out.extend((html[done:before], *_written(one.document)))
        done = end
    return [*out, html[done:]]


class _Tree:
    """The open elements at an offset of the page."""

    def __init__(self, html: str, start: int | None = None) -> None:
        """Of the whole page, or of the element that begins at `start`."""
        self.html, self.at, self.alone = html, start or 0, start is not None
        self.head: list[str] = []
        self.document = _Node("body", "", None)
        self.stack, self.opened = [self.document], [Counter[str]()]
        self.scope: _Node | None = None
        self.in_body = self.alone
        self.broken = False
        self.hidden = self.svgs = 0

    def build(self) -> int:
        """Read up to the end of the page, or of the element; the offset there, 0 where its end tag is not its own."""
        html, at = self.html, self.at
        while at < len(html):
            start = MARKUP.search(html, at)
            cut = start.start() if start else len(html)
            self.text(html[at:cut])
            at = cut
            if match := TAG.match(html, cut):
                at = self.tag(self.read(match), cut)
                if self.alone and (self.broken or len(self.stack) == 1):
                    return 0 if self.broken else at
            elif TAG_NAME.match(html, cut):
                at = len(html)
            elif cut < len(html):
                at = comment_end(html, cut, foreign=self.svgs > 0 and not self.hidden) or cut + 1
                self.note(html[cut:at]) if at > cut + 1 else self.text("<")
        return 0 if self.alone else at

    def read(self, match: re.Match[str]) -> Tag:
        """The tag that was matched, with its attributes where they matter, which takes longer."""
        name, source = match[1].lower() if match[1].isascii() else match[1], match[0]
        if name != names.TEMPLATE_TAG and not self.svgs and "slot" not in source and "slot" not in source.lower():
            return Tag(name, source[1] == "/", False, {}, match.end())
        tag = tag_of(self.html, match)
        assert tag is not None, "both patterns end alike"  # noqa: S101 - for the type checker
        return tag

    def note(self, source: str) -> None:
        """Keep what no slot shows: comments, all of a hidden template, and what comes before the body."""
        (self.stack[-1].children if self.in_body else self.head).append(source)

    def text(self, text: str) -> None:
        """Add text to the element that is open."""
        if self.hidden or not (self.in_body or text.strip(" \t\n\f\r")):
            self.note(text)
        elif text:
            self.in_body = True
            self.stack[-1].children.append(_Node("#text", text, self.scope))

    def tag(self, tag: Tag, at: int) -> int:
        """Apply the tag at `at`; the offset behind it and its raw content."""
        end = content_end(self.html, tag) if tag.name in RAW_TAGS and not tag.closing else tag.end
        source = self.html[at:end]
        if self.hidden:
            self.hidden += (-1 if tag.closing else 1) if tag.name == names.TEMPLATE_TAG else 0
            self.note(source)
        elif tag.closing:
            self.close(tag.name, source)
        elif tag.name in _WHOLE:
            self.in_body |= tag.name == "body"
            self.note(source)
        elif tag.name == names.TEMPLATE_TAG:
            self.template(tag, source)
        else:
            self.element(tag, source)
        return end

    def template(self, tag: Tag, source: str) -> None:
        """Begin a shadow root, or what is hidden."""
        host = self.stack[-1]
        mode = tag.attributes.get("shadowrootmode", "").lower() in {"open", "closed"}
        if mode and self.in_body and not self.svgs and host.root is None and _may_be_host(host.name):
            host.root = _Node(names.TEMPLATE_TAG, "", self.scope)
            self.stack.append(host.root)
            self.opened.append(Counter())
            self.scope = host
        else:
            self.hidden = 1
            self.note(source)

    def element(self, tag: Tag, source: str) -> None:
        """Begin an element."""
        self.in_body |= tag.name not in names.HEAD_TAGS
        if not self.in_body:
            self.note(source)
            return
        while self.svgs and tag.name in names.SVG_ENDS_AT:
            self.close(names.SVG_TAG, "")
        if tag.name in names.PARAGRAPH_ENDS_AT and self.opened[-1]["p"]:
            self.close_paragraph()
        node = _Node(tag.name, source, self.scope, tag.attributes.get("slot", ""))
        self.stack[-1].children.append(node)
        if (
            tag.name == "slot"
            and self.scope is not None
            and (name := tag.attributes.get("name", "")) not in self.scope.slots
        ):
            self.scope.slots[name] = []
            node.offers = "/" + name
        if tag.name not in names.VOID_TAGS and not (self.svgs and tag.self_closing):
            self.stack.append(node)
            self.opened[-1][tag.name] += 1
            self.svgs += tag.name == names.SVG_TAG and not tag.self_closing

    def close_paragraph(self) -> None:
        """End the `<p>` that is open, unless it lies outside a table's cell or something of that kind."""
        for node in self.stack[: -_MOST_IN_P - 1 : -1]:
            if node.name == "p":
                self.close("p", "")
            if node.name == "p" or node.name in names.PARAGRAPH_KEEPERS:
                return

    def close(self, name: str, source: str) -> None:
        """End an element, and with it all that it holds; an end tag that ends nothing is kept as it is."""
        if name == names.TEMPLATE_TAG and len(self.opened) > 1:
            while self.stack.pop().name != names.TEMPLATE_TAG:
                pass
            self.svgs = 0
            self.opened.pop()
            host = self.stack[-1]
            self.scope = host.root.scope if host.root else None
        elif self.opened[-1][name]:
            while True:
                node = self.stack.pop()
                self.opened[-1][node.name] -= 1
                self.svgs -= node.name == names.SVG_TAG
                if node.name == name:
                    node.close = source
                    return
        else:
            self.broken = True  # it may end what lies around the element that was begun with
            self.note(source)


def _may_be_host(name: str) -> bool:
    return name in names.SHADOW_HOSTS or (_CUSTOM.match(name) is not None and name not in names.NO_CUSTOM_TAGS)


def _written(document: _Node) -> Iterator[str]:
    """The body's parts in the order in which they are shown."""
    todo: list[_Node | str] = [document]
    before = ""
    while todo:
        part = todo.pop()
        if isinstance(part, str):
            yield part
            before = before if not part else ""
            continue
        if before.endswith("<") and part.name == "#text":
            yield "<!---->"  # it was no tag before they came together
        if part.open:
            before = part.open if part.name == "#text" else ""
        yield part.open
        todo.append(part.close)
        shown = part.children
        if part.root:
            shown = part.root.children
            for child in part.children:
                if isinstance(child, _Node) and child.asks in part.slots:
                    part.slots[child.asks].append(child)
        elif part.offers and part.scope:
            shown = part.scope.slots[part.offers[1:]] or shown
        todo.extend(reversed(shown))
