"""Dumps of browser editors: CodeMirror 5 and 6, Monaco, Ace.

In: an editor's outermost element. Out: its lines, or None where it shows none. Editors draw lines as absolutely placed
blocks, so the order in the markup need not be the order on the page, and spaces are no-break spaces.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_lines import raw_lines, tidy
from recall.page.markdown.tree import classes

EDITORS: Final = frozenset({"codemirror", "cm-editor", "monaco-editor", "ace_editor"})
_LINES: Final = frozenset({"codemirror-line", "cm-line", "view-line", "ace_line"})
_TOP: Final = re.compile(r"top\s*:\s*(-?\d+(?:\.\d+)?)px")
_ZERO_WIDTH: Final = re.compile("[\u200b\u200c\u2060\ufeff]")


def is_editor(element: HtmlElement) -> bool:
    """Whether the element is the outside of an editor."""
    return not EDITORS.isdisjoint(classes(element))


def editor_text(editor: HtmlElement) -> str | None:
    """The lines of an editor in the order in which it draws them."""
    found = [
        line
        for line in editor.iter("pre", "div", "span")
        if not _LINES.isdisjoint(classes(line)) and "codemirror-measure" not in classes(line.getparent())
    ]
    if not found:
        return None
    tops = [_top(line) for line in found]
    if all(top is not None for top in tops):
        found = [line for _, line in sorted(zip(tops, found, strict=True), key=lambda pair: pair[0] or 0.0)]
    lines = [_ZERO_WIDTH.sub("", raw_lines(line, keep=True)).strip("\n") for line in found]
    return tidy("\n".join(lines).replace("\u00a0", " "), keep=True)


def _top(line: HtmlElement) -> float | None:
    match = _TOP.search(line.get("style") or "")
    return float(match[1]) if match else None
