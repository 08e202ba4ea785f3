"""Tabs of which each shows the same code for another tool or language: puts the label of each before what it shows.

In: the tree. Out: the tree; where as many panels with code stand behind a row of labels, each panel begins with its
label, set in bold, and the row is gone. Any other tabs stay as they are. A `<pre>` that holds the same code for several
tools, of which a field chooses one, becomes a `<pre>` for each.
"""

import re
from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import strong_class, weak_class
from recall.page.markdown.tree import HEADINGS, classes, holds, holds_more, remove, squashed, text_of, words

MAX_TABS: Final = 12
MAX_LABEL: Final = 40
_ROWS: Final = words(
    "tablist tabbed-labels nav-tabs tabs tabs-nav tab-labels code-tabs codetabs-toolbar tab-bar tabnav"
)
_ROW_TAGS: Final = ("ul", "ol", "div", "nav")
_LABELS: Final = words("li label button a span div")
_PANELS: Final = words("div section pre figure article")
_PANEL_CLASSES: Final = words("tabbed-block tabpanel tab-pane sd-tab-content sphinx-tabs-panel")
_CODE: Final = ("pre", "code", "textarea")
_LANGUAGE: Final = re.compile(r"(?:^| )lang(?:uage)?-\w")
_CHOOSERS: Final = frozenset({"input", "select", "button", "label"})


def place_tab_labels(root: HtmlElement) -> None:
    """Put the label of each tab that shows code in front of its code."""
    rows = [row for row in root.iter(*_ROW_TAGS) if _is_row(row)]
    for row in rows:
        labels = _labels(row)
        panels = _panels(row, len(labels)) if labels else []
        if not panels:
            continue
        for label, panel in zip(labels, panels, strict=True):
            made = panel.makeelement("p")
            bold = panel.makeelement("b")
            bold.text = label
            made.append(bold)
            if panel.tag == "pre" or _is_box_of_code(panel):
                panel.addprevious(made)
            else:
                made.tail, panel.text = panel.text, None
                panel.insert(0, made)
        remove(row)


def part_alternatives(root: HtmlElement) -> None:
    """Give each of the codes that a `<pre>` holds for a field to choose from a `<pre>` of its own."""
    for pre in list(root.iter("pre")):
        *before, _ = _alternatives(pre) or [None]
        for code in before:
            made = pre.makeelement("pre", dict(pre.attrib))
            pre.addprevious(made)
            code.tail = None
            made.append(code)


def _alternatives(pre: HtmlElement) -> list[HtmlElement]:
    """The children of a `<pre>` that hold a code each, told by their classes, where nothing but fields stands beside.

    The lines of a highlighter have one class, and no language each.
    """
    codes = pre.findall("code") if len(pre) > 1 else []
    if not 1 < len(codes) <= MAX_TABS or len(pre) > 2 * MAX_TABS:
        return []
    names = {code.get("class") for code in codes}
    if len(names) < len(codes) or (pre.text or "").strip() or any((part.tail or "").strip() for part in pre):
        return []
    fields = all(part.tag == "code" or part.tag in _CHOOSERS for part in pre)
    return codes if fields and all(_LANGUAGE.search(code.get("class") or "") for code in codes) else []


def _is_row(element: HtmlElement) -> bool:
    return element.get("role") == "tablist" or not _ROWS.isdisjoint(classes(element))


def _labels(row: HtmlElement) -> list[str]:
    """The words of the labels in a row, none where it holds anything else."""
    if holds_more(row, 2 * MAX_TABS) or (row.text or "").strip():
        return []
    parts = [part for part in row if part.tag != "input"]
    if len(parts) == 1 and parts[0].tag in ("ul", "ol"):
        parts = list(parts[0])
    labels = [squashed(text_of(part)) for part in parts]
    if not 1 < len(labels) <= MAX_TABS or any((part.tail or "").strip() for part in row):
        return []
    plain = all(part.tag in _LABELS and next(part.iter(*_CODE), None) is None for part in parts)
    short = all(0 < len(label) <= MAX_LABEL for label in labels)
    return labels if plain and short and len(set(labels)) == len(labels) else []


def _panels(row: HtmlElement, count: int) -> list[HtmlElement]:
    """As many panels as asked for behind a row, its siblings or the children of one, which hold code."""
    behind = [part for part in islice(row.itersiblings(), count + 1) if part.tag != "input"]
    if not behind or (row.tail or "").strip():
        return []
    inside = [part for part in islice(behind[0], count + 1) if isinstance(part.tag, str)]
    for panels in (inside, behind[:count] if len(behind) >= count else []):
        if len(panels) == count and (_hold_code(panels) or _are_panels(panels)):
            return panels
    return []


def _are_panels(panels: list[HtmlElement]) -> bool:
    """Whether elements are panels of tabs by their role or class, each with a paragraph or list and without heading."""
    named = all(part.get("role") == "tabpanel" or not _PANEL_CLASSES.isdisjoint(classes(part)) for part in panels)
    if not named or any((part.tail or "").strip() for part in panels[:-1]):
        return False
    return all(holds(part, "p", "li", "pre") and not holds(part, *HEADINGS, "form", "input") for part in panels)


def _is_box_of_code(panel: HtmlElement) -> bool:
    """Whether a panel is a block of code itself by its class, so that a label in it would be code."""
    name = panel.get("class") or ""
    return strong_class(name) or weak_class(name, languages=False)


def _hold_code(panels: list[HtmlElement]) -> bool:
    """Whether elements are panels with nothing between, more than half of them with code."""
    if any(panel.tag not in _PANELS or (panel.tail or "").strip() for panel in panels[:-1]):
        return False
    return 2 * sum(1 for panel in panels if next(panel.iter(*_CODE), None) is not None) > len(panels)
