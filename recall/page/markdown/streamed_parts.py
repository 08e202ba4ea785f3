"""Puts parts that a server streamed where a script would put them, before anything is read from the page.

In: the page's source, then its tree. Out: the same, changed: React's `<div hidden id="S:1">` at the place of
`<template id="B:1">`, without what was shown there while it was awaited.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import remove

_HOLE: Final = re.compile(r"""<template\s+id=["']?([BP]:[0-9a-f]{1,8})["']?\s*>\s*</template\s*>""", re.I)
_WAITING: Final = re.compile(r"(?s)<!--\$\?-->(\s*<template\s+id=[^>]{1,20}></template>)(?:(?!<!--).)*+<!--/\$-->")


def mark_holes(source: str) -> str:
    """The source with an element for each place that a streamed part belongs to, and without what waits there."""
    if 'id="S:' not in source and "id='S:" not in source:
        return source
    return _HOLE.sub(r'<span id="\1"></span>', _WAITING.sub(r"\1", source))


def fill_holes(root: HtmlElement) -> None:
    """Move each streamed part to its place, if there is one."""
    parts = [part for part in root.iter("div") if part.get("hidden") is not None and (part.get("id") or "")[:2] == "S:"]
    if not parts:
        return
    holes = {hole.get("id"): hole for hole in root.iter("span") if (hole.get("id") or "")[:2] in ("B:", "P:")}
    for part in parts:
        number = part.get("id")[2:]
        hole = holes.pop(f"P:{number}", None)
        if hole is None:
            hole = holes.pop(f"B:{number}", None)
        if hole is None or hole in part.iterdescendants("span"):
            continue
        remove(part)
        part.tail = None
        del part.attrib["hidden"]
        hole.tag = "div"
        hole.append(part)
