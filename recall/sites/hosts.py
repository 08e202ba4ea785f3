"""URLs to hosts and families, and the pages that are held out of a run.

A family is a site or a group of sites that share templates: the registered domain by the Public Suffix List,
private suffixes included, so that `a.github.io` and `b.github.io` are two. Splits are made by family, never by page.
A prefix is a host and the start of a path, without scheme, cut at a path boundary; a prefix whose path holds
placeholders is a template.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

import tldextract

from recall.errors import BadInput

YEAR, INT, SLUG = "{year}", "{int}", "{slug}"
"""Placeholders of a template: each stands for one whole path part."""

_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")

_extract = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=True, cache_dir=None)
_extract_icann = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=False, cache_dir=None)


def host_of(url: str) -> str:
    """Lower-case host of a URL without user, port and final dot; "" where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def prefix_key(url: str) -> str:
    """Host and path of a URL as prefixes are matched: no scheme, user, port, query or fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{(parts.hostname or '').rstrip('.')}{parts.path or '/'}"


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
    """True when a URL lies under a prefix (host and path, as `prefix_key` gives them) or a template.

    A prefix ends at a path boundary: `a.org/docs` covers `a.org/docs` and `a.org/docs/x`, not `a.org/docsets`;
    `a.org/docs/` covers what follows its slash. Path parts of a template may be placeholders: `a.org/{year}/`.
    Nothing lies under an empty prefix.
    """
    return PrefixSet([prefix]).match(url) is not None


@dataclass(slots=True)
class _Node:
    """A place in the templates of a host. ends: the template that ends here, bare and with a final slash."""

    parts: dict[str, "_Node"] = field(default_factory=dict)
    ends: dict[bool, str] = field(default_factory=dict)


class PrefixSet:
    """Many prefixes asked at once: a URL costs one set lookup, and one per path part on hosts that have a prefix.

    Templates (prefixes with placeholders) are held apart, by host; hosts that have none never look there.
    """

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._prefixes = frozenset(prefixes) - {""}
        self._hosts = frozenset(prefix.partition("/")[0] for prefix in self._prefixes)
        self._templates: dict[str, _Node] = {}
        for prefix in sorted(self._prefixes):
            if "{" in prefix:
                self._add(prefix)

    def _add(self, template: str) -> None:
        host, _, path = template.partition("/")
        node = self._templates.setdefault(host, _Node())
        for part in path.removesuffix("/").split("/"):
            node = node.parts.setdefault(part, _Node())
        node.ends[path.endswith("/")] = template

    def __len__(self) -> int:
        return len(self._prefixes)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._prefixes))

    def matches(self, url: str) -> Iterator[str]:
        """Every prefix that the URL lies under, the longest first; a template stands for as much as it covers."""
        key = prefix_key(url)
        host, _, path = key.partition("/")
        if host not in self._hosts:
            return
        literal = (prefix for prefix in _boundaries(key) if prefix in self._prefixes)
        templates = self._templates.get(host)
        if templates is None:
            yield from literal
            return
        covered = [(-len(prefix), 0, prefix) for prefix in literal]
        covered += [(-len(host) - 1 - length, 1, one) for length, one in _fitting(templates, path.split("/"), 0)]
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


@lru_cache(maxsize=65_536)
def family_of(host: str) -> str:
    """Registered domain of a host, or the host itself (addresses, local names)."""
    return _extract(host).top_domain_under_public_suffix or host


@lru_cache(maxsize=65_536)
def has_public_suffix(host: str) -> bool:
    """True when a host ends with a suffix that the Public Suffix List knows and has a name before it."""
    found = _extract(host)
    return bool(found.suffix and found.domain)


@lru_cache(maxsize=65_536)
def registered_domain_of(host: str) -> str:
    """Registered domain as Common Crawl's index has it: by public suffixes alone, so a.github.io is of github.io."""
    return _extract_icann(host).top_domain_under_public_suffix or host


@dataclass(frozen=True, slots=True)
class Holdout:
    """Hosts and families that are scanned but never shown, trained on or used for a choice."""

    names: frozenset[str] = frozenset()

    def covers(self, url: str) -> bool:
        """True when the URL's host or its family is held out."""
        if not self.names:
            return False
        host = host_of(url)
        return host in self.names or family_of(host) in self.names


def parse_holdout(lines: Iterable[str], source: str) -> Holdout:
    """Read a holdout file: one host, family or URL a line, or JSON lines with `url` (and `use`).

    A URL holds out its host, a JSON line the whole family of its URL; of JSON lines that carry a `use`, only those
    with `use` "measure" count. Blank lines and lines that start with # are ignored. Raises BadInput with source and
    line number.
    """
    names: set[str] = set()
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if not line.startswith("{"):
            names |= _held_names(line, f"{source}:{number}")
            continue
        try:
            row = json.loads(line)
            held = row.get("use", "measure") == "measure"
            host = host_of(row["url"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadInput(f'{source}:{number}: expected a host or a JSON object with a "url"') from None
        if held:
            names |= {host, family_of(host)}
    return Holdout(frozenset(names - {""}))


def _held_names(line: str, where: str) -> set[str]:
    """A host or family as URLs may spell it: in its own letters, and in those of the domain name system."""
    name = host_of(line) if "://" in line else line.lower().rstrip(".")
    try:
        encoded = name.encode("idna").decode()
    except UnicodeError:
        encoded = ""
    if not _HOST.fullmatch(encoded):
        raise BadInput(f"{where}: expected a host, a family or a URL, one a line, found {line[:80]!r}")
    return {name, encoded}
