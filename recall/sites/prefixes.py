"""URL prefixes and templates, matched many at once; the prefixes that recall ships.

A prefix is a host and the start of a path, without scheme, cut at a path boundary; a prefix whose path holds
placeholders is a template. The shipped ones lie in recall/data/code_prefixes.tsv (kind, language, prefix): sites whose
pages are mostly about code, in many languages. Refuses a line of that file that is not a kind
of SHIPPED_KINDS, a language and a prefix with a slash and without a scheme, between tabs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from recall.errors import Damaged

YEAR, INT, SLUG = "{year}", "{int}", "{slug}"
"""Placeholders of a template: each matches one whole path part."""

SHIPPED_KINDS = ("qa", "docs", "forum", "blog", "tracker", "repository", "mail")
"""Kinds of site that the shipped prefixes have; API references lie among docs."""

FILE = "data/code_prefixes.tsv"


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
    """A node in the tree of a host's templates. ends: the template that ends here, without and with a final slash."""

    parts: dict[str, "_Node"] = field(default_factory=dict)
    ends: dict[bool, str] = field(default_factory=dict)


class PrefixSet:
    """Many prefixes matched at once: a URL costs one set lookup, and one per path part on hosts that have a prefix.

    Templates (prefixes with placeholders) are kept apart, in a tree per host.
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
        """Every prefix that the URL lies under, the longest first; a template is as long as the part that it covers."""
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
        covered += [
            (-len(host) - 1 - length, 1, template) for length, template in _fitting(templates, path.split("/"), 0)
        ]
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
