"""Results are whole or not there; a killed call, started again, ends with the same bytes, here and on Ray."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recall.apply import resumable
from recall.archive.corpora import texts
from recall.config import AccessSection
from recall.errors import BadInput, Incomplete, LeaseHeld, ShardCorrupt
from recall.io import publish
from recall.io.parquet import table_from
from recall.records import Capture, plain_text
from recall.run import store as store_module
from tests.apply.conftest import World

Call = Callable[..., list[dict[str, Any]]]
FORMATS = ("out.jsonl", "out.jsonl.gz", "out.jsonl.zst", "out.parquet", "out.warc.gz", "out")


class Killed(SystemExit):
    """As good as SIGKILL between two files."""


def contents(root: Path) -> dict[str, bytes]:
    """Results and account, whatever they are called."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def inputs(world: World) -> list[Path]:
    return [*world.warcs, world.folder / "html", world.folder / "text.parquet"]


def few(world: World) -> list[Path]:
    return [world.warcs[1], *sorted((world.folder / "html").iterdir())[:3]]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable, "PIECE", 5)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_the_same_pages(world: World, call: Call, tmp_path: Path, name: str) -> None:
    shown = call("extract", *inputs(world))
    out = tmp_path / name
    call("extract", *inputs(world), "--to", out)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, f"{name}.inputs.jsonl"], "no part is left"
    wanted = [row["text"] for row in shown]
    if name == "out.parquet":
        assert table_from(out.read_bytes()).column("text").to_pylist() == wanted
    elif name == "out.warc.gz":
        again = tmp_path / "out.wet.gz"
        shutil.copy(out, again)
        read = [page for page in texts(str(again)) if isinstance(page, Capture)]
        assert [plain_text(page.body) for page in read] == wanted
        assert [page.url for page in read if ".invalid/" not in page.url] == [
            row["url"] for row in shown if "url" in row
        ]
    elif name == "out":
        pages = [json.loads(line) for line in (out / "pages.jsonl").read_text().splitlines()]
        assert [(out / page["file"]).read_text() for page in pages] == wanted
        assert all(str(page["file"]).endswith(".md") and (out / page["file"]).is_file() for page in pages)
        assert len(list(out.rglob("*.md"))) == len(wanted)
    else:
        rows = call("score", out, "--model", world.models[0]) if "zst" not in name else []
        assert len(rows) in (0, len(wanted)), "what is written can be read again"


