"""Which pages of a scanned shard belong to the corpus, why, and which ones only an earlier round kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from recall.corpus.drops import EARLIER_ONLY, NOT_CODE, NOT_SCANNED
from recall.run.scanned import Ledger, read_rows
from recall.run.store import Store
from recall.sites.prefixes import PrefixSet


@dataclass(frozen=True, slots=True)
class Extent:
    """What one round decided by: its scan of each shard and the prefixes accepted by its end."""

    number: int
    shards: Ledger = field(repr=False)
    prefixes: PrefixSet


@dataclass(frozen=True, slots=True)
class Choice:
    """A page that some round kept or a person called positive. reason: why it is in the corpus, or why it is not.

    row: its place in the shard; round: the first one that kept it (the last one for pages that only a person kept).
    """

    row: int
    url: str
    score: float
    model: str
    round: int
    kept: bool
    reason: str


def reason_for(by_model: bool, by_prefix: bool, judged: bool | None) -> str:
    """Why a page is kept: classifier, prefix, both, or label when only a person says so; "" when it is not kept.

    judged: what people said of this very page, which overrules; None when nobody was asked.
    """
    if judged is False:
        return ""
    if by_model and by_prefix:
        return "both"
    if by_model:
        return "classifier"
    if by_prefix:
        return "prefix"
    return "label" if judged else ""


def choose(store: Store, rounds: tuple[Extent, ...], labels: Mapping[str, bool], number: int) -> Iterator[Choice]:
    """Every page of shard `number` that any round kept or a person called positive, in file order.

    The last extent decides. Earlier rounds that could not read the shard have no say; of a shard that the last round
    could not read nothing is kept.
    """
    found = [(extent, extent.shards.find(number)) for extent in rounds]
    extents = [extent for extent, scanned in found if scanned is not None]
    tables = [read_rows(store, one, ["url", "score", "model", "kept"]) for _, one in found if one is not None]
    keeps = [table.column("kept").to_numpy() for table in tables]
    scores, models = tables[-1].column("score").to_numpy(), tables[-1].column("model")
    for row, url in enumerate(tables[-1].column("url").to_pylist()):
        by_prefix = [extent.prefixes.match(url) is not None for extent in extents]
        judged = labels.get(url)
        kept_in = [keeps[i][row] or by_prefix[i] for i in range(len(extents))]
        if not any(kept_in) and not judged:
            continue
        first = extents[kept_in.index(True)].number if any(kept_in) else extents[-1].number
        reason = reason_for(bool(keeps[-1][row]), by_prefix[-1], judged)
        if extents[-1] is not rounds[-1]:
            reason, why_not = "", NOT_SCANNED
        else:
            why_not = NOT_CODE if judged is False else EARLIER_ONLY
        yield Choice(row, url, float(scores[row]), models[row].as_py(), first, bool(reason), reason or why_not)
