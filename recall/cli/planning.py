"""The verb `recall plan`: what scanning a whole crawl and building its corpus need, as a table or one JSON object."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from recall.archive.manifest import COMMON_CRAWL
from recall.config import AccessSection
from recall.plan import WET_SHARE, Extent, Need, Price, Speed, extent_of, measure, measured_source, needs
from recall.report.terminal_tables import print_note, print_table

POSITIVE = click.IntRange(1)


@click.command()
@click.option("--crawl", default="", help="A crawl id: its paths files say how many shards there are.")
@click.option("--base", default=COMMON_CRAWL, show_default=True, help="Where the crawl lies.")
@click.option("--shards", type=POSITIVE, default=90_000, show_default=True, help="Without --crawl: WARC files.")
@click.option("--bytes-per-shard", type=float, default=1e9, show_default=True, help="Without --crawl: stored bytes.")
@click.option("--warc", default="", help="WARC to measure on (path or URL); the sample without it: smaller pages.")
@click.option("--model", default="", help="Model folder to measure with; a stand-in without it.")
@click.option("--seconds", type=float, default=60.0, show_default=True, help="CPU seconds to measure for, at most.")
@click.option("--share", default=0.1, show_default=True, help="Share of pages above the floor.")
@click.option("--corpus-share", default=0.045, show_default=True, help="Share of pages that the corpus keeps.")
@click.option("--rounds", type=POSITIVE, default=3, show_default=True, help="Rounds of scanning.")
@click.option("--cores", type=POSITIVE, default=64, show_default=True, help="Cores at work.")
@click.option("--price-core-hour", default=0.04, show_default=True, help="Money for a core-hour.")
@click.option("--price-gigabyte", default=0.0, show_default=True, help="Money for a gigabyte read.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def plan(crawl: str, base: str, shards: int, warc: str, model: str, as_json: bool, **given: float) -> None:
    """Measure this machine for up to a minute and say what a whole crawl needs: to scan it, to build its corpus.

    WET first reads Common Crawl's own text of all pages, and from the WARC files only what lies above the floor; the
    places come from the URL index.
    """
    bytes_ = given["bytes_per_shard"]
    extent = extent_of(crawl, base, AccessSection()) if crawl else Extent(shards, bytes_, WET_SHARE * bytes_)
    with measured_source(warc, model) as (source, scorer):
        speed = measure(source, scorer, given["seconds"])
    price = Price(int(given["cores"]), given["price_core_hour"], given["price_gigabyte"])
    ways = needs(speed, extent, (given["share"], given["corpus_share"]), int(given["rounds"]), price)
    if as_json:
        record = {"speed": asdict(speed), "extent": asdict(extent), "needs": [asdict(need) for need in ways]}
        click.echo(json.dumps(record, sort_keys=True))
    else:
        _print_needs(ways, speed, extent, price)


def _print_needs(ways: Sequence[Need], speed: Speed, extent: Extent, price: Price) -> None:
    rows = [
        (need.way, f"{need.core_hours:,.1f}", f"{need.gigabytes:,.0f}", f"{need.hours:,.1f}", f"{need.money:,.2f}")
        for need in ways
    ]
    columns = ("way", "core-hours", "GB read", f"hours on {price.cores} cores", "money")
    print_table(f"{extent.shards:,} shards of {extent.warc_bytes / 1e6:,.0f} MB", columns, rows)
    print_note(
        f"measured on {speed.pages:,} pages: {1 / speed.html:,.0f} pages/s from WARC, {1 / speed.text:,.0f} from text, "
        f"{1 / sum(speed.build.values()):,.0f} pages with code into a corpus"
    )
