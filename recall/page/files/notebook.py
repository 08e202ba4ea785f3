"""A Jupyter notebook → its cells in order, of versions 2 to 4 of nbformat.

In: the notebook's JSON. Out: cells of Markdown and of code, and outputs as text; images and other media are counted,
not kept. The format is that of nbformat's documentation ("The Notebook file format") and of its schemas; nbformat
itself would validate by jsonschema, refuse what is slightly wrong, and bring five packages. Raises BrokenNotebook for
what is no notebook. Bounded by the body's size; JSON that is nested deeper than Python reads is broken.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

OUTPUT: Final = "output"
"""The word of a fence around what code printed."""

MAX_OUTPUT: Final = 20_000
"""Characters of an output that are kept: more is a log."""

_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]{0,20}[ -/]?[@-~]")
"""Terminal control sequences (ECMA-48, 5.4), by which tracebacks are coloured."""

_DATA_URL: Final = re.compile(r"(?<=\()data:[a-z]+/[a-z0-9.+-]{1,60};base64,[A-Za-z0-9+/=\s]*+(?=[)\"' ])")
_DATA_IN_TAG: Final = re.compile(r"(?<=[\"'])data:[a-z]+/[a-z0-9.+-]{1,60};base64,[A-Za-z0-9+/=\s]*+(?=[\"'])")
_TEXT_IN_V3: Final = ("text",)
_TEXT_IN_V4: Final = ("text/plain", "text/markdown", "text/latex")
_MEDIA: Final = ("image/", "video/", "audio/", "application/", "png", "jpeg", "svg", "pdf")
_DRAWN: Final = re.compile(r"\s*<[\w.]*(?:Figure|Axes|Image|Video|Audio|Plot|Canvas|Map)[^<>\n]{0,300}>\s*")
"""What Python prints of an object that is shown as a picture."""

_MAGIC: Final = re.compile(r"%%(\w+)")
_MAGIC_LANGUAGES: Final = {
    "bash": "bash", "sh": "bash", "script": "", "javascript": "javascript", "js": "javascript", "html": "html",
    "perl": "perl", "ruby": "ruby", "r": "r", "sql": "sql", "latex": "latex", "svg": "xml", "cython": "cython",
    "writefile": "", "file": "", "markdown": "markdown", "system": "bash",
}  # fmt: skip


class BrokenNotebook(ValueError):
    """What claims to be a notebook is none."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell or an output. language: of code, as the notebook names it, "" where it names none."""

    kind: Literal["markdown", "code", "output"]
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Notebook:
    """Cells and outputs in order. title: of its metadata; left_out: images, other media and ends of long outputs."""

    cells: tuple[Cell, ...]
    title: str = ""
    left_out: int = 0

    def plain(self) -> str:
        """The text of all cells and outputs."""
        return "\n\n".join(cell.text for cell in self.cells)


def read_notebook(text: str) -> Notebook:
    """The notebook in a JSON text. Raises BrokenNotebook."""
    try:
        raw = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise BrokenNotebook(f"no JSON: {type(error).__name__}") from None
    reading = _Reading(_object(raw))
    cells = tuple(reading.cells())
    metadata = _object(_object(raw).get("metadata"))
    return Notebook(cells, _line(metadata.get("title") or metadata.get("name")), reading.left_out)


class _Reading:
    """One notebook as it is read. left_out: as in Notebook."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.left_out = 0
        metadata = _object(raw.get("metadata"))
        language, kernel = _object(metadata.get("language_info")), _object(metadata.get("kernelspec"))
        self._language = _line(language.get("name")) or _line(kernel.get("language")) or "python"
        sheets = raw.get("worksheets")
        if isinstance(raw.get("cells"), list):
            self._cells = raw["cells"]
        elif isinstance(sheets, list):
            self._cells = [cell for sheet in sheets for cell in _several(_object(sheet).get("cells"))]
        else:
            raise BrokenNotebook("neither cells nor worksheets")

    def cells(self) -> Iterator[Cell]:
        """Every cell that holds text, each with its outputs behind it."""
        for cell in map(_object, self._cells):
            kind, text = cell.get("cell_type"), _joined(cell.get("source"))
            if kind == "code":
                yield from self._code(cell)
            elif kind == "heading":
                level = cell.get("level")
                signs = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1)
                yield from self._prose(f"{signs} {_line(text)}" if text.strip() else "")
            elif kind in ("markdown", "html", "raw", "plaintext"):
                yield from self._prose(text)

    def _prose(self, text: str) -> Iterator[Cell]:
        for data in (_DATA_URL, _DATA_IN_TAG) if "data:" in text else ():
            text, images = data.subn("", text)
            self.left_out += images
        if text.strip():
            yield Cell("markdown", text.strip("\n"))

    def _code(self, cell: dict[str, Any]) -> Iterator[Cell]:
        code = _joined(cell.get("source") if cell.get("source") is not None else cell.get("input"))
        own = cell.get("language")
        if code.strip():
            magic = _MAGIC.match(code)
            language = _line(own) if isinstance(own, str) else self._language
            yield Cell("code", code, _MAGIC_LANGUAGES.get(magic[1].lower(), language) if magic else language)
        shown = [text for output in _several(cell.get("outputs")) if (text := self._output(_object(output))).strip()]
        if shown:
            yield Cell("output", "\n".join(text.strip("\n") for text in shown))

    def _output(self, output: dict[str, Any]) -> str:
        """The text of an output, "" where it is none."""
        kind = output.get("output_type")
        if kind in ("error", "pyerr"):
            traceback = output.get("traceback")
            named = f"{_line(output.get('ename'))}: {_line(output.get('evalue'))}"
            lines = [_joined(line) for line in traceback] if isinstance(traceback, list) else []
            return self._bounded("\n".join(lines) or named)
        if kind == "stream":
            return self._bounded(_joined(output.get("text")))
        data = output.get("data")
        shown, names = (_object(data), _TEXT_IN_V4) if data is not None else (output, _TEXT_IN_V3)
        media = [key for key in shown if isinstance(key, str) and key.startswith(_MEDIA)]
        text = next((_joined(shown[name]) for name in names if name in shown), "")
        if media and (not text.strip() or _DRAWN.fullmatch(text)):
            self.left_out += 1
            return ""
        return self._bounded(text)

    def _bounded(self, text: str) -> str:
        """An output without control sequences, cut at the end of a line where it is long."""
        text = _ESCAPES.sub("", text)
        if len(text) <= MAX_OUTPUT:
            return text
        self.left_out += 1
        return text[: text.rfind("\n", 0, MAX_OUTPUT) + 1] or text[:MAX_OUTPUT]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _joined(value: Any) -> str:
    """A multiline string, which is a string or a list of its lines.

    Halves of surrogate pairs, which JSON can hold and UTF-8 cannot, become U+FFFD where they do not make a pair.
    """
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    if not isinstance(value, str):
        return ""
    whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


def _line(value: Any) -> str:
    """A string as one line of at most 300 characters, "" for anything else."""
    return " ".join(_joined(value[:300]).split()) if isinstance(value, str) else ""
