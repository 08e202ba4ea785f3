"""URL prefixes and templates, matched many at once; the prefixes that recall ships.

A prefix is a host and the start of a path, without scheme, cut at a path boundary; a prefix whose path holds
placeholders is a template. Prefixes and URLs are compared as the URL key has them (`urls`), however they are written.
The shipped ones lie in recall/data/code_prefixes.tsv (kind, language, prefix): sites whose pages are mostly about
code, in many languages. Refuses a line of that file that is not a kind of SHIPPED_KINDS, a language and a prefix with a
slash and without a scheme, between tabs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from recall.errors import Damaged
from recall.sites.urls import address_of, host_of

YEAR, INT, SLUG = "{year}", "{int}", "{slug}"
"""Placeholders of a template: each matches one whole path part."""

SHIPPED_KINDS = ("qa", "docs", "forum", "blog", "tracker", "repository", "mail")
"""Kinds of site that the shipped prefixes have; API references lie among docs."""

FILE = "data/code_prefixes.tsv"

_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*://")
_AUTHORITY = re.compile(r"[^/\\?#]*")
_IPV6 = re.compile(r"[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F.]*")


def prefix_key(url: str) -> str:
    """Host and path of a URL as its key has them: no scheme, user, port, query or fragment; "" without a host."""
    address = address_of(url)
    return f"{address.host}{address.path}" if address.host else ""


def parse_prefix(text: str) -> str:
    """A prefix or template as `prefix_key` would give it, from what a person wrote; "" for what is none.

    It may have a scheme, a user and a port, upper case, a final dot, letters of any script. What has a query or a
    fragment is no prefix, as no page is under it.
    """
    rest = _SCHEME.sub("", text.strip(), count=1)
    host = _AUTHORITY.match(rest)
    if host is None or not host[0] or "?" in rest or "#" in rest:
        return ""
    tail = rest[host.end() :]
    name = f"[{host[0]}]" if _IPV6.fullmatch(host[0]) else host[0]
    address = address_of(f"http://{name}{tail}")
    path = address.path if tail else ""
    for placeholder in (YEAR, INT, SLUG) if "{" in tail else ():
        path = path.replace(f"%7B{placeholder[1:-1]}%7D", placeholder)
    return f"{address.host}{path}" if address.host else ""


def _boundaries(key: str) -> Iterator[str]:
    """Every prefix that covers a key, the longest first: cut before and after each slash, and the key itself."""
    yield key
    end = len(key)
    while (slash := key.rfind("/", 0, end)) >= 0:
        if slash + 1 < len(key):
            yield key[: slash + 1]
        yield key[:slash]
        end = slash


def placeholders_of(part: str) -> Iterator[str]:
    """Placeholders of a template that a path part fits: {year} (1900 to 2099), {int} (digits), {slug} (any part)."""
    if part.isascii() and part.isdigit():
        if len(part) == 4 and part[:2] in {"19", "20"}:
            yield YEAR
        yield INT
    if part:
        yield SLUG


def under(prefix: str, url: str) -> bool:
    """True when a URL lies under a prefix (host and path) or a template.

    A prefix ends at a path boundary: `a.org/docs` covers `a.org/docs` and `a.org/docs/x`, not `a.org/docsets`;
    `a.org/docs/` covers what follows its slash. Path parts of a template may be placeholders: `a.org/{year}/`.
    Nothing lies under an empty prefix.
    """
    return PrefixSet([prefix]).match(url) is not None


@dataclass(slots=True)
class _Node:
    """A node in the tree of a host's templates. ends: the template that ends here, without and with a final slash."""

    parts: dict[str, "_Node"] = field(default_factory=dict)
    ends: dict[bool, str] = field(default_factory=dict)


class PrefixSet:
    """Many prefixes matched at once: a URL costs one set lookup, and one per path part on hosts that have a prefix.

    Templates (prefixes with placeholders) are kept apart, in a tree per host. Prefixes come back as they were given; of
    several that mean the same the first by sort order stays. What is no prefix is passed over.
    """

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._prefixes: dict[str, str] = {}
        self._templates: dict[str, _Node] = {}
        for given in sorted(set(prefixes)):
            prefix = parse_prefix(given)
            if prefix and self._prefixes.setdefault(prefix, given) is given and "{" in prefix:
                self._add(prefix, given)
        self.hosts = frozenset(prefix.partition("/")[0] for prefix in self._prefixes)
        """Hosts of all prefixes, as `host_of` gives them."""

    def _add(self, prefix: str, template: str) -> None:
        host, _, path = prefix.partition("/")
        node = self._templates.setdefault(host, _Node())
        for part in path.removesuffix("/").split("/"):
            node = node.parts.setdefault(part, _Node())
        node.ends[path.endswith("/")] = template

    def __len__(self) -> int:
        return len(self._prefixes)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._prefixes.values()))

    def matches(self, url: str) -> Iterator[str]:
        """Every prefix that the URL lies under, the longest first; a template is as long as the part that it covers."""
        host = host_of(url)
        if host not in self.hosts:
            return
        key = prefix_key(url)
        templates = self._templates.get(host)
        if templates is None:
            yield from (self._prefixes[prefix] for prefix in _boundaries(key) if prefix in self._prefixes)
            return
        parts = key[len(host) + 1 :].split("/")
        covered = [(-len(prefix), 0, self._prefixes[prefix]) for prefix in _boundaries(key) if prefix in self._prefixes]
        covered += [(-len(host) - 1 - length, 1, template) for length, template in _fitting(templates, parts, 0)]
        yield from (prefix for _, _, prefix in sorted(covered))

    def match(self, url: str) -> str | None:
        """The longest prefix that the URL lies under, or None."""
        return next(self.matches(url), None)


def _fitting(node: _Node, parts: list[str], start: int, covered: int = 0) -> Iterator[tuple[int, str]]:
    """Templates below a node that some path parts fit, each with the number of characters it covers."""
    if start == len(parts):
        return
    part = parts[start]
    for name in (part, *placeholders_of(part)):
        child = node.parts.get(name)
        if child is None:
            continue
        end = covered + len(part)
        if False in child.ends:
            yield end, child.ends[False]
        if True in child.ends and start + 1 < len(parts):
            yield end + 1, child.ends[True]
        yield from _fitting(child, parts, start + 1, end + 1)


@dataclass(frozen=True, slots=True)
class ShippedPrefix:
    """A prefix or template that recall ships. kind: one of SHIPPED_KINDS; language: ISO 639-1 of most of its pages."""

    kind: str
    language: str
    prefix: str


def parse_shipped(text: str, source: str) -> tuple[ShippedPrefix, ...]:
    """Read a list of kind, language and prefix between tabs; lines that start with # are comments."""
    known = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 3 or parts[0] not in SHIPPED_KINDS or "/" not in parts[2] or "://" in parts[2]:
            kinds = ", ".join(SHIPPED_KINDS)
            raise Damaged(f"{source}:{number}: expected a kind ({kinds}), a language, and host/path, between tabs")
        known.append(ShippedPrefix(*parts))
    return tuple(known)


@cache
def shipped_prefixes() -> tuple[ShippedPrefix, ...]:
    """The prefixes that recall ships, as FILE lists them."""
    return parse_shipped(files("recall").joinpath(FILE).read_text(encoding="utf-8"), FILE)
