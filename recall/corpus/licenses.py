"""The licence that a page says it is under, and where it says so.

In: a page's bytes and URL. Out: an SPDX expression, or the address of a licence that has no known identifier, with the
kind of the statement. Only what is written for machines counts: `rel="license"` (HTML Living Standard, 4.6.7.8),
schema.org's `license` of the page or its article, metadata of rights (Dublin Core), the RDF that Creative Commons had
authors paste until 2008, and links to one Creative Commons licence alone. Words in a text are no statement: pages that
talk of licences name many. Refuses nothing; what is said may be wrong, and nobody here gives advice on law.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from itertools import chain
from typing import Any
from urllib.parse import urljoin

from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of

MAX_TAGS = 200
"""Statements of each kind that are looked at."""
MAX_TAG = 2_000
"""Bytes of a tag."""
MAX_LINKED_DATA = 200_000
"""Bytes of a block of JSON-LD that is parsed; as many of them as MAX_BLOCKS."""
MAX_BLOCKS = 20
MAX_ADDRESS = 300
MOST = 4
"""Licences of a page, as that of each answer of a thread; more are no statement."""

_HINTS = (b"creativecommons.org/", b"rights")
_REL = re.compile(rb"\brel\s*=\s*(?:\"[^\"<>]{0,200}?\blicense\b|'[^'<>]{0,200}?\blicense\b|license\b)")
_ITEM = re.compile(rb"\bitemprop\s*=\s*[\"']?license\b")
_META = re.compile(
    rb"\b(?:name|property)\s*=\s*[\"']?(?:dc(?:terms)?[.:])?(?:rights(?:\.license)?|licen[sc]e|copyright)\b"
)
_RDF = re.compile(rb"<(?:cc:)?license\s+rdf:resource\s*=")
_LINK = re.compile(r"(?i)^(?:https?:)?//(?:www\.)?creativecommons\.org/")
_LINKED_DATA = b"application/ld+json"
_ATTRIBUTE = re.compile(r"(?i)\b(href|content|resource)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")

_COMMONS = re.compile(
    r"(?i)creativecommons\.org/(?:licenses/(by(?:-nc)?(?:-nd|-sa)?)/(\d\.\d)(?:/([a-z]{2})(?![a-z]))?"
    r"|(?:publicdomain|licenses)/(zero|mark|publicdomain)\b(?:/(\d\.\d))?)"
)
_COMMONS_NAME = re.compile(r"(?i)\b(?:cc|creative commons)[ -](by(?:-nc)?(?:-nd|-sa)?)[ -](\d\.\d)\b|\b(cc0|cc zero)\b")
_PUBLIC = {"zero": "CC0-1.0", "mark": "CC-PDM-1.0"}
_HEAD = 4_000
"""Characters of a file in which its licence is looked for."""
_TAG = re.compile(
    r"\bSPDX-License-Identifier:[ \t]{0,20}(\(?[A-Za-z0-9.+-]{2,60}\)?"
    r"(?:[ \t]{1,4}(?:AND|OR|WITH)[ \t]{1,4}\(?[A-Za-z0-9.+-]{2,60}\)?){0,5})"
)
_KNOWN = {
    name.lower(): name
    for name in (  # noqa: SIM905 - a list of names reads best as words
        "MIT Apache-2.0 BSD-2-Clause BSD-3-Clause GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later "
        "LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later AGPL-3.0-only AGPL-3.0-or-later MPL-2.0 "
        "EPL-2.0 ISC Unlicense 0BSD Zlib BSL-1.0 CC0-1.0 WTFPL Artistic-2.0 OFL-1.1 GFDL-1.3-only GFDL-1.3-or-later"
    ).split()
}
_ADDRESSES = (
    (re.compile(r"(?i)\bapache\.org/licenses/license-2\.0"), "Apache-2.0"),
    (re.compile(r"(?i)\bopensource\.org/licenses?/([a-z0-9.-]{2,30}?)(?:-license)?(?:\.(?:php|html?|txt))?/?$"), ""),
    (re.compile(r"(?i)\bspdx\.org/licenses/([a-z0-9.-]{2,30}?)(?:\.html?)?/?$"), ""),
    (re.compile(r"(?i)\bmozilla\.org/(?:[a-z-]+/)?mpl/2\.0"), "MPL-2.0"),
)
_PAGE_TYPES = re.compile(
    r"^(?:Web(?:Page|Site|PageElement)|QAPage|FAQPage|ItemPage|AboutPage|CollectionPage|ProfilePage|DiscussionForumPosting"
    r"|\w*Article|\w*Posting|CreativeWork|HowTo|Course|LearningResource|Book|Chapter|Report|Guide|APIReference)$"
)


@dataclass(frozen=True, slots=True)
class License:
    """What a page is under. expression: SPDX, or an address; "" for no statement.

    source: rel, schema, meta, rdf or link; of a source file spdx. Several licences are joined by AND: parts of a page
    may be under different ones.
    """

    expression: str = ""
    source: str = ""


NONE = License()


def license_of(body: bytes, url: str) -> License:
    """The licence of a page by its first kind of statement, in the order rel, schema, meta, rdf, link."""
    lowered = body.lower()
    named = b"licen" in lowered and (b"license" in lowered or b"licence" in lowered)
    if not named and not any(hint in lowered for hint in _HINTS):
        return NONE
    tags = tuple(_tags(body, lowered, b"license"))
    ways: tuple[tuple[str, Iterable[str]], ...] = (
        ("rel", (value for value in _values(tags, _REL, url) if identifier(value) or _may_be_own(value, url))),
        ("schema", chain(_linked_data(body, lowered, url), _values(tags, _ITEM, url))),
        ("meta", filter(identifier, _values(_tags(body, lowered, b"<meta"), _META, ""))),
        ("rdf", _values(tags, _RDF, url)),
    )
    for source, values in ways:
        given = list(dict.fromkeys(values))
        names = _distinct(map(identifier, given)) or _distinct(map(_web, given))
        if names:
            return License(" AND ".join(names), source) if len(names) <= MOST else NONE
    linked = (_value(tag, url) for tag in _tags(body, lowered, b"creativecommons.org/"))
    links = _distinct(identifier(value) for value in linked if _LINK.match(value))
    return License(links[0], "link") if len(links) == 1 else NONE


def license_of_file(text: str) -> License:
    """The licence that a source file names near its start for machines, as it is written (SPDX 2.3, annex E)."""
    tag = _TAG.search(text, 0, _HEAD)
    return License(tag[1], "spdx") if tag else NONE


def _may_be_own(value: str, url: str) -> bool:
    """Whether an address of no known licence may be that of the page's own terms, not of the software that shows it."""
    host = host_of(value)
    return registered_domain(host) == registered_domain(host_of(url)) or host.removeprefix("www.") == "gnu.org"


