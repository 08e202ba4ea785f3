"""The language of a block of code whose page does not name one, where its first line or its form leaves no question.

In: the text of a block. Out: the language's name, or nothing. Guesses are not made: docs/extraction.md says why.
"""

import json
import re
from typing import Final

MAX_JSON: Final = 20_000
"""Characters of a block that is tried as JSON."""

_INTERPRETERS: Final = {"sh": "bash", "bash": "bash", "python": "python", "perl": "perl", "ruby": "ruby",
                        "node": "javascript", "php": "php"}  # fmt: skip
_SHEBANG: Final = re.compile(
    r"#! ?/\S{0,80}?(?:/env(?: -S)? |/)(sh|bash|python|perl|ruby|node|php)[\d.]{0,6}(?: |\n|$)"
)
_SIGNS: Final = (
    (re.compile(r">>> \S"), "pycon"),
    (re.compile(r"\$ [a-z./]"), "console"),
    (re.compile(r"<\?php\b"), "php"),
    (re.compile(r"<\?xml (?:version|encoding)="), "xml"),
    (re.compile(r"<!doctype html\b", re.I), "html"),
    (re.compile(r"diff --git a/"), "diff"),
)


def language_by_signs(text: str) -> str:
    """The word for a fence, by the shebang, prompt or declaration that the text begins with, or as a JSON object."""
    text = text.lstrip("\n")
    shebang = _SHEBANG.match(text)
    if shebang:
        return _INTERPRETERS[shebang[1]]
    for sign, language in _SIGNS:
        if sign.match(text):
            return language
    return "json" if _is_json_object(text) else ""


def _is_json_object(text: str) -> bool:
    """Whether a text is an object of JSON with a key."""
    if not text.startswith("{") or '"' not in text or len(text) > MAX_JSON or not text.rstrip().endswith("}"):
        return False
    try:
        return bool(json.loads(text))
    except (ValueError, RecursionError):
        return False
