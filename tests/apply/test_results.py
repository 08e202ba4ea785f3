"""Files of others are kept: those in a folder of parts, and one that takes the name of the results meanwhile."""

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recall.errors import BadInput, Incomplete
from recall.run.store import Store
from tests.apply.conftest import World

Call = Callable[..., list[dict[str, Any]]]


class Killed(SystemExit):
    """As good as SIGKILL between two steps."""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "a.html").write_text("<p>Some text of a page, long enough to be kept.</p>")
    return tmp_path / "a.html"


def test_a_folder_of_other_files_is_refused_for_parts_and_stays_as_it_is(page: Path, call: Call) -> None:
    (page.parent / "p" / "sub").mkdir(parents=True)
    mine = [page.parent / "p" / "thesis.txt", page.parent / "p" / "sub" / "x.txt"]
    for file in mine:
        file.write_text("x")
    with pytest.raises(BadInput, match=r"p: holds files that are no parts, such as sub/x.txt; choose an empty folder"):
        call("extract", page, "--parts", page.parent / "p", "--to", page.parent / "o.jsonl")
    assert sorted(path for path in (page.parent / "p").rglob("*") if path.is_file()) == sorted(mine)
    assert not (page.parent / "o.jsonl").exists()


@pytest.mark.parametrize("parts", ["p", "o.jsonl.parts"])
def test_only_parts_are_removed_when_the_results_are_whole(page: Path, call: Call, parts: str) -> None:
    verb = ["extract", page, page.parent / "b.jsonl", "--parts", page.parent / parts, "--to", page.parent / "o.jsonl"]
    (page.parent / "b.jsonl").write_text("no JSON")
    with pytest.raises(Incomplete):
        call(*verb)
    kept = [page.parent / parts / name for name in ("notes.txt", "000009.json", "000000-notes.txt")]
    for file in kept:
        file.write_text("x")
    call(*verb, "--failed-share", "0.5")
    assert (page.parent / "o.jsonl").exists()
    left = {path for path in (page.parent / parts).rglob("*") if path.is_file() and path.name[0] != "."}
    assert left == set(kept)


@pytest.mark.parametrize("name", ["o.jsonl", "o"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_call_killed_about_the_renaming_goes_on(
    page: Path, call: Call, monkeypatch: pytest.MonkeyPatch, name: str, *, after: bool
) -> None:
    target = page.parent / name
    rename = os.replace

    def die(source: Path, to: Path) -> None:
        if to != target or after:
            rename(source, to)
        if to == target:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", die)
        with pytest.raises(Killed):
            call("extract", page, "--to", target)
    assert target.exists() is after
    call("extract", page, "--to", target)
    text = target / page.relative_to("/").with_name("a.html.md") if name == "o" else target
    assert "Some text of a page" in text.read_text()
    assert sorted(path.name for path in page.parent.iterdir()) == sorted(["a.html", name, f"{name}.inputs.jsonl"])


@pytest.mark.parametrize("moment", [".inputs.jsonl", ""], ids=["before the account", "before the results"])
def test_results_never_give_way_to_a_file_that_took_their_name(
    page: Path, call: Call, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    target = page.parent / "o.jsonl"
    rename = os.replace

    def die(source: Path, to: Path) -> None:
        if to.name == f"o.jsonl{moment}":
            raise Killed
        rename(source, to)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", die)
        with pytest.raises(Killed):
            call("extract", page, "--to", target)
    target.write_text("mine")
    for _ in range(2):
        with pytest.raises(BadInput, match=r"o.jsonl: exists already"):
            call("extract", page, "--to", target)
    assert target.read_text() == "mine"
    target.unlink()
    call("extract", page, "--to", target)
    assert "Some text of a page" in target.read_text()


def texts_of(folder: Path) -> list[str]:
    """The Markdown of a folder, as its list of pages says."""
    rows = [json.loads(line) for line in (folder / "pages.jsonl").read_text().splitlines()]
    return [(folder / row["file"]).read_text().strip() for row in rows]


@pytest.mark.parametrize(
    "names",
    [
        ("a:b.html", "a_b.html", "a?b.html"),
        ("../{here}/x.html", "__/{here}/x.html"),
        ("{whole}/x.html", "/{whole}/x.html"),
    ],
)
def test_pages_whose_files_would_have_one_name_lie_apart(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [name.format(here=tmp_path.name, whole=str(tmp_path)[1:]) for name in names]
    for number, name in enumerate(given):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(f"<p>The text of page {number}, long enough.</p>")
    wanted = [call("extract", name)[0]["text"].strip() for name in given]
    for out in ("out", "again"):
        call("extract", *given, given[0], "--to", out)
        assert texts_of(Path(out)) == [*wanted, wanted[0]]
    assert (tmp_path / "out" / "pages.jsonl").read_bytes() == (tmp_path / "again" / "pages.jsonl").read_bytes()


@pytest.mark.parametrize("name", ["pages.jsonl", "./pages.jsonl", "pages.jsonl/x.html"])
def test_an_input_may_be_called_as_the_list_of_pages(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(exist_ok=True)
    html = "<p>some text of a page</p>"
    Path(name).write_text(html if name.endswith("x.html") else json.dumps({"html": html}))
    call("extract", name, "--to", "out")
    assert texts_of(tmp_path / "out") == ["some text of a page"]


@pytest.mark.parametrize("killed_at", ["record", "removal"])
def test_what_failed_in_a_killed_call_may_be_mended_before_the_next(
    world: World, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    """Killed between a part and its record, and while the call after it removes what is to be done again."""
    target = tmp_path / "o.jsonl"
    first = world.sites[0]
    ref = world.refs[first.url]
    (tmp_path / "list.txt").write_text(f"x.warc.gz {ref.offset} {ref.length}\n")
    verb = ["extract", "--list", tmp_path / "list.txt", "--base", tmp_path, "--to", target]
    publish, remove = Store.publish_json, Store.remove

    def record_lost(store: Store, key: str, value: object, **options: bool) -> Any:
        if key == "000000.json":
            raise Killed
        return publish(store, key, value, **options)

    def removal_cut(store: Store, key: str) -> None:
        remove(store, key)
        raise Killed

    if killed_at == "removal":
        with pytest.raises(Incomplete):
            call(*verb)
    with monkeypatch.context() as patch:
        name, cut = ("publish_json", record_lost) if killed_at == "record" else ("remove", removal_cut)
        patch.setattr(Store, name, cut)
        with pytest.raises(Killed):
            call(*verb)
    (tmp_path / "x.warc.gz").write_bytes(world.warcs[0].read_bytes())
    call(*verb)
    assert [json.loads(line)["url"] for line in target.read_text().splitlines()] == [first.url]


def test_each_failed_row_of_a_list_is_counted(
    call: Call, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "x.warc.gz").write_bytes(b"no WARC")
    (tmp_path / "one.txt").write_text("x.warc.gz 0 4\n")
    (tmp_path / "two.txt").write_text("x.warc.gz 0 4\n   \nx.warc.gz 1 4\n")
    for name, words in (("one.txt", "1 input failed; "), ("two.txt", "2 inputs failed; ")):
        with pytest.raises(Incomplete, match=words):
            call("extract", "--list", tmp_path / name, "--base", tmp_path)
    assert capsysbinary.readouterr().err.count(b"recall: ") == 2


@pytest.mark.parametrize("data", [b"\x1f\x8bgarbage", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00\xff\xff"])
def test_standard_input_that_is_gzip_by_its_start_only_is_refused(
    call: Call, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    with pytest.raises(BadInput, match="standard input: starts as gzip but is none"):
        call("extract", "-")
