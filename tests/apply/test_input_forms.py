"""The same pages, however they are given, get the same scores and texts, and every input is accounted for."""

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from recall.io.parquet import table_bytes, table_from
from recall.page.markdown import markdown
from recall.page.text import scoring_bytes
from recall.run.loaded_model import load_model
from tests.apply.conftest import ABSENT, CRAWL, GONE, IMAGE, WARCS, WETS, World

if TYPE_CHECKING:
    from tests.conftest import S3Server
    from tests.fault_server import FaultServer

Call = Callable[..., list[dict[str, Any]]]
VERBS = ("score", "extract")


def expected(world: World, verb: str) -> list[Any]:
    """What the doors say of the pages, one by one."""
    if verb == "extract":
        return [markdown(site.body, site.url, "utf-8") for site in world.sites]
    scorer = load_model(str(world.models[0]))
    return [float(scorer.score([scoring_bytes(site.body, "utf-8")])[0]) for site in world.sites]


def with_model(world: World, verb: str) -> list[object]:
    return ["--model", world.models[0]] if verb == "score" else []


def results(rows: list[dict[str, Any]], verb: str) -> list[Any]:
    return [row["score" if verb == "score" else "text"] for row in rows]


def refs_as(world: World, kind: str, path: Path) -> Path:
    refs = [world.refs[site.url] for site in world.sites]
    names = ("warc_filename", "warc_record_offset", "warc_record_length")
    rows = [(ref.path, ref.offset, ref.length) for ref in refs]
    file = path / f"refs.{kind}"
    if kind == "txt":
        file.write_text("# rows\n" + "".join(f"{p} {o} {n}\n" for p, o, n in rows))
    elif kind == "csv":
        file.write_text(",".join(("url", *names)) + "\n" + "".join(f"u,{p},{o},{n}\n" for p, o, n in rows))
    elif kind == "jsonl":
        file.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows))
    else:
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        file.write_bytes(table_bytes(columns, dict(zip(names, ("string", "int64", "int64"), strict=True))))
    return file


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("form", ["warcs", "folder", "files", "html.jsonl.gz", "html.parquet", "crawl-folder"])
def test_files_folders_and_tables_give_what_the_doors_give(world: World, call: Call, verb: str, form: str) -> None:
    given = {
        "warcs": [*world.warcs],
        "folder": [world.folder / "html"],
        "files": sorted((world.folder / "html").iterdir()),
        "crawl-folder": [world.folder / WARCS[0].rpartition("/")[0]],
    }.get(form, [world.folder / form])
    rows = call(verb, *given, *with_model(world, verb))
    assert results(rows, verb) == expected(world, verb)
    if "warc" in form or form == "crawl-folder":
        assert [row["url"] for row in rows] == [site.url for site in world.sites]
        assert [(row["offset"], row["length"]) for row in rows] == [
            (world.refs[site.url].offset, world.refs[site.url].length) for site in world.sites
        ]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", ["txt", "csv", "jsonl", "parquet"])
def test_rows_of_an_index_are_read_by_byte_range(
    world: World, call: Call, verb: str, kind: str, tmp_path: Path
) -> None:
    rows = call(verb, "--list", refs_as(world, kind, tmp_path), "--base", world.folder, *with_model(world, verb))
    assert results(rows, verb) == expected(world, verb)


@pytest.mark.parametrize("verb", VERBS)
def test_a_list_of_urls_goes_through_the_index_in_its_own_order(
    world: World, call: Call, verb: str, tmp_path: Path
) -> None:
    urls = [site.url for site in reversed(world.sites)]
    urls[3:3] = [ABSENT, GONE, "ftp://no", IMAGE, urls[0]]
    (tmp_path / "urls.txt").write_text("\n".join(urls))
    out = tmp_path / "out.jsonl"
    call(verb, "--list", tmp_path / "urls.txt", "--base", world.folder, "--crawl", CRAWL, "--to", out,
         *with_model(world, verb))  # fmt: skip
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    by_url = dict(zip((site.url for site in world.sites), expected(world, verb), strict=True))
    wanted = [url for url in urls if url in by_url]
    assert [row["listed"] for row in rows] == wanted
    assert results(rows, verb) == [by_url[url] for url in wanted]
    account = [json.loads(line) for line in (tmp_path / "out.jsonl.inputs.jsonl").read_text().splitlines()]
    assert [line["input"] for line in account] == urls
    reasons = {line["input"]: line.get("reason") for line in account if line["outcome"] == "skipped"}
    assert reasons == {ABSENT: "not_indexed", GONE: "status", "ftp://no": "bad_url", IMAGE: "not_html"}


