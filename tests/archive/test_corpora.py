"""Text shards of every kind give the same captures; broken ones are told apart from short ones."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from warcio.warcwriter import WARCWriter

from recall.archive.corpora import read_texts, texts, wet_of
from recall.archive.warc import read_at
from recall.errors import BadInput, ShardCorrupt, ShardFailed
from recall.io.parquet import table_bytes
from recall.records import PLAIN_TEXT, Capture, Skip, plain_text

ROWS = [
    ("https://a.org/1", "if a < b && c:\n    return '</p>'"),
    ("https://a.org/2", "größer\tals"),
    ("ftp://no", "x"),
    ("https://b.org/", " "),
    ("https://b.org/3", "last"),
]
SKIPS = [Skip.BAD_URL, Skip.EMPTY]


def wet(path: Path) -> None:
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for url, text in ROWS:
            data = text.encode()
            record = writer.create_warc_record(
                url, "conversion", io.BytesIO(data), length=len(data), warc_content_type="text/plain"
            )
            writer.write_record(record)


def lines() -> bytes:
    return "".join(json.dumps({"url": url, "text": text, "id": 1}) + "\n" for url, text in ROWS).encode()


def parquet(path: Path) -> None:
    columns = {"text": [text for _, text in ROWS], "url": [url for url, _ in ROWS]}
    path.write_bytes(table_bytes(columns, {"text": "string", "url": "string"}))


KINDS: dict[str, Callable[[Path], object]] = {
    "x.warc.wet.gz": wet,
    "x.parquet": parquet,
    "x.jsonl": lambda path: path.write_bytes(lines()),
    "x.jsonl.gz": lambda path: path.write_bytes(gzip.compress(lines()[:100]) + gzip.compress(lines()[100:])),
    "x.jsonl.zst": lambda path: path.write_bytes(zstandard.compress(lines()[:50]) + zstandard.compress(lines()[50:])),
}


@pytest.fixture(params=KINDS)
def shard(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path: Path = tmp_path / request.param
    KINDS[request.param](path)
    return path


def test_every_record_is_a_capture_or_says_why_not(shard: Path) -> None:
    outcomes = list(texts(str(shard)))
    captures = [one for one in outcomes if isinstance(one, Capture)]
    assert [one for one in outcomes if isinstance(one, Skip)] == SKIPS
    assert [(one.url, plain_text(one.body)) for one in captures] == [ROWS[0], ROWS[1], ROWS[4]]
    assert len({one.ref for one in captures}) == 3


def test_captures_are_read_again_by_reference(shard: Path) -> None:
    captures = [one for one in texts(str(shard), path="name") if isinstance(one, Capture)]
    again = list(read_texts([captures[2].ref, captures[0].ref], str(shard)))
    assert sorted(again, key=lambda one: one.ref) == [captures[0], captures[2]]


def test_wet_captures_are_byte_ranges(tmp_path: Path) -> None:
    wet(tmp_path / "x.warc.wet.gz")
    capture = next(one for one in texts(str(tmp_path / "x.warc.wet.gz")) if isinstance(one, Capture))
    assert read_at(capture.ref) == capture


def test_a_cut_shard_is_never_whole(shard: Path) -> None:
    data = shard.read_bytes()
    for cut in (1, 5, len(data) // 2):
        shard.write_bytes(data[:-cut])
        if shard.suffix == ".jsonl" and cut == 1:  # only the last line end is missing
            continue
        with pytest.raises((ShardFailed, BadInput)):
            list(texts(str(shard)))


def test_columns_may_have_other_names_and_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"u": ROWS[0][0], "content": "hello"}))
    (capture,) = texts(str(path), columns=("u", "content"))
    assert isinstance(capture, Capture)
    assert capture.body == PLAIN_TEXT + b"hello"
    with pytest.raises(ShardCorrupt, match=r"x\.jsonl:1"):
        list(texts(str(path)))
    parquet(tmp_path / "x.parquet")
    with pytest.raises(BadInput, match=r"no column 'content', but text, url; .* \[crawl\] text_column"):
        list(texts(str(tmp_path / "x.parquet"), columns=("url", "content")))
    with pytest.raises(BadInput, match=r"no column 'link'.* \[crawl\] url_column"):
        list(texts(str(tmp_path / "x.parquet"), columns=("link", "text")))
    with pytest.raises(BadInput, match="not a text shard"):
        list(texts(str(tmp_path / "x.csv")))


def test_records_without_a_url_get_one_each(tmp_path: Path) -> None:
    rows = [{"text": "hello"}, {"text": ""}, {"text": "again", "url": "not looked at"}]
    (tmp_path / "a b.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = {"text": [row["text"] for row in rows]}
    (tmp_path / "x.parquet").write_bytes(table_bytes(table, {"text": "string"}))
    for name, quoted in (("a b.jsonl", "a%20b.jsonl"), ("x.parquet", "x.parquet")):
        first, empty, last = texts(str(tmp_path / name), path=name, columns=("", "text"))
        assert isinstance(first, Capture)
        assert isinstance(last, Capture)
        assert [first.url, last.url] == [f"http://text.invalid/{quoted}/{number}" for number in (0, 2)]
        assert empty is Skip.EMPTY
        again = list(read_texts([last.ref], str(tmp_path / name), columns=("", "text")))
        assert again == [last]


def test_the_wet_file_of_a_warc_lies_beside_it() -> None:
    warc = "crawl-data/C/segments/1/warc/F-0.warc.gz"
    assert wet_of(warc) == "crawl-data/C/segments/1/wet/F-0.warc.wet.gz"
    with pytest.raises(BadInput, match="has no WET file"):
        wet_of("part-0.warc.gz")


def test_other_pages_hold_no_text_of_ours() -> None:
    assert plain_text(b"<html>") is None


FINEWEB = {"id": "<urn:uuid:1>", "dump": "CC-MAIN-2024-10", "file_path": "s3://commoncrawl/a.warc.gz"}


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_rows_keep_what_says_where_their_page_came_from(tmp_path: Path, kind: str) -> None:
    row = {"url": "https://a.org/1", "text": "x", **FINEWEB}
    path = tmp_path / f"x.{kind}"
    if kind == "parquet":
        path.write_bytes(table_bytes({name: [value] for name, value in row.items()}, dict.fromkeys(row, "string")))
    else:
        path.write_text(json.dumps(row) + "\n")
    (capture,) = texts(str(path))
    assert isinstance(capture, Capture)
    assert (capture.record_id, capture.dump, capture.file_path) == tuple(FINEWEB.values())
    assert list(read_texts([capture.ref], str(path))) == [capture]


@pytest.mark.parametrize("value", [7, None, ["a"], {"a": 1}, "x" * 5_000])
def test_an_origin_that_is_no_short_text_is_not_carried_along(tmp_path: Path, value: object) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"url": "https://a.org/1", "text": "x", "id": value, "dump": value}) + "\n")
    (capture,) = texts(str(path))
    assert isinstance(capture, Capture)
    kept = value[:1_000] if isinstance(value, str) else ""
    assert (capture.record_id, capture.dump, capture.file_path) == (kept, kept, "")
