"""A body that is no HTML → its characters, and the page of bare text that is scored.

Bytes are decoded as those of pages are, with the encoding that a source file's first two lines name (PEP 263) where the
header names none. Lines end with a line feed, as in HTML; nothing else is changed. Raises BrokenNotebook.
"""

import re
from typing import Final

from recall.page.files.notebook import read_notebook
from recall.page.text import decode
from recall.records import PLAIN_TEXT, BodyKind

_CODING: Final = re.compile(rb"\A(?:[^\n]{0,200}\n)?[^\n]{0,200}?coding[:=][ \t]*([-_.a-zA-Z0-9]{1,40})")


def characters(body: bytes, charset: str | None = None) -> str:
    """The characters of a body. charset: of the HTTP header, unverified."""
    named = None if charset else _CODING.match(body)
    text = decode(body, named[1].decode() if named else charset)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def text_page(body: bytes, charset: str | None, kind: BodyKind) -> bytes:
    """The page, in UTF-8, that shows what the model reads of a body: its text; of a notebook cells and outputs."""
    text = characters(body, charset)
    shown = read_notebook(text).plain() if kind is BodyKind.NOTEBOOK else text
    return PLAIN_TEXT + shown.encode("utf-8", "replace")
