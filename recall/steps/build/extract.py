"""The first stage: the pages of a shard that the rounds chose, as text with tags; the others with reasons.

In: a scanned shard. Out: a table of kept pages, one of dropped ones, and the report, which is published last. All that
can be told of a page by itself is told here, so that no page is compared with others that would not stay anyway.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from recall.config import Config, QualitySection
from recall.config.corpus import SIGNALS, parse_rule
from recall.corpus import tags
from recall.corpus.chunks import Built
from recall.corpus.dedup.exact import KEYS, keys_of
from recall.corpus.filters import quality
from recall.corpus.filters.optout import OptOut, noai
from recall.corpus.schema import DROPPED, ID_BITS, LINEAGE, Row, columns_of
from recall.page.markdown import markdown
from recall.records import plain_text
from recall.run.scanned import Body, ScannedShard, read_bodies, read_rows, refs_of
from recall.run.shuffle import folder_of, once
from recall.run.store import Schema, Store
from recall.sites.hosts import host_of
from recall.steps.build.selection import Choice, Extent, choose

EXTRACTED: Schema = {**LINEAGE, **tags.COLUMNS, **SIGNALS, **KEYS}
STAGE = "extract"
TAG = "code"
NO_TEXT = "no text could be extracted"
LISTED = "its host or URL opted out"
SAYS_SO = "the page asks not to be used"


@dataclass(frozen=True, slots=True)
class Job:
    """What extracting a shard needs. labels: people's page labels by URL, True where positive."""

    store: Store
    config: Config
    rounds: tuple[Extent, ...]
    labels: Mapping[str, bool] = field(repr=False)
    optout: OptOut = field(repr=False)


def extract_shard(job: Job, scanned: ScannedShard) -> Built:
    """Extract a shard's chosen pages and publish them with the dropped ones."""
    number = scanned.shard.number
    report = once(job.store, STAGE, number, lambda: _extract(job, scanned))
    kept, dropped = (f"{folder_of(STAGE)}/{file['file']}" for file in report["files"])
    pages, out = (file["rows"] for file in report["files"])
    return Built(number, kept, dropped, pages, report["bytes"], out, report["pages"])


def _extract(job: Job, scanned: ScannedShard) -> object:
    choices = list(choose(job.store, job.rounds, job.labels, scanned.shard.number))
    table = read_rows(job.store, scanned, ["offset", "length"])
    refs = refs_of(table, scanned.shard.path, [choice.row for choice in choices])
    refused = {choice.row: _refused(job, choice) for choice in choices}
    wanted = {row: refs[row] for row, why in refused.items() if why is None}
    bodies = read_bodies(job.store, scanned, wanted, job.config.access)
    kept: list[Row] = []
    dropped: list[Row] = []
    for choice in choices:
        ref = refs[choice.row]
        lineage: Row = {
            "id": scanned.shard.number << ID_BITS | choice.row,
            "url": choice.url,
            "score": choice.score,
            "round": choice.round,
            "warc_path": ref.path,
            "offset": ref.offset,
            "length": ref.length,
        }
        found = refused[choice.row] or _page_of(job.config, choice, bodies.pop(choice.row), scanned.shard.crawl)
        if isinstance(found, Refusal):
            dropped.append({**lineage, "stage": found.stage, "reason": found.reason, "detail": found.detail})
        else:
            kept.append(lineage | found)
    files = [
        job.store.publish_table_named(folder_of(STAGE), "kept-", columns_of(kept, EXTRACTED), EXTRACTED),
        job.store.publish_table_named(folder_of(STAGE), "dropped-", columns_of(dropped, DROPPED), DROPPED),
    ]
    size = sum(len(str(row["text"])) for row in kept)
    return {"pages": table.num_rows, "bytes": size, "files": [asdict(file) for file in files]}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a page is not in the corpus, as dropped.parquet says it."""

    stage: str
    reason: str
    detail: str = ""


def _refused(job: Job, choice: Choice) -> Refusal | None:
    """Why a page need not even be read."""
    if not choice.kept:
        return Refusal("choice", choice.reason)
    listed = job.optout.reason(choice.url) if job.config.optout.enabled else ""
    return Refusal("optout", LISTED, listed) if listed else None


def _page_of(config: Config, choice: Choice, page: Body, crawl: str) -> Row | Refusal:
    """All that can be told of a page by itself."""
    if config.optout.enabled and (said := noai(page.body, page.robots, config.optout.directives)):
        return Refusal("optout", SAYS_SO, said)
    bare = plain_text(page.body)
    text = markdown(page.body, choice.url, page.charset) if bare is None else bare
    if not text.strip():
        return Refusal(STAGE, NO_TEXT)
    measured = quality.signals(text) if config.quality.enabled else {}
    if refusal := low_quality(config.quality, measured):
        return refusal
    declared = tags.declared_language(page.body) if bare is None else ""
    return {
        "text": text,
        "tag": TAG,
        "reason": choice.reason,
        "domain": host_of(choice.url),
        "crawl": crawl,
        "digest": f"sha256:{sha256(page.body).hexdigest()}",
        "model": choice.model,
        "fetched": page.fetched,
        **(tags.tags(choice.url, text, declared) if config.tags.enabled else {}),
        **measured,
        **dict(zip(KEYS, keys_of(choice.url, text, crawl, page.fetched), strict=True)),
    }


def low_quality(settings: QualitySection, measured: Mapping[str, int | float]) -> Refusal | None:
    """The rule that a page's signals break, as a refusal."""
    rule = quality.Filter(settings.keep).broken(measured) if settings.enabled else ""
    if not rule:
        return None
    return Refusal(
        "quality", f"breaks the rule {rule}", f"{parse_rule(rule)[0]} is {measured[parse_rule(rule)[0]]:.4g}"
    )
