"""The same loop over other text: WET first, and Parquet, JSON lines or WET alone."""

import gzip
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from warcio.warcwriter import WARCWriter

from recall import loop
from recall.archive.index import TABLE, IndexRow, write_index
from recall.archive.manifest import resolve
from recall.archive.shards import is_text, read_shard, read_wet
from recall.archive.warc import WarcWriter
from recall.config import AccessSection, dump_config
from recall.errors import BadInput, ShardCorrupt
from recall.io.parquet import table_bytes
from recall.model.scorer import Scorer
from recall.page.text import scoring_text
from recall.records import Capture, Done, Shard, Skip
from recall.run.ledger import ledger, unexplained
from recall.run.round_model import floor_of, threshold_of
from recall.run.rounds import Run
from recall.run.scanned import read_bodies, read_rows, refs_of, scanned_shards
from recall.steps.scan.slim_rows import score_batch

CRAWL = "CC-TEST-2026-01"
SEGMENT = f"crawl-data/{CRAWL}/segments/1.0"


def text_of(site: Any) -> str:
    text: str = scoring_text(site.body, "utf-8").partition("\ue000")[0]
    return text


def write_wet(path: Path, pages: list[tuple[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for url, text in pages:
            data = text.encode()
            record = writer.create_warc_record(
                url, "conversion", io.BytesIO(data), length=len(data), warc_content_type="text/plain"
            )
            writer.write_record(record)


@pytest.fixture(scope="module")
def common_crawl(crawl: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test's crawl in Common Crawl's layout: WARC, WET and index; one page of the WET is in no index."""
    base = tmp_path_factory.mktemp("base")
    rows = []
    for number in range(2):
        sites = crawl.sites[number::2]
        path = f"{SEGMENT}/warc/F-{number}.warc.gz"
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        with (base / path).open("wb") as stream:
            writer = WarcWriter(stream, path=path)
            for site in sites:
                ref = writer.page(site.url, site.body, "text/html; charset=utf-8", "2026-01-31T00:00:00Z")
                rows.append(IndexRow(site.url, ref, 200, "text/html", "X"))
        pages = [*((site.url, text_of(site)) for site in sites), ("https://gone.org/", "no longer there")]
        write_wet(base / f"{SEGMENT}/wet/F-{number}.warc.wet.gz", pages)
    part = f"{TABLE}/crawl={CRAWL}/subset=warc/part-0.gz.parquet"
    (base / part).parent.mkdir(parents=True)
    write_index(rows, base / part)
    listed = base / "crawl-data" / CRAWL
    for kind, names in (
        ("warc", [f"{SEGMENT}/warc/F-{number}.warc.gz" for number in range(2)]),
        ("wet", [f"{SEGMENT}/wet/F-{number}.warc.wet.gz" for number in range(2)]),
        ("cc-index-table", [part]),
    ):
        (listed / f"{kind}.paths.gz").write_bytes(gzip.compress("\n".join(names).encode()))
    return base


def begin(root: Path, made: Any, until: str, **changes: dict[str, Any]) -> Run:
    config = made.config(1, **changes)
    kind: Literal["warc", "wet"] = "wet" if config.scan.input == "text" else "warc"
    run = Run.create(root, config, dump_config(config), resolve(config.crawl, config.access, 3, kind))
    for name, result in loop.drive(run):
        assert isinstance(result, Done)
        if name == until:
            break
    return run


def crawl_of(base: Path) -> dict[str, Any]:
    return {"ids": [CRAWL], "base": f"{base}/", "index": str(base / TABLE), "warcs": []}


def test_wet_first_reads_from_the_warc_only_what_is_above_the_floor_for_text(
    crawl: Any, common_crawl: Path, tmp_path: Path
) -> None:
    run = begin(tmp_path / "run", crawl, "", crawl=crawl_of(common_crawl), scan={"input": "wet"})
    scorer = Scorer.load(tmp_path / "run/rounds/1/train")
    bodies = {site.url: site.body for site in crawl.sites}
    done = run.round(1).step("scan").result
    assert done.counts["skipped"] == 2  # those that no index names
    seen = 0
    for scanned in scanned_shards(run.round(1)):
        table = read_rows(run.store, scanned)
        urls = table.column("url").to_pylist()
        html = scorer.score([scoring_text(bodies[url], "utf-8") for url in urls])
        bare = scorer.score([scoring_text(bodies[url], "utf-8").partition("\ue000")[0] for url in urls])
        first = bare >= scorer.card.floor_for(text=True)
        scores, candidate = table.column("score").to_numpy(), table.column("candidate").to_numpy()
        np.testing.assert_array_equal(scores, np.where(first, html, bare))
        np.testing.assert_array_equal(candidate, first & (html >= scorer.card.floor_for(text=False)))
        np.testing.assert_array_equal(table.column("kept").to_numpy(), candidate & (scores >= scorer.threshold))
        refs = refs_of(table, scanned.shard.path, range(len(urls)))
        found = read_bodies(run.store, scanned, refs, AccessSection())
        assert {urls[row]: found[row].body for row in found} == {url: bodies[url] for url in urls}
        seen += len(urls)
    assert seen == len(crawl.sites)
    assert run.next() is None


def test_what_only_one_of_index_and_wet_file_names_is_counted(crawl: Any, common_crawl: Path, tmp_path: Path) -> None:
    base = tmp_path / "copy"
    shutil.copytree(common_crawl, base)
    sites = crawl.sites[0::2]
    write_wet(base / f"{SEGMENT}/wet/F-0.warc.wet.gz", [(site.url, text_of(site)) for site in sites[3:]])
    path = f"{SEGMENT}/warc/F-0.warc.gz"
    outcomes = list(read_wet(Shard(0, CRAWL, path, str(base / path)), str(base / TABLE), AccessSection()))
    assert len(outcomes) == len(sites)
    assert outcomes[-3:] == [Skip.NO_WET] * 3
    assert [one.url for one in outcomes if isinstance(one, Capture)] == [site.url for site in sites[3:]]
    run = begin(tmp_path / "run", crawl, "", crawl=crawl_of(base), scan={"input": "wet"})
    scan = next(entry for entry in ledger(run) if entry.position.verb == "scan")
    assert dict(scan.pages.failed) == {"no_wet": 3, "not_indexed": 1}
    assert scan.pages.planned == len(crawl.sites) + 1
    assert list(unexplained(ledger(run))) == []


@pytest.mark.parametrize("kind", ["wet", "parquet", "jsonl"])
def test_the_whole_loop_runs_over_text_alone(crawl: Any, common_crawl: Path, tmp_path: Path, kind: str) -> None:
    where = crawl_of(common_crawl) | {"index": ""}
    if kind != "wet":
        rows = {"url": [site.url for site in crawl.sites], "text": [text_of(site) for site in crawl.sites]}
        path = tmp_path / f"shard.{kind}"
        lines = (json.dumps({"url": url, "text": text}) for url, text in zip(rows["url"], rows["text"], strict=True))
        parquet = table_bytes(rows, {"url": "string", "text": "string"})
        path.write_bytes(parquet if kind == "parquet" else "\n".join(lines).encode())
        where = {"warcs": [str(path)]}
    run = begin(tmp_path / "run", crawl, "", crawl=where, scan={"input": "text"})
    scorer = Scorer.load(tmp_path / "run/rounds/1/train")
    assert scorer.card.input == "text"
    assert threshold_of(run.round(1)) == scorer.card.threshold_for(text=True)
    assert floor_of(run.round(1)) <= threshold_of(run.round(1))
    texts = {site.url: text_of(site) for site in crawl.sites}
    for scanned in scanned_shards(run.round(1)):
        table = read_rows(run.store, scanned)
        urls = table.column("url").to_pylist()
        expected = scorer.score([texts.get(url, "no longer there") for url in urls])
        np.testing.assert_array_equal(table.column("score").to_numpy(), expected)
    corpus = run.store.read_table("corpus/part-00000.parquet", ["url", "text"]).to_pylist()
    assert corpus
    assert all(row["text"] == texts.get(row["url"], "no longer there") for row in corpus)


def test_a_model_for_html_has_a_threshold_for_text(played: Run) -> None:
    card = Scorer.load(Path(played.store.root) / "rounds/1/train").card
    assert card.input == "html"
    assert card.text_threshold is not None
    assert card.threshold_for(text=True) == card.text_threshold
    assert card.floor_for(text=True) <= card.text_threshold
    assert card.metrics["text_recall"] > 0


def test_wet_first_needs_an_index_and_common_crawls_layout(crawl: Any) -> None:
    shard = Shard(0, "", crawl.warcs[0].name, str(crawl.warcs[0]))
    with pytest.raises(BadInput, match="needs the URL index"):
        next(iter(read_wet(shard, "", AccessSection())))


def test_the_scan_scores_as_the_api_does_whatever_the_page(played: Run) -> None:
    scorer = Scorer.load(Path(played.store.root) / "rounds/1/train")
    bodies = [
        b"\xff\xfe<\0p\0>\0a\0",
        "<p>ΑΣ İstanbul ẞ Ⱥ K".encode(),
        b"<pre>x",
        b"\x00\x1b$B",
        b"<plaintext><b>",
        b"a" * 300_000,
    ]
    pages = [Capture(None, f"http://a/{at}", body, None, "") for at, body in enumerate(bodies)]  # type: ignore[arg-type]
    texts = [scoring_text(body) for body in bodies]
    from collections import Counter

    skipped: Counter[Skip] = Counter()
    scored = score_batch(scorer, pages, skipped)
    shown = [text for text in texts if text and not text.isspace()]
    np.testing.assert_array_equal(scored.scores, scorer.score(shown))
    assert skipped.total() == len(bodies) - len(shown)


def test_kinds_are_told_by_name(crawl: Any) -> None:
    assert is_text("s3://b/x.parquet")
    assert is_text("a/b.warc.wet.gz")
    assert not is_text("a/b.warc.gz")
    shard = Shard(0, "", "x", str(crawl.warcs[0]))
    assert any(isinstance(one, Capture) for one in read_shard(shard, AccessSection()))


def test_a_scan_worker_imports_nothing_it_does_not_need() -> None:
    code = "import sys, recall.steps.scan.shard; sys.stdout.write(' '.join(sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    heavy = "trafilatura lxml fasttext duckdb boto3 botocore httpx ray rich click fastapi resiliparse numba".split()
    assert not loaded & set(heavy)


def _kinds(path: Path, *kinds: str) -> Path:
    """A WARC file with a record of each kind, the responses HTML."""
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for kind in kinds:
            body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>words" if kind == "response" else b"words"
            content = "application/http" if kind == "response" else "text/plain"
            record = writer.create_warc_record(
                "http://a.example/", kind, io.BytesIO(body), length=len(body), warc_content_type=content
            )
            writer.write_record(record)
    return path


@pytest.mark.parametrize(
    ("name", "kinds", "pages"),
    [
        ("texts.warc.gz", ("conversion",), "holds texts of pages and no response"),
        ("texts.gz", ("metadata", "conversion", "conversion"), "holds texts of pages and no response"),
        ("pages.wet.gz", ("response",), "holds responses and no text"),
        ("pages.warc.wet.gz", ("resource", "response", "metadata"), "holds responses and no text"),
        ("both.warc.gz", ("response", "conversion"), 1),
        ("both.wet.gz", ("response", "conversion"), 1),
        ("none.warc.gz", ("resource", "metadata"), 0),
        ("none.wet.gz", ("metadata",), 0),
    ],
)
def test_a_file_of_the_other_kind_is_never_taken_for_an_empty_one(
    tmp_path: Path, name: str, kinds: tuple[str, ...], pages: int | str
) -> None:
    path = _kinds(tmp_path / name, *kinds)
    shard = Shard(1, "", path.name, str(path))
    if isinstance(pages, int):
        assert len(list(read_shard(shard, AccessSection()))) == pages
        return
    with pytest.raises(ShardCorrupt, match=f"{path}: {pages}"):
        list(read_shard(shard, AccessSection()))
