"""What a seed takes from one shard: labelled pages, pages under prefixes, pages with code blocks, a random sample.

In: a shard, or the places of its labelled pages. Out: Found pages. Every choice rests on seeded hashes of URLs, so it
does not depend on who looked where.
"""

from dataclasses import dataclass, field

from recall.archive.ranges import read_outcomes
from recall.archive.shards import read_shard
from recall.config import Config
from recall.page.text import scoring_text
from recall.records import MARK, Capture, Shard, WarcRef
from recall.run.label_files import LabelledUrl
from recall.run.sampling import BottomK, priority
from recall.sites.holdout import Holdout
from recall.sites.hosts import host_of, registered_domain
from recall.sites.prefixes import PrefixSet


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the crawl that the seed may use. label: None for a page of the random sample."""

    url: str
    label: str | None
    family: str
    source: str
    path: str
    offset: int
    length: int
    text: str


@dataclass(frozen=True, slots=True)
class Search:
    """What to collect from a shard: labelled URLs; and, from sampled shards, what else a seed is made of.

    sample, structure: so many pages of lowest priority from each sampled shard, at random and with code blocks.
    """

    config: Config
    holdout: Holdout
    labelled: dict[str, LabelledUrl] = field(repr=False)
    prefixes: PrefixSet
    sampled: frozenset[int]
    sample: int
    structure: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """A shard to look through. refs: where its labelled pages lie, if nothing else of it is wanted; None: all of it."""

    shard: Shard
    refs: tuple[WarcRef, ...] | None = field(default=None, repr=False)


def found_in(capture: Capture, label: str | None, family: str | None, source: str) -> Found:
    """A capture as the seed keeps it."""
    text = scoring_text(capture.body, capture.charset, capture.url)
    family = family or registered_domain(host_of(capture.url))
    return Found(capture.url, label, family, source, capture.ref.path, capture.ref.offset, capture.ref.length, text)


def has_code_block(text: str) -> bool:
    """Tell whether a scoring text's page has a `<pre>` and a `<code>`: of labelled pages with both, 94 % are code."""
    marks = {name.rstrip("0123456789") for name in text.split(MARK)[1:]}
    return {"pre", "code"} <= marks


def collect(search: Search, look: Look) -> list[Found]:
    """What a seed takes from a shard. Raises ShardFailed when it, or one of the places, cannot be read."""
    return _everything(search, look.shard) if look.refs is None else _labelled(search, look.shard, look.refs)


def _labelled(search: Search, shard: Shard, refs: tuple[WarcRef, ...]) -> list[Found]:
    """Labelled pages by byte range; a record that is no page, or another one, is not among them."""
    found: list[Found] = []
    for _, capture in read_outcomes(refs, lambda _path: shard.url, search.config.access):
        entry = search.labelled.get(capture.url) if isinstance(capture, Capture) else None
        if isinstance(capture, Capture) and entry is not None:
            found.append(found_in(capture, entry.label, entry.family, "label"))
    return found


def _everything(search: Search, shard: Shard) -> list[Found]:
    """Labelled pages, pages under seed prefixes, pages with code blocks and the shard's part of the random sample."""
    found: list[Found] = []
    seed, positive = search.config.run.seed, search.config.train.positive
    sample, structured = BottomK[int, Capture](search.sample), BottomK[int, Capture](search.structure)
    for capture in read_shard(shard, search.config.access):
        if not isinstance(capture, Capture) or search.holdout.covers(capture.url):
            continue
        entry = search.labelled.get(capture.url)
        if entry is not None:
            found.append(found_in(capture, entry.label, entry.family, "label"))
        elif shard.number not in search.sampled:
            continue
        elif search.prefixes.match(capture.url):
            found.append(found_in(capture, positive, None, "prefix"))
        else:
            _offer(sample, capture, seed)
            if search.structure and has_code_block(scoring_text(capture.body, capture.charset, capture.url)):
                _offer(structured, capture, seed + 1)
    found.extend(found_in(capture, None, None, "sample") for capture in sample.values())
    found.extend(found_in(capture, positive, None, "structure") for capture in structured.values())
    return found


def _offer(sample: BottomK[int, Capture], capture: Capture, seed: int) -> None:
    """Offer a capture by the hash of its URL; captures of one URL count as pages of their own, by offset."""
    offset = capture.ref.offset
    sample.offer(offset, (priority(seed, capture.url), offset), capture)
