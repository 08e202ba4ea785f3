"""Code laid out as a table: a gutter of line numbers beside the code, or one row for each line.

In: a `<table>`. Out: its code, or None where it is a table of data or of layout. Numbers alone do not make a table
code: a class name, a `<pre>` or a `<code>` in the cells has to say so.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.code_hints import looks_like_code
from recall.page.markdown.code_lines import code_text, keeps_spaces, raw_lines, tidy
from recall.page.markdown.line_numbers import are_line_numbers, counts_up
from recall.page.markdown.tree import ancestors, holds, monospace, squashed, text_of

_TABLE_CLASS: Final = re.compile(
    r"highlight|hljs|code|syntax|blob|diff|source|listing|lines|rouge|lntable|crayon|geshi|filecontents|processed", re.I
)
_CODE_CELL: Final = re.compile(
    r"blob-code|lines-code|hljs-ln-code|linecontents?|line-content|line_content|diff-line|line-code|\bcode\b|lines\b"
    r"|\bline\b|-code\b|\bsource\b|\bsrc\b|de1|line-source|blob-line",
    re.I,
)
_NUMBER_CELL: Final = re.compile(
    r"gutter|line-?_?num|lineno|linenos|blob-num|lines-num|\bln\b|lntd|-num|number|\bline\b|lnum|nums\b", re.I
)
_NUMBER: Final = re.compile(r"[\s\u00a0]*(\d+[.:|]?)?[\s\u00a0]*")
_MARKER: Final = re.compile(r"[\s\u00a0]*[-+−@ ]?[\s\u00a0]*")
MAX_ROWS: Final = 20_000


def code_table(table: HtmlElement) -> tuple[str, HtmlElement] | None:
    """The code of a table and the element that names its language, or None."""
    rows = [
        row
        for row in table.iter("tr")
        if next(row.iterancestors("table"), None) is table and any(cell.tag in ("td", "th") for cell in row)
    ]
    if not rows or len(rows) > MAX_ROWS:
        return None
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
    if max(len(row) for row in cells) < 2:
        return None
    if len(rows) <= 2:
        beside = _beside_gutter(cells)
        if beside is not None:
            return beside
    return _patch(cells) or _row_per_line(table, cells)


def _beside_gutter(rows: list[list[HtmlElement]]) -> tuple[str, HtmlElement] | None:
    """One row: numbers in one cell, all the code in another."""
    cells = max(rows, key=len)
    gutters = [cell for cell in cells if _is_gutter(cell)]
    others = [cell for cell in cells if cell not in gutters and text_of(cell).strip()]
    if not gutters or len(others) != 1:
        return None
    cell = others[0]
    pre = next(cell.iterdescendants("pre"), None)
    marked = _NUMBER_CELL.search(gutters[0].get("class") or "") or _CODE_CELL.search(cell.get("class") or "")
    if pre is None and not (marked or holds(cell, "code")):
        return None
    if holds(cell, "table"):
        return code_table(next(cell.iterdescendants("table"), None))
    text = cell_text(cell)
    extra = len(" ".join(gutters[0].itertext()).split()) - (text.count("\n") + 1)
    if not marked and (extra not in (0, 1) or not (_is_code_table(cell) or looks_like_code(text))):
        return None
    return text, pre if pre is not None else cell


def _is_code_table(cell: HtmlElement) -> bool:
    """Whether the table around a cell, or what holds the table, has a class that code has."""
    table = next(cell.iterancestors("table"))
    return any(_TABLE_CLASS.search(part.get("class") or "") for part in (table, *ancestors(table, 2)))


def cell_text(cell: HtmlElement) -> str:
    """The code of one cell: of its only `<pre>` if there is one, so that layout around it does not count."""
    pres = list(cell.iterdescendants("pre"))
    if len(pres) == 1:
        return code_text(pres[0], keep=True)
    codes = list(cell.iterdescendants("code"))
    lines = holds(cell, "div") or holds(cell, "br")
    if pres:
        return "\n".join(tidy_line(raw_lines(pre, keep=True)) for pre in pres)
    return code_text(cell, keep=(len(codes) == 1 and not lines) or keeps_spaces(cell))


def tidy_line(text: str) -> str:
    """One line of a row: layout around it goes, its indentation stays."""
    return text.strip("\n").replace("\u00a0", " ")


def _is_gutter(cell: HtmlElement) -> bool:
    first = next((text for text in cell.itertext() if not text.isspace()), "")
    if not first.lstrip()[:1].isdecimal():
        return False
    text = " ".join(cell.itertext())
    if are_line_numbers(text):
        return True
    words = text.split()
    if len(words) == 1 and words[0].isdecimal():
        return bool(_NUMBER_CELL.search(cell.get("class") or ""))
    # numbers run together where each has a block of its own
    digits = "".join(words)
    return (
        digits.isdecimal()
        and digits.startswith("123")
        and digits == "".join(map(str, range(1, len(digits) + 1)))[: len(digits)]
    )


def _patch(rows: list[list[HtmlElement]]) -> tuple[str, HtmlElement] | None:
    """Each row: the old line's number, the new one's, either may be missing, and a line that says how it changed."""
    if len(rows) < 2 or any(len(row) != 3 for row in rows):
        return None
    texts = [[text_of(cell) for cell in row] for row in rows]
    numbers = [[text[place].strip() for text in texts] for place in (0, 1)]
    if any(number and not number.isdecimal() for column in numbers for number in column):
        return None
    columns = [[(index, int(number[:9])) for index, number in enumerate(column) if number] for column in numbers]
    if not all(columns) or not all(counts_up(column, len(rows)) for column in columns):
        return None
    signs = {text[2][:1] or " " for text in texts}
    if not signs <= set(" \u00a0+-−@") or signs.isdisjoint("+-−"):
        return None
    lines = [tidy_line(raw_lines(row[2], keep=_keeps(row[2]))) for row in rows]
    text = tidy("\n".join(lines), keep=True)
    return (text, rows[0][2]) if text else None


def _row_per_line(table: HtmlElement, rows: list[list[HtmlElement]]) -> tuple[str, HtmlElement] | None:
    """Each row: number cells, perhaps a mark of change, then the line."""
    if not _says_code(table, rows):
        return None
    numbered = sum(1 for row in rows if len(row) > 1 and _is_number(row[0]))
    if numbered < 0.8 * len(rows) or not _counts_rows(rows):
        return None
    lines: list[str] = []
    proof = False
    for row in rows:
        codes = [cell for cell in row if not _is_number(cell)]
        proof = proof or any(_is_counted(cell) for cell in row)
        if not _is_header(row):
            lines.extend(_row_lines(codes))
    text = tidy("\n".join(lines), keep=True)
    return (text, rows[0][-1]) if proof and text else None


def _counts_rows(rows: list[list[HtmlElement]]) -> bool:
    """Whether the numbers in front of the lines count them, column by column; no other numbers are a gutter's."""
    columns: dict[int, list[tuple[int, int]]] = {}
    for index, row in enumerate(rows):
        for place, cell in enumerate(row):
            if not _is_number(cell):
                break
            digits = squashed(text_of(cell)).rstrip(".:|")
            if digits.isdecimal():
                columns.setdefault(place, []).append((index, int(digits[:9])))
    return all(counts_up(column, len(rows)) for column in columns.values())


