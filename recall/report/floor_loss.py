"""The floor's loss: labelled code pages below the scan's floor that the round's own model would keep.

In: a scanned round and labels. Out: counts and recall with and without the floor. Pages below the floor keep the score
of an earlier round's model or of their WET text; the labelled ones are read again and scored by the round's model.
Pages that the model trained on do not count. Raises ShardFailed for what cannot be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recall.archive.shards import is_text
from recall.model.scorer.card import kept_by
from recall.page.text import scoring_bytes
from recall.report.contents import FigureData
from recall.run.crawl_pages import crawl_pages
from recall.run.label_files import LabelledUrl
from recall.run.round_model import load_scorer, model_folder
from recall.run.rounds import Round
from recall.run.scanned import ScannedShard, read_bodies, read_rows, refs_of, scanned_shards
from recall.sites.urls import url_key

SCHEMA = {
    "round": "int32",
    "code_pages": "int64",
    "below": "int64",
    "lost": "int64",
    "found": "float64",
    "found_all": "float64",
}


@dataclass(frozen=True, slots=True)
class FloorLoss:
    """code_pages: labelled positive pages that were scanned and not trained on; below: of them, below the floor.

    lost: of those, pages that the round's model keeps; found: recall of the round; found_all: recall if it had scored
    every page. The names are those of JSON output and Parquet.
    """

    code_pages: int
    below: int
    lost: int
    found: float
    found_all: float


def measure_floor(round_: Round, labels: Sequence[LabelledUrl]) -> FloorLoss:
    """Count what the floor of a round's scan loses of labelled pages."""
    run, crawl = round_.run, crawl_pages(round_)
    wanted = {url_key(label.url) for label in labels if label.label in run.config.train.positives}
    trained = run.store.read_table(round_.step("train").key("out_of_fold.parquet"), ["url"])
    wanted -= {url_key(url) for url in trained.column("url").to_pylist()}
    pages = below = kept = lost = 0
    for scanned in scanned_shards(round_):
        table = read_rows(run.store, scanned, ["url", "kept", "candidate"])
        columns = (table.column(name).to_pylist() for name in table.column_names)
        far: dict[int, str] = {}
        counted = crawl.counted(scanned, table.num_rows).tolist()
        for row, (url, decided, candidate) in enumerate(zip(*columns, strict=True)):
            if not counted[row] or (key := url_key(url)) not in wanted:
                continue
            wanted.remove(key)
            pages, kept = pages + 1, kept + decided
            if not candidate:
                far[row] = url
        below += len(far)
        lost += _kept_if_scored(round_, scanned, far) if far else 0
    shares = [number / pages if pages else float("nan") for number in (kept, kept + lost)]
    return FloorLoss(pages, below, lost, *shares)


def _kept_if_scored(round_: Round, scanned: ScannedShard, rows: dict[int, str]) -> int:
    """Number of given pages of a shard that the round's model keeps."""
    run, text = round_.run, is_text(scanned.shard.url)
    table = read_rows(run.store, scanned, ["offset", "length"])
    bodies = read_bodies(run.store, scanned, refs_of(table, scanned.shard.path, rows), run.config.access)
    scorer = load_scorer(run.store, model_folder(round_), str(round_.step("train").manifest.settings["model"]))
    scores, topics = scorer.score_texts([scoring_bytes(bodies[row].body, bodies[row].charset) for row in rows])
    return int(np.sum(kept_by(scorer.card, scores, list(rows.values()), topics, text=text)))


def floor_figure(rounds: Sequence[Round], labels: Sequence[LabelledUrl]) -> FigureData:
    """Table of several rounds' floor losses; empty without labels."""
    losses = [(round_.number, measure_floor(round_, labels)) for round_ in rounds] if labels else []
    return FigureData(
        "below_floor",
        "What the floor loses",
        "Labelled code pages that the round's model did not train on; those below the scan's floor, whose pages later "
        "rounds do not score again; of these, those that the round's model keeps when it is given them; the share of "
        "code pages that the round kept, and the share it would have kept of all.",
        SCHEMA,
        [(number, loss.code_pages, loss.below, loss.lost, loss.found, loss.found_all) for number, loss in losses],
    )
