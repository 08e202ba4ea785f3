"""Figures drawn: each Data by its name, as SVG for the page and as PNG. All of matplotlib is behind this package."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from matplotlib.figure import Figure

from recall.report.charts import bars, points
from recall.report.charts.style import png_of, styled, svg_of
from recall.report.data import Data
from recall.report.mistakes import shown

__all__ = ["Drawn", "draw", "drawn_names"]

_DRAWINGS: dict[str, Callable[[Data], Figure]] = {
    "funnel": bars.funnel,
    "rounds": points.rounds,
    "precision_recall": points.curves,
    "calibration": points.calibration,
    "scores": bars.scores,
    "domains": points.domains,
    "saturation": bars.saturation,
    "languages": bars.named,
    "categories": bars.named,
    "lengths": bars.lengths,
    "left_out": bars.named,
    "duplicates": bars.named,
    "map": points.mapped,
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart. svg: for an HTML page, coloured by CSS variables; png: on white."""

    svg: str = field(repr=False)
    png: bytes = field(repr=False)


def drawn_names() -> tuple[str, ...]:
    """Names of the figures that are drawn; others are tables."""
    return tuple(_DRAWINGS)


def draw(data: Data) -> Drawn:
    """Draw a figure that has rows."""
    rows = [tuple(shown(cell) if isinstance(cell, str) else cell for cell in row) for row in data.rows]
    with styled():
        figure = _DRAWINGS[data.name](replace(data, rows=rows))
        return Drawn(svg_of(figure, data.name), png_of(figure))
