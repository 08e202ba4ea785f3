"""The title that a page's document has, and what names its site.

In: the tree and the host of the page. Out: the parts of the document's title, and which of them are the site's name.
"""

import re
from dataclasses import dataclass
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import text_of

MAX_TEXT: Final = 300
"""Characters of a link or a picture's words that may name the site."""

MIN_NAME: Final = 3
"""Letters of a name."""

LETTERS: Final = re.compile(r"[^\W_]+")
_HOME: Final = re.compile(r"(?:https?:)?//[^/?#]+/?|/|\.{1,2}/|/?index\.\w{3,5}", re.IGNORECASE)
"""A link to the first page of a site."""

_SEPARATOR: Final = re.compile(r"\s+(?:[|\-–—·•»«:/~]|::)\s+|\s*[|»]\s*")


@dataclass(frozen=True, slots=True)
class DocumentTitle:
    """text: of `<title>`. sites: names of the site. host: of the URL, "" where it is unknown."""

    text: str
    sites: frozenset[str] = frozenset()
    host: str = ""

    @property
    def pieces(self) -> list[str]:
        """What separators part in the title."""
        return [piece.strip() for piece in _SEPARATOR.split(" ".join(self.text.split())) if piece and piece.strip()]

    @property
    def parts(self) -> list[str]:
        """The pieces, the site's names left out unless nothing else stands there."""
        parts = self.pieces
        own = [part for part in parts if not self.names_site(letters_of(part))]
        return own if own and len(parts) > 1 else parts

    def names_site(self, letters: str) -> bool:
        """Whether letters are the site's name by its metadata or host."""
        return bool(letters) and (
            letters in self.sites or (len(letters) > MIN_NAME and letters in letters_of(self.host))
        )

    @property
    def is_only_site(self) -> bool:
        """Whether the whole title is names of the site."""
        rest = letters_of(self.text)
        for name in sorted(self.sites, key=len, reverse=True):
            rest = rest.replace(name, " ") if len(name) >= MIN_NAME else rest
        return bool(self.text) and not rest.strip()

    def is_site(self, letters: str) -> bool:
        """Whether letters are the site's name: by its metadata or host, or the title's last part of several."""
        parts = self.parts
        return self.names_site(letters) or (len(parts) > 1 and letters == letters_of(parts[-1]))


def site_names(root: HtmlElement, host: str) -> frozenset[str]:
    """Letters of what names the site: its metadata, and the links to its first page. host: of the page, or ""."""
    names = [meta.get("content") or "" for meta in root.iter("meta") if meta.get("property") == "og:site_name"]
    names += [text_of(link)[:MAX_TEXT] for link in root.iter("a") if _leads_home(link.get("href") or "", host)]
    for picture in root.iter("img"):  # the logo, on whichever host the first page is
        around = picture.getparent()
        if around is not None and around.tag == "a" and _HOME.fullmatch((around.get("href") or "").strip()):
            names += [(picture.get("alt") or "")[:MAX_TEXT]]
    return frozenset(letters_of(name) for name in names) - {""}


def _leads_home(target: str, host: str) -> bool:
    target = target.strip()
    if _HOME.fullmatch(target) is None:
        return False
    _, absolute, other = target.partition("//")
    return not absolute or not host or other.strip("/").removeprefix("www.") in host


def letters_of(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return "".join(LETTERS.findall(text.lower()))
