"""A round's tasks: the pages and URL prefixes that annotators are asked about, written into its label/ folder.

In: the round's scan and prefix candidates, what earlier rounds asked. Out: prefixes.parquet, examples.parquet (pages
under each prefix), strata.json (what the audit sample was drawn from) and, last, tasks.parquet: when it is there, the
tasks are pushed. Prefixes decided before, covered by an accepted one or held out are not asked about.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b

from annotation.page_pool import RoundDraw, draw_round, over_shards
from annotation.page_records import DrawnPage, ScannedPage
from recall.config import AccessSection
from recall.labels import ASKED_AGAIN, PAGE_TASKS, PREFIX_TASKS, accepted_among, prefix_labels
from recall.page import unescape
from recall.page.markdown import markdown
from recall.page.text import decode, scoring_text
from recall.records import Candidate, LabelKind, WarcRef, plain_text
from recall.run import Columns, Round, ScannedShard, Schema, Store, priority, read_bodies, scanned_shards
from recall.sites import EVERY, PrefixSet

TASKS, PREFIXES, EXAMPLES, STRATA = "tasks.parquet", "prefixes.parquet", "examples.parquet", "strata.json"
JUDGED = "judged.parquet"
"""What the judge said about each page, and who is asked beside it (`annotation.judging`)."""

STUDIO_CACHE = "studio/"
"""Folder of what a labelling server held when it was last listed; removed when the step ends."""

EXAMPLE_PAGES = {
    "key": "string",
    "prefix": "string",
    "url": "string",
    "path": "string",
    "offset": "int64",
    "length": "int64",
    "score": "float64",
    "title": "string",
    "markdown": "string",
}
MAX_EXAMPLE = 3_000
"""Characters of an example page that a person may open."""

MAX_MARKDOWN = 40_000
"""Characters of a page that a person is shown: more than anyone reads to decide."""

MAX_TITLE = 300
MAX_HEAD = 100_000
"""Characters in which a title is looked for."""

SMALLEST = 1e-6
"""Distance from 0 and 1 that scores keep in an odds ratio."""

_TITLE = re.compile(r"<title(?:\s[^>]{0,500})?>([^<]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageContent:
    """A page as an annotator is shown it, and the text that is learned from when they label it."""

    title: str
    text: str
    markdown: str


@dataclass(frozen=True, slots=True)
class ContentRequest:
    """Pages to read, by shard number."""

    store: Store
    access: AccessSection
    chosen: Mapping[int, list[ScannedPage]] = field(repr=False)


def confidence(score: float, threshold: float) -> float:
    """How sure the model is, from 0.5 at the threshold to 1: the larger of p and 1 - p.

    p has the odds of the score divided by those of the threshold, so that it is 0.5 there.
    """
    at, edge = (min(max(value, SMALLEST), 1 - SMALLEST) for value in (score, threshold))
    odds = at * (1 - edge) / ((1 - at) * edge)
    return max(odds, 1.0) / (1 + odds)


def task_key(round_: Round, kind: LabelKind, target: str) -> str:
    """A task's own key: the same whenever it is made again, different in every round."""
    return f"r{round_.number}-{kind}-{blake2b(target.encode('utf-8', 'replace'), digest_size=10).hexdigest()}"


def title_of(page: str) -> str:
    """The first <title> of an HTML page on one line, bounded; "" where there is none near its start."""
    match = _TITLE.search(page, 0, MAX_HEAD)
    return " ".join(unescape(match[1]).split())[:MAX_TITLE] if match else ""


def read_pages(request: ContentRequest, scanned: ScannedShard) -> dict[int, PageContent]:
    """Read the chosen pages of a shard by row: kept bodies where the scan kept them, byte ranges otherwise."""
    refs = {
        page.row: WarcRef(scanned.shard.path, page.offset, page.length) for page in request.chosen[scanned.shard.number]
    }
    urls = {page.row: page.url for page in request.chosen[scanned.shard.number]}
    shown: dict[int, PageContent] = {}
    for row, page in read_bodies(request.store, scanned, refs, request.access).items():
        plain = plain_text(page.body)
        kept = (markdown(page.body, urls[row], page.charset) if plain is None else plain)[:MAX_MARKDOWN]
        text = scoring_text(page.body, page.charset, urls[row])
        shown[row] = PageContent(title_of(decode(page.body, page.charset)), text, kept)
    return shown