def identifier(value: str) -> str:
    """The SPDX identifier of a licence's address or name, "" where none is known.

    A Creative Commons licence that was ported to a country ends in its code, as SPDX writes those it lists.
    """
    commons = _COMMONS.search(value)
    if commons:
        kind, version, country, public, _ = commons.groups()
        if public:
            return _PUBLIC.get(public.lower(), "")
        return f"CC-{kind.upper()}-{version}" + (f"-{country.upper()}" if country else "")
    for pattern, name in _ADDRESSES:
        found = pattern.search(value)
        if found:
            return name or _KNOWN.get(found[1].lower(), "")
    named = _COMMONS_NAME.search(value)
    if named:
        return "CC0-1.0" if named[3] else f"CC-{named[1].upper()}-{named[2]}"
    return _KNOWN.get(value.strip().lower(), "")


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))[: MOST + 1]


def _web(value: str) -> str:
    """An address of the web as it is, "" for other words."""
    plain = len(value) <= MAX_ADDRESS and not re.search(r"[\s\x00-\x1f\x7f<>\"]", value)
    return value if plain and re.match(r"(?i)https?://[^/]", value) else ""


def _address(text: str, url: str) -> str:
    try:
        return urljoin(url, text)
    except ValueError:
        return ""


def _tags(body: bytes, lowered: bytes, sign: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The tags that hold a sign, as they are and in lower case: at most MAX_TAGS of MAX_TAG bytes."""
    end = 0
    for _ in range(MAX_TAGS):
        at = lowered.find(sign, end)
        if at < 0:
            return
        start = lowered.rfind(b"<", max(0, at - MAX_TAG), at + 1)
        end = lowered.find(b">", at, at + MAX_TAG)
        if end < 0 or start < 0 or b">" in lowered[start:at]:
            end = at + len(sign)
        else:
            yield body[start:end], lowered[start:end]


def _values(tags: Iterable[tuple[bytes, bytes]], sign: re.Pattern[bytes], url: str) -> Iterator[str]:
    """What the tags with a sign refer to."""
    return filter(None, (_value(tag, url) for tag in tags if sign.search(tag[1])))


def _value(tag: tuple[bytes, bytes], url: str) -> str:
    """A tag's href, content or resource, "" where it has none. url: that it is relative to, "" takes it as it is."""
    attribute = _ATTRIBUTE.search(tag[0].decode("utf-8", "replace"))
    value = unescape(attribute[2] or attribute[3] or attribute[4] or "").strip() if attribute else ""
    return "" if value.startswith("#") else _address(value, url) if value and url else value


def _linked_data(body: bytes, lowered: bytes, url: str) -> Iterator[str]:
    """The licences of a page's own objects in its JSON-LD."""
    end = 0
    for _ in range(MAX_BLOCKS):
        at = lowered.find(_LINKED_DATA, end)
        start = lowered.find(b">", at) + 1
        end = lowered.find(b"</script", start)
        if at < 0 or not start or end < 0:
            return
        if b"license" in lowered[start:end] and end - start <= MAX_LINKED_DATA:
            yield from _licenses_in(body[start:end], url)


def _licenses_in(data: bytes, url: str) -> Iterator[str]:
    try:
        linked = json.loads(data.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return
    graph = linked.get("@graph") if isinstance(linked, dict) else None
    for each in (*_several(linked), *_several(graph)):
        if isinstance(each, dict) and any(_PAGE_TYPES.match(str(kind)) for kind in _several(each.get("@type"))):
            for value in _several(each.get("license")):
                named = value.get("url") or value.get("@id") or value.get("name") if isinstance(value, dict) else value
                if isinstance(named, str) and named:
                    yield named if identifier(named) else _address(named, url)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
