"""Charts of counts: the funnel, bars by name, histograms, saturation."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from recall.report.charts.style import (
    BLUE,
    COUNT,
    GREY,
    HALF,
    INK,
    MUTED,
    ORANGE,
    WIDE,
    new,
)
from recall.report.contents import FigureData

LOG_BELOW = 0.01
"""Share of the first stage from which on downwards a funnel needs a logarithmic axis to show its last one."""


def funnel(data: FigureData) -> Figure:
    """Stages from above, each with the reasons that took pages out of it."""
    rows = data.rows
    figure, (axes,) = new(WIDE, 0.9 + 0.25 * len(rows))
    top = max(1, *(row[3] for row in rows))
    last = [row[3] for row in rows if row[1] == "in"][-1]
    logarithmic = 0 < last < LOG_BELOW * top
    labels, stage_pages = [], top
    for index, (stage, outcome, reason, pages) in enumerate(rows):
        stage_pages = pages if outcome == "in" else stage_pages
        color = {"in": BLUE, "out": ORANGE}.get(outcome, GREY)
        axes.barh(index, pages, height=0.74 if outcome == "in" else 0.46, color=color)
        share = f"{pages:,}" if outcome == "in" else f"{pages:,} ({pages / max(1, stage_pages):.1%})"
        _behind(axes, share, (pages, index), bold=outcome == "in")
        prefix = {"in": "", "out": "out: "}.get(outcome, f"{outcome}: ")
        labels.append(stage if outcome == "in" else prefix + reason)
    axes.set_yticks(range(len(rows)), labels)
    for tick, row in zip(axes.get_yticklabels(), rows, strict=True):
        tick.set_color(INK if row[1] == "in" else MUTED)
        tick.set_fontweight("bold" if row[1] == "in" else "normal")
    _flat(axes, "pages" + (" (logarithmic)" if logarithmic else ""))
    if logarithmic:
        axes.set_xscale("log")
        axes.set_xlim(0.8, top * 3)
    else:
        axes.set_xlim(0, top * 1.12)
    axes.xaxis.set_major_formatter(COUNT)
    return figure


def _behind(axes: Axes, text: str, point: tuple[float, float], *, bold: bool = False) -> None:
    """Write behind the end of a bar."""
    weight = "bold" if bold else "normal"
    axes.annotate(text, point, (5, 0), textcoords="offset points", va="center", color=INK, weight=weight)


def _flat(axes: Axes, label: str) -> None:
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def named(data: FigureData) -> Figure:
    """Bars by name with pages and share."""
    names, pages, shares = (data.column(name) for name in ("name", "pages", "share"))
    figure, (axes,) = new(HALF, max(1.6, 0.7 + 0.235 * len(names)))
    axes.barh(range(len(names)), pages, height=0.68, color=BLUE)
    for index, (count, share) in enumerate(zip(pages, shares, strict=True)):
        _behind(axes, f"{count:,} ({_percent(share)})", (count, index))
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=INK)
    _flat(axes, "pages")
    axes.set_xlim(0, max(pages, default=1) * 1.32)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(COUNT)
    return figure


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.0995 or share == 0 else f"{share:.1%}" if share >= 0.001 else "<0.1%"


def lengths(data: FigureData) -> Figure:
    """Pages by the length of their text, two bins to each power of two."""
    lows, highs, pages = (np.array(data.column(name)) for name in ("low", "high", "pages"))
    figure, (axes,) = new(HALF, 2.7)
    axes.stairs(pages, np.append(lows, highs[-1:]), fill=True, color=BLUE)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: size_text(value)))
    axes.set_xlabel("length of the text")
    axes.set_ylabel("pages")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(COUNT)
    axes.grid(visible=False, axis="x")
    return figure


def size_text(value: float) -> str:
    """Bytes as an axis shows them, in powers of two."""
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= size:
            return f"{value / size:g} {unit}"
    return f"{value:g} B"


def scores(data: FigureData) -> Figure:
    """Judged pages by score and label on the left, every page of the crawl on the right."""
    groups = list(dict.fromkeys(data.column("group")))
    figure, (labelled, crawl) = new(WIDE, 3.1, panels=2)
    for group, color in zip(groups[:2], (BLUE, ORANGE), strict=False):
        edges, pages = _steps(data, group)
        labelled.stairs(pages, edges, fill=True, color=color, alpha=0.5, label=f"{group}: {int(pages.sum()):,} pages")
        labelled.stairs(pages, edges, color=color, linewidth=1.2)
    labelled.legend(loc="upper right", bbox_to_anchor=(0.96, 1))
    labelled.set_title("labelled pages, by label")
    edges, pages = _steps(data, groups[2])
    crawl.stairs(pages, edges, fill=True, color=GREY)
    crawl.set_yscale("symlog", linthresh=1)
    crawl.set_title(f"{groups[2]}: {int(pages.sum()):,} (logarithmic)")
    for axes in (labelled, crawl):
        axes.axvline(data.marks["threshold"], color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.set_xlim(0, 1)
        axes.set_xlabel("score")
        axes.yaxis.set_major_formatter(COUNT)
        axes.grid(visible=False, axis="x")
    labelled.set_ylabel("pages")
    return figure


def _steps(data: FigureData, group: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Edges of the bins and pages in them."""
    rows = [row for row in data.rows if row[2] == group]
    return np.array([*(row[0] for row in rows), rows[-1][1]]), np.array([row[3] for row in rows])


def saturation(data: FigureData) -> Figure:
    """Pages recalled by each round: again, and for the first time."""
    numbers, recalled, again, shares = (data.column(name) for name in data.schema)
    figure, (axes,) = new(HALF, 3.1)
    positions = range(len(numbers))
    axes.bar(positions, again, width=0.55, color=BLUE, label="recalled by the round before too")
    fresh = [both - old for both, old in zip(recalled, again, strict=True)]
    axes.bar(positions, fresh, width=0.55, bottom=again, color=ORANGE, label="new")
    for index, (count, share) in enumerate(zip(recalled, shares, strict=True)):
        text = f"{count:,}" + (f"\n{share:.1%} again" if index else "")
        axes.annotate(text, (index, count), (0, 3), textcoords="offset points", ha="center", va="bottom", color=INK)
    axes.set_xticks(positions, [f"round {number}" for number in numbers])
    axes.set_ylim(0, max(recalled, default=1) * 1.42 or 1)
    axes.set_ylabel("pages recalled")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(COUNT)
    axes.legend(loc="upper left", ncols=2, borderaxespad=0)
    axes.grid(visible=False, axis="x")
    return figure
