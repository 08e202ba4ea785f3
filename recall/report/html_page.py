"""The report as one HTML page: charts inline, nothing fetched, one script of recall's own.

In: a Report and its charts. Out: HTML. Everything that comes from pages (addresses, excerpts, tokens) is hostile: the
template escapes it, control and direction characters are spelled out, links lead to http and https only, and the
page's content security policy allows no other script, style file, image or request.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup

from recall.report.assemble import Report
from recall.report.assets import read_asset, script_source
from recall.report.charts import Drawn
from recall.report.charts.bars import size_text
from recall.report.charts.points import leading
from recall.report.data import Data
from recall.report.mistakes import shown

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'none'; script-src {script}; base-uri 'none'; "
    "form-action 'none'"
)
HALVES = frozenset({"saturation", "left_out", "languages", "categories", "lengths", "duplicates"})
"""Figures that stand two in a line."""

URL = 140
"""Characters of an address that are shown."""

OTHERS = 7
"""Colour of the categories that have none of their own."""

MAP_WIDTH, MAP_HEIGHT, MARGIN = 1080, 680, 14


def page_of(report: Report, drawn: Mapping[str, Drawn]) -> str:
    """The page. drawn: the chart of each figure that has one."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(read_asset),
    )
    environment.filters |= {"shown": shown, "lines": lines, "short": shortened, "link": link, "size": size_text}
    template = environment.get_template("report.html")
    return template.render(
        report=report,
        policy=POLICY.format(script=script_source()),
        style=Markup(read_asset("report.css")),  # noqa: S704 - our own file
        script=Markup(read_asset("map.js")),  # noqa: S704 - our own file
        charts={name: Markup(_labelled(one.svg, name)) for name, one in drawn.items()},  # noqa: S704 - our own drawing
        points=points_of,
        narrow=_narrow(report),
    )


def _narrow(report: Report) -> frozenset[str]:
    """Figures that take half of the width; curves and calibration do as long as each is one panel."""
    sources = {row[1] for data in report.figures if data.name == "precision_recall" for row in data.rows}
    return HALVES | {"precision_recall", "calibration"} if len(sources) == 1 else HALVES


def _labelled(svg: str, name: str) -> str:
    return svg.replace("<svg ", f'<svg role="img" aria-labelledby="title-{name}" ', 1)


def lines(text: str) -> str:
    """Text of a page with its line ends and tabs, everything else unprintable spelled out."""
    return "\n".join(shown(line.replace("\t", "    ")) for line in text.splitlines())


def shortened(url: str) -> str:
    """An address on one line, cut where it is long."""
    text = shown(url)
    return text if len(text) <= URL else f"{text[: URL - 1]}…"


def link(url: str) -> str:
    """The address where it may be followed: an absolute http or https one without control characters; else ""."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname and url == shown(url) else ""


def points_of(data: Data) -> dict[str, Any]:
    """The map's points in the units of its view box, and the legend of each colouring."""
    rows = [dict(zip(data.schema, row, strict=True)) for row in data.rows]
    places = leading([row["category"] for row in rows])
    last = max((row["round"] for row in rows), default=1)
    xs, ys = [row["x"] for row in rows], [row["y"] for row in rows]
    width, height = (max(1e-9, max(values) - min(values)) for values in (xs, ys))
    points = []
    for row in rows:
        kind = places.get(row["category"], OTHERS)
        number = 2 if row["round"] == last else 0 if row["round"] == 1 and last > 2 else 1
        x = MARGIN + (MAP_WIDTH - 2 * MARGIN) * (row["x"] - min(xs)) / width
        y = MARGIN + (MAP_HEIGHT - 2 * MARGIN) * (max(ys) - row["y"]) / height
        points.append({**row, "cx": f"{x:.1f}", "cy": f"{y:.1f}", "kind": kind, "shade": number})
    kinds = [(place, name, sum(one["kind"] == place for one in points)) for name, place in places.items()]
    others = sum(one["kind"] == OTHERS for one in points)
    shades = {one["round"]: one["shade"] for one in points}
    return {
        "points": points,
        "width": MAP_WIDTH,
        "height": MAP_HEIGHT,
        "categories": [*kinds, *([(OTHERS, "others", others)] if others else [])],
        "rounds": [(shades[one], one, sum(row["round"] == one for row in rows)) for one in sorted(shades)],
    }