@pytest.mark.parametrize("name", ["out.parquet", "out"])
def test_a_call_killed_at_any_file_ends_with_the_same_bytes(
    world: World, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    verb = ["extract", *few(world)] if name == "out" else ["score", *few(world), "--model", world.models[0]]
    (tmp_path / "calm").mkdir()
    call(*verb, "--to", tmp_path / "calm" / name)
    wanted = contents(tmp_path / "calm")
    for kill_at in range(1, 100):
        left = kill_at

        def die(url: str, data: bytes, access: AccessSection) -> bool:
            nonlocal left
            left -= 1
            if not left:
                raise Killed
            return publish(url, data, access)

        folder = tmp_path / str(kill_at)
        folder.mkdir()
        with monkeypatch.context() as patch:
            patch.setattr(store_module, "publish", die)
            try:
                call(*verb, "--to", folder / name)
            except Killed:
                assert not (folder / name).exists()
            else:
                break
        call(*verb, "--to", folder / name)
        assert contents(folder) == wanted, f"killed at file {kill_at}"
    assert kill_at > 5


@pytest.mark.slow
def test_a_process_ended_by_sigkill_goes_on_with_the_same_bytes(world: World, call: Call, tmp_path: Path) -> None:
    many = []
    for number in range(24):
        many.append(tmp_path / f"copy-{number}.warc.gz")
        shutil.copy(world.warcs[number % 2], many[-1])
    (tmp_path / "calm").mkdir()
    (tmp_path / "killed").mkdir()
    call("extract", *many, "--to", tmp_path / "calm" / "out.jsonl")
    out = tmp_path / "killed" / "out.jsonl"
    command = [sys.executable, "-m", "recall.cli", "extract", *map(str, many), "--to", str(out)]
    kills = 0
    for parts in (1, 9):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                if len(list(out.parent.glob("*.parts/*[0-9].json"))) >= parts:
                    process.send_signal(signal.SIGKILL)
                    break
                time.sleep(0.001)
            process.communicate()
            kills += process.returncode == -signal.SIGKILL
    assert kills == 2
    assert not out.exists()
    call("extract", *many, "--to", out)
    assert contents(out.parent) == contents(tmp_path / "calm")


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("local_ray")
def test_on_ray_the_bytes_are_those_of_one_process(world: World, call: Call, tmp_path: Path) -> None:
    for name, where in (("here", []), ("ray", ["--cluster", "local", "--workers", "2"])):
        (tmp_path / name).mkdir()
        call("extract", *inputs(world), "--to", tmp_path / name / "out.parquet", *where)
    assert contents(tmp_path / "ray") == contents(tmp_path / "here")


def test_what_failed_is_tried_again_and_nothing_is_written_until_then(world: World, call: Call, tmp_path: Path) -> None:
    whole = world.warcs[1].read_bytes()
    cut, page, out = tmp_path / "cut.warc.gz", tmp_path / "page.html", tmp_path / "out" / "out.jsonl"
    cut.write_bytes(whole[:-100])
    (tmp_path / "list.txt").write_text(f"{cut} 0 0")
    listed = world.refs[world.sites[12].url]
    (tmp_path / "list.txt").write_text(f"late.warc.gz {listed.offset} {listed.length}\n")
    verb = ["score", world.warcs[0], cut, "--list", tmp_path / "list.txt", "--base", tmp_path,
            "--model", world.models[0], "--to", out]  # fmt: skip
    with pytest.raises(Incomplete, match=r"2 of 3 inputs failed and nothing was written; first: .*cut.warc.gz"):
        call(*verb)
    assert not out.exists()
    with pytest.raises(Incomplete, match="2 of 3"):
        call(*verb)
    call(*verb, "--failed-share", "0.7")
    some = out.read_bytes()
    account = (out.parent / f"{out.name}.inputs.jsonl").read_text().splitlines()
    assert [json.loads(line)["outcome"] for line in account] == ["done", "failed", "failed"]
    out.unlink()
    cut.write_bytes(whole)
    with pytest.raises(Incomplete, match="1 of 3"):
        call(*verb)
    shutil.copy(world.warcs[1], tmp_path / "late.warc.gz")
    call(*verb)
    assert out.read_bytes().startswith(some)
    assert out.read_bytes().count(b"\n") == 25
    assert page.exists() is False


def test_on_standard_output_one_input_fails_as_itself_and_of_several_the_others_come(
    world: World, call: Call, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    cut = tmp_path / "cut.warc.gz"
    cut.write_bytes(world.warcs[0].read_bytes()[:-100])
    with pytest.raises(ShardCorrupt):
        call("score", cut, "--model", world.models[0])
    capsysbinary.readouterr()
    with pytest.raises(Incomplete, match=r"1 input failed; first: .*cut.warc.gz: .*truncated"):
        call("score", cut, world.warcs[1], "--model", world.models[0])
    shown = [json.loads(line)["path"] for line in capsysbinary.readouterr().out.splitlines()]
    assert shown[-12:] == [str(world.warcs[1])] * 12


def test_parts_of_something_else_and_taken_names_are_refused(world: World, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    cut = tmp_path / "cut.warc.gz"
    cut.write_bytes(world.warcs[0].read_bytes()[:-100])
    with pytest.raises(Incomplete):
        call("extract", cut, "--to", out)
    for other in (["extract", world.warcs[0]], ["score", cut, "--model", world.models[0]]):
        with pytest.raises(BadInput, match="holds parts of other inputs, another model or another version"):
            call(*other, "--to", out)
    call("extract", world.warcs[0], "--to", tmp_path / "other.jsonl")
    with pytest.raises(BadInput, match="exists already"):
        call("extract", world.warcs[0], "--to", tmp_path / "other.jsonl")


def test_two_calls_do_not_write_the_same_results(world: World, call: Call, tmp_path: Path) -> None:
    from recall.run.lease import Lease
    from recall.run.store import Store

    out = tmp_path / "out.jsonl"
    with Lease(Store(f"{out}.parts")), pytest.raises(LeaseHeld):
        call("extract", world.warcs[0], "--to", out)


def test_parts_may_lie_in_a_folder_of_their_own(world: World, call: Call, tmp_path: Path) -> None:
    call("extract", *inputs(world), "--to", tmp_path / "a.jsonl")
    call("extract", *inputs(world), "--to", tmp_path / "b.jsonl", "--parts", tmp_path / "shared")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert not [path for path in (tmp_path / "shared").rglob("*") if path.is_file() and path.name[0] != "."]
