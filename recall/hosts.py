"""URLs to hosts and families, and the pages that are held out of a run.

A family is a site or a group of sites that share templates: the registered domain by the Public Suffix List,
private suffixes included, so that `a.github.io` and `b.github.io` are two. Splits are made by family, never by page.
A prefix is a host and the start of a path, without scheme, cut at a path boundary.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import tldextract

from recall.errors import BadInput

_extract = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=True, cache_dir=None)


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


def under(prefix: str, url: str) -> bool:
    """True when a URL lies under a prefix (host and path, as `prefix_key` gives them).

    A prefix ends at a path boundary: `a.org/docs` covers `a.org/docs` and `a.org/docs/x`, not `a.org/docsets`;
    `a.org/docs/` covers what follows its slash. Nothing lies under an empty prefix.
    """
    key = prefix_key(url)
    if not prefix or not key.startswith(prefix):
        return False
    return prefix.endswith("/") or key[len(prefix) : len(prefix) + 1] in {"", "/"}


class PrefixSet:
    """Many prefixes asked at once: a URL costs one set lookup, and one per path part on hosts that have a prefix."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._prefixes = frozenset(prefixes) - {""}
        self._hosts = frozenset(prefix.partition("/")[0] for prefix in self._prefixes)

    def __len__(self) -> int:
        return len(self._prefixes)

    def matches(self, url: str) -> Iterator[str]:
        """Every prefix that the URL lies under, the longest first."""
        key = prefix_key(url)
        if key.partition("/")[0] in self._hosts:
            yield from (prefix for prefix in _boundaries(key) if prefix in self._prefixes)

    def match(self, url: str) -> str | None:
        """The longest prefix that the URL lies under, or None."""
        return next(self.matches(url), None)


@lru_cache(maxsize=65_536)
def family_of(host: str) -> str:
    """Registered domain of a host, or the host itself (addresses, local names)."""
    return _extract(host).top_domain_under_public_suffix or host


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
    """Read a holdout file: one host or family a line, or JSON lines with `url` (and `use`).

    Of JSON lines that carry a `use`, only those with `use` "measure" are held out, by their host. Blank lines and
    lines that start with # are ignored. Raises BadInput with source and line number.
    """
    names: set[str] = set()
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if not line.startswith("{"):
            names.add(line.lower())
            continue
        try:
            row = json.loads(line)
            held = row.get("use", "measure") == "measure"
            host = host_of(row["url"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadInput(f'{source}:{number}: expected a host or a JSON object with a "url"') from None
        if held:
            names.add(host)
    return Holdout(frozenset(names - {""}))
