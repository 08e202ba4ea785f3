"""What cannot be used is refused in one line that names it and says what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recall.apply import standard_input
from recall.apply.page_lists import read_list
from recall.apply.targets import file_name
from recall.cli import applying
from recall.config import AccessSection
from recall.errors import BadInput
from recall.io.parquet import table_bytes
from tests.apply.conftest import CRAWL, World

Call = Callable[..., list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["extract"], "give files, folders, archives, - "),
        (["extract", "https://example.org/page.html"], "recall reads archives, not sites"),
        (["extract", "HTTP://example.org/"], "--list FILE --crawl ID"),
        (["extract", "{tmp}/none.warc.gz"], "none.warc.gz: no such file or folder"),
        (["extract", "{tmp}/none.html"], "none.html: no such file or folder"),
        (["extract", "s3://bucket/folder/"], "remote folders are not listed"),
        (["extract", "gopher://x/y"], "expected a path"),
        (["extract", "{tmp}"], "the inputs hold no file and no row"),
        (["extract", "{warc}", "--to", "{tmp}/out.csv"], "the name says the format"),
        (["score", "{warc}", "--model", "{model}", "--to", "{tmp}/out"], "it ends in .jsonl"),
        (["score", "{warc}", "--model", "{model}", "--to", "{tmp}/out.warc.gz"], "it ends in .jsonl"),
        (["score", "{warc}", "--model", "{tmp}/nowhere"], "nowhere"),
        (["score", "{warc}", "--model", "{model}", "--model", "{other}"], "two models are called 'train'"),
        (["extract", "{warc}", "--cluster", "local"], "--cluster needs --to FILE"),
        (["extract", "-", "--cluster", "ray://h:1", "--to", "{tmp}/o.jsonl"], "on this machine only"),
        (["extract", "-", "-"], "standard input is read once"),
        (["extract", "--list", "{urls}"], "give --crawl ID"),
        (["extract", "{jsonl}", "--url-column", "uri"], "has no column 'uri' of URLs, but url, html"),
        (["extract", "{jsonl}", "--html-column", "h", "--text-column", "t"], "neither a column 'h' of HTML nor 't'"),
        (["extract", "{parquet}", "--html-column", "h", "--text-column", "t"], "neither a column 'h' of HTML nor 't'"),
    ],
)
def test_bad_input_is_named(world: World, call: Call, tmp_path: Path, arguments: list[str], words: str) -> None:
    urls = tmp_path.parent / f"{tmp_path.name}-urls.txt"
    urls.write_text("https://a.example/\n")
    known = {
        "tmp": tmp_path, "warc": world.warcs[0], "model": world.models[0], "other": world.models[1], "urls": urls,
        "jsonl": world.folder / "html.jsonl.gz", "parquet": world.folder / "html.parquet",
    }  # fmt: skip
    with pytest.raises(BadInput) as raised:
        call(*(argument.format(**known) for argument in arguments))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("list.txt", b"https://a.org/\nx y\n", "list.txt:2: neither a URL nor `path offset length`: x y"),
        ("list.txt", b"a.warc.gz 12 x\n", "no byte range: a.warc.gz 12 x"),
        ("list.txt", b"a.warc.gz 12 0\n", "no byte range"),
        ("list.csv", b"path,offset\na,1\n", "list.csv:2: has neither warc_filename"),
        ("list.csv", b"path,offset,length\na,-4,9\n", "list.csv:2: no byte range: a -4 9"),
        ("list.csv", b"path,offset,length\na,1e99,9\n", "no byte range"),
        ("list.csv", b"url\n" + b"x" * 140_000 + b"\n", "list.csv:2: field larger than field limit"),
        ("list.csv", b"url,x\na,b,c,d\n,\n", "list.csv:3: has neither"),
        ("list.jsonl", b'{"path": "a", "offset": Infinity, "length": 1}\n', "no byte range: a inf 1"),
        ("list.jsonl", b'{"url": 7}\n', "list.jsonl:1: has neither"),
        ("list.jsonl", b'{"url"\n', "list.jsonl:1: not a JSON object"),
        ("list.parquet", table_bytes({"x": ["a"]}, {"x": "string"}), "list.parquet: row 1: has neither"),
    ],
)
def test_a_row_of_a_list_that_says_nothing_is_named_with_its_line(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput) as raised:
        read_list(str(tmp_path / name), AccessSection())
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("path", "offset", "length", "file"),
    [
        ("a/b.html", None, None, "a/b.html.md"),
        ("/abs/b.html", None, None, "abs/b.html.md"),
        ("../../etc/passwd", None, None, "__/__/etc/passwd.md"),
        ("https://host/x.warc.gz", 12, 5, "host/x.warc.gz/000000000012.md"),
        ("x.warc", 12, -3, "x.warc/000000000012-3.md"),
        ('a\n*?"b.html', None, None, "a____b.html.md"),
        ("", None, None, "_.md"),
    ],
)
def test_a_markdown_file_lies_where_its_page_does_and_never_outside(
    path: str, offset: int | None, length: int | None, file: str
) -> None:
    assert file_name(path, offset, length) == file


def test_long_names_are_cut_and_stay_different() -> None:
    names = {file_name(f"{'é' * 300}{number}/x", None, None) for number in range(3)}
    assert len(names) == 3
    assert all(len(part.encode()) < 255 for name in names for part in name.split("/"))


def test_a_live_page_may_be_asked_for_by_a_list_through_the_index(world: World, call: Call, tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text(world.sites[0].url)
    (row,) = call("extract", "--list", tmp_path / "urls.txt", "--base", world.folder, "--crawl", CRAWL)
    assert row["url"] == world.sites[0].url


def test_json_lines_without_urls_have_none(call: Call, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps({"html": "<p>some text of a page</p>"}) + "\n")
    (row,) = call("extract", tmp_path / "x.jsonl")
    assert "url" not in row
    assert row["text"] == "some text of a page\n"


def test_the_kinds_of_standard_input_are_those_that_the_verb_names() -> None:
    assert tuple(standard_input.KINDS) == applying.KINDS
