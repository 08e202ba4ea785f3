"""A detected span of personal data, and what a text has in its stead.

In prose, RefineCode's placeholders. In code, something of the same lexical shape, made of the characters that the data
itself is made of, so that strings, markup, YAML, shells and bare words parse as before: an address for documentation
(RFC 2606, 5737, 3849) for an address, as many fives for a number, capital letters for a secret. A placeholder is
itself never detected again.
"""

import re
from dataclasses import dataclass

PROSE = {"email": "<email>", "phone": "<phone>", "ip": "<ip>", "key": "<key>", "password": "<password>"}
EMAIL, IPV4, IPV6, KEY, PASSWORD = "email@example.com", "192.0.2.1", "2001:db8::1", "KEY", "PASSWORD"

_DIGIT = re.compile(r"\d")
ENCODED = re.compile(r"(?:(?<=\\[nrt])|(?<![A-Za-z0-9+/=\\]))[A-Za-z0-9+/=]{8,}")
"""A run of base64 in a key of several lines, whose line ends may be spelled \\n."""


@dataclass(frozen=True, slots=True)
class PersonalSpan:
    """Characters [start, end) that are personal. kind: one of KINDS."""

    kind: str
    start: int
    end: int


KINDS = tuple(PROSE)


def in_prose(span: PersonalSpan) -> str:
    """The placeholder outside code."""
    return PROSE[span.kind]


def in_code(span: PersonalSpan, was: str) -> str:
    """The placeholder inside code for `was`; a secret of several lines keeps its lines, quotes and indentation."""
    if span.kind == "email":
        return EMAIL
    if span.kind == "phone":
        return _DIGIT.sub("5", was)
    if span.kind == "ip":
        return IPV6 if ":" in was else IPV4
    if was.isdecimal():
        return "5" * len(was)
    word = KEY if span.kind == "key" else PASSWORD
    return ENCODED.sub(word, was) if "\n" in was or "\\n" in was else word
