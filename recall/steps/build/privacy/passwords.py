"""Passwords in URLs, configuration and command lines, and secrets under names that say so.

In: text. Out: the places of the values. Left alone: variables, calls, templates, and the words that documentation
writes where a password goes (`password`, `changeme`, `<your password>`).
"""

import re
from collections.abc import Iterator

from recall.steps.build.privacy.found import Found

_URL = re.compile(
    r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s:/@\"'<>\[\](){}]{0,64}:([^\s/@\"'<>{}\[\]()]{2,128})@(?=[\w\[])"
)


def passwords(text: str) -> Iterator[Found]:
    """Places of passwords."""
    if "://" in text:
        for found in _URL.finditer(text):
            yield Found("password", *found.span(1))
