"""The first stage: the pages of a shard that the rounds selected, as text with tags; the others with reasons.

In: a scanned shard. Out: a table of kept pages and one of dropped pages. A page is selected when the last round's model
keeps it or an accepted prefix covers it; labels overrule both. Everything that depends on one page alone is done here,
so that no page is compared with others that would not stay anyway. Bodies and texts are held a few at a time: memory
grows with the shard's URLs only.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain

from recall.config import Config
from recall.config.corpus_sections import SIGNALS
from recall.corpus.chunks import ExtractedShard
from recall.corpus.dedup.exact import KEYS, duplicate_keys
from recall.corpus.drops import EARLIER_ONLY, NOT_CODE, NOT_SCANNED
from recall.corpus.fences import FENCES
from recall.corpus.filters.optout import OptOut, noai
from recall.corpus.licenses import License, license_of, license_of_file
from recall.corpus.ranking.ranker import Ranker
from recall.corpus.schema import (
    BODY,
    CODE,
    DROPPED,
    FALLBACK,
    FIRST_OTHER,
    ID_BITS,
    LINEAGE,
    ORIGIN,
    RANKED,
    Row,
    columns_of,
)
from recall.corpus.signals import TAGS, declared_language, tags
from recall.page.files.file_markdown import file_markdown
from recall.page.files.notebook import BrokenNotebook
from recall.page.markdown import Conversion, convert
from recall.records import BodyKind, plain_text
from recall.run.scanned import PageBody, ScannedShard, ScannedShards, read_rows, refs_of, stream_bodies
from recall.run.shuffle import Stage, write_partitions, write_table
from recall.run.store import Columns, Schema, Store
from recall.sites.prefixes import PrefixSet
from recall.sites.urls import host_of, url_key
from recall.steps.build.page_quality import DropReason, judged

EXTRACTED: Schema = {
    **LINEAGE,
    **TAGS,
    **SIGNALS,
    **KEYS,
    **FALLBACK,
    **ORIGIN,
    **CODE,
    **RANKED,
    **BODY,
    "guessed": "list<uint32>",
    "fences": FENCES,
}
"""guessed: numbers of the fenced blocks whose language the page does not name; fences: of the text before masks."""
STAGE = "extract"
TAG = "code"
PIECE = 8 << 20
"""Bytes of kept texts that are held before they are written as a row group."""

NO_TEXT = "no text could be extracted"
LISTED = "its host or URL opted out"
PAGE_OPTS_OUT = "the page asks not to be used"


@dataclass(frozen=True, slots=True)
class SelectingRound:
    """What one round selects by: its scan of each shard and the prefixes accepted by its end."""

    number: int
    shards: ScannedShards = field(repr=False)
    prefixes: PrefixSet


@dataclass(frozen=True, slots=True)
class ExtractionInputs:
    """What extracting a shard needs. labels: of pages that people labelled, by URL key."""

    config: Config
    rounds: tuple[SelectingRound, ...]
    labels: Mapping[str, str] = field(repr=False)
    optout: OptOut = field(repr=False)
    ranker: Ranker | None = field(default=None, repr=False)

    def tag_of(self, label: str | None, topic: str) -> str:
        """The tag of a page: that of people's label where it has one, else that of the topic the model gives it."""
        topics = self.config.train.topics
        return topics.get(label or "") or topics.get(topic, TAG)


@dataclass(frozen=True, slots=True)
class Selection:
    """A page that some round kept or a label calls positive. reason: why it is in the corpus, or why it is not.

    row: its index in the shard; round: the first that kept it (the last for pages that only a label keeps); tag: what
    it was recalled as.
    """

    row: int
    url: str
    score: float
    model: str
    round: int
    selected: bool
    reason: str
    tag: str


