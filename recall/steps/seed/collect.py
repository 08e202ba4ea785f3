"""Seed pages of one shard: labelled pages, pages under prefixes, pages with code blocks, a random sample.

In: a shard, or the byte ranges of its labelled pages. Out: SeedPage. Every choice rests on seeded hashes of URLs, so it
does not depend on the order of shards or on the number of workers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from recall.archive.ranges import read_outcomes
from recall.archive.shards import read_shard
from recall.config import Config
from recall.page.text import scoring_text
from recall.records import MARK, Capture, Shard, WarcRef
from recall.run.label_files import LabelledUrl
from recall.run.sampling import BottomK, priority
from recall.sites.holdout import Holdout
from recall.sites.hosts import registered_domain
from recall.sites.prefixes import PrefixSet
from recall.sites.urls import host_of, url_key


@dataclass(frozen=True, slots=True)
class SeedPage:
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
class SeedContext:
    """Context of `collect`: labelled URLs are collected from every shard, other pages from sampled shards.

    labelled: by URL key; sampled: numbers of the sampled shards; sample, structure, chosen: number of random pages, of
    random pages with code blocks, and of those that `choose` (given a scoring text) takes, from each of them;
    prefix_labels: the label that each prefix gives its pages.
    """

    config: Config
    holdout: Holdout
    labelled: dict[str, LabelledUrl] = field(repr=False)
    prefixes: PrefixSet
    prefix_labels: Mapping[str, str]
    sampled: frozenset[int]
    sample: int
    structure: int = 0
    chosen: int = 0
    choose: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class ShardRequest:
    """A shard to collect from. refs: its labelled pages, if nothing else of it is wanted; None: all of it is read."""

    shard: Shard
    refs: tuple[WarcRef, ...] | None = field(default=None, repr=False)


def seed_page(capture: Capture, label: str | None, family: str | None, source: str) -> SeedPage:
    """A capture as a seed page."""
    text = scoring_text(capture.body, capture.charset, capture.url)
    family = family or registered_domain(host_of(capture.url))
    return SeedPage(capture.url, label, family, source, capture.ref.path, capture.ref.offset, capture.ref.length, text)


def has_code_block(text: str) -> bool:
    """True when a scoring text's page has a `<pre>` and a `<code>`: of labelled pages with both, 94 % are code."""
    marks = {name.rstrip("0123456789") for name in text.split(MARK)[1:]}
    return {"pre", "code"} <= marks


def collect(context: SeedContext, request: ShardRequest) -> list[SeedPage]:
    """Collect the seed pages of a shard. Raises ShardFailed when it, or one of the byte ranges, cannot be read."""
    return (
        _from_whole_shard(context, request.shard)
        if request.refs is None
        else _labelled(context, request.shard, request.refs)
    )


def _labelled(context: SeedContext, shard: Shard, refs: tuple[WarcRef, ...]) -> list[SeedPage]:
    """Labelled pages by byte range; records that are no page or another page are passed over."""
    found: list[SeedPage] = []
    for _, capture in read_outcomes(refs, lambda _path: shard.url, context.config.access):
        entry = context.labelled.get(url_key(capture.url)) if isinstance(capture, Capture) else None
        if isinstance(capture, Capture) and entry is not None:
            found.append(seed_page(capture, entry.label, entry.family, "label"))
    return found


def _from_whole_shard(context: SeedContext, shard: Shard) -> list[SeedPage]:
    """Labelled pages, pages under seed prefixes, those with code blocks or chosen, the shard's part of the sample."""
    found: list[SeedPage] = []
    seed, positive = context.config.run.seed, context.config.train.positive
    sample, structured = BottomK[str, Capture](context.sample), BottomK[str, Capture](context.structure)
    chosen = BottomK[str, Capture](context.chosen)
    for capture in read_shard(shard, context.config.access):
        if not isinstance(capture, Capture) or context.holdout.covers(capture.url):
            continue
        key = url_key(capture.url)
        entry = context.labelled.get(key)
        if entry is not None:
            found.append(seed_page(capture, entry.label, entry.family, "label"))
        elif shard.number not in context.sampled:
            continue
        elif prefix := context.prefixes.match(capture.url):
            found.append(seed_page(capture, context.prefix_labels[prefix], None, "prefix"))
        else:
            _offer(sample, key, capture, seed)
            if not context.structure and context.choose is None:
                continue
            text = scoring_text(capture.body, capture.charset, capture.url)
            if context.structure and has_code_block(text):
                _offer(structured, key, capture, seed + 1)
            if context.choose is not None and context.choose(text):
                _offer(chosen, key, capture, seed + 2)
    found.extend(seed_page(capture, None, None, "sample") for capture in sample.values())
    found.extend(seed_page(capture, positive, None, "structure") for capture in structured.values())
    found.extend(seed_page(capture, positive, None, "model") for capture in chosen.values())
    return found


def _offer(sample: BottomK[str, Capture], key: str, capture: Capture, seed: int) -> None:
    """Offer a capture by the hash of its URL; captures of one page (`key`) are one page."""
    sample.offer(key, (priority(seed, capture.url), capture.ref.offset), capture)
