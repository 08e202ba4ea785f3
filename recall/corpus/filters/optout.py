"""Opt-outs: lists of hosts and URL patterns, and the directives that pages and responses carry.

In: URLs; bodies and the header fields that a scan keeps. Out: the line or directive that opts a page out, "" for the
others. Pages are hostile: only the first bytes are read, each as often as there are patterns.

Read are robots meta tags and X-Robots-Tag with noai, noimageai (DeviantArt, 2022) and noml, for whatever crawler they
name; tdm-reservation (W3C TDM Reservation Protocol, 2024); Content-Usage (IETF aipref drafts).
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape

from recall.config import AccessSection
from recall.corpus.filters.url_patterns import UrlPattern, parse_patterns
from recall.errors import BadInput
from recall.io import read_all, text_lines
from recall.sites.urls import address_of, named_host

DIRECTIVES = ("noai", "noimageai", "noml", "tdm-reservation", "train-ai")
HEAD = 65_536
"""Bytes of a page in which meta tags are looked for."""

MAX_LIST = 256 << 20
_METAS = (
    re.compile(rb"""<meta[\s/]((?:[^>=]++|=\s*+(?:"[^"]*+"?|'[^']*+'?)?+)*+)"""),
    re.compile(rb"<meta\b([^<>]{1,2000})>"),
)
"""A tag, with what stands in its quotes; and one behind a tag whose quote never ends. Each reads a byte once."""
_ATTRIBUTE = re.compile(r"""([a-z][a-z:-]{0,30})\s{0,10}=\s{0,10}(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""")
_WORDS = re.compile(r"[a-z][a-z-]*")
_REFUSES_TRAINING = re.compile(
    r"(?:^|[,;\s])(?:train-ai|ai-train|train-genai|ai|bots|tdm)\s*=\s*(?:n|no|false|0|disallow)(?![a-z])"
)


def noai(body: bytes, headers: str = "", directives: Iterable[str] = DIRECTIVES) -> str:
    """The first of `directives` that a page's meta tags or header fields carry, "" when there is none.

    headers: lines `name: value` of the response, as a scan keeps them.
    """
    carried = set(_of_headers(headers)) if headers else set()
    head = body[:HEAD]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head.decode("utf-16", "replace").encode("utf-8", "replace")
    head = head.lower()
    if b"<meta" in head:
        for metas in _METAS:
            for meta in metas.finditer(head):
                carried |= set(_of_meta(meta[1].decode("utf-8", "replace")))
    return next((directive for directive in directives if directive in carried), "")


def _of_meta(inside: str) -> Iterable[str]:
    attributes = {name: unescape(a or b or c).strip().lower() for name, a, b, c in _ATTRIBUTE.findall(inside)}
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