def extract_shard(stage: Stage[ExtractionInputs], scanned: ScannedShard) -> ExtractedShard:
    """Extract a shard's selected pages: rows of EXTRACTED, and rows of DROPPED for the others."""
    extraction = _ShardExtraction(stage, scanned)
    kept = write_partitions(stage, extraction.pieces(), EXTRACTED)
    return ExtractedShard(
        scanned.number,
        kept,
        write_table(stage, "dropped-", columns_of(extraction.dropped, DROPPED), DROPPED),
        extraction.scanned_pages,
        extraction.bytes,
        tuple(sorted(extraction.fallbacks.items())),
    )


class _ShardExtraction:
    """Extracts the pages of a shard one by one, and holds no more than PIECE bytes of their texts."""

    def __init__(self, stage: Stage[ExtractionInputs], scanned: ScannedShard) -> None:
        self.stage, self.scanned, self.config = stage, scanned, stage.inputs.config
        self.dropped: list[Row] = []
        self.fallbacks: Counter[str] = Counter()
        self.bytes = self.scanned_pages = 0

    def pieces(self) -> Iterator[Columns]:
        """The kept pages in the order of rows, as pieces of EXTRACTED; at least one piece."""
        held: list[Row] = []
        size = 0
        for row in chain(self._kept(self.scanned), self._kept(self.scanned.others)):
            held.append(row)
            size += int(str(row["size"]))
            if size >= PIECE:
                yield columns_of(held, EXTRACTED)
                self.bytes, held, size = self.bytes + size, [], 0
        self.bytes += size
        yield columns_of(held, EXTRACTED)

    def _kept(self, scanned: ScannedShard | None) -> Iterator[Row]:
        """The kept pages of the shard's HTML or, with their own rows, of its other kinds."""
        if scanned is None:
            return
        inputs, store, others = self.stage.inputs, self.stage.store, scanned is self.scanned.others
        selections = list(select_pages(store, inputs, scanned.number, others=others))
        table = read_rows(store, scanned, ["offset", "length"])
        self.scanned_pages += table.num_rows
        refs = refs_of(table, scanned.shard.path, [selection.row for selection in selections])
        unread = {selection.row: _drop_unread(inputs, selection) for selection in selections}
        wanted = {row: refs[row] for row, drop in unread.items() if drop is None}
        bodies = stream_bodies(store, scanned, wanted, self.config.access)
        for selection in selections:
            page: Row | DropReason | None = unread[selection.row]
            if page is None:
                page = self._page_of(selection, next(bodies)[1])
            ref = refs[selection.row]
            lineage: Row = {
                "id": scanned.number << ID_BITS | (FIRST_OTHER if others else 0) | selection.row,
                "url": selection.url,
                "score": selection.score,
                "round": selection.round,
                "warc_path": ref.path,
                "offset": ref.offset,
                "length": ref.length,
            }
            if isinstance(page, DropReason):
                self.dropped.append({**lineage, "stage": page.stage, "reason": page.reason, "detail": page.detail})
            else:
                yield lineage | page

    def _page_of(self, selection: Selection, page: PageBody) -> Row | DropReason:
        """All columns that depend on a page alone."""
        config, crawl = self.config, self.scanned.shard.crawl
        html = page.kind is BodyKind.HTML
        markup = page.body if html else b""  # what a source file says in markup is not of itself
        if config.optout.enabled and (directive := noai(markup, page.robots, config.optout.directives)):
            return DropReason("optout", PAGE_OPTS_OUT, directive)
        plain, left_out = plain_text(page.body), None
        if not html:
            converted, left_out = _of_file(page)
        elif plain is None:
            converted = convert(page.body, selection.url, page.charset, config.build.extractor)
        else:
            converted = Conversion(plain)
        if converted.reason:
            self.fallbacks[converted.reason] += 1
        text = converted.text
        if not text.strip():
            return DropReason(STAGE, NO_TEXT, converted.reason)
        measured = judged(text, config.quality, self.stage.inputs.ranker, converted.guessed)
        if isinstance(measured, DropReason):
            return measured
        declared = declared_language(markup) if plain is None else ""
        license_ = license_of(markup, selection.url) if plain is None else License()
        if page.kind is BodyKind.SOURCE:
            license_ = license_of_file(text)
        return {
            "text": text,
            "tag": selection.tag,
            "reason": selection.reason,
            "domain": host_of(selection.url),
            "crawl": crawl,
            "digest": f"sha256:{sha256(page.body).hexdigest()}",
            "model": selection.model,
            "fetched": page.fetched,
            "fallback": converted.reason,
            "title": converted.title,
            "license": license_.expression,
            "license_source": license_.source,
            "truncated": page.truncated,
            "record_id": page.record_id,
            "dump": page.dump or crawl,
            "file_path": page.file_path or self.scanned.shard.path,
            "guessed": list(converted.guessed),
            "body": page.kind.value,
            "left_out": left_out,
            **(tags(selection.url, text, declared) if config.tags.enabled else {}),
            **measured,
            **dict(zip(KEYS, duplicate_keys(selection.url, text, crawl, page.fetched), strict=True)),
        }


