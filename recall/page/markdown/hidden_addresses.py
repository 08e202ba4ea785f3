"""Decodes the e-mail addresses that Cloudflare hides in pages, so that they read as the author wrote them.

In: the tree. Out: the tree changed in place. Cloudflare writes an address as hexadecimal bytes, each XORed with the
first (Cloudflare documentation, "Email Address Obfuscation"), in an attribute or in a link to its decoder; in code it
takes decorators, hosts and versions (`pkg@1.2`) for addresses. What does not decode to a text stays as it is.
"""

import re
from typing import Final

from lxml.html import HtmlElement

from recall.page.markdown.tree import text_of

MAX_LENGTH: Final = 1_000
_HIDDEN: Final = re.compile(r"(?:[0-9a-fA-F]{2}){2,}")
_LINK: Final = re.compile(r"/cdn-cgi/l/email-protection#([0-9a-fA-F]+)(.*)", re.S)
_SHOWN: Final = re.compile(r"\[email.protected\]", re.S)


def decode_address(hidden: str) -> str | None:
    """The address of a hexadecimal text, None where it holds none."""
    if len(hidden) > MAX_LENGTH or not _HIDDEN.fullmatch(hidden):
        return None
    key, *rest = bytes.fromhex(hidden)
    try:
        address = bytes(byte ^ key for byte in rest).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return address if address.isprintable() else None


def reveal_addresses(root: HtmlElement, text: str) -> None:
    """Set each hidden address of a page as text. text: the page that the tree was parsed from."""
    if "cfemail" not in text and "email-protection#" not in text:
        return
    for element in list(root.iter("a", "span", "template")):
        hidden = element.get("data-cfemail")
        link = _LINK.search(element.get("href") or "") if hidden is None else None
        address = decode_address(link[1] if link else hidden or "")
        if address is None:
            continue
        if link:
            element.set("href", f"mailto:{address}{link[2]}")
            if not _SHOWN.fullmatch(text_of(element).strip()):
                continue
        tail = element.tail
        for child in list(element):
            element.remove(child)
        element.text, element.tail = address, tail
