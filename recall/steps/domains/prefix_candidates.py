"""URL prefixes that separate code from the rest, few enough for people, as candidates to be judged.

In: pages and kept pages by directory prefix. Out: Candidate. Folders that are numbers or years are one template
(a.org/{year}/), and so are many small folders beside each other (a.org/{slug}/issues/).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from recall.config import DomainsSection
from recall.records import Candidate
from recall.sites.prefixes import SLUG, placeholders_of, prefix_key

MAX_DEPTH = 4
"""Path parts of a prefix: deeper ones cover too little to be worth a judgement."""

DIFFERENT = 0.3
"""Parts of a prefix whose shares kept lie further apart than this are judged one by one."""

MANY = 8
"""Folders with too few pages to be judged that make a {slug} when they lie beside each other."""

Count = tuple[int, int]
"""Pages, and how many of them the model keeps."""

Counts = Mapping[str, Count]


def prefixes_of(url: str) -> list[str]:
    """Directory prefixes of a URL, shortest first: host/, host/a/, host/a/b/ …, without its last path part.

    A part that is a number stands as {int}, a year as {year}: such folders are judged as one.
    """
    host, _, path = prefix_key(url).partition("/")
    parts = path.split("/")[:-1][:MAX_DEPTH]
    prefixes = [f"{host}/"]
    for part in parts:
        if not part:
            break
        name = next(placeholders_of(part))
        prefixes.append(f"{prefixes[-1]}{part if name == SLUG else name}/")
    return prefixes


@dataclass(slots=True)
class _Folder:
    """Pages and kept pages below a folder, and its folders by name."""

    pages: int = 0
    kept: int = 0
    parts: dict[str, "_Folder"] = field(default_factory=dict)

    def take(self, other: "_Folder") -> None:
        """Count another folder's pages here, part by part."""
        self.pages += other.pages
        self.kept += other.kept
        for name, part in other.parts.items():
            self.parts.setdefault(name, _Folder()).take(part)


def _fold(folder: _Folder, least: int) -> None:
    """Make one {slug} of many small folders, all the way down."""
    small = [name for name, part in folder.parts.items() if part.pages < least and not name.startswith("{")]
    if len(small) >= MANY:
        slug = folder.parts.setdefault(SLUG, _Folder())
        for name in small:
            slug.take(folder.parts.pop(name))
    for part in folder.parts.values():
        _fold(part, least)


def _flatten(folder: _Folder, prefix: str, counts: dict[str, Count]) -> None:
    counts[prefix] = (folder.pages, folder.kept)
    for name, part in folder.parts.items():
        _flatten(part, f"{prefix}{name}/", counts)


def with_slugs(counts: Counts, settings: DomainsSection) -> dict[str, Count]:
    """Counts by prefix in which many small folders beside each other are one {slug}."""
    hosts: dict[str, _Folder] = {}
    for prefix, (pages, kept) in counts.items():
        host, *parts = prefix.rstrip("/").split("/")
        folder = hosts.setdefault(host, _Folder())
        for part in parts:
            folder = folder.parts.setdefault(part, _Folder())
        folder.pages, folder.kept = pages, kept
    folded: dict[str, Count] = {}
    for host, folder in hosts.items():
        _fold(folder, settings.prefix_min_pages)
        _flatten(folder, f"{host}/", folded)
    return folded


def propose(counts: Counts, settings: DomainsSection, split: Set[str] = frozenset()) -> list[Candidate]:
    """Choose prefixes that separate kept pages from the rest, from counts by prefix, most kept pages first.

    From the host's root downwards: a prefix whose parts are kept alike is proposed whole; where they differ, its
    sub-prefixes are looked at instead, as long as they hold most of its kept pages. split: prefixes that people want
    to judge by their parts, whatever these hold.
    """
    counts = with_slugs(counts, settings)
    children: dict[str, list[str]] = defaultdict(list)
    for prefix in sorted(counts):
        parent = prefix[: prefix.rstrip("/").rfind("/") + 1]
        if parent:
            children[parent].append(prefix)
    chosen: dict[str, list[Candidate]] = defaultdict(list)
    pending = [prefix for prefix in sorted(counts) if prefix.count("/") == 1]
    while pending:
        prefix = pending.pop()
        if not _worth_asking(counts[prefix], settings):
            continue
        if prefix in split or _separable(counts[prefix], [counts[child] for child in children[prefix]], settings):
            pending.extend(children[prefix])
            continue
        host = prefix.partition("/")[0]
        chosen[host].append(Candidate(prefix, host, *counts[prefix]))
    best = [
        sorted(found, key=lambda one: (-one.kept, one.prefix))[: settings.prefixes_per_host]
        for found in chosen.values()
    ]
    return sorted((one for found in best for one in found), key=lambda one: (-one.kept, one.prefix))


def _worth_asking(count: Count, settings: DomainsSection) -> bool:
    return count[0] >= settings.prefix_min_pages and count[1] > 0


def _separable(whole: Count, parts: Sequence[Count], settings: DomainsSection) -> bool:
    """Tell whether the shares kept of a prefix' parts differ, and those worth asking about hold most of what is kept.

    What lies in no large part counts as a part of its own.
    """
    worth = [part for part in parts if _worth_asking(part, settings)]
    large = [part for part in parts if part[0] >= settings.prefix_min_pages]
    rest = (whole[0] - sum(part[0] for part in large), whole[1] - sum(part[1] for part in large))
    if rest[0] >= settings.prefix_min_pages:
        large.append(rest)
    shares = [kept / pages for pages, kept in large]
    most_inside = 2 * sum(part[1] for part in worth) > whole[1]
    return most_inside and max(shares) - min(shares) > DIFFERENT


def gains_of(candidates: Sequence[Candidate]) -> dict[str, int]:
    """Pages that the model misses under the candidates, as people see them: the first 10, the first 50, all of them."""
    ranked = sorted(candidates, key=lambda one: (-one.pages, one.prefix))
    missed = [one.pages - one.kept for one in ranked]
    return {"missed_first_10": sum(missed[:10]), "missed_first_50": sum(missed[:50]), "missed_under_all": sum(missed)}
