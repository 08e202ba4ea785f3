"""Pages that are held out of a run: scanned, but never shown to people, trained on or used for a choice.

In: the lines of a holdout file. Out: Holdout, which covers URLs. Refuses a line that is no host, domain or URL.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from recall.errors import BadInput
from recall.sites.hosts import host_of, registered_domain

_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")


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
    and line number.
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
            names |= {host, registered_domain(host)}
    return Holdout(frozenset(names - {""}))


def _held_names(line: str, where: str) -> set[str]:
    """A name as URLs may spell it: in its own letters, and in those of the domain name system (IDNA)."""
    name = host_of(line) if "://" in line else line.lower().rstrip(".")
    try:
        encoded = name.encode("idna").decode()
    except UnicodeError:
        encoded = ""
    if not _HOST.fullmatch(encoded):
        raise BadInput(f"{where}: expected a host, a registered domain or a URL, one a line, found {line[:80]!r}")
    return {name, encoded}
