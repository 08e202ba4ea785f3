"""`<template>`: what it holds is not drawn, save a shadow root, which is drawn instead of its host's children.

In: the decoded source, then the tree that was parsed from it. Out: the source without templates, the tree with each
shadow root in place and its slots filled (HTML standard, 4.12.3, 4.12.4, 13.2.6.4.4 and 13.2.6.4.22; DOM standard,
4.2.2 on slots). An unclosed template ends with the page, as in browsers. One pass over the source, which reads each
character a bounded number of times.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import BLOCKS, HEADINGS, remove, words

_WS: Final = r" \t\n\f\r"
_TOKEN: Final = re.compile(
    rf"""<(?:
      !--(?:-?>|.*?(?:--!?>|\Z))
    | (?:[!?]|/(?=[^A-Za-z]))[^>]*+(?:>|\Z)
    | (?P<close>/?)(?P<name>[A-Za-z][^{_WS}/>]*+)
      (?P<attributes>(?:[{_WS}/]++|=?[^{_WS}/>=]++(?:[{_WS}]*+=[{_WS}]*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^{_WS}>]++))?+)*+)
      (?:>|\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(
    rf"""(?P<name>=?[^{_WS}/>=]++)(?:[{_WS}]*+=[{_WS}]*+(?:"(?P<two>[^"]*+)"?|'(?P<one>[^']*+)'?|(?P<none>[^{_WS}>]++)))?+"""
)
_RAW: Final = words("script style textarea title xmp iframe noembed noframes plaintext")
_HOSTS: Final = HEADINGS | words("article aside blockquote body div footer header main nav p section span")


def without_templates(source: str) -> tuple[str, str]:
    """The source without what templates hold, and the tag that stands for shadow roots in it (empty: there is none)."""
    lowered = source.lower()
    if "<template" not in lowered:
        return source, ""
    tag = "shadow-root"
    while tag in lowered:
        tag += "-x"
    parts: list[str] = []
    at = 0  # where what is not yet copied begins
    hidden = 0  # how many templates are open around here, none of them a shadow root
    shadows = found = 0
    position = 0
    while (token := _TOKEN.search(source, position)) is not None:
        position = token.end()
        name = (token["name"] or "").lower()
        if name in _RAW and not token["close"]:
            position = _end_of_raw(source, name, position)
        if name != "template":
            continue
        if not hidden:
            parts.append(source[at : token.start()])
            at = token.end()
        if token["close"]:
            if hidden:
                hidden -= 1
                at = token.end()
            elif shadows:
                shadows -= 1
                parts.append(f"</{tag}>")
        elif not hidden and _is_shadow(token["attributes"]):
            shadows, found = shadows + 1, found + 1
            parts.append(f"<{tag}>")
        else:
            hidden += 1
    if not hidden:
        parts.append(source[at:])
    return "".join(parts), tag if found else ""


def _is_shadow(attributes: str) -> bool:
    """Whether a template's attributes make it a shadow root; of an attribute that is repeated the first counts."""
    for found in _ATTRIBUTE.finditer(attributes):
        if found["name"].lower() == "shadowrootmode":
            return (found["two"] or found["one"] or found["none"] or "").lower() in ("open", "closed")
    return False


def _end_of_raw(source: str, name: str, start: int) -> int:
    """The place of the end tag of an element whose content is not markup, else the end of the page."""
    if name == "plaintext":
        return len(source)
    end = re.compile(rf"</{name}(?=[{_WS}/>])", re.IGNORECASE | re.ASCII).search(source, start)
    return len(source) if end is None else end.start()


def draw_shadow_roots(root: HtmlElement, tag: str) -> None:
    """Put each shadow root in the place of its host's children, which fill its slots; outer ones first."""
    hosts: set[HtmlElement] = set()
    for shadow in list(root.iter(tag)):
        host = shadow.getparent()
        if host is None:  # it went with the children of a host
            continue
        if host in hosts or host.tag == tag or not (host.tag in _HOSTS or "-" in host.tag):
            remove(shadow)
            continue
        hosts.add(host)
        children = _children(host, tag)
        shadow.tail = host.text = None
        for child in list(host):
            if child is not shadow:
                child.tail = None
                host.remove(child)
        _fill_slots(shadow, children, tag)
        _settle(shadow)


def _children(host: HtmlElement, tag: str) -> list[str | HtmlElement]:
    """The children of a host in order, texts included, without its shadow roots."""
    nodes: list[str | HtmlElement] = [host.text] if host.text else []
    for child in host:
        if child.tag != tag:
            nodes.append(child)
        if child.tail:
            nodes.append(child.tail)
    return nodes


def _fill_slots(shadow: HtmlElement, children: list[str | HtmlElement], tag: str) -> None:
    """The first slot of each name takes the children that ask for it; a slot that nothing asks for shows its own."""
    by_name: dict[str, list[str | HtmlElement]] = {}
    for child in children:
        name = "" if isinstance(child, str) else child.get("slot") or ""
        by_name.setdefault(name, []).append(child)
    for slot in list(shadow.iter("slot")):
        inner = next((part for part in slot.iterancestors(tag)), None)
        nodes = by_name.pop(slot.get("name") or "", None) if inner is shadow else None
        if inner is shadow:
            if nodes is not None:
                slot[:] = []
                slot.text = None
                _append(slot, nodes)
            _settle(slot)


def _append(element: HtmlElement, nodes: list[str | HtmlElement]) -> None:
    last: HtmlElement | None = None
    for node in nodes:
        if not isinstance(node, str):
            element.append(node)
            last = node
        elif last is None:
            element.text = (element.text or "") + node
        else:
            last.tail = (last.tail or "") + node


def _settle(element: HtmlElement) -> None:
    """Give a slot or a shadow root a tag that the rest of the code knows."""
    blocks = any(part.tag in BLOCKS for part in element.iterdescendants())
    element.attrib.clear()
    element.tag = "div" if blocks else "span"
