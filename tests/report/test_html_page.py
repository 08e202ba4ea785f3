"""The report's page: what hostile pages may do there, and how it looks and behaves in a real Chromium."""

import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from recall.cli import verbs
from recall.report.assemble import COUNTS, MISTAKES
from recall.report.assets import read_asset, script_source
from recall.report.charts import Chart, draw
from recall.report.comparison import COUNTS as SHARED
from recall.report.comparison import OUTLIERS, PLANE, REASONS
from recall.report.contents import FigureData, Report, ReportSection
from recall.report.corpus_figures import COUNTS as NAMED
from recall.report.corpus_figures import RANDOM
from recall.report.domain_figures import TOP_HOSTS
from recall.report.html_page import lines, link, page_of, shortened, write_report
from recall.report.projection import MAP
from recall.run.rounds import Run
from recall.run.store import Store
from tests.chromium import started

EVIL = '"><script>window.broken=1</script><img src=//evil.example/x onerror="window.broken=2">\'\u202e\x1b[31m&'
URLS = (
    "javascript:window.broken=3",
    "https://evil.example/\"onmouseover='window.broken=4'",
    "data:text/html,<b>",
    EVIL,
)


def hostile() -> Report:
    """A report in which every text that comes from pages tries to break out."""
    point = (0.5, 0.1, URLS[1], EVIL, EVIL, 1, 0.5, "both", 9, EVIL)
    bad = ("miss", EVIL, True, EVIL, EVIL, 0.1, 0.1, [EVIL], [EVIL])
    row = (0.1, EVIL, 1, EVIL, EVIL, 3, f"a\n{EVIL}\n</pre>")
    plane = (0.1, 0.2, 0.3, 0.4, 1, EVIL, EVIL, 0.6, True, ["data"], 3, EVIL)
    marks = {"first": 0.5, "second": 0.1}
    marks |= {f"{name}{side}": 0.1 * side + 0.1 for name in ("x", "y", "beyond") for side in range(2)}
    rows = (
        FigureData("errors", "Worst errors", "c", MISTAKES, [(bad[0], url, *bad[1:]) for url in URLS]),
        FigureData("random_rows", "Random rows", "c", RANDOM, [(url, *row) for url in URLS]),
        FigureData("top_domains", "Hosts", "c", TOP_HOSTS, [(EVIL, 3, 2, 0.5, 0.4, "d")]),
        FigureData("round_counts", "Rounds", "c", COUNTS, [(1, 2, 3, 4, 5, 6, 7, 0.5)]),
        FigureData("languages", "Languages", "c", NAMED, [("a $\\frac{1}$ <b>&", 3, 1.0)]),
        FigureData("map", "Map", "c", MAP, [point, (-0.5, 0.2, URLS[0], *point[3:])]),
        FigureData("beside", "Beside", "c", PLANE, [(*plane[:6], url, *plane[7:]) for url in URLS], "", marks),
        FigureData("beside_counts", "Counts", "c", SHARED, [(EVIL, 3, 2, 9, 1, 0.5, 0.1)]),
        FigureData("outliers", "Outliers", "c", OUTLIERS, [(EVIL, 0.5, ["data"], url, EVIL) for url in URLS]),
        FigureData("outlier_reasons", "Reasons", "c", REASONS, [(EVIL, "data", "m", 0.5, None)]),
    )
    return Report(EVIL, "0" * 64, "1", ((EVIL, EVIL),), (("pages", "1", EVIL),), (ReportSection("all", "All", rows),))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_nothing_of_a_page_becomes_markup() -> None:
    report = hostile()
    drawn: dict[str, Chart] = {
        data.name: draw(data) for data in report.figures if data.name in {"languages", "map", "beside"}
    }
    page = page_of(report, drawn)
    tags = Tags()
    tags.feed(page)
    assert [tag for tag, _ in tags.found].count("script") == 1
    assert not {tag for tag, _ in tags.found} & {"img", "iframe", "link", "object", "base", "form"}
    assert not [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    links = [attributes for tag, attributes in tags.found if tag == "a"]
    outside = [one for one in links if not re.match(r"#|figures/|data/", one["href"] or "")]
    assert outside
    assert all((one["href"] or "").startswith("https://evil.example/") for one in outside)
    assert all(one["rel"] == "noopener noreferrer" for one in outside)
    assert "\u202e" not in page
    assert "\x1b" not in page
    policy = next(attributes["content"] or "" for tag, attributes in tags.found if "http-equiv" in attributes)
    assert script_source() in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://a.org/x?y=1", True),
        ("http://a.org/", True),
        ("javascript:alert(1)", False),
        ("//a.org/", False),
        ("https:///x", False),
        ("https://a.org/\n", False),
        ("ftp://a.org/", False),
        ("https://[a", False),
    ],
)
def test_only_absolute_web_addresses_are_followed(url: str, followed: bool) -> None:
    assert bool(link(url)) == followed


def test_text_of_a_page_keeps_its_lines_and_loses_its_controls() -> None:
    assert lines("a\tb\r\n\x07c\u202e") == "a    b\n\\x07c\\u202e"
    assert len(shortened("https://a.org/" + "x" * 500)) == 140


