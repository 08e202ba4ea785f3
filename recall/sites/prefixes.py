"""URL prefixes and templates, matched many at once.

A prefix is a host and the start of a path, without scheme, cut at a path boundary; a prefix whose path holds
placeholders is a template. A host that starts with `*.` stands for every host below that name, not for the name itself.
A pattern, `*/blob/` or `*/viewtopic.php`, stands for every host and begins in any of its folders.
Prefixes and URLs are compared as the URL key has them (`urls`), however they are written.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from recall.sites.urls import address_of, host_of

YEAR, INT, SLUG = "{year}", "{int}", "{slug}"
"""Placeholders of a template: each matches one whole path part."""

ANY = "{any}"
"""Placeholder inside a path part: any characters of that part, or none."""

SUBDOMAINS = "*."
"""Start of a prefix whose host stands for all hosts below a name."""

EVERY = "*"
"""Host of a pattern: its path parts may stand in any folder of any host."""

PATTERN_DEPTH = 16
"""Path parts of a URL at which a pattern may begin: what bounds the work on a URL of thousands of parts."""

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
    for placeholder in (YEAR, INT, SLUG, ANY) if "{" in tail else ():
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
    `a.org/docs/` covers what follows its slash. Path parts of a template may be placeholders, `a.org/{year}/`, or hold
    them, `a.org/linux{any}`. `*.a.org/` covers `b.a.org/` and `c.b.a.org/`, not `a.org/`. `*/blob/` covers what lies in
    a folder `blob`, however deep, on any host.
    Nothing lies under an empty prefix.
    """
    return PrefixSet([prefix]).match(url) is not None


def url_under(prefix: str) -> str:
    """A URL that lies under a prefix or template: with a number, a year or a letter for each placeholder."""
    filled = prefix.replace(YEAR, "2000").replace(INT, "1").replace(SLUG, "a").replace(ANY, "")
    return f"http://{filled}{'a' if filled.endswith('/') else ''}"


@dataclass(slots=True)
class _Node:
    """A node in the tree of a host's templates. ends: the template that ends here, without and with a final slash.

    parts: what follows a whole path part; open: what follows a part with ANY in it, by the pieces around it.
    """

    parts: dict[str, "_Node"] = field(default_factory=dict)
    open: dict[tuple[str, ...], "_Node"] = field(default_factory=dict)
    ends: dict[bool, str] = field(default_factory=dict)

    def after(self, part: str) -> "_Node":
        """The node behind a part of a template, made where there is none."""
        if ANY in part:
            return self.open.setdefault(tuple(part.split(ANY)), _Node())
        return self.parts.setdefault(part, _Node())

    def fitting(self, part: str) -> Iterator["_Node"]:
        """The nodes behind the parts that a URL's part fits."""
        for name in (part, *placeholders_of(part)):
            if name in self.parts:
                yield self.parts[name]
        for pieces, node in self.open.items():
            if _fits(part, pieces):
                yield node


def _fits(part: str, pieces: tuple[str, ...]) -> bool:
    """True when a path part is the pieces in order with any characters between; looks at each character once."""
    first, *inner, last = pieces
    if len(part) < len(first) + len(last) or not part.startswith(first) or not part.endswith(last):
        return False
    at, end = len(first), len(part) - len(last)
    for piece in inner:
        at = part.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


class PrefixSet:
    """Many prefixes matched at once: a URL costs one set lookup, and one per path part on hosts that have a prefix.

    Where hosts stand for all below a name, it costs one more per label of its host, and where there are patterns one
    per path part. Templates (prefixes with placeholders) and patterns are kept apart, in a tree per host. Prefixes come
    back as they were given; of several that mean the same the first by sort order stays. What is no prefix is passed
    over. without: prefixes that take out again what lies under them, unless a longer one of `prefixes` covers it.
    """

    def __init__(self, prefixes: Iterable[str], without: Iterable[str] = ()) -> None:
        self._prefixes: dict[str, str] = {}
        self._templates: dict[str, _Node] = {}
        wanted = set(prefixes)
        self._without = frozenset(without) - wanted
        for given in sorted(wanted | self._without):
            prefix = parse_prefix(given)
            in_tree = "{" in prefix or prefix.startswith(f"{EVERY}/")
            if prefix and self._prefixes.setdefault(prefix, given) is given and in_tree:
                self._add(prefix, given)
        names = frozenset(prefix.partition("/")[0] for prefix in self._prefixes) - {EVERY}
        self.hosts = frozenset(name for name in names if not name.startswith(SUBDOMAINS))
        """Hosts of the prefixes, as `host_of` gives them, without those that stand for all below a name."""
        self.parents = frozenset(name.removeprefix(SUBDOMAINS) for name in names - self.hosts)
        """Names below which every host may have pages under a prefix."""

    def _add(self, prefix: str, template: str) -> None:
        host, _, path = prefix.partition("/")
        node = self._templates.setdefault(host, _Node())
        for part in path.removesuffix("/").split("/"):
            node = node.after(part)
        node.ends[path.endswith("/")] = template

    def __len__(self) -> int:
        return sum(given not in self._without for given in self._prefixes.values())

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(given for given in self._prefixes.values() if given not in self._without))

    def _names(self, host: str) -> list[str]:
        """What the host of a prefix that covers this host may be, the closest first."""
        names = [host] if host in self.hosts else []
        if self.parents:
            below = host.partition(".")[2]
            while below:
                if below in self.parents:
                    names.append(f"{SUBDOMAINS}{below}")
                below = below.partition(".")[2]
        return names

    def matches(self, url: str) -> Iterator[str]:
        """Every prefix that the URL lies under, the longest first; a template is as long as the part that it covers.

        Of two that cover the same part, the one of the closer host comes first, then the one without placeholders. None
        that is shorter than one of `without` that the URL lies under.
        """
        for _, _, _, prefix in self._covering(url):
            if prefix in self._without:
                return
            yield prefix

    def _covering(self, url: str) -> list[tuple[int, int, int, str]]:
        host = host_of(url)
        names = self._names(host)
        patterns = self._templates.get(EVERY) if host else None
        if not names and patterns is None:
            return []
        path = prefix_key(url)[len(host) :]
        covered: list[tuple[int, int, int, str]] = []
        for rank, name in enumerate(names):
            literal = (prefix for prefix in _boundaries(f"{name}{path}") if prefix in self._prefixes)
            covered += [(len(name) - len(prefix), rank, 0, self._prefixes[prefix]) for prefix in literal]
            templates = self._templates.get(name)
            if templates is not None:
                fitting = _fitting(templates, path[1:].split("/"), 0)
                covered += [(-1 - length, rank, 1, template) for length, template in fitting]
        if patterns is not None:
            parts, start = path[1:].split("/"), 0
            for index, part in enumerate(parts[:PATTERN_DEPTH]):
                fitting = _fitting(patterns, parts, index, start)
                covered += [(-1 - length, len(names), 1, pattern) for length, pattern in fitting]
                start += len(part) + 1
        return sorted(covered)

    def match(self, url: str) -> str | None:
        """The longest prefix that the URL lies under, or None."""
        return next(self.matches(url), None)


def _fitting(node: _Node, parts: list[str], start: int, covered: int = 0) -> Iterator[tuple[int, str]]:
    """Templates below a node that some path parts fit, each with the number of characters it covers."""
    if start == len(parts):
        return
    part = parts[start]
    for child in node.fitting(part):
        end = covered + len(part)
        if False in child.ends:
            yield end, child.ends[False]
        if True in child.ends and start + 1 < len(parts):
            yield end + 1, child.ends[True]
        yield from _fitting(child, parts, start + 1, end + 1)
