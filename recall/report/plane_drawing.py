"""The plane of two corpora in the units of a drawing: points, axes, and the circle beyond which a page is far.

In: the figure `beside`. Out: what the template draws. Both axes have one scale, so that circles are circles.
"""

import math
from typing import Any

from recall.report.contents import FigureData

WIDTH, HEIGHT = 1080, 680
LEFT, RIGHT, TOP, BOTTOM = 64, 1066, 14, 632
"""Of the rectangle that the points lie in."""

TICKS = 8
"""Lines across, at most."""

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


def plane_of(data: FigureData) -> dict[str, Any]:
    """Points with their coordinates in the drawing, lines of the axes, a circle for each corpus, the legend."""
    rows = [dict(zip(data.schema, row, strict=True)) for row in data.rows]
    circles = [(side, *(data.marks[f"{name}{side}"] for name in ("x", "y", "beyond"))) for side in range(2)]
    edges = [(x - r, x + r, y - r, y + r) for _, x, y, r in circles]
    edges += [(row["x"], row["x"], row["y"], row["y"]) for row in rows]
    west, east, south, north = (pick(edge[at] for edge in edges) for at, pick in enumerate((min, max, min, max)))
    scale = 0.96 * min((RIGHT - LEFT) / max(1e-9, east - west), (BOTTOM - TOP) / max(1e-9, north - south))

    def across(x: float) -> float:
        return round((LEFT + RIGHT) / 2 + scale * (x - (west + east) / 2), 1)

    def upward(y: float) -> float:
        return round((TOP + BOTTOM) / 2 - scale * (y - (south + north) / 2), 1)

    half = (RIGHT - LEFT) / 2 / scale, (BOTTOM - TOP) / 2 / scale
    for row in rows:
        row["x"], row["y"] = across(row["x"]), upward(row["y"])
        row["map_x"] = round((LEFT + RIGHT) / 2 + row["map_x"] * (RIGHT - LEFT) / 2, 1)
        row["map_y"] = round((TOP + BOTTOM) / 2 - row["map_y"] * (BOTTOM - TOP) / 2, 1)
    return {
        "points": rows,
        "across": [(across(x), f"{x:.2g}") for x in _ticks((west + east) / 2 - half[0], (west + east) / 2 + half[0])],
        "upward": [
            (upward(y), f"{y:.2g}") for y in _ticks((south + north) / 2 - half[1], (south + north) / 2 + half[1])
        ],
        "circles": [(side, across(x), upward(y), round(scale * r, 1)) for side, x, y, r in circles],
        "corpora": [
            (side, of[0]["corpus"], len(of), sum(row["far"] for row in of))
            for side in range(2)
            if (of := [row for row in rows if row["side"] == side])
        ],
    } | {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}


def _ticks(low: float, high: float) -> list[float]:
    step = next((step for step in STEPS if (high - low) / step <= TICKS), STEPS[-1])
    return [round(step * number, 2) + 0.0 for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