def files_of(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_writing_it_again_gives_the_same_bytes_and_sweeps_what_is_gone(reported: Run, other_corpus: Path) -> None:
    folder = Path(reported.store.root) / "report"
    before = files_of(folder)
    (folder / "figures" / "old.png").write_bytes(b"x")
    answer = CliRunner().invoke(
        verbs,
        ["report", reported.store.root, "--measure", reported.config.seed.labels, "--beside", str(other_corpus)],
    )
    assert answer.exit_code == 0, answer.output
    assert "report: " in answer.output
    assert files_of(folder) == before
    charts = {name.partition("/")[2].partition(".")[0] for name in before if name.startswith("figures/")}
    assert {"funnel", "rounds", "precision_recall", "calibration", "scores", "domains", "saturation", "map"} <= charts
    assert "beside" in charts
    assert charts <= {name.partition("/")[2].partition(".")[0] for name in before if name.startswith("data/")}


def test_every_figure_shows_its_rows(reported: Run) -> None:
    figures = reported.store.read("report/index.html").decode().split("<figure")[1:]
    drawn = [figure for figure in figures if "<svg" in figure or "<td" in figure or 'class="row"' in figure]
    titles = [re.findall(r'id="title-(\w+)"', figure)[0] for figure in figures]
    assert {"prefix_yield", "at_share"} <= set(titles)
    assert [title for figure, title in zip(figures, titles, strict=True) if figure not in drawn] == []


def test_a_run_that_has_no_corpus_yet_has_a_report(fresh: Any) -> None:
    run = fresh("round 1 scan", rounds=1)
    answer = CliRunner().invoke(verbs, ["report", run.store.root])
    assert answer.exit_code == 0, answer.output
    page = (Path(run.store.root) / "report" / "index.html").read_text()
    assert "Precision against recall" in page
    assert "The corpus" not in page


def test_charts_carry_no_colour_of_their_own_and_no_date() -> None:
    data = FigureData("languages", "Languages", "c", NAMED, [("English", 3, 0.75), ("German", 1, 0.25)])
    first, second = draw(data), draw(data)
    assert first == second
    assert "var(--series-0)" in first.svg
    assert not re.search(r"#[0-9a-f]{6}\b", first.svg)
    assert first.png.startswith(b"\x89PNG")


def test_the_script_only_ever_writes_text() -> None:
    script = read_asset("map.js")
    assert "innerHTML" not in script
    assert "</script" not in script


FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync".split()
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started(*FLAGS) as chromium:
        yield chromium


def opened(browser: Any, path: Path, scheme: str = "light", width: int = 1280) -> tuple[Any, list[str]]:
    """The page in a window, and what went wrong: console messages, errors, requests for anything but itself."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    wrong: list[str] = []
    page.on("request", lambda request: wrong.append(request.url) if request.url != path.as_uri() else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.goto(path.as_uri())
    return page, wrong


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_without_a_server_or_a_request(browser: Any, reported: Run, scheme: str) -> None:
    page, wrong = opened(browser, Path(reported.store.root) / "report" / "index.html", scheme)
    wide = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide[0] <= wide[1]
    shades = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shades == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 27)")
    for one in page.locator("figure > svg").all():
        box = one.bounding_box()
        assert box["width"] > 300
        assert box["height"] > 80
    page.locator("#map circle").nth(3).hover()
    url = page.locator("#map circle").nth(3).get_attribute("data-url")
    assert page.locator("#card .url").inner_text() in page.locator("#map").evaluate(
        "map => [...map.querySelectorAll('circle')].map(dot => dot.dataset.url)"
    )
    assert url
    page.check("#by-round")
    assert page.locator(".legend.rounds").is_visible()
    assert not page.locator(".legend.categories").is_visible()
    compare_by_hand(page)
    assert not wrong, wrong
    page.close()


def compare_by_hand(page: Any) -> None:
    """Both corpora are there with axes, a legend, a circle each; a point says what it is; the map moves every point."""
    plane = page.locator("#plane")
    assert plane.locator(".bound").count() == 2
    legend = page.locator(".legend.corpora").inner_text()
    assert "this run (" in legend
    assert "texts.parquet (69 pages, " in legend
    assert "first component" in plane.inner_html()
    dot = plane.locator("circle.page.k1.far").first
    before = dot.get_attribute("cx"), dot.get_attribute("cy")
    dot.hover(force=True)
    assert "texts.parquet, record " in page.locator("#card .url").inner_text()
    assert ", far · " in page.locator("#card .what").inner_text()
    page.check("#by-map")
    assert (dot.get_attribute("cx"), dot.get_attribute("cy")) != before
    assert not plane.locator(".bound").first.is_visible()
    page.check("#by-components")
    assert (dot.get_attribute("cx"), dot.get_attribute("cy")) == before
    box = plane.bounding_box()
    for each in plane.locator("circle.page, .axes text").all():
        inner = each.bounding_box()
        assert box["x"] <= inner["x"]
        assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1
        assert box["y"] <= inner["y"]
        assert inner["y"] + inner["height"] <= box["y"] + box["height"] + 1


@pytest.mark.browser
@pytest.mark.slow
def test_it_prints(browser: Any, reported: Run) -> None:
    page, wrong = opened(browser, Path(reported.store.root) / "report" / "index.html", "dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(page.pdf(format="A4")) > 20_000
    assert not wrong, wrong
    page.close()


@pytest.mark.browser
@pytest.mark.slow
def test_a_hostile_corpus_runs_nothing_and_fetches_nothing(browser: Any, tmp_path: Path) -> None:
    write_report(Store(str(tmp_path)), hostile())
    page, wrong = opened(browser, tmp_path / "report" / "index.html")
    page.locator("#map circle").first.hover()
    page.wait_for_timeout(200)
    assert "<script>" in page.locator("#card .text").inner_text()
    page.locator("#plane circle.page").first.hover(force=True)
    assert "<script>" in page.locator("#card .what").inner_text()
    assert page.evaluate("window.broken") is None
    assert page.evaluate("[document.documentElement.scrollWidth <= window.innerWidth]") == [True]
    assert not wrong, wrong
    page.close()
