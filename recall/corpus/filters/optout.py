"""Opt-outs: lists of hosts and URL patterns, and the directives that pages and responses carry.

In: URLs; bodies and the header fields that a scan keeps. Out: the line or directive that opts a page out, "" for the
others. Pages are hostile: only the first bytes are read, by bounded patterns.

Read are robots meta tags and X-Robots-Tag with noai, noimageai (DeviantArt, 2022) and noml, for whatever crawler they
name; tdm-reservation (W3C TDM Reservation Protocol, 2024); Content-Usage (IETF aipref drafts).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape

from recall.config import AccessSection
from recall.errors import BadInput
from recall.io import read_all, text_lines
from recall.sites.urls import Address, address_of, named_host

DIRECTIVES = ("noai", "noimageai", "noml", "tdm-reservation", "train-ai")
HEAD = 65_536
"""Bytes of a page in which meta tags are looked for."""

MAX_LIST = 256 << 20
MAX_PATTERN = 2_000
_META = re.compile(rb"(?i)<meta\b([^<>]{1,2000})>")
_ATTRIBUTE = re.compile(
    r"""(?i)([a-z][a-z:-]{0,30})\s{0,10}=\s{0,10}(?:"([^"]{0,1000})"|'([^']{0,1000})'|([^\s"'>]{1,200}))"""
)
_WORDS = re.compile(r"[a-z][a-z-]*")
_REFUSES_TRAINING = re.compile(
    r"(?:^|[,;\s])(?:train-ai|ai-train|train-genai|ai|bots|tdm)\s*=\s*(?:n|no|false|0|disallow)(?![a-z])"
)
_COMMENT = re.compile(r"^#|\s#")
_SCHEME = re.compile(r"([a-zA-Z*][a-zA-Z0-9+.*-]*)://")
_AUTHORITY = re.compile(r"[^/\\?]*")
_HOST_PATTERN = re.compile(r"[a-z0-9_.*-]+")


def noai(body: bytes, headers: str = "", directives: Iterable[str] = DIRECTIVES) -> str:
    """The first of `directives` that a page's meta tags or header fields carry, "" when there is none.

    headers: lines `name: value` of the response, as a scan keeps them.
    """
    carried = set(_of_headers(headers)) if headers else set()
    head = body[:HEAD]
    if b"<meta" in head or b"<META" in head or b"<Meta" in head:
        for meta in _META.finditer(head):
            carried |= set(_of_meta(meta[1].decode("utf-8", "replace")))
    return next((directive for directive in directives if directive in carried), "")


def _of_meta(inside: str) -> Iterable[str]:
    attributes = {name.lower(): unescape(a or b or c).strip().lower() for name, a, b, c in _ATTRIBUTE.findall(inside)}
    content = attributes.get("content", "")
    return _directives(attributes.get("name") or attributes.get("http-equiv") or "", content)


def _of_headers(headers: str) -> Iterable[str]:
    for line in headers.splitlines():
        name, _, value = line.partition(":")
        yield from _directives(name.strip().lower(), value.strip().lower())


def _directives(name: str, value: str) -> Iterable[str]:
    """Directives that a field carries; X-Robots-Tag may name a crawler before its own (`ccbot: noai`)."""
    if name == "tdm-reservation":
        return ["tdm-reservation"] if value == "1" else []
    if name == "content-usage":
        return ["train-ai"] if _REFUSES_TRAINING.search(value) else []
    if "robots" in name or name.endswith(("bot", "crawler", "spider", "-extended")):
        return _WORDS.findall(value)
    return []


@dataclass(frozen=True, slots=True)
class UrlPattern:
    """A line of a pattern file. parts: what must follow one another, any characters between; ends: nothing follows.

    scheme, port, query: what the URLs that it is compared with have, beside host and path.
    """

    line: str
    parts: tuple[str, ...]
    ends: bool
    scheme: bool = False
    port: bool = False
    query: bool = False

    def covers(self, address: Address) -> bool:
        """True when the URL has the parts in order, the first at its start; linear in the URL for each part."""
        text = self._compared(address)
        first, *rest = self.parts
        if not text.startswith(first):
            return False
        at = len(first)
        last = rest.pop() if rest and self.ends else None
        for part in rest:
            start = text.find(part, at)
            if start < 0:
                return False
            at = start + len(part)
        if last is not None:
            return len(text) - len(last) >= at and text.endswith(last)
        return not self.ends or at == len(text)

    def _compared(self, address: Address) -> str:
        port = f":{address.port}" if self.port and address.port else ""
        text = f"{address.host}{port}{address.path}"
        if self.query and address.query:
            text = f"{text}?{address.query}"
        return f"{address.scheme}://{text}" if self.scheme else text


