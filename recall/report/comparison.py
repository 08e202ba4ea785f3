"""A second corpus beside the run's: both in one plane, how much they share, and the pages that lie outside.

In: the survey's sample of the run's corpus, a sample of the other, the tokenizer of the last model. Out: figures. Texts
are told apart as on the map of the corpus. The plane is that of their first two principal components, fitted on both,
as OpenCoder (arXiv 2411.04905) shows The Stack v2 and RefineCode. A page is far where its distance from the centre of
its corpus exceeds the upper quartile by FENCE interquartile ranges (Tukey, "Exploratory Data Analysis", 1977).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.corpus import CorpusStatistics
from recall.corpus.published import TEXT
from recall.corpus.text_sample import TextSample
from recall.errors import BadInput
from recall.model.tokens import Tokenizer
from recall.report.contents import FigureData
from recall.report.mistakes import shown
from recall.report.outlier_reasons import NONE, in_order, meaning_of, reasons_of
from recall.report.projection import (
    DIGITS,
    FEWEST,
    WORDS,
    embed,
    lay_out,
    nearest_distances,
    of_unit_length,
    principal_plane,
)
from recall.run.round_model import model_folder
from recall.run.rounds import Round

PLANE = {
    "x": "float64",
    "y": "float64",
    "map_x": "float64",
    "map_y": "float64",
    "side": "int32",
    "corpus": "string",
    "page": "string",
    "distance": "float64",
    "far": "bool",
    "reasons": "list<string>",
    "bytes": "int64",
    "text": "string",
}
"""x, y: by principal components; map_x, map_y: by t-SNE; side: 0 for the run's corpus; page: its URL, or file and
record; distance: in the plane."""

COUNTS = {
    "corpus": "string",
    "pages": "int64",
    "sampled": "int64",
    "median_bytes": "int64",
    "far": "int64",
    "far_beyond": "float64",
    "inside_the_other": "float64",
}
OUTLIERS = {"corpus": "string", "distance": "float64", "reasons": "list<string>", "page": "string", "text": "string"}
REASONS = {"corpus": "string", "reason": "string", "means": "string", "far": "float64", "others": "float64"}

"""far, others: share of the far pages and of the others that have the reason, null where there are none."""

TABLES = ("beside_counts", "outliers", "outlier_reasons")

OURS = "this run"
NEAR, DENSE = 5, 0.95
"""A page lies inside a corpus where the NEAR-th nearest page of it is no further than for DENSE of that corpus' own."""

FENCE = 1.5
LISTED = 20
"""Outliers of each corpus that are listed."""

NAME = 60
"""Characters of the other corpus' name that are shown, its last ones."""


@dataclass(frozen=True, slots=True)
class OtherCorpus:
    """The corpus that is shown beside the run's. name: as the user gave it."""

    name: str
    sample: TextSample = field(repr=False)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two corpora, by its sample. pages: of the whole corpus; sampled: priority, URL or place, bytes, text.

    number: 0 for the run's, 1 for the other.
    """

    number: int
    name: str
    pages: int
    sampled: Sequence[tuple[int, str, int, str]] = field(repr=False)

    @property
    def texts(self) -> list[str]:
        """The sampled texts."""
        return [text for *_, text in self.sampled]


@dataclass(frozen=True, slots=True, order=True)
class ComparedPage:
    """A page of either corpus, by its priority. at: coordinates x, y, map_x, map_y; the rest is as in PLANE."""

    priority: int
    side: int
    page: str
    at: tuple[float, ...]
    distance: float
    far: bool
    reasons: list[str]
    bytes: int
    text: str = field(repr=False)


def compare(round_: Round, survey: CorpusStatistics, other: OtherCorpus) -> tuple[FigureData, ...]:
    """The figures of two corpora. Raises BadInput where one has fewer than FEWEST pages."""
    ours = [(page.priority, page.url, page.bytes, page.text) for page in survey.sample]
    theirs = [(page.priority, page.url or page.place, page.bytes, page.text) for page in other.sample.texts]
    name = other.name if len(other.name) <= NAME else f"…{other.name[1 - NAME :]}"
    sides = (Side(0, OURS, survey.pages, ours), Side(1, shown(name), other.sample.pages, theirs))
    for side in sides:
        if len(side.sampled) < FEWEST:
            raise BadInput(f"report: --beside: {side.name} holds {side.pages} pages; comparing needs {FEWEST}")
    key = f"{model_folder(round_)}/tokenizer.json"
    tokenizer = Tokenizer(round_.run.store.read(key).decode(), round_.run.store.url(key))
    dense = embed(tokenizer, [text for side in sides for text in side.texts], round_.run.config.run.seed)
    plane, (first, second) = principal_plane(dense)
    parts = (slice(0, len(ours)), slice(len(ours), None))
    distances = [far_from_centre(plane[part]) for part in parts]
    scaled = [of_unit_length(dense[part]) for part in parts]
    inside = (inside_of(scaled[0], scaled[1]), inside_of(scaled[1], scaled[0]))
    coordinates = np.hstack([plane, lay_out(dense, round_.run.config.run.seed)])
    pages = sorted(
        page
        for side, part, measured in zip(sides, parts, distances, strict=True)
        for page in _pages(side, coordinates[part], measured)
    )
    counts = [
        (side.name, side.pages, len(side.sampled), _median(side), int(measured.far.sum()), measured.beyond, share)
        for side, measured, share in zip(sides, distances, inside, strict=True)
    ]
    names = [side.name for side in sides]
    marks = {"first": first, "second": second}
    for side, measured in zip(sides, distances, strict=True):
        centre = {"x": measured.x, "y": measured.y, "beyond": measured.beyond}
        marks |= {f"{name}{side.number}": value for name, value in centre.items()}
    return _plane_figure(names, pages, marks), _counts_figure(counts), _outliers(names, pages), _reasons(names, pages)


@dataclass(frozen=True, slots=True)
class Distances:
    """Distances of a corpus' pages from their centre (x, y), and those beyond a bound."""

    x: float
    y: float
    beyond: float
    distance: NDArray[np.float64] = field(repr=False)
    far: NDArray[np.bool_] = field(repr=False)


