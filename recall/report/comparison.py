"""A second corpus beside the run's: both in one plane, how much they share, and the pages that lie outside.

In: the survey's sample of the run's corpus, a sample of the other, the tokenizer of the last model. Out: figures. Texts
are told apart as on the map of the corpus, each scaled to length 1. The plane is that of their first two principal
components, fitted on both, as OpenCoder (arXiv 2411.04905) shows The Stack v2 and RefineCode. A page is far where its
distance from the centre of its corpus exceeds the upper quartile by 1.5 interquartile ranges (Tukey, "Exploratory Data
Analysis", 1977). Reasons are the rules of [quality] preset that it breaks.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recall.config.quality_rules import PRESETS
from recall.corpus import CorpusStatistics
from recall.corpus.published import TEXT
from recall.corpus.rule_trial import rules_broken
from recall.corpus.signals import blocks
from recall.corpus.text_sample import TextSample
from recall.errors import BadInput
from recall.model.tokens import Tokenizer
from recall.page.markdown.code_hints import looks_like_code
from recall.report.contents import FigureData
from recall.report.mistakes import shown
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

TABLES = ("beside_counts", "outliers", "outlier_reasons")

OURS = "this run"
NEAR, DENSE = 5, 0.95
"""A page lies inside a corpus where the NEAR-th nearest page of it is no further than for DENSE of that corpus' own."""

FENCE = 1.5
LISTED = 20
"""Outliers of each corpus that are listed."""

NAME = 60
UNPARSED = "unparsed-block"
RULES = tuple(rule for preset in ("refinecode", "fineweb-code") for rule in PRESETS[preset] if rule.name != UNPARSED)
"""Rules that give reasons: all but the one that most pages with code break, as blocks are excerpts."""

CODE_RULES = tuple(rule for rule in PRESETS["refinecode"] if rule in RULES)
NONE = "none of these"
_TICKS = re.compile("`{3,}")


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
    rows = of_unit_length(dense)
    plane, (first, second) = principal_plane(rows)
    parts = (slice(0, len(ours)), slice(len(ours), None))
    distances = [far_from_centre(plane[part]) for part in parts]
    inside = (inside_of(rows[parts[0]], rows[parts[1]]), inside_of(rows[parts[1]], rows[parts[0]]))
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


def reasons_of(texts: Sequence[str]) -> list[list[str]]:
    """The rules that each text of a corpus breaks.

    Of a corpus of source files (most have no fence and look like code) each text is measured as one block of code.
    """
    source = sum(1 for text in texts if next(blocks(text), None) is None and looks_like_code(text))
    if 2 * source <= len(texts):
        return [rules_broken(text, RULES) for text in texts]
    return [rules_broken(_fenced(text), CODE_RULES) for text in texts]


def _fenced(code: str) -> str:
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(code)), default=2))
    return f"{ticks}\n{code}\n{ticks}\n"


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
        "tf-idf of the model's tokens and token pairs, 40 dimensions by SVD, each page of length 1; principal "
        "components are fitted on both samples together.",
        marks,
    )


def _counts_figure(counts: Sequence[tuple[Any, ...]]) -> FigureData:
    return FigureData(
        "beside_counts",
        "How much they share",
        f"inside the other: share of a corpus' pages whose {NEAR}th nearest page of the other one is no further (in "
        f"the 40 dimensions) than for {DENSE:.0%} of the other's own pages; pages of the same kind have about "
        f"{DENSE:.0%}. far: pages further from the centre of their corpus than far beyond.",
        COUNTS,
        counts,
    )


def _outliers(names: Sequence[str], pages: Sequence[ComparedPage]) -> FigureData:
    rows = []
    for side, name in enumerate(names):
        far = sorted((page for page in pages if page.side == side and page.far), key=lambda page: -page.distance)
        rows += [(name, page.distance, page.reasons or [NONE], page.page, page.text) for page in far[:LISTED]]
    return FigureData(
        "outliers",
        "Outliers",
        f"The pages furthest from the centre of their corpus, at most {LISTED} of each, and the rules that they break.",
        OUTLIERS,
        rows,
    )


def _reasons(names: Sequence[str], pages: Sequence[ComparedPage]) -> FigureData:
    means = {rule.name: f"not {rule.rule}: {rule.why}" for rule in RULES} | {NONE: ""}
    rows = []
    for side, name in enumerate(names):
        far, rest = ([page for page in pages if page.side == side and page.far == is_far] for is_far in (True, False))
        for reason, meaning in means.items():
            shares = _share(far, reason), _share(rest, reason)
            if any(shares):
                rows.append((name, reason, meaning, *shares))
    return FigureData(
        "outlier_reasons",
        "Reasons",
        "Share of the far pages that break a rule, and of the others: what both break as often explains nothing.",
        REASONS,
        rows,
        f"Rules of [quality] preset refinecode and fineweb-code, measured on the first {TEXT:,} characters of a page.",
    )


def summary(figures: Sequence[FigureData]) -> dict[str, object]:
    """What a program is told of the two corpora: rows of their tables by name; nothing where none were compared."""
    tables = {data.name: data for data in figures if data.name in TABLES}
    return {name: [dict(zip(data.schema, row, strict=True)) for row in data.rows] for name, data in tables.items()}


def _share(pages: Sequence[ComparedPage], reason: str) -> float | None:
    broken = sum(1 for page in pages if reason in (page.reasons or [NONE]))
    return broken / len(pages) if pages else None
