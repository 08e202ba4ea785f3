"""What the scan's floor costs: labelled code pages below it, and those that the round's model would keep all the same.

In: a scanned round and labels. Pages below the floor keep a score that an earlier round's model or their bare text
got; the labelled ones among them are read once more and scored by the round's own model. Pages that the model trained
on are left out. Refuses what cannot be read with ShardFailed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recall.archive.shards import is_text
from recall.model.scorer.thresholds import kept_by
from recall.page.text import scoring_bytes
from recall.report.data import Data
from recall.run.candidates import read_bodies
from recall.run.label_files import LabelledUrl
from recall.run.round_model import load_scorer, model_folder
from recall.run.rounds import Round
from recall.run.scanned import ScannedShard, read_rows, refs_of, scanned_shards

SCHEMA = {
    "round": "int32",
    "code_pages": "int64",
    "below": "int64",
    "lost": "int64",
    "found": "float64",
    "found_all": "float64",
}


@dataclass(frozen=True, slots=True)
class BelowFloor:
    """code_pages: labelled positive pages that were scanned and not trained on; below: of them, below the floor.

    lost: of those, pages that the round's model keeps; found: share of the code pages that the round kept; found_all:
    the share if it had scored them all.
    """

    code_pages: int
    below: int
    lost: int
    found: float
    found_all: float


def below_floor(round_: Round, labels: Sequence[LabelledUrl]) -> BelowFloor:
    """Hold the floor of a round's scan against labels; the first capture of a URL counts."""
    run = round_.run
    wanted = {label.url for label in labels if label.label == run.config.train.positive}
    trained = run.store.read_table(round_.step("train").key("out_of_fold.parquet"), ["url"])
    wanted -= set(trained.column("url").to_pylist())
    pages = below = kept = lost = 0
    for scanned in scanned_shards(round_):
        table = read_rows(run.store, scanned, ["url", "kept", "candidate"])
        columns = (table.column(name).to_pylist() for name in table.column_names)
        far: dict[int, str] = {}
        for row, (url, decided, candidate) in enumerate(zip(*columns, strict=True)):
            if url not in wanted:
                continue
            wanted.remove(url)
            pages, kept = pages + 1, kept + decided
            if not candidate:
                far[row] = url
        below += len(far)
        lost += _kept_if_scored(round_, scanned, far) if far else 0
    shares = [number / pages if pages else float("nan") for number in (kept, kept + lost)]
    return BelowFloor(pages, below, lost, *shares)


def _kept_if_scored(round_: Round, scanned: ScannedShard, rows: dict[int, str]) -> int:
    """How many of some pages of a shard the round's model keeps."""
    run, text = round_.run, is_text(scanned.shard.url)
    table = read_rows(run.store, scanned, ["offset", "length"])
    bodies = read_bodies(run.store, scanned, refs_of(table, scanned.shard.path, rows), run.config.access)
    scorer = load_scorer(run.store, model_folder(round_), str(round_.step("train").manifest.settings["model"]))
    scores = scorer.score([scoring_bytes(bodies[row].body, bodies[row].charset) for row in rows])
    return int(np.sum(kept_by(scorer.card, scores, list(rows.values()), text=text)))


def below_floor_of(rounds: Sequence[Round], labels: Sequence[LabelledUrl]) -> Data:
    """The same of several rounds as a table; empty without labels."""
    found = [(one.number, below_floor(one, labels)) for one in rounds] if labels else []
    return Data(
        "below_floor",
        "What the floor loses",
        "Labelled code pages that the round's model did not train on; those below the scan's floor, whose pages later "
        "rounds do not score again; of these, those that the round's model keeps when it is given them; the share of "
        "code pages that the round kept, and the share it would have kept of all.",
        SCHEMA,
        [(number, one.code_pages, one.below, one.lost, one.found, one.found_all) for number, one in found],
    )
