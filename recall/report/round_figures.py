"""Figures of each round: what it kept, and its precision and recall on the pages of a labels file.

In: a round whose steps have ended, labels. Out: Counts, Measured. Held-out pages measure the model; pages of other
hosts that the round's model did not train on show what accepted prefixes add, since annotators see prefixes of those
hosts only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.labels.audit_estimates import scores_of_urls
from recall.labels.decisions import accepted_set
from recall.labels.prefix_yield import PrefixYield, prefix_yield
from recall.model.evaluate import average_precision, choose_threshold
from recall.records import Done
from recall.report.floor_loss import FloorLoss, measure_floor
from recall.report.share_figures import AtShare, CodeShare, at_share
from recall.run.label_files import LabelledUrl
from recall.run.order import SEAL
from recall.run.round_model import threshold_of
from recall.run.rounds import Round, Run, Step
from recall.sites.urls import url_key


@dataclass(frozen=True, slots=True)
class Counts:
    """What a round did. Everything counts pages, but for code_domains and prefixes (accepted so far).

    saturation: share of what model and prefixes recall that they recalled in the round before; won: what the judgements
    of its prefixes brought, None where an earlier version harvested.
    """

    round: int
    examples: int
    read: int
    kept: int
    code_domains: int
    prefixes: int
    harvested: int
    saturation: float
    won: PrefixYield | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """Decisions compared with labels. found: recall, by the name that JSON output has; nan where nothing divides."""

    pages: int
    positive: int
    precision: float
    found: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A round's model on held-out pages at its own threshold; on other pages with and without prefixes; its floor.

    at_share: the held-out pages at the crawl's share of code, None where it is not known.
    """

    threshold: float
    held_out: Share
    average_precision: float
    found_at_90: float
    others: Share
    others_with_prefixes: Share
    below_floor: FloorLoss
    at_share: AtShare | None = None


def done_steps(run: Run) -> list[tuple[str, Done]]:
    """Folder and result of every published step, in order."""
    done = [step for step in run.order if step.verb != SEAL and run.done(step)]
    return [(step.folder, Step(run.store, step).result) for step in done]


def counts_of(round_: Round) -> Counts:
    """Counts of a round whose steps have all ended."""
    train, scan, domains, harvest = (
        round_.step(name).result.counts for name in ("train", "scan", "domains", "harvest")
    )
    return Counts(
        round=round_.number,
        examples=int(train["examples"]),
        read=int(scan["read"]),
        kept=int(scan["kept"]),
        code_domains=int(domains["code_domains"]),
        prefixes=int(harvest["prefixes"]),
        harvested=int(harvest["harvested"]),
        saturation=float(harvest["saturation"]),
        won=prefix_yield(round_),
    )


def share(kept: NDArray[Any], truth: NDArray[Any]) -> Share:
    """Precision and recall of boolean decisions."""
    hits = int((kept & truth).sum())
    precision = hits / int(kept.sum()) if kept.any() else float("nan")
    found = hits / int(truth.sum()) if truth.any() else float("nan")
    return Share(len(truth), int(truth.sum()), precision, found)


def shares_by(groups: Sequence[str], kept: NDArray[Any], truth: NDArray[Any]) -> dict[str, Share]:
    """Precision and recall by group (language, kind of site), the largest group first."""
    names = np.array(groups, dtype=object)
    counted = sorted(set(groups), key=lambda name: (-int((names == name).sum()), name))
    return {name: share(kept[names == name], truth[names == name]) for name in counted}


def _recall_at(scores: NDArray[Any], truth: NDArray[Any], precision: float) -> float:
    """Recall at the lowest threshold with at least this precision on these very pages; 0 where none has it."""
    chosen = choose_threshold(scores, truth, "precision", precision)
    return chosen.recall if chosen.reached else 0.0


def measure(round_: Round, labels: Sequence[LabelledUrl], code: CodeShare | None = None) -> Measured:
    """Compare a round's scan with labels. Labelled pages that the scan has not seen count as missed.

    code: the share of code at which held-out pages are measured too.
    """
    run: Run = round_.run
    verdicts = scores_of_urls(round_, frozenset(label.url for label in labels))
    score = np.array([verdicts.get(label.url, (0.0, False))[0] for label in labels])
    kept = np.array([verdicts.get(label.url, (0.0, False))[1] for label in labels])
    truth = np.array([label.label in run.config.train.positives for label in labels])
    held = np.array([run.holdout.covers(label.url) for label in labels])
    prefixes = accepted_set(run, range(1, round_.number + 1))
    covered = np.array([prefixes.match(label.url) is not None and label.url in verdicts for label in labels])
    urls = [labels[row].url for row in np.flatnonzero(held)]
    table = run.store.read_table(round_.step("train").key("out_of_fold.parquet"), ["url"])
    trained = {url_key(url) for url in table.column("url").to_pylist()}
    unseen = ~held & np.array([url_key(label.url) not in trained for label in labels], dtype=bool)
    return Measured(
        threshold=threshold_of(round_),
        held_out=share(kept[held], truth[held]),
        average_precision=average_precision(score[held], truth[held]),
        found_at_90=_recall_at(score[held], truth[held], 0.9),
        others=share(kept[unseen], truth[unseen]),
        others_with_prefixes=share((kept | covered)[unseen], truth[unseen]),
        below_floor=measure_floor(round_, labels),
        at_share=at_share(code, score[held], kept[held], truth[held], urls),
    )