def test_a_url_is_looked_up_as_it_is_spelled_first_and_else_by_its_key(
    world: World, call: Call, tmp_path: Path
) -> None:
    first, before, last = world.sites[0], world.sites[-2], world.sites[-1]
    spelled = [last.url, last.url.replace("https", "http"), first.url.replace("https", "http"), f"{first.url}#top"]
    (tmp_path / "urls.txt").write_text("\n".join(spelled))
    rows = call("extract", "--list", tmp_path / "urls.txt", "--base", world.folder, "--crawl", CRAWL)
    assert [row["url"] for row in rows] == [last.url, before.url, first.url, first.url]
    assert [row["listed"] for row in rows] == spelled


@pytest.mark.parametrize("form", ["wet", "text.jsonl.gz", "text.parquet"])
def test_bare_text_gets_one_score_in_every_form_and_stays_as_it_is(world: World, call: Call, form: str) -> None:
    given = [world.folder / path for path in WETS] if form == "wet" else [world.folder / form]
    scorer = load_model(str(world.models[0]))
    texts = [world.text(site) for site in world.sites]
    rows = call("score", *given, "--model", world.models[0])
    assert [row["score"] for row in rows] == scorer.score(texts).tolist()
    assert [row["label"] == "C" for row in rows] == [row["score"] >= 0.4 for row in rows]
    assert [row["text"] for row in call("extract", *given)] == texts


@pytest.mark.parametrize("verb", VERBS)
def test_a_warc_and_a_list_over_https(
    world: World, call: Call, verb: str, fault_server: "FaultServer", tmp_path: Path
) -> None:
    for path in WARCS:
        fault_server.files[path] = (world.folder / path).read_bytes()
    urls = [fault_server.url(path) for path in WARCS]
    assert results(call(verb, *urls, *with_model(world, verb)), verb) == expected(world, verb)
    fault_server.asked.clear()
    listed = refs_as(world, "csv", tmp_path)
    rows = call(verb, "--list", listed, "--base", fault_server.url(""), *with_model(world, verb))
    assert results(rows, verb) == expected(world, verb)
    assert len(fault_server.asked) == len(WARCS), "near records in one request"


@pytest.mark.s3
def test_a_warc_a_page_a_list_and_the_model_in_a_bucket(
    world: World, call: Call, s3: "S3Server", tmp_path: Path
) -> None:
    from recall.config import AccessSection
    from recall.io import publish

    access = AccessSection(s3_endpoint=s3.endpoint)
    (tmp_path / "my.toml").write_text(f'[access]\ns3_endpoint = "{s3.endpoint}"\n')
    for path in WARCS:
        publish(s3.url(f"apply/{path}"), (world.folder / path).read_bytes(), access)
    publish(s3.url("apply/page.html"), world.sites[0].body, access)
    settings: list[object] = ["--model", world.models[0], "--config", tmp_path / "my.toml"]
    urls = [s3.url(f"apply/{path}") for path in WARCS]
    wanted = expected(world, "score")
    assert results(call("score", *urls, s3.url("apply/page.html"), *settings), "score") == [*wanted, wanted[0]]
    for file in world.models[0].iterdir():
        publish(s3.url(f"apply/model/{file.name}"), file.read_bytes(), access)
    settings[1] = s3.url("apply/model")
    listed = ["--list", refs_as(world, "jsonl", tmp_path), "--base", s3.url("apply")]
    assert results(call("score", *listed, *settings), "score") == wanted


