"""URL patterns: lines that say which URLs are meant, as opt-out lists hold them.

In: lines of a list. Out: UrlPattern, which covers addresses. Refuses, with file and line, a pattern that no URL could
match, and one that would cover other URLs than it seems to.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from recall.errors import BadInput
from recall.sites.urls import Address, address_of, named_host

MAX_PATTERN = 2_000

_COMMENT = re.compile(r"^#|\s#")
_SCHEME = re.compile(r"([a-zA-Z*][a-zA-Z0-9+.*-]*)://")
_AUTHORITY = re.compile(r"[^/\\?]*")
_DOTS = re.compile(r"[^?]*[/\\](?:\.|%2[eE]){1,2}[/\\]*(?:\?|$)")
_HOST_PATTERN = re.compile(r"[a-z0-9_.*-]+")
_DEFAULT_PORTS = frozenset({":80", ":443"})


@dataclass(frozen=True, slots=True)
class UrlPattern:
    """A line of a pattern file. ends: nothing follows.

    readings: what its line may mean, each as parts that must follow one another, any characters between. scheme, port,
    query: what the URLs that it is compared with have, beside host and path.
    """

    line: str
    readings: tuple[tuple[str, ...], ...]
    ends: bool
    scheme: bool = False
    port: bool = False
    query: bool = False

    def covers(self, address: Address) -> bool:
        """True when the URL has the parts of a reading in order, the first at its start."""
        text = self._compared(address)
        return any(_in_order(parts, text, self.ends) for parts in self.readings)

    def _compared(self, address: Address) -> str:
        port = f":{address.port}" if self.port and address.port else ""
        text = f"{address.host}{port}{address.path}"
        if self.query and address.query:
            text = f"{text}?{address.query}"
        return f"{address.scheme}://{text}" if self.scheme else text


def _in_order(parts: tuple[str, ...], text: str, ends: bool) -> bool:
    """Linear in the text for each part."""
    first, *rest = parts
    if not text.startswith(first):
        return False
    at = len(first)
    last = rest.pop() if rest and ends else None
    for part in rest:
        start = text.find(part, at)
        if start < 0:
            return False
        at = start + len(part)
    if last is not None:
        return len(text) - len(last) >= at and text.endswith(last)
    return not ends or at == len(text)


def parse_patterns(lines: Iterable[str], source: str) -> tuple[UrlPattern, ...]:
    """URL patterns, one a line: host and path from their start, `*` for any characters, `$` for the end.

    A pattern with a scheme is compared with scheme, port and query too, one with a port or a `?` with these. Spelling
    does not matter: patterns and URLs are compared as the URL key has them. A `*` before the first slash may stand for
    the end of the host and the start of the path. # after white space begins a comment.
    Raises BadInput for one that is too long, that no URL could match, whose path ends in `.` or `..`, or with port 80
    or 443 beside a scheme with `*`.
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
            raise BadInput(f"{source}:{number}: {error}: {line[:80]!r}") from None
    return tuple(patterns)


def _parse_pattern(line: str) -> UrlPattern:
    """Raises ValueError with the reason why it is none."""
    ends = line.endswith("$")
    begun = _SCHEME.match(line)
    scheme = begun[1].lower() if begun else ""
    rest = line.removesuffix("$")[begun.end() if begun else 0 :]
    if begun and not _covers_web(scheme):
        raise ValueError("covers nothing: pages have http:// or https://")
    if "#" in rest:
        raise ValueError("covers nothing: no page's URL has a fragment (#)")
    authority = _AUTHORITY.match(rest)
    written = authority[0] if authority else ""
    tail = rest[len(written) :]
    if _DOTS.match(tail):
        raise ValueError("its path ends in . or .., which no URL has; write what follows it, or the path that is meant")
    heads = list(_path_readings(written))
    web = scheme if scheme in {"http", "https"} else "http"
    try:
        name, port = _host_pattern(written.rpartition("@")[2])
    except ValueError:
        if not heads:
            raise
        name = port = ""
    if "*" in scheme and port in _DEFAULT_PORTS:
        raise ValueError("beside a scheme with * no URL has to show port 80 or 443; leave the port out")
    address = address_of(f"{web}://host.invalid{port}{tail or '/'}")
    shown = f":{address.port}" if address.port and (scheme or f":{address.port}" not in _DEFAULT_PORTS) else ""
    query = f"?{address.query}" if "?" in tail else ""
    path = address.path if tail and not tail.startswith("?") else ""
    texts = [f"{head}{path}{query}" for head in heads]
    if name:
        texts.append(f"{name}{shown}{address.path if tail or ends else ''}{query}")
    before = f"{scheme}://" if begun else ""
    readings = tuple(dict.fromkeys(tuple(f"{before}{text}".split("*")) for text in texts))
    return UrlPattern(line, readings, ends, bool(scheme), bool(scheme or shown), bool(query or scheme))


def _covers_web(scheme: str) -> bool:
    wildcards = re.compile(".*".join(map(re.escape, re.sub(r"\*+", "*", scheme).split("*"))))
    return len(scheme) <= 8 and any(wildcards.fullmatch(web) for web in ("http", "https"))


def _host_pattern(written: str) -> tuple[str, str]:
    """Host, with its `*`, and ":port" as URL keys have them."""
    host, colon, port = written.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or written.startswith("["):
        host, port = written, ""
    port = port and f":{int(port)}" if len(port) <= 5 else port
    if "*" in host:
        return _wildcard_host(host), port
    name = named_host(host)
    if not name:
        raise ValueError("covers nothing: it begins with no host")
    return name, port


def _wildcard_host(host: str) -> str:
    labels = host.rstrip(".").split(".")
    if any("*" in label and not label.isascii() for label in labels):
        raise ValueError(
            "covers nothing: beside * in a host stand letters other than ASCII; "
            "write a host as xn--, a path in percent codes"
        )
    name = ".".join(label.lower() if label.isascii() else named_host(label) for label in labels)
    if not _HOST_PATTERN.fullmatch(name):
        raise ValueError("covers nothing: it begins with no host")
    return name


def _path_readings(written: str) -> Iterator[str]:
    """What stands before the first slash where one of its `*` runs over into the path, so that case counts behind it.

    Letters other than ASCII behind a `*` are of a host or of a path, and written in other ways: no reading.
    """
    pieces = written.split("*")
    of_path = [address_of(f"http://host.invalid/-{piece}-").path[2:-1] for piece in pieces]
    for count in range(1, len(pieces)):
        try:
            head = _wildcard_host("*".join([*pieces[:count], ""]))
        except ValueError:
            return
        if all(piece.isascii() for piece in pieces[count:]):
            yield head + "*".join(of_path[count:])
