import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from recall.archive.ranges import coalesce
from recall.archive.warc import WarcWriter
from recall.cli.planning import plan
from recall.errors import BadInput
from recall.plan import Extent, Price, Speed, needs, share_read
from recall.records import WarcRef

BUILD = {"pages to Markdown": 7200e-6, "masks": 3600e-6}
SPEED = Speed(100, 3600e-6, 360e-6, 36e-6, page_bytes=1000.0, kept_bytes=500.0, build=BUILD)


def test_figures_are_multiplied_out() -> None:
    found = {one.way: one for one in needs(SPEED, Extent(10, 1e8, 1e7), (0.1, 0.05), 3, Price(2, 0.5, 0.1))}
    one = found["WARC, one round"]  # a million pages of 3.6 ms, and a tenth more for the step
    assert one.core_hours == pytest.approx(1.1)
    assert one.gigabytes == pytest.approx(1.0)
    assert one.hours == pytest.approx(0.55)
    assert one.money == pytest.approx(0.55 + 0.1)
    three = found["WARC, 3 rounds, candidates scored again"]
    assert three.core_hours == pytest.approx(1.1 + 2 * 0.1 * 0.01)
    assert found["WARC, 3 rounds, all read again"].core_hours == pytest.approx(3.3)
    wet = found["WET first, one round"]
    assert wet.core_hours == pytest.approx(1.1 * (0.1 + 0.1))
    assert found["build: pages to Markdown"].core_hours == pytest.approx(0.05 * 2)
    assert found["build: pages to Markdown"].gigabytes == pytest.approx(0.05 * 0.5)
    assert found["build: masks"].core_hours == pytest.approx(0.05)
    assert found["build: masks"].gigabytes == 0
    assert wet.gigabytes == pytest.approx(0.1 + 1.0 + 0.03)  # pages so close that no gap is left out


@pytest.mark.parametrize("share", [0.003, 0.01, 0.03, 0.1])
def test_the_bytes_of_ranges_are_those_of_coalesced_ranges(share: float) -> None:
    page_bytes, pages = 30_000, 200_000
    chosen = np.flatnonzero(np.random.default_rng(7).random(pages) < share)
    groups = coalesce(WarcRef("x", int(page) * page_bytes, page_bytes) for page in chosen)
    read = sum(group[-1].offset + page_bytes - group[0].offset for group in groups)
    assert share_read(share, page_bytes) == pytest.approx(read / (pages * page_bytes), rel=0.05, abs=0.003)


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    path = tmp_path / "a.warc.gz"
    with path.open("wb") as stream:
        writer = WarcWriter(stream)
        for number in range(40):
            body = f"<title>Page {number}</title><pre>return {number}</pre>" + "<p>some words of a page</p>" * 30
            writer.page(f"http://a.org/{number}", body.encode(), "text/html", "2026-01-31T00:00:00Z")
    return path


def test_it_works_offline_on_a_given_file(warc: Path) -> None:
    arguments = ["--warc", str(warc), "--shards", "7", "--bytes-per-shard", "1e8", "--seconds", "1", "--json"]
    result = CliRunner().invoke(plan, arguments, catch_exceptions=False)
    record = json.loads(result.output)
    assert record["extent"] == {"shards": 7, "warc_bytes": 1e8, "wet_bytes": 1e7}
    assert record["speed"]["pages"] == 40
    assert all(one["core_hours"] > 0 and one["gigabytes"] >= 0 for one in record["needs"])
    table = CliRunner().invoke(plan, arguments[:-1], catch_exceptions=False)
    assert table.exit_code == 0


def test_a_crawls_size_is_read_from_its_paths_files(warc: Path, tmp_path: Path) -> None:
    import gzip

    listed = tmp_path / "crawl-data/C-1"
    listed.mkdir(parents=True)
    (listed / "warc.paths.gz").write_bytes(gzip.compress(b"a.warc.gz\n"))
    (listed / "wet.paths.gz").write_bytes(gzip.compress(b"a.wet\n"))
    (tmp_path / "a.wet").write_bytes(b"x" * 77)
    arguments = ["--crawl", "C-1", "--base", f"{tmp_path}/", "--warc", str(warc), "--seconds", "1", "--json"]
    record = json.loads(CliRunner().invoke(plan, arguments, catch_exceptions=False).output)
    assert record["extent"] == {"shards": 1, "warc_bytes": float(warc.stat().st_size), "wet_bytes": 77.0}


def test_a_file_too_small_to_measure_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.warc.gz"
    with path.open("wb") as stream:
        WarcWriter(stream).page("http://a.org/", b"<p>one", "text/html", "2026-01-31T00:00:00Z")
    with pytest.raises(BadInput, match="fewer than two pages"):
        CliRunner().invoke(plan, ["--warc", str(path)], catch_exceptions=False)