def choose_prefixes(round_: Round) -> list[Candidate]:
    """Prefixes to ask about: the round's candidates without a decision, those of largest gain first.

    What lies under a pattern that is asked about waits for the next round: people may accept the whole.
    """
    run = round_.run
    table = run.store.read_table(round_.step("domains").key("candidates.parquet"))
    labels = prefix_labels(run, range(1, round_.number))
    decided = {prefix for prefix, value in labels.items() if value != "unsure"}
    accepted = accepted_among(labels)
    candidates = [Candidate(**row) for row in table.to_pylist()]
    fresh = [
        candidate
        for candidate in candidates
        if candidate.prefix not in decided
        and not accepted.match(f"http://{candidate.prefix}")
        and not run.holdout.covers(f"http://{candidate.prefix}")
    ]
    fresh.sort(key=lambda candidate: (-candidate.gain, candidate.kept - candidate.pages, candidate.prefix))
    asked: list[Candidate] = []
    patterns = PrefixSet(())
    for candidate in fresh:
        if len(asked) == run.config.label.prefixes:
            break
        if candidate.host == EVERY:
            patterns = PrefixSet([*patterns, candidate.prefix])
        elif patterns.match(f"http://{candidate.prefix}"):
            continue
        asked.append(candidate)
    return asked


def pushed(round_: Round) -> bool:
    """True when the round's tasks are all written."""
    return round_.run.store.exists(round_.step("label").key(TASKS))


def push(round_: Round) -> None:
    """Write a round's tasks; does nothing when they are there.

    Raises Incomplete when pages cannot be read, OutOfOrder (from reading their steps) before scan and domains are done.
    """
    if pushed(round_):
        return
    store, step = round_.run.store, round_.step("label")
    killed = (PREFIXES, EXAMPLES, STRATA)  # of a push that was killed, perhaps by an earlier version
    round_.run.discard(key for key in map(step.key, killed) if store.exists(key))
    prefixes = choose_prefixes(round_)
    draw = draw_round(round_, [candidate.prefix for candidate in prefixes])
    shown = _read(round_, [drawn.page for drawn in draw.pages])
    opened = _read(round_, sorted({page for pages in draw.examples.values() for page in pages}))
    copies = [
        {"url": drawn.page.url, "stratum": drawn.stratum, "probability": drawn.probability, "same_as": drawn.same_as}
        for drawn in draw.copies
    ]
    strata = {"strata": [asdict(stratum) for stratum in draw.strata], "copies": copies, "pages": draw.passed}
    store.publish_json(step.key(STRATA), strata)
    _publish(round_, EXAMPLES, _example_rows(round_, prefixes, draw, opened), EXAMPLE_PAGES)
    _publish(round_, PREFIXES, _prefix_rows(round_, prefixes, draw), PREFIX_TASKS)
    _publish(round_, TASKS, _page_rows(round_, draw.pages, shown), PAGE_TASKS)


def _publish(round_: Round, file: str, rows: list[dict[str, object]], schema: Schema) -> None:
    columns: Columns = {name: [row[name] for row in rows] for name in schema}
    round_.run.store.publish_table(round_.step("label").key(file), columns, schema)


def _read(round_: Round, pages: list[ScannedPage]) -> dict[tuple[int, int], PageContent]:
    """The content of some pages, by shard and row."""
    run = round_.run
    chosen: dict[int, list[ScannedPage]] = {}
    for page in pages:
        chosen.setdefault(page.shard, []).append(page)
    needed = [scanned for scanned in scanned_shards(round_) if scanned.shard.number in chosen]
    shown: dict[tuple[int, int], PageContent] = {}
    for scanned, pages_read in over_shards(
        round_, read_pages, ContentRequest(run.store, run.config.access, chosen), needed
    ):
        shown.update({(scanned.shard.number, row): page for row, page in pages_read.items()})
    return shown


