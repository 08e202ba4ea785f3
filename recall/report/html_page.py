"""The run's folder report/: index.html with its charts inline, each chart as PNG, the rows of each figure as Parquet.

In: a Report. Out: files; unlike those of a step they are replaced by the next report, index.html last. Everything that
comes from pages (URLs, excerpts, tokens) is hostile: the template escapes it, control and direction characters are
spelled out, links lead to http and https only, and the page's content security policy allows recall's own script and
no other, no style file, image or request.
"""

from collections.abc import Mapping
from typing import Any

import jinja2
from markupsafe import Markup

from recall.report.assets import read_asset, script_source
from recall.report.charts import Chart, chart_names, draw
from recall.report.charts.bars import size_text
from recall.report.charts.points import leading
from recall.report.contents import FigureData, Report
from recall.report.mistakes import shown
from recall.report.plane_drawing import plane_of
from recall.run.store import Store, table_bytes
from recall.sites.urls import is_web

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'none'; script-src {script}; base-uri 'none'; "
    "form-action 'none'"
)
HALVES = frozenset({"saturation", "left_out", "languages", "categories", "bodies", "lengths", "duplicates"})
"""Figures that stand two in a line."""

URL = 140
"""Characters of an address that are shown."""

OTHERS = 7
"""Colour of the categories that have none of their own."""

MAP_WIDTH, MAP_HEIGHT, MARGIN = 1080, 680, 14
FOLDER = "report"
INDEX = f"{FOLDER}/index.html"


def write_report(store: Store, report: Report) -> str:
    """Write the folder and return the URL of its index.html. Same report, same bytes."""
    charts = {data.name: draw(data) for data in report.figures if data.name in chart_names()}
    files = {f"{FOLDER}/data/{data.name}.parquet": table_bytes(data.columns(), data.schema) for data in report.figures}
    files |= {f"{FOLDER}/figures/{name}.png": chart.png for name, chart in charts.items()}
    page = page_of(report, charts).encode("utf-8", "replace")
    for key in store.keys(f"{FOLDER}/"):
        if key not in files:
            store.remove(key)
    for key, data in sorted(files.items()):
        _replace(store, key, data)
    store.publish(INDEX, page)
    return store.url(INDEX)


def _replace(store: Store, key: str, data: bytes) -> None:
    """Publish a file in place of an older one."""
    if store.exists(key):
        if store.read(key) == data:
            return
        store.remove(key)
    store.publish(key, data)


def page_of(report: Report, charts: Mapping[str, Chart]) -> str:
    """Render the page. charts: by figure name, for the figures that have one."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(read_asset),
    )
    environment.filters |= {
        "shown": shown,
        "lines": lines,
        "short": shortened,
        "link": link,
        "size": size_text,
        "figure": figure_text,
    }
    template = environment.get_template("report.html")
    return template.render(
        report=report,
        policy=POLICY.format(script=script_source()),
        style=Markup(read_asset("report.css")),  # noqa: S704 - our own file
        script=Markup(read_asset("map.js")),  # noqa: S704 - our own file
        charts={name: Markup(_labelled(chart.svg, name)) for name, chart in charts.items()},  # noqa: S704 - our own drawing
        points=points_of,
        plane_of=plane_of,
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


def figure_text(value: float | None) -> str:
    """A number of a table; nothing for one that is not known."""
    if value is None or value != value:  # noqa: PLR0124 - nan
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def shortened(url: str) -> str:
    """An address on one line, cut where it is long."""
    text = shown(url)
    return text if len(text) <= URL else f"{text[: URL - 1]}…"


def link(url: str) -> str:
    """The address where it may be followed: an absolute http or https one without control characters; else ""."""
    return url if is_web(url) and url == shown(url) else ""


def points_of(data: FigureData) -> dict[str, Any]:
    """The map's points in the units of its view box, and the legend of each colouring."""
    rows = [dict(zip(data.schema, row, strict=True)) for row in data.rows]
    colors = leading([row["category"] for row in rows])
    last = max((row["round"] for row in rows), default=1)
    xs, ys = [row["x"] for row in rows], [row["y"] for row in rows]
    width, height = (max(1e-9, max(values) - min(values)) for values in (xs, ys))
    points = []
    for row in rows:
        kind = colors.get(row["category"], OTHERS)
        number = 2 if row["round"] == last else 0 if row["round"] == 1 and last > 2 else 1
        x = MARGIN + (MAP_WIDTH - 2 * MARGIN) * (row["x"] - min(xs)) / width
        y = MARGIN + (MAP_HEIGHT - 2 * MARGIN) * (max(ys) - row["y"]) / height
        points.append({**row, "cx": f"{x:.1f}", "cy": f"{y:.1f}", "kind": kind, "shade": number})
    kinds = [(color, name, sum(point["kind"] == color for point in points)) for name, color in colors.items()]
    others = sum(point["kind"] == OTHERS for point in points)
    shades = {point["round"]: point["shade"] for point in points}
    return {
        "points": points,
        "width": MAP_WIDTH,
        "height": MAP_HEIGHT,
        "categories": [*kinds, *([(OTHERS, "others", others)] if others else [])],
        "rounds": [(shades[number], number, sum(row["round"] == number for row in rows)) for number in sorted(shades)],
    }
