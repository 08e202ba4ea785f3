"""What stands in a text where personal data stood.

In prose, RefineCode's placeholders. In code, something of the same lexical shape, made of the characters that the data
itself is made of, so that strings, markup, YAML, shells and bare words parse as before: an address for documentation
(RFC 2606, 5737, 3849) for an address, as many fives for a number, capital letters for a secret. A placeholder is
itself never found again.
"""

import re

from recall.corpus.filters.privacy.spans import Found

PROSE = {"email": "<email>", "phone": "<phone>", "ip": "<ip>", "key": "<key>", "password": "<password>"}
EMAIL, IPV4, IPV6, KEY, PASSWORD = "email@example.com", "192.0.2.1", "2001:db8::1", "KEY", "PASSWORD"

_DIGIT = re.compile(r"\d")
ENCODED = re.compile(r"(?:(?<=\\[nrt])|(?<![A-Za-z0-9+/=\\]))[A-Za-z0-9+/=]{8,}")
"""A run of base64 in a key of several lines, whose line ends may be spelled \\n."""


def in_prose(found: Found) -> str:
    """The placeholder outside code."""
    return PROSE[found.kind]


def in_code(found: Found, was: str) -> str:
    """The placeholder inside code; a secret of several lines keeps its lines, quotes and indentation."""
    if found.kind == "email":
        return EMAIL
    if found.kind == "phone":
        return _DIGIT.sub("5", was)
    if found.kind == "ip":
        return IPV6 if ":" in was else IPV4
    if was.isdecimal():
        return "5" * len(was)
    word = KEY if found.kind == "key" else PASSWORD
    return ENCODED.sub(word, was) if "\n" in was or "\\n" in was else word