def _lineage(round_: Round, page: ScannedPage) -> dict[str, object]:
    path = round_.run.shards[page.shard].path
    return {"url": page.url, "path": path, "offset": page.offset, "length": page.length, "score": page.score}


def overlapping(round_: Round, targets: Iterable[str]) -> dict[str, int]:
    """Votes wanted for each of some pages or prefixes: more than one for [label] overlap of them, by seeded choice."""
    seed, settings = round_.run.config.run.seed, round_.run.config.label
    ranked = sorted(targets, key=lambda target: (priority(seed, f"{round_.number}\0overlap\0{target}"), target))
    several = math.ceil(settings.overlap * len(ranked))
    return {target: settings.overlap_votes if rank < several else 1 for rank, target in enumerate(ranked)}


def votes_for(round_: Round, pages: Iterable[DrawnPage]) -> dict[str, int]:
    """Votes wanted for each page; of the audit sample and of the others the same share overlaps."""
    by_use: dict[bool, list[str]] = {True: [], False: []}
    votes: dict[str, int] = {}
    for drawn in pages:
        if drawn.answer:
            votes[drawn.page.url] = round_.run.config.label.gold_votes
        elif drawn.stratum == ASKED_AGAIN:
            votes[drawn.page.url] = 1  # more, beside those that it has
        else:
            by_use[drawn.use == "audit"].append(drawn.page.url)
    return votes | overlapping(round_, by_use[True]) | overlapping(round_, by_use[False])


def is_blind(round_: Round, drawn: DrawnPage) -> bool:
    """Tell whether a page is shown without its score: audit pages, as large a share of gold pages, suspected errors."""
    settings = round_.run.config.label
    if not drawn.answer:
        return drawn.use == "audit" or drawn.stratum == ASKED_AGAIN
    chance = priority(round_.run.config.run.seed, f"{round_.number}\0blind\0{drawn.page.url}") / 2**64
    return chance * (settings.pages + settings.audit) < settings.audit


def _page_rows(
    round_: Round, pages: list[DrawnPage], shown: Mapping[tuple[int, int], PageContent]
) -> list[dict[str, object]]:
    votes = votes_for(round_, pages)
    rows: list[dict[str, object]] = [
        {
            "key": task_key(round_, "page", drawn.page.url),
            **_lineage(round_, drawn.page),
            "shard": drawn.page.shard,
            "stratum": drawn.stratum,
            "probability": drawn.probability,
            "use": drawn.use,
            **asdict(shown[drawn.page.shard, drawn.page.row]),
            "votes": votes[drawn.page.url],
            "blind": is_blind(round_, drawn),
            "answer": drawn.answer,
            "sketch": drawn.page.sketch,
        }
        for drawn in pages
    ]
    return sorted(rows, key=lambda row: str(row["key"]))  # by a hash: order gives no audit page away


def _prefix_rows(round_: Round, prefixes: list[Candidate], draw: RoundDraw) -> list[dict[str, object]]:
    votes = overlapping(round_, (candidate.prefix for candidate in prefixes))
    return [
        {
            "key": task_key(round_, "prefix", candidate.prefix),
            **asdict(candidate),
            "examples": [page.url for page in draw.examples.get(candidate.prefix, [])],
            "votes": votes[candidate.prefix],
        }
        for candidate in prefixes
    ]


def _example_rows(
    round_: Round, prefixes: list[Candidate], draw: RoundDraw, shown: Mapping[tuple[int, int], PageContent]
) -> list[dict[str, object]]:
    return [
        {
            "key": task_key(round_, "prefix", candidate.prefix),
            "prefix": candidate.prefix,
            **_lineage(round_, page),
            "title": shown[page.shard, page.row].title,
            "markdown": shown[page.shard, page.row].markdown[:MAX_EXAMPLE],
        }
        for candidate in prefixes
        for page in draw.examples.get(candidate.prefix, [])
    ]
