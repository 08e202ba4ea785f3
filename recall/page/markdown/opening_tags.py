"""Reads the opening tags of a serialised body: what an element is, and what its markup says of it.

In: the source of a tag as XML writes it. Out: `Tag`. Pages repeat their tags, so that each is read once.
"""

import re
import zlib
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Final

from recall.page.markdown.tree import BLOCK, BLOCKS, HIDDEN_STYLE

TABLE_BITS: Final = 14
"""Words of classes and ids are hashed to so many."""

MAX_KEPT: Final = 1000
"""Characters; longer tags, as those that hold their picture, are not kept for when they come again."""

_ATTRIBUTE: Final = re.compile(
    r'(?:^|\s)(class|id|role|style|hidden|alt|type|aria-expanded|disabled|checked|n|start|colspan|rowspan|POST|VIEW)="([^"]*)"'
)
_ICON: Final = re.compile(r"\bmaterial-(?:icons|symbols)")
_CASE: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@dataclass(frozen=True, slots=True)
class Tag:
    """An opening tag. tokens: hashes of its name and of the words of its class, id and role."""

    name: str
    tokens: tuple[int, ...]
    block: bool
    attributes: dict[str, str]


def token(text: str) -> int:
    """The hash of a word of markup."""
    return zlib.crc32(text.encode("utf-8", "replace")) & ((1 << TABLE_BITS) - 1)


@lru_cache(maxsize=1 << 15)
def parse_tag(source: str) -> Tag:
    """The tag between angle brackets, as XML writes it."""
    name, _, rest = source.partition(" ")
    name = name.rstrip("/")
    found = {key: unescape(value) for key, value in _ATTRIBUTE.findall(rest)} if rest else {}
    tokens = {token(f"t:{name}")}
    for kind in ("class", "id"):
        for word in found.get(kind, "").split()[:12]:
            tokens.add(token(f"{kind[0]}:{word[:60].lower()}"))
            tokens.update(token(f"w:{part.lower()}") for part in _CASE.findall(word[:60])[:6])
    if "role" in found:
        tokens.add(token(f"r:{found['role'][:30].lower()}"))
    if "hidden" in found or HIDDEN_STYLE.search(found.get("style", "")):
        tokens.add(token("hidden"))
    if name in ("i", "span") and _ICON.search(found.get("class", "")):
        name = "svg"  # its text is the name of a picture
    block = name in BLOCKS or name in ("body", "noscript", BLOCK)
    return Tag(name, tuple(sorted(tokens)), block, found)


def tag_of(source: str) -> Tag:
    """The same, read anew where the tag is long."""
    return parse_tag(source) if len(source) <= MAX_KEPT else parse_tag.__wrapped__(source)
