"""`recall quality train`: labels in, a ranker out, on a run's corpus, on a folder of part files, on texts alone."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from recall import cli
from recall.corpus import part_keys
from recall.corpus.ranking import fitting
from recall.corpus.ranking.ranker import load_ranker
from recall.run.rounds import Run
from tests.conftest import Crawl, make_run, play


def quality(*arguments: object) -> Result:
    return CliRunner().invoke(cli.verbs, ["quality", *map(str, arguments)])


def corpus_rows(run: Run) -> list[dict[str, Any]]:
    return [row for key in part_keys(run) for row in run.store.read_table(key, ["url", "text"]).to_pylist()]


def words_as_label(row: dict[str, Any]) -> float:
    """A label that follows from the text: these pages have 60 to 200 words."""
    return min(5.0, max(0.0, (len(row["text"].split()) - 60) / 20))


def write_labels(path: Path, rows: Sequence[dict[str, Any]], *names: str) -> Path:
    kept = [{name: row[name] for name in names} | {"score": words_as_label(row), "annotator": "ann"} for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in kept))
    return path


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "DRAWS", 100)
    monkeypatch.setattr(fitting, "SEEDS", 1)


@pytest.fixture(scope="module")
def folder(played: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus of a run as a folder of its own, whose hosts nobody holds out."""
    target = tmp_path_factory.mktemp("corpus")
    for key in part_keys(played):
        shutil.copy(Path(played.store.root) / key, target)
    return target


def test_a_ranker_is_trained_on_urls_of_a_corpus_as_on_their_texts(played: Run, folder: Path, tmp_path: Path) -> None:
    rows = corpus_rows(played)
    by_url = quality("train", folder, "--labels", write_labels(tmp_path / "u", rows, "url"), "--to", tmp_path / "a")
    assert by_url.exit_code == 0, by_url.output
    assert f"learned from {len(rows)} pages of" in by_url.output
    assert "rank correlation with the labels (Spearman)" in by_url.output
    assert f'[quality] ranker = "{tmp_path}/a" gives each page a quality' in by_url.output
    by_text = quality("train", "--labels", write_labels(tmp_path / "t", rows, "url", "text"), "--to", tmp_path / "b")
    assert by_text.exit_code == 0, by_text.output
    first, second = (load_ranker(str(tmp_path / name)) for name in "ab")
    assert first.dump() == second.dump()
    assert first.dump_words() == second.dump_words()
    assert first.figures["rank_correlation"].value > 0.8
    card = (tmp_path / "a" / "README.md").read_text()
    assert first.digest in card
    assert f"`quality >= {first.threshold:g}` keeps" in card


def test_pages_that_a_run_holds_out_are_not_learned_from(played: Run, tmp_path: Path) -> None:
    rows = corpus_rows(played)
    free = [row for row in rows if not played.holdout.covers(row["url"])]
    assert 0 < len(free) < len(rows)
    labels = write_labels(tmp_path / "u", rows, "url")
    done = quality("train", played.store.root, "--labels", labels, "--to", tmp_path / "a")
    assert done.exit_code == 0, done.output
    assert f"learned from {len(free)} pages of" in done.output


def test_labels_that_the_corpus_does_not_hold_are_counted(played: Run, folder: Path, tmp_path: Path) -> None:
    rows = [*corpus_rows(played), {"url": "https://nowhere.org/", "text": "x"}]
    done = quality("train", folder, "--labels", write_labels(tmp_path / "u", rows, "url"), "--to", tmp_path / "a")
    assert done.exit_code == 0, done.output
    assert f"1 of {len(rows)} pages with labels are not in the corpus" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no labels of quality"),
        (("--labels", "{urls}"), "need the corpus that they are of"),
        (("{empty}", "--labels", "{urls}"), "holds no corpus: neither a run that was built nor a folder with part-"),
        (("{folder}", "--labels", "{other}"), "its corpus holds none of the 1 pages with labels"),
    ],
)
def test_what_cannot_be_trained_on_is_said_in_one_line(
    arguments: tuple[str, ...], said: str, played: Run, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    known = {
        "urls": write_labels(tmp_path / "u", corpus_rows(played), "url"),
        "other": write_labels(tmp_path / "o", [{"url": "https://nowhere.org/", "text": "x"}], "url"),
        "empty": tmp_path / "empty",
        "folder": folder,
    }
    done = quality("train", *(argument.format(**known) for argument in arguments), "--to", tmp_path / "a")
    assert done.exit_code == 1
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["README.md", "words.npy", "ranker.json"])
def test_a_folder_with_such_a_file_is_refused_before_anything_is_read_or_fitted(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("there")
    done = quality("train", "--labels", tmp_path / "none", "--to", tmp_path)
    assert done.exit_code == 1
    assert str(done.exception).endswith(f"holds {name} already, and published files never change: name another folder")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "there")]


def test_labels_are_read_as_the_run_says(crawl: Crawl, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", crawl.config(access={"attempts": 2, "timeout_seconds": 20.0}))
    run.store.publish_table("corpus/part-00000.parquet", {"url": [], "text": []}, {"url": "string", "text": "string"})
    done = quality("train", run.store.root, "--labels", "http://127.0.0.1:9/labels.jsonl", "--to", tmp_path / "a")
    assert "gave up after 2 attempts" in str(done.exception)


def test_the_next_run_ranks_its_pages_as_docs_say(played: Run, folder: Path, tmp_path: Path) -> None:
    """Labels, a ranker, and a run from the same model whose config names it: its corpus holds the best pages."""
    labels = write_labels(tmp_path / "u", corpus_rows(played), "url")
    assert quality("train", folder, "--labels", labels, "--to", tmp_path / "rankers/mine").exit_code == 0
    (tmp_path / "next.toml").write_text(
        '[quality]\nranker = "rankers/mine"\nkeep = ["quality >= 2"]\n[mix]\nweights = ["quality:3=3", "quality=0.5"]\n'
    )
    parent = ("--from", f"{played.store.root}@2", "--again", "--config", str(tmp_path / "next.toml"))
    done = CliRunner().invoke(cli.verbs, ["init", str(tmp_path / "run"), *parent])
    assert done.exit_code == 0, done.output
    run = Run.open(tmp_path / "run")
    play(run)
    columns = ["url", "text", "quality", "weight"]
    rows = [row for key in part_keys(run) for row in run.store.read_table(key, columns).to_pylist()]
    assert 0 < len(rows) < len(corpus_rows(played))
    assert min(row["quality"] for row in rows) >= 2
    assert {row["weight"] for row in rows if row["quality"] < 3} <= {0.5}
    assert {row["weight"] for row in rows if row["quality"] >= 3} == {3.0}
