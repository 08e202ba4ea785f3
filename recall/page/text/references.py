"""Character references resolved in text that is not read as HTML: titles, and pages that are taken as plain text."""

import html
import re

_ENDLESS = re.compile("&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")


def unescape(text: str) -> str:
    """`html.unescape` for hostile text: a reference beyond Unicode, of any length, is U+FFFD and raises nothing."""
    return html.unescape(_ENDLESS.sub("\ufffd", text))
