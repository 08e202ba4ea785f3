"""How every chart looks, and how one becomes SVG and PNG: colours that colour-blind readers tell apart, one type.

In: a matplotlib figure. Out: SVG whose colours are CSS variables, so that a page shows it light or dark, and PNG on
white. Same figure, same bytes. Text in charts is recall's own; nothing of a page is ever drawn.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

INK, MUTED, GRID, FAINT = "#1b1f24", "#59616b", "#d9dde2", "#b7bec7"
BLUE, ORANGE, GREEN, PINK, AMBER, SKY, GREY = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"),
    "#8a929d",
)
SERIES = (BLUE, ORANGE, GREEN, PINK, AMBER, SKY, "#6a51a3", GREY)
"""Okabe and Ito (2008), in the order in which series take them, and two more."""

MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*")
ROUNDS = ("#9ecae1", "#4292c6", "#084594")
"""Earlier, middle and last round: one hue, darker with time."""

VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    FAINT: "faint",
    **{color: f"series-{index}" for index, color in enumerate(SERIES)},
    **{color: f"round-{index}" for index, color in enumerate(ROUNDS)},
}
_COLOR = re.compile("|".join(map(re.escape, VARIABLES)), re.IGNORECASE)
_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>|\s*<style [^>]*>.*?</style>", re.DOTALL)
_ID = re.compile(r'\bid="([^"]+)"|url\(#([^)]+)\)|(xlink:href)="#([^"]+)"')
_FONT = re.compile(r"(font:[^;\"]*?)'DejaVu Sans'[^;\"]*")

WIDE, HALF = 10.8, 5.25
"""Inches of a chart that takes the page's width, and of one that takes half of it."""

PNG_DPI = 160
SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "recall",
}

PERCENT = FuncFormatter(lambda value, _: f"{value:.0%}")
COUNT = FuncFormatter(lambda value, _: short(value))


@contextmanager
def styled() -> Iterator[None]:
    """Within it charts are drawn and rendered in this style, whatever the machine's own settings are."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a label in another alphabet: boxes in the PNG
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)
        yield


def short(value: float) -> str:
    """A count as an axis shows it: 1,200; 12k; 3.4M."""
    if value >= 1e6:
        return f"{value / 1e6:.3g}M"
    if value >= 1e4:
        return f"{value / 1e3:.3g}k"
    return f"{value:,.0f}" if value >= 1 or value == 0 else f"{value:g}"


def new(width: float, height: float, panels: int = 1, **options: Any) -> tuple[Figure, list[Axes]]:
    """An empty figure of some inches with panels side by side."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False, **options)[0]
    return figure, list(axes)


def percent_axis(axis: Any, low: float = 0.0, high: float = 1.0) -> None:
    """Show an axis of shares in per cent."""
    axis.set_major_formatter(PERCENT)
    if axis.axis_name == "x":
        axis.axes.set_xlim(low, high)
    else:
        axis.axes.set_ylim(low, high)


def of_round(number: int, last: int) -> str:
    """Colour of a round among as many as there are."""
    return ROUNDS[-1] if number == last else ROUNDS[0] if number == 1 and last > 2 else ROUNDS[1]


def svg_of(figure: Figure, name: str) -> str:
    """The figure as an SVG element for an HTML page. name: keeps its ids apart from those of other charts."""
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = _METADATA.sub("", _HEAD.sub("", stream.getvalue().decode(), count=1))
    text = _COLOR.sub(lambda found: f"var(--{VARIABLES[found[0].lower()]})", text)
    text = _ID.sub(lambda found: _named(found, name), text)
    text = re.sub(r'(<svg [^>]*?)\s(?:width)="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg [^>]*?)\s(?:height)="[^"]*"', r"\1", text, count=1)
    return _FONT.sub(r"\1inherit-sans", text).replace("inherit-sans", "system-ui, sans-serif").strip() + "\n"


def _named(found: "re.Match[str]", name: str) -> str:
    if found[1] is not None:
        return f'id="{name}-{found[1]}"'
    return f"url(#{name}-{found[2]})" if found[2] is not None else f'{found[3]}="#{name}-{found[4]}"'


def png_of(figure: Figure) -> bytes:
    """The figure as PNG on white."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=PNG_DPI, facecolor="white", metadata={"Software": None})
    return stream.getvalue()
