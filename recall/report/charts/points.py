"""Charts of shares and points: precision and recall, curves, calibration, domains, the map."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recall.report.charts.style import (
    BLUE,
    COUNT,
    FAINT,
    HALF,
    INK,
    MARKERS,
    SERIES,
    WIDE,
    new,
    of_round,
    percent_axis,
)
from recall.report.contents import FigureData
from recall.report.domain_figures import DECISIONS

CURVE_POINTS = 400
"""Points of a curve that are drawn: more do not show."""

REST = "others"
COLOURS = len(SERIES)


def rounds(data: FigureData) -> Figure:
    """Precision on the left, recall on the right, a point with its interval for each round and source."""
    figure, panels = new(WIDE, 3.0, panels=2, sharey=True)
    sources = list(dict.fromkeys(data.column("measured_on")))
    numbers = sorted(set(data.column("round")))
    lowest = max(0.0, math.floor(10 * min(data.column("low"))) / 10 - 0.1)
    for axes, name in zip(panels, ("precision", "recall"), strict=True):
        for index, source in enumerate(sources):
            rows = [row for row in data.rows if row[1] == source and row[2] == name]
            x = np.array([numbers.index(row[0]) for row in rows]) + 0.26 * (index - (len(sources) - 1) / 2)
            value, low, high = (np.array([row[column] for row in rows]) for column in (3, 4, 5))
            errors = np.stack([np.maximum(0, value - low), np.maximum(0, high - value)])
            axes.errorbar(
                *(x, value, errors), fmt=MARKERS[index], color=SERIES[index], capsize=3, markersize=6, label=source
            )
            for at, share in zip(x, value, strict=True):
                axes.annotate(f"{share:.0%}", (at, share), (7, 0), textcoords="offset points", va="center", color=INK)
        axes.set_title(name)
        axes.set_xticks(range(len(numbers)), [f"round {number}" for number in numbers])
        axes.set_xlim(-0.6, len(numbers) - 0.4)
        axes.grid(visible=False, axis="x")
        percent_axis(axes.yaxis, lowest, 1.02)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(sources))
    return figure


def curves(data: FigureData) -> Figure:
    """Precision against recall, a panel for each source, a curve for each round."""
    sources = list(dict.fromkeys(data.column("measured_on")))
    last = max(data.column("round"), default=1)
    figure, panels = new(HALF if len(sources) == 1 else WIDE, 3.3, panels=len(sources), sharey=True)
    for axes, source in zip(panels, sources, strict=True):
        for number in sorted({row[0] for row in data.rows if row[1] == source}):
            rows = [row for row in data.rows if row[:2] == (number, source)]
            kept = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), CURVE_POINTS)).astype(int))
            color = of_round(number, last)
            axes.plot([rows[at][4] for at in kept], [rows[at][3] for at in kept], color=color, label=f"round {number}")
            chosen = [row for row in rows if row[5]]
            axes.plot([row[4] for row in chosen], [row[3] for row in chosen], "o", color=color, markersize=7, zorder=4)
        axes.set_title(source)
        axes.set_xlabel("recall")
        percent_axis(axes.xaxis, 0, 1.01)
        percent_axis(axes.yaxis, 0, 1.02)
        axes.legend(loc="lower left")
    panels[0].set_ylabel("precision")
    return figure


def calibration(data: FigureData) -> Figure:
    """Calibrated probability against the share of positive pages, a panel for each source."""
    sources = list(dict.fromkeys(data.column("measured_on")))
    figure, panels = new(HALF if len(sources) == 1 else WIDE, 3.3, panels=len(sources), sharey=True)
    for axes, source in zip(panels, sources, strict=True):
        rows = [row for row in data.rows if row[1] == source]
        x, y, low, high = (np.array([row[index] for row in rows]) for index in (2, 3, 4, 5))
        axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1.2, linestyle=(0, (4, 2)))
        errors = np.stack([np.maximum(0, y - low), np.maximum(0, high - y)])
        axes.errorbar(x, y, errors, fmt="o", color=BLUE, capsize=3, markersize=6, elinewidth=1.3)
        axes.set_title(source)
        axes.set_xlabel("calibrated probability")
        percent_axis(axes.xaxis, -0.02, 1.02)
        percent_axis(axes.yaxis, -0.02, 1.02)
    panels[0].set_ylabel("code-related pages")
    return figure


def domains(data: FigureData) -> Figure:
    """Hosts by pages and share recalled, marked by decision; a dot's area grows with the hosts it stands for."""
    figure, (axes,) = new(WIDE, 3.9)
    present = set(data.column("decision"))
    handles = []
    for index, decision in enumerate(DECISIONS):
        if decision not in present:
            continue
        rows = [row for row in data.rows if row[2] == decision]
        hosts = np.array([row[3] for row in rows])
        color, marker = (SERIES[-1], "o") if decision == DECISIONS[-1] else (SERIES[index], MARKERS[index])
        sizes = 16 + 14 * (np.sqrt(hosts) - 1)
        pages, shares = [row[0] for row in rows], [row[1] for row in rows]
        axes.scatter(pages, shares, s=np.minimum(sizes, 600), color=color, marker=marker, alpha=0.65, linewidths=0)
        label = f"{decision} ({int(hosts.sum()):,})"
        handles.append(Line2D([], [], color=color, marker=marker, linestyle="", markersize=6, label=label))
    axes.axhline(data.marks["share"], color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(COUNT)
    axes.set_xlim(left=0.8)
    axes.set_xlabel("pages of the host seen (logarithmic)")
    axes.set_ylabel("share recalled")
    percent_axis(axes.yaxis, -0.05, 1.06)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def leading(names: list[str]) -> dict[str, int]:
    """Place of each name among the most frequent ones, the colour it takes; all others share the last."""
    ranked = sorted(set(names) - {"other", "", REST}, key=lambda name: (-names.count(name), name))
    return {name: index for index, name in enumerate(ranked[: COLOURS - 1])}


def mapped(data: FigureData) -> Figure:
    """The map, coloured by category on the left and by round on the right."""
    figure, (by_category, by_round) = new(WIDE, 5.2, panels=2)
    categories, numbers = data.column("category"), data.column("round")
    colors = leading(categories)
    groups = [(name, SERIES[index]) for name, index in colors.items()]
    named = [name if name in colors else REST for name in categories]
    _scatter(by_category, data, named, [(REST, SERIES[-1]), *groups])
    by_category.set_title("by category")
    last = max(numbers, default=1)
    _scatter(by_round, data, numbers, [(number, of_round(number, last)) for number in sorted(set(numbers))])
    by_round.set_title("by the first round that kept it")
    return figure


def _scatter(
    axes: Axes, data: FigureData, groups: Sequence[str | int], colors: Sequence[tuple[str | int, str]]
) -> None:
    for group, color in colors:
        rows = [row for row, name in zip(data.rows, groups, strict=True) if name == group]
        if rows:
            label = f"round {group}" if isinstance(group, int) else f"{group}"
            axes.scatter(
                [row[0] for row in rows], [row[1] for row in rows], s=11, color=color, linewidths=0, label=label
            )
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.legend(loc="upper left", bbox_to_anchor=(0, 0), ncols=4, markerscale=1.6)
