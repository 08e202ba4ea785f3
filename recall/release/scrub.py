"""Removes what belongs to one machine or person from settings and manifests: access, tokens, local paths, times."""

import re
from typing import Any
from urllib.parse import urlsplit

from recall.config import Config
from recall.config.corpus_sections import QUALITY, parse_entry, parse_rule
from recall.sites.urls import host_of

PRIVATE = ("access", "cluster", "judge", "studio")
"""Sections that say how the owner's machines and accounts are reached; a release holds their defaults."""

OUTSIDE_DIGESTS = frozenset({"when", "check", "root", "created"})
"""Keys of manifests that no digest covers: times, machines and notes."""

_LOCAL = re.compile(r"(?:^|[\s\"'=(,])(?:file:/+|~?/|[A-Za-z]:\\)[^\s\"',)]+")


def public(text: str) -> bool:
    """True for text that may leave the machine: no local path, no address with user, port or query, no local host."""
    if "://" not in text:
        return _LOCAL.search(text) is None
    try:
        parts = urlsplit(text)
        plain = parts.username is None and parts.port is None and not parts.query
    except ValueError:
        return False
    host = host_of(text)
    if parts.scheme == "s3":
        return plain and host == "commoncrawl"  # other buckets are private
    return plain and parts.scheme in {"http", "https"} and "." in host and not host.replace(".", "").isdigit()


def scrubbed_config(config: Config) -> Config:
    """The config with private sections at their defaults and without paths, URLs or names that are not public.

    Where the ranker is not, what needs one goes with it.
    """
    defaults = Config()
    sections: dict[str, Any] = {}
    for name, section in config.model_dump().items():
        default = getattr(defaults, name)
        sections[name] = default.model_dump() if name in PRIVATE else _kept(section, default.model_dump())
    if not sections["quality"]["ranker"]:
        sections["quality"]["best_tokens"] = 0
        sections["quality"]["keep"] = [rule for rule in config.quality.keep if parse_rule(rule)[0] != QUALITY]
        sections["mix"]["weights"] = [entry for entry in config.mix.weights if parse_entry(entry)[0] != QUALITY]
    return Config.model_validate(sections)


def _kept(section: dict[str, Any], default: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in section.items():
        if isinstance(value, str):
            kept[key] = value if public(value) else default[key]
        elif isinstance(value, tuple | list):
            kept[key] = [item for item in value if not isinstance(item, str) or public(item)]
        else:
            kept[key] = value
    return kept


def scrubbed(value: Any) -> Any:
    """A manifest's values without OUTSIDE_DIGESTS, local paths left empty."""
    if isinstance(value, dict):
        return {name: scrubbed(item) for name, item in value.items() if name not in OUTSIDE_DIGESTS}
    if isinstance(value, list):
        return [scrubbed(item) for item in value]
    return value if not isinstance(value, str) or public(value) else ""
