"""Patterns over hosts, found from the shapes of URLs that many sites share: `*/viewtopic.php`, `*/questions/{int}/`.

In: pages of a sample of registered domains, by the shapes of their URLs. Out: the shapes that hold code on most of the
sites that have them, as patterns. A site of a kind of software (forum, wiki, generator of documentation) spells its
URLs as that software does, whatever the site is called. As a site is one case, however many pages it has, a shape's
share is the mean of its sites' shares, and the lower bound that makes a host a code domain is taken over sites instead
of pages. What is sampled bounds memory: see `sample_limit`.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any
from zlib import crc32

from recall.config import DomainsSection
from recall.records import Candidate
from recall.run.shuffle import Stage, read_partition
from recall.run.store import Columns
from recall.sites.prefixes import ANY, EVERY, SLUG, placeholders_of, prefix_key
from recall.steps.domains.bounds import ModelErrors, lower_share
from recall.steps.domains.prefix_candidates import DIFFERENT, MAX_DEPTH

SHAPES = {"shape": "string", "site": "int64", "pages": "int64", "kept": "int64"}
"""Pages of a shape on a site (hash of its registered domain)."""

SAMPLED = 1 << 17
"""Pages of a group of shards that are looked at, on average; of a site at most SITE_PAGES."""

SITE_PAGES = 1_000
SITES = 5
"""Registered domains that must share a shape."""

AGREED = 0.5
"""Share of code that the sites of a shape must have, by the lower bound; by that of the share kept, it is the one of
code domains. More than for a host, as accepting a pattern takes pages of sites that nobody saw; both, as a weak model's
errors are hardly known."""

PATTERNS = 50
"""Patterns that are counted on all pages, at most."""

_FOLDER = re.compile(r"[A-Za-z_][A-Za-z_-]{2,23}")
_SCRIPT = re.compile(r"[A-Za-z_][A-Za-z_-]{2,23}\.(?:aspx?|cgi|html?|jsp|php|pl)")
_NAMESPACE = re.compile(r"([A-Z][A-Za-z_]{2,15}:)[^/]")

Sites = dict[int, list[int]]
"""Pages and kept pages of a shape by site."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern over hosts as the sample shows it.

    sites: registered domains that have it; missed: pages not kept, times the share of code on its sites.
    """

    prefix: str
    sites: int
    missed: float


@dataclass(frozen=True, slots=True)
class PartitionPatterns:
    """The best patterns of a partition of shapes."""

    patterns: tuple[Pattern, ...]


def shapes_of(url: str) -> list[str]:
    """The shapes of a URL as patterns: folders, folders in pairs, scripts, and names before a colon."""
    *folders, last = prefix_key(url).partition("/")[2].split("/")
    folders = folders[:MAX_DEPTH]
    shapes = {f"{EVERY}/{folder}/": None for folder in folders if _FOLDER.fullmatch(folder)}
    for folder, inner in pairwise(folders):
        name = inner if _FOLDER.fullmatch(inner) else next(placeholders_of(inner), SLUG)
        if _FOLDER.fullmatch(folder) and name != SLUG:
            shapes[f"{EVERY}/{folder}/{name}/"] = None
    if _SCRIPT.fullmatch(last):
        shapes[f"{EVERY}/{last}"] = None
    elif named := _NAMESPACE.match(last):
        shapes[f"{EVERY}/{named[1]}{ANY}"] = None
    return list(shapes)


def site_hash(family: str) -> int:
    """64 bits of a registered domain, signed."""
    return int.from_bytes(blake2b(family.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def sample_limit(pages: int, groups: int) -> int:
    """The site hash below which a site is in the sample: all of them, or as many as give SAMPLED pages a group."""
    share = min(1.0, SAMPLED * groups / max(pages, 1))
    return int((share - 0.5) * 2**64) if share < 1 else 2**63


class ShapeCounts:
    """Counts of a group's shapes by site."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen: Counter[int] = Counter()
        self._counts: dict[tuple[str, int], list[int]] = {}

    def add(self, url: str, family: str, kept: bool) -> None:
        """Count a page, if its site is in the sample and has not had its share."""
        site = site_hash(family)
        if site >= self._limit or self._seen[site] >= SITE_PAGES:
            return
        self._seen[site] += 1
        for shape in shapes_of(url):
            count = self._counts.setdefault((shape, site), [0, 0])
            count[0] += 1
            count[1] += kept

    def pieces(self, partitions: int) -> Iterator[Columns]:
        """Rows of SHAPES, a piece for each partition, sorted."""
        pieces: list[list[tuple[str, int]]] = [[] for _ in range(partitions)]
        for shape, site in sorted(self._counts):
            pieces[crc32(shape.encode("utf-8", "replace")) % partitions].append((shape, site))
        for piece in pieces:
            yield {
                "shape": [shape for shape, _ in piece],
                "site": [site for _, site in piece],
                "pages": [self._counts[key][0] for key in piece],
                "kept": [self._counts[key][1] for key in piece],
            }


def choose_patterns(by_shape: Mapping[str, Sites], settings: DomainsSection, errors: ModelErrors) -> list[Pattern]:
    """The shapes whose sites agree that they hold code, most missed code first, PATTERNS at most."""
    chosen = []
    for shape, sites in by_shape.items():
        kept_sites = math.fsum(kept / pages for pages, kept in sites.values())
        if len(sites) < SITES:
            continue
        kept_low = lower_share(len(sites), kept_sites, ModelErrors(), settings.confidence)
        code_low = lower_share(len(sites), kept_sites, errors, settings.confidence)
        if kept_low > settings.share and code_low > AGREED:
            share = lower_share(len(sites), kept_sites, errors, 0.5)
            missed = sum(pages - kept for pages, kept in sites.values())
            chosen.append(Pattern(shape, len(sites), round(share * missed, 6)))
    return best_patterns(chosen)


def best_patterns(patterns: Iterable[Pattern]) -> list[Pattern]:
    """The PATTERNS patterns of most missed code."""
    return sorted(patterns, key=lambda pattern: (-pattern.missed, pattern.prefix))[:PATTERNS]


def find_patterns(settings: DomainsSection, errors: ModelErrors, stage: Stage[Any], number: int) -> list[Pattern]:
    """The patterns among the shapes of a partition."""
    table = read_partition(stage.store, stage.files, number, SHAPES)
    by_shape: dict[str, Sites] = defaultdict(dict)
    for shape, site, pages, kept in zip(*(table.column(name).to_pylist() for name in SHAPES), strict=True):
        count = by_shape[shape].setdefault(site, [0, 0])
        count[0] += pages
        count[1] += kept
    return choose_patterns(by_shape, settings, errors)


def distinct_patterns(candidates: Mapping[str, Candidate]) -> list[Candidate]:
    """Patterns without those that say the same as another, by pages on the whole crawl.

    Of a pair of folders and its folders alone the pair stays where it is kept more often by DIFFERENT; where it holds
    most of what is kept in a folder, it stands for that.
    """
    chosen = {prefix: each for prefix, each in candidates.items() if each.kept and each.pages > each.kept}
    for prefix, pair in sorted(chosen.items()):
        parts = prefix.split("/")[1:-1]
        folders = [f"{EVERY}/{part}/" for part in parts if f"{EVERY}/{part}/" in candidates] if len(parts) == 2 else []
        for folder in folders:
            whole = candidates[folder]
            if pair.kept / pair.pages - whole.kept / whole.pages <= DIFFERENT:
                chosen.pop(prefix, None)
            elif 2 * pair.kept > whole.kept:
                chosen.pop(folder, None)
    return list(chosen.values())
