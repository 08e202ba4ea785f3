"""The first stage: the pages of a shard that the rounds chose, as text with tags; the others with reasons.

In: a scanned shard. Out: a table of kept pages, one of dropped ones, and the report, which is published last. All that
can be told of a page by itself is told here, so that no page is compared with others that would not stay anyway.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256

from recall.archive.corpora import text_of
from recall.config import Config
from recall.config.corpus import SIGNALS
from recall.hosts import host_of
from recall.page.markdown import markdown
from recall.run.store import Columns, Schema, Store
from recall.steps.build import tags
from recall.steps.build.choice import Choice, Extent, choose
from recall.steps.build.chunks import Built
from recall.steps.build.exact import KEYS, keys_of
from recall.steps.build.exchange import folder_of, once
from recall.steps.build.schema import DROPPED, ID_BITS, LINEAGE
from recall.steps.rows import Body, ScannedShard, read_bodies, read_rows, refs_of

EXTRACTED: Schema = {**LINEAGE, **tags.COLUMNS, **SIGNALS, **KEYS}
STAGE = "extract"
TAG = "code"
NO_TEXT = "no text could be extracted"

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Job:
    """What extracting a shard needs. labels: people's page labels by URL, True where positive."""

    store: Store
    config: Config
    rounds: tuple[Extent, ...]
    labels: Mapping[str, bool] = field(repr=False)


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
    bodies = read_bodies(job.store, scanned, {c.row: refs[c.row] for c in choices if c.kept}, job.config.access)
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
        if not choice.kept:
            dropped.append({**lineage, "reason": choice.reason, "stage": "choice", "detail": ""})
            continue
        page = bodies.pop(choice.row)
        bare = text_of(page.body)
        text = markdown(page.body, choice.url, page.charset) if bare is None else bare
        if not text.strip():
            dropped.append({**lineage, "reason": NO_TEXT, "stage": STAGE, "detail": ""})
            continue
        kept.append(lineage | _described(choice, page, text, scanned.shard.crawl))
    files = [
        job.store.publish_table_named(folder_of(STAGE), "kept-", columns_of(kept, EXTRACTED), EXTRACTED),
        job.store.publish_table_named(folder_of(STAGE), "dropped-", columns_of(dropped, DROPPED), DROPPED),
    ]
    size = sum(len(str(row["text"])) for row in kept)
    return {"pages": table.num_rows, "bytes": size, "files": [asdict(file) for file in files]}


def _described(choice: Choice, page: Body, text: str, crawl: str) -> Row:
    """What is known of a page beside its place."""
    return {
        "text": text,
        "tag": TAG,
        "reason": choice.reason,
        "domain": host_of(choice.url),
        "crawl": crawl,
        "digest": f"sha256:{sha256(page.body).hexdigest()}",
        "model": choice.model,
        "fetched": "",
        **dict(zip(KEYS, keys_of(choice.url, text, crawl, ""), strict=True)),
    }


def columns_of(rows: list[Row], schema: Schema) -> Columns:
    """Rows as columns; what a row does not say is null."""
    return {name: [row.get(name) for row in rows] for name in schema}
