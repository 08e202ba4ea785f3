"""Charts: each figure as SVG for the page and as PNG. matplotlib is imported in this package only."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from matplotlib.figure import Figure

from recall.report.charts import bars, planes, points
from recall.report.charts.style import png_of, styled, svg_of
from recall.report.contents import FigureData
from recall.report.mistakes import shown

__all__ = ["Chart", "chart_names", "draw"]

_DRAWINGS: dict[str, Callable[[FigureData], Figure]] = {
    "funnel": bars.funnel,
    "rounds": points.rounds,
    "precision_recall": points.curves,
    "calibration": points.calibration,
    "scores": bars.scores,
    "domains": points.domains,
    "saturation": bars.saturation,
    "languages": bars.named,
    "categories": bars.named,
    "bodies": bars.named,
    "lengths": bars.lengths,
    "left_out": bars.named,
    "duplicates": bars.named,
    "qualities": bars.named,
    "map": points.mapped,
    "beside": planes.plane,
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. svg: for an HTML page, coloured by CSS variables; png: on white."""

    svg: str = field(repr=False)
    png: bytes = field(repr=False)


def chart_names() -> tuple[str, ...]:
    """Names of the figures that are drawn; others are tables."""
    return tuple(_DRAWINGS)


def draw(data: FigureData) -> Chart:
    """Draw a figure that has rows."""
    rows = [tuple(shown(cell) if isinstance(cell, str) else cell for cell in row) for row in data.rows]
    with styled():
        figure = _DRAWINGS[data.name](replace(data, rows=rows))
        return Chart(svg_of(figure, data.name), png_of(figure))
