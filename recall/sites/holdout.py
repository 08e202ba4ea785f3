"""Pages that are held out of a run: scanned, but never shown to people, trained on or used for a choice.

In: the lines of a holdout file. Out: Holdout, which covers URLs. Refuses a line that is no host, domain or URL.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from recall.errors import BadInput
from recall.sites.hosts import registered_domain
from recall.sites.urls import host_of, named_host


@dataclass(frozen=True, slots=True)
class Holdout:
    """Hosts and registered domains that are scanned but never shown, trained on or used for a choice."""

    names: frozenset[str] = frozenset()

    def covers(self, url: str) -> bool:
        """True when the URL's host or its registered domain is held out."""
        if not self.names:
            return False
        host = host_of(url)
        return host in self.names or registered_domain(host) in self.names


def parse_holdout(lines: Iterable[str], source: str) -> Holdout:
    """Read a holdout file: one host, registered domain or URL a line, or JSON lines with `url` (and `use`).

    A URL holds out its host, a JSON line the whole registered domain of its URL; of JSON lines that carry a `use`, only
    those with `use` "measure" count. Blank lines and lines that start with # are ignored. Raises BadInput with source
    and line number, also for a URL without a scheme or a host.
    """
    names: set[str] = set()
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if not line.startswith("{"):
            name = named_host(line)
            if not name:
                expected = "a host, a registered domain or a URL, one a line"
                raise BadInput(f"{source}:{number}: expected {expected}, found {line[:80]!r}")
            names.add(name)
            continue
        names |= _names_of(line, f"{source}:{number}")
    return Holdout(frozenset(names))


def _names_of(line: str, where: str) -> set[str]:
    """What a JSON line holds out, nothing where its use is another."""
    try:
        row = json.loads(line)
        url = row["url"]
        if row.get("use", "measure") != "measure":
            return set()
        host = host_of(url)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadInput(f'{where}: expected a host or a JSON object with a "url"') from None
    if not host:
        raise BadInput(f'{where}: expected a "url" with scheme and host, found {url[:80]!r}')
    return {host, registered_domain(host)} - {""}