def far_from_centre(plane: NDArray[np.float64]) -> Distances:
    """Distances from the mean of some points (points, 2), and which of them are far."""
    x, y = np.round(plane.mean(axis=0), DIGITS).tolist()
    distance = np.round(np.hypot(plane[:, 0] - x, plane[:, 1] - y), DIGITS)
    low, high = np.quantile(distance, [0.25, 0.75]).tolist()
    beyond = round(high + FENCE * (high - low), DIGITS)
    return Distances(x, y, beyond, distance, distance > beyond)


def inside_of(rows: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """Share of the rows that lie inside of the others; about DENSE where both are drawn from the same pages."""
    own = nearest_distances(others, others, NEAR + 1)  # the nearest of a page's own corpus is the page itself
    radius = float(np.quantile(own, DENSE))
    return float((nearest_distances(rows, others, NEAR) <= radius).mean())


def _median(side: Side) -> int:
    return int(np.median([size for _, _, size, _ in side.sampled]))


def _pages(side: Side, coordinates: NDArray[np.float64], measured: Distances) -> Iterator[ComparedPage]:
    reasons = reasons_of(side.texts)
    for index, (priority, page, size, text) in enumerate(side.sampled):
        distance, far = float(measured.distance[index]), bool(measured.far[index])
        words = " ".join(text[: 4 * WORDS].split())[:WORDS]
        at = tuple(coordinates[index].tolist())
        yield ComparedPage(priority, side.number, page, at, distance, far, reasons[index], size, words)


def _plane_figure(names: Sequence[str], pages: Sequence[ComparedPage], marks: Mapping[str, float]) -> FigureData:
    """Pages in the order of their priorities, so that neither corpus is drawn over the other."""
    rows = [
        (*page.at, page.side, names[page.side], page.page, page.distance, page.far, page.reasons, page.bytes, page.text)
        for page in pages
    ]
    return FigureData(
        "beside",
        "Both corpora in one plane",
        f"{len(rows):,} pages of both, drawn by the run's seed. A page outside the circle of its corpus is far from "
        "its centre (ringed). On the map by t-SNE near pages are alike; directions and distances mean nothing there.",
        PLANE,
        rows,
        "tf-idf of the model's tokens and token pairs, 40 dimensions by SVD; principal "
        "components are fitted on both samples together.",
        marks,
    )


def _counts_figure(counts: Sequence[tuple[Any, ...]]) -> FigureData:
    return FigureData(
        "beside_counts",
        "How much they share",
        f"inside the other: share of a corpus' pages whose {NEAR}th nearest page of the other one is no further (in "
        f"the 40 dimensions, each page scaled to length 1) than for {DENSE:.0%} of the other's own pages; pages of the "
        f"same kind have about {DENSE:.0%}. far: pages further from the centre of their corpus than far beyond.",
        COUNTS,
        counts,
    )


def _outliers(names: Sequence[str], pages: Sequence[ComparedPage]) -> FigureData:
    rows: list[tuple[Any, ...]] = []
    for side, name in enumerate(names):
        listed: list[tuple[int, float, ComparedPage]] = []
        before: Counter[tuple[str, ...]] = Counter()
        far = (page for page in pages if page.side == side and page.far)
        for page in sorted(far, key=lambda page: -page.distance):
            listed.append((before[tuple(page.reasons)], -page.distance, page))
            before[tuple(page.reasons)] += 1
        chosen = sorted(listed)[:LISTED]
        rows += [
            (name, page.distance, page.reasons or [NONE], page.page, page.text)
            for _, _, page in sorted(chosen, key=lambda ranked: ranked[1:])
        ]
    return FigureData(
        "outliers",
        "Outliers",
        f"At most {LISTED} far pages of each corpus with their reasons: the furthest of each set of reasons, then the "
        "second of each, and so on.",
        OUTLIERS,
        rows,
    )


def _reasons(names: Sequence[str], pages: Sequence[ComparedPage]) -> FigureData:
    rows: list[tuple[Any, ...]] = []
    for side, name in enumerate(names):
        far, rest = ([page for page in pages if page.side == side and page.far == is_far] for is_far in (True, False))
        reasons = in_order({reason for page in (*far, *rest) for reason in page.reasons or [NONE]})
        rows += [(name, reason, meaning_of(reason), _share(far, reason), _share(rest, reason)) for reason in reasons]
    return FigureData(
        "outlier_reasons",
        "Reasons",
        "Share of the far pages that have a reason, and of the others: what both have as often explains nothing.",
        REASONS,
        rows,
        "Rules of [quality] preset refinecode and fineweb-code, length, and the language of the prose, of the first "
        f"{TEXT:,} characters of a page.",
    )


def summary(figures: Sequence[FigureData]) -> dict[str, object]:
    """What a program is told of the two corpora: rows of their tables by name; nothing where none were compared."""
    tables = {data.name: data for data in figures if data.name in TABLES}
    return {name: [dict(zip(data.schema, row, strict=True)) for row in data.rows] for name, data in tables.items()}


def _share(pages: Sequence[ComparedPage], reason: str) -> float | None:
    broken = sum(1 for page in pages if reason in (page.reasons or [NONE]))
    return broken / len(pages) if pages else None