@pytest.mark.parametrize(
    ("file", "kind"), [(WARCS[0], None), ("html.jsonl.gz", None), ("html/000.html", None), (WETS[0], "wet")]
)
def test_standard_input_is_told_by_its_first_bytes(
    world: World, call: Call, file: str, kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = world.folder / file
    there = results(call("score", path, "--model", world.models[0]), "score")
    for given in (None, kind) if kind else (None,):
        stdin = io.TextIOWrapper(io.BytesIO(path.read_bytes()))
        monkeypatch.setattr(sys, "stdin", stdin)
        rows = call("score", "-", "--model", world.models[0], *(["--as", given] if given else []))
        assert results(rows, "score") == there
        assert {row["path"] for row in rows} == {"-"}


def test_several_models_give_a_column_each_in_one_pass(world: World, call: Call) -> None:
    alone = [call("score", *world.warcs, "--model", model) for model in world.models]
    both = call(
        "score", *world.warcs, *(f"--model={name}={model}" for name, model in zip("ab", world.models, strict=True))
    )
    for name, rows in zip("ab", alone, strict=True):
        assert [(row[f"score_{name}"], row[f"label_{name}"]) for row in both] == [
            (row["score"], row["label"]) for row in rows
        ]
    assert alone[0] != alone[1]


@pytest.fixture
def odd(world: World, tmp_path: Path) -> Path:
    """A folder with things that are no page."""
    folder = tmp_path / "odd"
    (folder / ".hidden").mkdir(parents=True)
    (folder / ".hidden" / "x.html").write_bytes(world.sites[0].body)
    (folder / "empty.html").write_bytes(b" \n")
    (folder / "good.htm").write_bytes(world.sites[0].body)
    (folder / "huge.html").write_bytes(b"<p>x" * (3 << 20))
    (folder / "notes.pdf").write_bytes(b"%PDF")
    (folder / "scripts.html").write_bytes(b"<script>x()</script>")
    return folder


def test_every_file_of_a_folder_is_accounted_for(world: World, call: Call, odd: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    call("score", odd, "--model", world.models[0], "--to", out)
    assert table_from(out.read_bytes()).column("path").to_pylist() == [f"{odd}/good.htm"]
    account = [json.loads(line) for line in (tmp_path / "out.parquet.inputs.jsonl").read_text().splitlines()]
    assert [(line["input"].rpartition("/")[2], line["outcome"], line.get("reason")) for line in account] == [
        ("empty.html", "skipped", "empty"),
        ("good.htm", "done", None),
        ("huge.html", "skipped", "too_large"),
        ("notes.pdf", "skipped", "unknown_kind"),
        ("scripts.html", "skipped", "no_text"),
    ]


def test_an_archive_is_accounted_for_with_the_records_that_are_no_page(
    world: World, call: Call, tmp_path: Path
) -> None:
    call("extract", world.warcs[0], "--to", tmp_path / "out.jsonl")
    (line,) = [json.loads(line) for line in (tmp_path / "out.jsonl.inputs.jsonl").read_text().splitlines()]
    assert line == {
        "input": str(world.warcs[0]), "outcome": "done", "pages": 12, "skipped": {"not_html": 1, "status": 1},
    }  # fmt: skip


def test_a_listed_page_that_cannot_be_read_fails_alone(world: World, call: Call, tmp_path: Path) -> None:
    good = [world.refs[site.url] for site in world.sites]
    rows = [(ref.path, ref.offset, ref.length) for ref in good]
    rows[5:5] = [
        (WARCS[0], good[0].offset + 1, 50),
        (WARCS[0], 1 << 40, 50),
        ("crawl-data/none.warc.gz", 0, 9),
        (WARCS[0], 0, 1 << 40),
    ]
    (tmp_path / "refs.txt").write_text("".join(f"{p} {o} {n}\n" for p, o, n in rows))
    out = tmp_path / "out.jsonl"
    call("score", "--list", tmp_path / "refs.txt", "--base", world.folder, "--model", world.models[0],
         "--to", out, "--failed-share", "0.5")  # fmt: skip
    assert results([json.loads(line) for line in out.read_text().splitlines()], "score") == expected(world, "score")
    account = [json.loads(line) for line in (tmp_path / "out.jsonl.inputs.jsonl").read_text().splitlines()]
    assert [number for number, line in enumerate(account) if line["outcome"] == "failed"] == [5, 6, 7, 8]
    assert all(line["reason"] for line in account[5:9])


def test_gzip_that_is_no_warc_on_standard_input_is_read_as_its_content(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = gzip.compress(b'{"text": "def f(x): return x"}\n')
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
    (row,) = call("extract", "-")
    assert row == {"path": "-", "offset": 0, "length": 1, "fetched": "", "fallback": "", "text": "def f(x): return x"}


def test_without_a_model_the_shipped_one_scores_and_says_where_a_text_is_too_short(call: Call, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "def f(x): return x"}\n{"text": "%s"}\n' % ("garden and summer " * 20))
    short, other = call("score", tmp_path / "x.jsonl")
    assert (short["label"], short["least_characters"]) == ("too short", 150)
    assert other["label"] == "other"
    assert "least_characters" not in other