def _row_lines(codes: list[HtmlElement]) -> list[str]:
    if not codes:
        return [""]
    texts = [tidy_line(raw_lines(cell, keep=_keeps(cell))) for cell in codes]
    if len(codes) == 1:
        return [_change_mark(codes[0]) + texts[0]]
    if len(codes) == 2 and _MARKER.fullmatch(text_of(codes[0])):
        mark = text_of(codes[0]).strip() or _change_mark(codes[0]) or _change_mark(codes[1])
        marked = mark or not _CODE_CELL.search(codes[0].get("class") or "")
        return [(mark or " ") + texts[1]] if marked else [texts[1]]
    if texts[0].strip() == texts[1].strip():
        return [_change_mark(codes[0]) + texts[0]]
    # side by side: what went, what came
    sides = zip("-+", texts, strict=False)
    return [sign + text for sign, text in sides if text.strip()]


def _keeps(cell: HtmlElement) -> bool:
    """A cell whose line breaks are `<br>` or nothing: white space in it is shown."""
    return "\n" not in text_of(cell).strip("\n \t")


def _change_mark(cell: HtmlElement) -> str:
    """The + or - that style sheets draw in front of a changed line."""
    for element in cell.iter("*"):
        mark = element.get("data-code-marker") or element.get("data-type-marker")
        if mark is not None:
            return mark if mark.strip() else " "
    return ""


def _is_counted(cell: HtmlElement) -> bool:
    """Whether a cell holds its line's number, as text or in an attribute that a style sheet draws."""
    if _NUMBER.fullmatch(text_of(cell)) and text_of(cell).strip():
        return True
    return any(part.get("data-line-number") or part.get("data-line-num") for part in (cell, *cell))


def _is_number(cell: HtmlElement) -> bool:
    if not _NUMBER.fullmatch(text_of(cell)):
        return False
    if text_of(cell).strip() or cell.get("data-line-number") is not None or cell.get("data-line-num") is not None:
        return True
    return bool(_NUMBER_CELL.search(cell.get("class") or "")) and not _CODE_CELL.search(
        (cell.get("class") or "").replace("line-num", "").replace("lines-num", "")
    )


def _is_header(row: list[HtmlElement]) -> bool:
    return all(cell.tag == "th" for cell in row) and not any(squashed(text_of(cell)).isdecimal() for cell in row)


def _says_code(table: HtmlElement, rows: list[list[HtmlElement]]) -> bool:
    """Whether class names or `<pre>`/`<code>` in the cells say that the table shows code."""
    if any(ancestor.tag in ("pre", "code") for ancestor in ancestors(table, 4)):
        return True
    sample = [row[-1] for row in rows[:20] if row]
    if monospace(table) or all(map(monospace, sample)):
        return True
    told = sum(1 for cell in sample if _CODE_CELL.search(cell.get("class") or ""))
    held = sum(1 for cell in sample if holds(cell, "code") or holds(cell, "pre"))
    if told >= 0.7 * len(sample):
        return True
    if held >= 0.7 * len(sample):
        # a table of names and what they mean has prose beside the code
        return all(
            squashed(text_of(row[-1])) == squashed("".join(map(_code_only, [row[-1]]))) for row in rows[:20] if row
        )
    return bool(_TABLE_CLASS.search(table.get("class") or "")) and any(
        cell.get("data-line-number") or _NUMBER_CELL.search(cell.get("class") or "") for row in rows[:3] for cell in row
    )


def _code_only(cell: HtmlElement) -> str:
    pres = list(cell.iterdescendants("pre")) or list(cell.iterdescendants("code"))
    return " ".join(text_of(pre) for pre in pres)
