"""Candidates: URL prefixes that separate code from the rest, few enough to be annotated.

In: pages by directory prefix and by probability. Out: Candidate, those first about which a question brings most.
Folders that are numbers or years are one template (a.org/{year}/), and so are many small folders beside each other
(a.org/{slug}/issues/).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field

from recall.config import DomainsSection
from recall.records import Candidate
from recall.sites.prefixes import SLUG, placeholders_of, prefix_key
from recall.steps.domains.code_added import Bins, CodeAdded, kept_in, no_pages, pages_in

MAX_DEPTH = 4
"""Path parts of a prefix: deeper ones cover too little to be worth a question."""

DIFFERENT = 0.3
"""Parts of a prefix whose shares kept differ by more than this are proposed one by one."""

MANY = 8
"""Folders with too few pages to be proposed that make a {slug} when they have the same parent."""

Count = tuple[int, int]
"""Pages, and how many of them the model keeps."""

Counts = Mapping[str, Bins]


def directory_prefixes(url: str) -> list[str]:
    """Directory prefixes of a URL, shortest first: host/, host/a/, host/a/b/ …, without its last path part.

    A part that is a number becomes {int}, a year {year}: such folders are proposed as one.
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
    """Pages below a folder, and its folders by name."""

    bins: Bins = field(default_factory=no_pages)
    parts: dict[str, "_Folder"] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        """How many pages lie below it."""
        return pages_in(self.bins)

    def take(self, other: "_Folder") -> None:
        """Count another folder's pages here, part by part."""
        self.bins = self.bins + other.bins
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


def _flatten(folder: _Folder, prefix: str, counts: dict[str, Bins]) -> None:
    counts[prefix] = folder.bins
    for name, part in folder.parts.items():
        _flatten(part, f"{prefix}{name}/", counts)


def with_slugs(counts: Counts, settings: DomainsSection) -> dict[str, Bins]:
    """Counts by prefix in which many small folders beside each other are one {slug}."""
    hosts: dict[str, _Folder] = {}
    for prefix, bins in counts.items():
        host, *parts = prefix.rstrip("/").split("/")
        folder = hosts.setdefault(host, _Folder())
        for part in parts:
            folder = folder.parts.setdefault(part, _Folder())
        folder.bins = bins
    folded: dict[str, Bins] = {}
    for host, folder in hosts.items():
        _fold(folder, settings.prefix_min_pages)
        _flatten(folder, f"{host}/", folded)
    return folded


def propose(
    counts: Counts, settings: DomainsSection, estimate: CodeAdded, split: Set[str] = frozenset()
) -> list[Candidate]:
    """Choose prefixes that separate kept pages from the rest, from counts by prefix, largest gain first.

    From the host's root downwards: a prefix whose parts are kept alike is proposed whole; where they differ, its
    sub-prefixes are considered instead, as long as they hold most of its kept pages. split: prefixes that annotators
    want to see by their parts, whatever these hold.
    """
    bins = with_slugs(counts, settings)
    sums = {prefix: (pages_in(inside), kept_in(inside)) for prefix, inside in bins.items()}
    children: dict[str, list[str]] = defaultdict(list)
    for prefix in sorted(sums):
        parent = prefix[: prefix.rstrip("/").rfind("/") + 1]
        if parent:
            children[parent].append(prefix)
    chosen: dict[str, list[Candidate]] = defaultdict(list)
    pending = [prefix for prefix in sorted(sums) if prefix.count("/") == 1]
    while pending:
        prefix = pending.pop()
        if not _worth_asking(sums[prefix], settings):
            continue
        if prefix in split or _separable(sums[prefix], [sums[child] for child in children[prefix]], settings):
            pending.extend(children[prefix])
            continue
        candidate = estimate.candidate(prefix, bins[prefix])
        chosen[candidate.host].append(candidate)
    best = [sorted(candidates, key=largest_gain_first)[: settings.prefixes_per_host] for candidates in chosen.values()]
    return sorted((candidate for candidates in best for candidate in candidates), key=largest_gain_first)


def largest_gain_first(candidate: Candidate) -> tuple[float, int, str]:
    """Sort key of candidates."""
    return -candidate.gain, candidate.kept - candidate.pages, candidate.prefix


def _worth_asking(count: Count, settings: DomainsSection) -> bool:
    return count[0] >= settings.prefix_min_pages and count[1] > 0


def _separable(whole: Count, parts: Sequence[Count], settings: DomainsSection) -> bool:
    """True when the shares kept of a prefix' parts differ, and the parts worth asking about hold most kept pages.

    Pages in no large part count as a part of their own.
    """
    worth = [part for part in parts if _worth_asking(part, settings)]
    large = [part for part in parts if part[0] >= settings.prefix_min_pages]
    rest = (whole[0] - sum(part[0] for part in large), whole[1] - sum(part[1] for part in large))
    if rest[0] >= settings.prefix_min_pages:
        large.append(rest)
    shares = [kept / pages for pages, kept in large]
    most_inside = 2 * sum(part[1] for part in worth) > whole[1]
    return most_inside and max(shares) - min(shares) > DIFFERENT


def missed_under(candidates: Sequence[Candidate]) -> dict[str, float]:
    """Pages that the model does not keep under the first 10, the first 50 and all candidates, in the order people see.

    added_first_10, added_under_all: those of them that are code, estimated.
    """
    ranked = sorted(candidates, key=largest_gain_first)
    missed = [candidate.pages - candidate.kept for candidate in ranked]
    added = [candidate.added for candidate in ranked]
    return {
        "missed_first_10": sum(missed[:10]),
        "missed_first_50": sum(missed[:50]),
        "missed_under_all": sum(missed),
        "added_first_10": round(sum(added[:10]), 1),
        "added_under_all": round(sum(added), 1),
    }
