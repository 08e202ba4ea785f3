import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from recall import cli
from recall.config import dump_config
from recall.config.quality_rules import PRESETS, QualityRule
from recall.run.rounds import Run
from recall.sites.kinds import kind_of

RECALL = str(Path(sys.executable).parent / "recall")


def recall(*arguments: object, fails: int = 0) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run([RECALL, *map(str, arguments)], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == fails, done.stdout + done.stderr
    return done


def one_line(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip()


def test_init_run_status_and_verify(crawl: Any, played: Run, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(dump_config(crawl.config()))
    root = tmp_path / "run"
    assert "3 shards, 2 round(s)" in recall("init", root, "--config", tmp_path / "my.toml").stdout
    told = recall("--quiet", "run", root).stdout
    assert f"done, digest {played.digest()}" in told
    assert "round 2 scan: " in told
    status = json.loads(recall("status", root, "--json", "--measure", crawl.folder / "labels.jsonl").stdout)
    assert status["next"] is None
    assert status["digest"] == played.digest()
    assert [row["round"] for row in status["rounds"]] == [1, 2]
    assert 0 < status["rounds"][1]["measured"]["held_out"]["found"] <= 1
    assert "next: nothing" in recall("status", root).stdout
    assert "corpus rows read back" in recall("verify", root).stdout
    assert "nothing to do" in recall("train", root).stdout
    part = root / "corpus" / "part-00000.parquet"
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    assert "corpus/part-00000.parquet: " in recall("verify", root, fails=6).stdout


def test_quality_try_says_what_each_rule_would_take(played: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    every = QualityRule("every", "page", "chars <= 1", "All pages.", "a test")
    coded = QualityRule("coded", "block", "code_identifiers <= 0", "All code.", "a test")
    monkeypatch.setitem(PRESETS, "refinecode", (*PRESETS["refinecode"], every, coded))
    runner = CliRunner()
    done = runner.invoke(cli.verbs, ["quality", "try", played.store.root, "--json"])
    assert done.exit_code == 0, done.output
    rules = json.loads(done.stdout.strip().splitlines()[-1])["rules"]
    assert {rule["preset"] for rule in rules} == {"refinecode", "fineweb-code"}
    pages = played.step("corpus").result.counts["pages"]
    assert all(rule["of"] == pages and rule["share"] == rule["pages"] / pages for rule in rules)
    assert all(len(rule["examples"]) == min(3, rule["pages"]) for rule in rules)
    named = {rule["name"]: rule for rule in rules}
    assert (named["every"]["action"], named["every"]["pages"]) == ("drop", pages)
    assert named["coded"]["action"] == "mark"
    assert 0 < named["coded"]["pages"] <= pages
    shown = runner.invoke(cli.verbs, ["quality", "try", played.store.root, "--preset", "refinecode"]).output
    assert "unparsed-block" in shown
    assert "repeated-lines" not in shown


def test_steps_one_by_one_in_their_order_only(crawl: Any, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(dump_config(crawl.config(rounds=1)))
    recall("init", tmp_path / "run", "--config", tmp_path / "my.toml")
    assert "the next step of this run is seed" in one_line(recall("scan", tmp_path / "run", fails=3))
    assert recall("seed", tmp_path / "run").stdout.startswith("seed: examples ")
    assert recall("train", tmp_path / "run").stdout.startswith("round 1 train: ")
    assert "next: round 1 scan" in recall("status", tmp_path / "run").stdout


def test_applying_a_round_to_other_shards(crawl: Any, played: Run, tmp_path: Path) -> None:
    config = crawl.config(crawl={"warcs": [str(crawl.warcs[2])]})
    (tmp_path / "other.toml").write_text(dump_config(config))
    parent = f"{played.store.root}@1"
    told = recall("init", tmp_path / "run", "--from", parent, "--again", "--config", tmp_path / "other.toml").stdout
    assert "1 shards, 1 round(s)" in told
    assert "build: " in recall("--quiet", "run", tmp_path / "run").stdout
    assert "round 9" in one_line(recall("init", tmp_path / "x", "--from", f"{played.store.root}@9", fails=3))


def test_scores_of_files_and_of_a_warc_are_those_of_the_scan(crawl: Any, played: Run, tmp_path: Path) -> None:
    model = Path(played.store.root) / "rounds" / "1" / "train"
    site = crawl.sites[0]
    page = tmp_path / "page.html"
    page.write_bytes(site.body)
    (alone,) = map(json.loads, recall("score", page, "--model", model).stdout.splitlines())
    assert set(alone) == {"path", "score", "label"}
    rows = list(map(json.loads, recall("score", "--warc", crawl.warcs[0], "--model", model).stdout.splitlines()))
    assert len(rows) == len(crawl.sites) / 3
    assert set(rows[0]) == {"path", "url", "offset", "length", "score", "label"}
    scores = {row["url"]: row["score"] for row in rows}
    assert scores[site.url] == alone["score"]
    slim = played.store.read_table(
        next(key for key in played.store.keys("rounds/1/scan/rows-") if site.url in str(played.store.read_table(key)))
    ).to_pylist()
    assert {row["url"]: row["score"] for row in slim} == scores
    assert "none.html: no such file" in one_line(recall("score", tmp_path / "none.html", "--model", model, fails=2))


def test_extract_shows_the_markdown_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html><body><h1>Loops</h1><p>In C:</p><pre>for (;;)\n    ;</pre></body></html>")
    row = json.loads(recall("extract", page).stdout)
    assert "```\nfor (;;)\n    ;\n```" in row["text"]


def test_a_score_of_a_warc_is_labelled_by_the_kind_its_url_tells(crawl: Any, played: Run, tmp_path: Path) -> None:
    model = Path(played.store.root) / "rounds" / "1" / "train"
    first, *_ = map(json.loads, recall("score", "--warc", crawl.warcs[0], "--model", model).stdout.splitlines())
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    card = json.loads((folder / "model.json").read_text())
    for threshold, label in ((0.0, card["positive"]), (1.0, "other")):
        card["thresholds"] = {kind_of(first["url"]): threshold}
        (folder / "model.json").write_text(json.dumps(card))
        again, *_ = map(json.loads, recall("score", "--warc", crawl.warcs[0], "--model", folder).stdout.splitlines())
        assert (again["score"], again["label"]) == (first["score"], label)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("init", "{tmp}/run"), 2, "--config FILE"),
        (("init", "{tmp}/run", "--config", "{tmp}/none.toml"), 2, "none.toml: no such config file"),
        (("run", "{tmp}/nowhere"), 2, "not a run folder"),
        (("status", "{tmp}/nowhere"), 2, "not a run folder"),
        (("score", "--model", "{tmp}"), 2, "give files, folders"),
        (("extract", "https://example.org/"), 2, "archives, not sites"),
        (("score", __file__, "--model", "{tmp}/nowhere"), 2, "nowhere"),
        (("score", "x.html", "--model", "{tmp}/nowhere"), 2, "x.html: no such file or folder"),
        (("init", "{tmp}/run", "--from", "{tmp}/nowhere@1"), 2, "not a run folder"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(
    arguments: tuple[str, ...], code: int, words: str, tmp_path: Path
) -> None:
    done = recall(*(argument.format(tmp=tmp_path) for argument in arguments), fails=code)
    assert words in one_line(done)


@pytest.mark.parametrize("name", [*cli.VERBS, *cli.ENTRY_POINT_LINES])
def test_help_shows_a_verb_by_its_own_first_sentence(name: str) -> None:
    command = cli.verbs.get_command(click.Context(cli.verbs), name)
    assert command is not None
    assert command.name == name
    line = cli.VERBS[name][1] if name in cli.VERBS else cli.ENTRY_POINT_LINES[name]
    listed = click.Command(name, help=line)
    assert listed.get_short_help_str(200) == command.get_short_help_str(200)


def test_help_lists_all_verbs_and_imports_none() -> None:
    script = "import sys; from click.testing import CliRunner; from recall.cli import verbs\n"
    script += "print(CliRunner().invoke(verbs, ['--help']).output); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    shown = [line.split()[0] for line in done.stdout.partition("Commands:")[2].splitlines() if line.strip()]
    assert shown == sorted({*cli.VERBS, "annotate", "serve"})
    assert not {
        name for name in done.stderr.split() if name.startswith(("recall.cli.", "recall.loop", "annotation", "service"))
    }


def test_a_verb_that_does_not_exist_is_refused() -> None:
    assert "No such command" in recall("recal", fails=2).stderr


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def write(**_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/scratch/model.bin")

    monkeypatch.setattr(cli.verbs, "main", write)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 9
    assert capsys.readouterr().err == (
        "recall: /scratch/model.bin: No space left on device: make room on this machine and run again\n"
    )