@dataclass(frozen=True, slots=True)
class OptOut:
    """Hosts, with all their subdomains, and URL patterns that opt out."""

    hosts: frozenset[str] = frozenset()
    patterns: tuple[UrlPattern, ...] = ()

    @classmethod
    def load(cls, hosts: str, patterns: str, access: AccessSection) -> "OptOut":
        """Read the two files, "" for none. Raises BadInput with file and line, or for an empty list; ShardUnreadable.

        A list of comments alone is a list that is empty on purpose.
        """
        names = parse_hosts(_lines(hosts, access), hosts) if hosts else frozenset()
        return cls(names, parse_patterns(_lines(patterns, access), patterns) if patterns else ())

    def reason(self, url: str) -> str:
        """The host or pattern that opts a URL out, "" when none does."""
        address = address_of(url)
        name = address.host if self.hosts else ""
        while name:
            if name in self.hosts:
                return name
            name = name.partition(".")[2]
        return next((each.line for each in self.patterns if each.covers(address)), "")


def _lines(url: str, access: AccessSection) -> list[str]:
    lines = text_lines(read_all(url, access, MAX_LIST), url)
    if not any(lines):
        raise BadInput(f"{url}: an empty list opts nobody out; name no file in [optout], or say why in a # comment")
    return lines


def parse_hosts(lines: Iterable[str], source: str) -> frozenset[str]:
    """Hosts, one a line, each with its subdomains; "*." or "." before one changes nothing, # begins a comment."""
    names = set()
    for number, raw in enumerate(lines, 1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        name = named_host(line.removeprefix("*").removeprefix("."))
        if not name:
            raise BadInput(f"{source}:{number}: expected a host, found {line[:80]!r}")
        names.add(name)
    return frozenset(names)


def parse_patterns(lines: Iterable[str], source: str) -> tuple[UrlPattern, ...]:
    """URL patterns, one a line: host and path from their start, `*` for any characters, `$` for the end.

    A pattern with a scheme is compared with scheme, port and query too, one with a port or a `?` with these. Spelling
    does not matter: patterns and URLs are compared as the URL key has them. # after white space begins a comment.
    Raises BadInput for one that is too long or that no URL could match.
    """
    patterns = []
    for number, raw in enumerate(lines, 1):
        line = _COMMENT.split(raw, maxsplit=1)[0].strip()
        if not line:
            continue
        if len(line) > MAX_PATTERN:
            raise BadInput(f"{source}:{number}: a pattern has at most {MAX_PATTERN} characters")
        try:
            patterns.append(_parse_pattern(line))
        except ValueError as error:
            raise BadInput(f"{source}:{number}: covers nothing: {error}: {line[:80]!r}") from None
    return tuple(patterns)


def _parse_pattern(line: str) -> UrlPattern:
    """Raises ValueError with the reason why no URL could match."""
    ends = line.endswith("$")
    begun = _SCHEME.match(line)
    scheme = begun[1].lower() if begun else ""
    rest = line.removesuffix("$")[begun.end() if begun else 0 :]
    if begun and not _covers_web(scheme):
        raise ValueError("pages have http:// or https://")
    if "#" in rest:
        raise ValueError("no page's URL has a fragment (#)")
    authority = _AUTHORITY.match(rest)
    written = authority[0] if authority else ""
    tail = rest[len(written) :]
    name, port = _host_pattern(written.rpartition("@")[2])
    web = scheme if scheme in {"http", "https"} else "http"
    address = address_of(f"{web}://host.invalid{port}{tail or '/' * ends}")
    shown = f":{address.port}" if address.port and (scheme or address.port not in {"80", "443"}) else ""
    text = f"{name}{shown}{address.path if tail or ends else ''}"
    if "?" in tail:
        text = f"{text}?{address.query}"
    text = f"{scheme}://{text}" if begun else text
    return UrlPattern(
        line, tuple(text.split("*")), ends, bool(scheme), bool(scheme or shown), "?" in tail or bool(scheme)
    )


def _covers_web(scheme: str) -> bool:
    wildcards = re.compile(".*".join(map(re.escape, re.sub(r"\*+", "*", scheme).split("*"))))
    return len(scheme) <= 8 and any(wildcards.fullmatch(web) for web in ("http", "https"))


def _host_pattern(written: str) -> tuple[str, str]:
    """Host, with its `*`, and ":port" as URL keys have them."""
    host, colon, port = written.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or written.startswith("["):
        host, port = written, ""
    port = port and f":{int(port)}" if len(port) <= 5 else port
    if "*" not in host:
        name = named_host(host)
        if not name:
            raise ValueError("it begins with no host")
        return name, port
    labels = host.rstrip(".").split(".")
    if any("*" in label and not label.isascii() for label in labels):
        raise ValueError("beside * in a host stand letters other than ASCII; write the host as xn--")
    name = ".".join(label.lower() if label.isascii() else named_host(label) for label in labels)
    if not _HOST_PATTERN.fullmatch(name):
        raise ValueError("it begins with no host")
    return name, port
