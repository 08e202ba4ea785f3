"""The report of a scanned shard, by which the shard is done, and what the scan of a shard needs to know.

In: what became of a shard's pages, and the files that hold them. Out: the report, published last, and counters.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.config import AccessSection, ScanSection
from recall.records import OtherPages, Output, Shard, ShardReport, Skip
from recall.run.jobs import meter
from recall.run.store import Store


@dataclass(frozen=True, slots=True)
class ScanContext:
    """Context of `scan_shard`, the same for all shards of a scan.

    folder, model: keys of the scan step and of the model folder; index: the crawl's URL index, needed for WET input;
    digest: of the model, "" for whichever lies there.
    """

    store: Store
    access: AccessSection
    settings: ScanSection
    folder: str
    model: str
    index: str = ""
    digest: str = ""


def by_kind(kinds: Sequence[str], kept: NDArray[np.bool_]) -> dict[str, OtherPages]:
    """Pages of each kind, by what became of them."""
    seen, chosen = Counter(kinds), Counter(kind for kind, keeps in zip(kinds, kept.tolist(), strict=True) if keeps)
    return {kind: OtherPages(chosen[kind], seen[kind] - chosen[kind]) for kind in sorted(seen)}


@dataclass(frozen=True, slots=True)
class ShardResult:
    """The result of a shard's scan. model: digest of the scorer; kept: bool of each slim row; files: published ones.

    others: pages of other kinds than HTML, which `kept` leaves out.
    """

    model: str
    read: int
    kept: NDArray[Any]
    skipped: Counter[Skip]
    files: tuple[Output, ...]
    others: Mapping[str, OtherPages] = field(default_factory=dict)

    def joined(
        self, read: int, skipped: Counter[Skip], others: Mapping[str, OtherPages], files: tuple[Output, ...]
    ) -> "ShardResult":
        """With the pages of other kinds, which count among what is no HTML."""
        seen = Counter({Skip(kind): pages.kept + pages.rejected for kind, pages in others.items()})
        skips = self.skipped + skipped + seen
        return replace(self, read=self.read + read, skipped=skips, files=(*self.files, *files), others=others)


def report_key(folder: str, number: int) -> str:
    """Key of a shard's report."""
    return f"{folder}/reports/{number:06d}.json"


def publish_report(context: ScanContext, shard: Shard, result: ShardResult) -> None:
    """Publish a shard's report, by which the shard is done."""
    kept = int(result.kept.sum())
    report = ShardReport(
        shard=shard.number,
        path=shard.path,
        model=result.model,
        read=result.read,
        skipped={skip: result.skipped[skip] for skip in sorted(result.skipped)},
        rejected=len(result.kept) - kept,
        kept=kept,
        candidates=next((file.rows or 0 for file in result.files if file.file.startswith("candidates-")), 0),
        files=result.files,
        others=result.others,
    )
    context.store.publish_json(report_key(context.folder, shard.number), asdict(report), first_wins=True)
    for outcome, pages in (("kept", kept), ("rejected", report.rejected), ("skipped", sum(report.skipped.values()))):
        meter("pages", pages, step="scan", outcome=outcome)
