r"""URLs as the URL standard (WHATWG) reads them, and the URL key: what is compared where pages are told apart.

In: a URL as crawled or as a person wrote it. Out: Address, its parts, or one string. Refuses nothing: what the standard
refuses is cut by its punctuation (RFC 3986, appendix B), so such a page has a key and a host of its own.

The URL key is `host[:port]/path[?query]` of a web page, as `url_key` gives it. The standard's parser decides what is
host and path: user and fragment go, tabs and line ends go, `\` is `/`, dot segments and `%2e` are resolved, hosts are
lower case, in ASCII (UTS 46), IPv4 in any notation is four decimal numbers. On top of it, as the standard keeps apart
what servers do not:

- the scheme and the ports 80 and 443 go: a page is the same page on http and https;
- the final dot of a host goes: it only says that the name is complete (RFC 1034, 3.1);
- percent codes of unreserved characters are decoded, the others have upper-case digits (RFC 3986, 6.2.2);
- characters that no URI may hold and the parser leaves (`|`, and in queries `\ ^ { }` and the backtick) are encoded,
  as some clients do and others do not;
- a `%` that begins no code is encoded: decoding what follows it would make a code of it, and the key of a key differ.

A URL of another scheme keeps its scheme.
"""

import re
from typing import NamedTuple
from urllib.parse import quote

import can_ada

__all__ = ["Address", "address_of", "host_of", "is_web", "named_host", "stored_host", "unicode_host", "url_key"]

_DEFAULT_PORTS = frozenset({"", "80", "443"})
_WEB = frozenset({"http", "https"})
_ODD = re.compile(
    r"%(?![0-9A-Fa-f]{2})"
    r"|%(?:2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee]|[0-9A-Fa-f][a-f]|[a-f][0-9A-Fa-f])"
    r"|[\\^`{|}]"
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_PARTS = re.compile(r"([^/\\?#]*)([^?#]*)(?:\?([^#]*))?", re.DOTALL)
_ABSOLUTE = re.compile(r"https?://[^/\\?#]", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:]+\]")
_NAME = re.compile(r"[^\s/\\?#@:\[\]]+")
"""What may be a host when it stands alone."""
_SAFE = "!$%&'()*+,/:;=?@[]"
_TRIMMED = "".join(map(chr, range(0x21)))
"""What the standard takes off both ends: C0 controls and spaces."""
_DROPPED = dict.fromkeys(map(ord, "\t\n\r"))
"""What it takes out wherever it stands."""


class Address(NamedTuple):
    """The parts of a URL by which it is compared. port, query: "" where there is none; path: from its first slash."""

    scheme: str
    host: str
    port: str
    path: str
    query: str

    def key(self) -> str:
        """The URL key, as the module says."""
        host = self.host if self.port in _DEFAULT_PORTS else f"{self.host}:{self.port}"
        before = "" if self.scheme in _WEB or not self.scheme else f"{self.scheme}:"
        return f"{before}{host}{self.path}{'?' if self.query else ''}{self.query}"


def address_of(url: str) -> Address:
    """The parts of a URL; of one that begins with `//` as on a page of http."""
    try:
        parts = can_ada.parse(url)
    except (ValueError, TypeError):
        return _refused(url)
    host = _dotless(parts.hostname)
    path, query = parts.pathname, parts.search[1:]
    if _ODD.search(path):
        path = _ODD.sub(_normalised, path)
    if query and _ODD.search(query):
        query = _ODD.sub(_normalised, query)
    return Address(parts.protocol[:-1], host, parts.port, path or "/", query)


def url_key(url: str) -> str:
    """The URL key of a URL: equal for URLs that lead to the same page. Never empty but for an empty URL."""
    return address_of(url).key() or url.strip(_TRIMMED)


def host_of(url: str) -> str:
    """The host of a URL, as `address_of` gives it; nothing else is looked at."""
    try:
        return _dotless(can_ada.parse(url).hostname)
    except (ValueError, TypeError):
        return _refused(url).host


def is_web(url: str) -> bool:
    """True for an absolute URL of http or https with a host that the standard takes as it is written."""
    return _ABSOLUTE.match(url) is not None and url.isprintable() and can_ada.can_parse(url)


def named_host(text: str) -> str:
    """The host that a person wrote, alone or in a URL, as `host_of` gives it; "" where that is no host.

    An IPv6 address may lack its brackets; a port alone is none of a host's.
    """
    text = text.strip(_TRIMMED)
    if "://" not in text:
        address = text.count(":") > 1
        if not address and not _NAME.fullmatch(text):
            return ""
        text = f"http://[{text.strip('[]')}]/" if address else f"http://{text}/"
    try:
        host = _dotless(can_ada.parse(text).hostname)
    except (ValueError, TypeError):
        return ""
    return host if _HOST.fullmatch(host) and "///" not in text else ""


def stored_host(host: str) -> str:
    """A host of a run folder as `host_of` gives it: versions before the URL key kept IDN in its own letters."""
    return named_host(host) or host


def unicode_host(host: str) -> str:
    """A host in its own letters: `bücher.example` for `xn--bcher-kva.example`; the others as they are."""
    if "xn--" not in host or not host.isascii():
        return host
    return can_ada.idna_decode(host.encode())  # type: ignore[arg-type] # its stub says str, it takes bytes


def _dotless(host: str) -> str:
    """A host without its final dot; several dots name no host, and stay."""
    return host[:-1] if host.endswith(".") and not host.endswith("..") and host != "." else host


def _normalised(code: re.Match[str]) -> str:
    text = code[0]
    if len(text) == 1:
        return f"%{ord(text):02X}"
    char = chr(int(text[1:], 16))
    return char if char.isascii() and (char.isalnum() or char in "-._~") else text.upper()


def _refused(url: str) -> Address:
    """A URL that the parser refuses: once more as a USVString or with a scheme, else cut by its punctuation."""
    again = url.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip(_TRIMMED).translate(_DROPPED)
    if again.startswith(("//", "\\\\")):
        again = f"http:{again}"
    elif again == url:
        return _cut(url)
    try:
        can_ada.parse(again)
    except ValueError:
        return _cut(again)
    return address_of(again)


def _cut(url: str) -> Address:
    scheme, found, rest = url.partition("://")
    if not found or not _SCHEME.fullmatch(scheme):
        return Address("", "", "", url, "")
    whole = _PARTS.match(rest)
    authority, path, query = whole.groups("") if whole else ("", "", "")
    name = authority.rpartition("@")[2].lower()
    digits = len(name.rstrip("0123456789:."))
    colon = name.find(":", digits)
    host, port = (name, "") if colon < 0 else (name[:colon], name[colon + 1 :])
    if not host:
        return Address("", "", "", url, "")
    path, query = (_ODD.sub(_normalised, quote(part, _SAFE)) for part in (path.replace("\\", "/"), query))
    return Address(scheme.lower(), _dotless(host), port, path or "/", query)
