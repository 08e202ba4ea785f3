"""Seed pages of one shard."""

from pathlib import Path

from recall.archive.warc import WarcWriter
from recall.config import Config
from recall.records import Shard
from recall.sites.holdout import Holdout
from recall.sites.prefixes import PrefixSet
from recall.sites.urls import url_key
from recall.steps.seed.collect import SeedContext, ShardRequest, collect

SPELLINGS = ("http://a.org/x", "https://a.org/x", "https://A.org:443/%78#top", "http://user@a.org./x")


def test_a_page_of_several_spellings_takes_one_place_of_the_samples(tmp_path: Path) -> None:
    path = tmp_path / "x.warc.gz"
    urls = [*SPELLINGS, *(f"https://b.org/{number}" for number in range(6))]
    with path.open("wb") as stream:
        writer = WarcWriter(stream, path.name)
        for url in urls:
            writer.page(url, b"<pre><code>x = 1</code></pre>", "text/html", "2026-01-31T00:00:00Z")
    pages = len(set(map(url_key, urls)))
    context = SeedContext(Config(), Holdout(), {}, PrefixSet(()), {}, frozenset({0}), sample=pages, structure=pages)
    drawn = collect(context, ShardRequest(Shard(0, "", path.name, str(path))))
    for source in ("sample", "structure"):
        keys = [url_key(page.url) for page in drawn if page.source == source]
        assert sorted(keys) == sorted(set(map(url_key, urls)))
