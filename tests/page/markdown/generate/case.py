"""A page of the collection with what must come out of it, and how it is written to disk."""
# runs by hand, beside generators that are no dependency
# mypy: ignore-errors

import html
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from snippets import AFTER, BEFORE, FRAME

PAGES = Path(__file__).resolve().parent.parent / "pages"


@dataclass(frozen=True)
class Case:
    """blocks: (language or None where the page tells none that we claim, code), in order.

    present, absent: strings that the Markdown must and must not hold. generator: what built the markup.
    """

    layout: str
    name: str
    page: str
    blocks: list[tuple[str, str]]
    present: tuple[str, ...] = (BEFORE, AFTER)
    absent: tuple[str, ...] = FRAME
    generator: str = "by hand"
    encoding: str = "utf-8"
    extra: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        folder = PAGES / self.layout
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.html").write_bytes(self.page.encode(self.encoding))
        expected = {
            "generator": self.generator,
            "blocks": [{"language": language, "code": code} for language, code in self.blocks],
            "present": list(self.present),
            "absent": list(self.absent),
            **({"charset": self.encoding} if self.encoding != "utf-8" else {}),
        }
        text = json.dumps(expected, ensure_ascii=False, indent=1) + "\n"
        (folder / f"{self.name}.json").write_text(text, encoding="utf-8")


def escape(code: str) -> str:
    """Code as it stands in HTML text."""
    return html.escape(code, quote=False)


def nbsp(line: str) -> str:
    """A line as old pages write it: each leading space and each second space of a run a no-break space."""
    body = line.lstrip(" ")
    return "&nbsp;" * (len(line) - len(body)) + re.sub(" (?= )", "&nbsp;", escape(body))


def slim(page: str) -> str:
    """A generated page without scripts, styles and head links: they show nothing."""
    page = re.sub(r"(?s)<script\b[^>]*>.*?</script>", "", page)
    page = re.sub(r"(?s)<style\b[^>]*>.*?</style>", "", page)
    page = re.sub(r"(?s)<svg\b.*?</svg>", "", page)
    return re.sub(r"<link\b[^>]*>", "", page)