def _of_file(page: PageBody) -> tuple[Conversion, int | None]:
    """What is kept of a body that is no HTML, and how much of a notebook is left out."""
    try:
        kept = file_markdown(page.body, page.charset, page.kind, page.language)
    except BrokenNotebook:  # an earlier version read it
        return Conversion(""), None
    left_out = kept.left_out if page.kind is BodyKind.NOTEBOOK else None
    return Conversion(kept.text, title=kept.title), left_out


def select_pages(store: Store, inputs: ExtractionInputs, number: int, *, others: bool = False) -> Iterator[Selection]:
    """Every page of shard `number` that any round kept or a label calls positive, in file order.

    others: of its pages that are no HTML. The last round decides. Earlier rounds that could not read the shard have no
    say; of a shard that the last round could not read nothing is selected.
    """
    rounds, train = inputs.rounds, inputs.config.train
    found = [(each, scanned) for each in rounds if (scanned := each.shards.find(number)) is not None]
    scans = [(each, scanned.others) for each, scanned in found if scanned.others] if others else found
    readable = [each for each, _ in scans]
    tables = [read_rows(store, scanned, ["url", "score", "model", "kept"]) for _, scanned in scans]
    keeps = [table.column("kept").to_numpy() for table in tables]
    scores, models = tables[-1].column("score").to_numpy(), tables[-1].column("model")
    topics = read_rows(store, scans[-1][1], ["topic"]).column("topic") if train.topics else None
    for row, url in enumerate(tables[-1].column("url").to_pylist()):
        by_prefix = [each.prefixes.match(url) is not None for each in readable]
        given = inputs.labels.get(url_key(url)) if inputs.labels else None
        label = None if given is None else given in train.positives
        kept_in = [keeps[i][row] or by_prefix[i] for i in range(len(readable))]
        if not any(kept_in) and not label:
            continue
        first = readable[kept_in.index(True)].number if any(kept_in) else readable[-1].number
        reason = reason_for(bool(keeps[-1][row]), by_prefix[-1], label)
        if readable[-1] is not rounds[-1]:
            reason, why_not = "", NOT_SCANNED
        else:
            why_not = NOT_CODE if label is False else EARLIER_ONLY
        tag = inputs.tag_of(given, "" if topics is None else topics[row].as_py())
        yield Selection(row, url, float(scores[row]), models[row].as_py(), first, bool(reason), reason or why_not, tag)


def reason_for(by_model: bool, by_prefix: bool, label: bool | None) -> str:
    """Why a page is kept: classifier, prefix, both, or label when only a label says so; "" when it is not kept.

    label: of this very page, True where positive, which overrules; None where it has none.
    """
    if label is False:
        return ""
    if by_model and by_prefix:
        return "both"
    if by_model:
        return "classifier"
    if by_prefix:
        return "prefix"
    return "label" if label else ""


def _drop_unread(inputs: ExtractionInputs, selection: Selection) -> DropReason | None:
    """Why a page need not even be read."""
    if not selection.selected:
        return DropReason("choice", selection.reason)
    listed = inputs.optout.reason(selection.url) if inputs.config.optout.enabled else ""
    return DropReason("optout", LISTED, listed) if listed else None
