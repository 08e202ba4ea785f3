"""A release: complete, the same every time, without what is private, and a run to start from it."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from recall import loop
from recall.apply.crawls import apply_run, origin_of
from recall.cli import verbs
from recall.config import Config, dump_config, parse_config
from recall.corpus.dedup.earlier import SIGNATURES
from recall.errors import Damaged
from recall.labels.decisions import accepted_prefixes
from recall.release.pack import pack, read_release
from recall.release.scrub import public, scrubbed, scrubbed_config
from recall.run.rounds import Run


def ask(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
        return rows


@pytest.fixture(scope="module")
def packed(played: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("release") / "r2"
    answer = CliRunner().invoke(verbs, ["release", played.store.root, str(target)])
    assert answer.exit_code == 0, answer.output
    return target


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_holds_what_the_field_asks_for(packed: Path, played: Run) -> None:
    files = bytes_of(packed)
    for name in ("tokenizer.json", "model.bin", "scorer.npz", "model.json"):
        assert files[f"model/{name}"] == (Path(played.store.root) / "rounds/2/train" / name).read_bytes()
    assert {"seed.parquet", "labels.parquet", "hosts.parquet", "prefixes.parquet", "config.toml"} <= set(files)
    assert {"manifests/rounds/2/round.json", "manifests/seed/step.json"} <= set(files)
    record = json.loads(files["release.json"])
    assert record["accepted"] == list(accepted_prefixes(played, [1, 2]))
    assert record["digest"] == played.round(2).record.digest
    for name, step in (("seed", "seed/examples"), ("labels", "rounds/*/label/labels")):
        assert ask(f"SELECT count(*) FROM '{played.store.root}/{step}.parquet'") == [(record["counts"][name],)]
    check = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=packed, check=False, capture_output=True
    )
    assert check.returncode == 0, check.stderr


def test_the_same_round_gives_the_same_bytes(packed: Path, played: Run, tmp_path: Path) -> None:
    answer = CliRunner().invoke(verbs, ["release", f"{played.store.root}@2", str(tmp_path / "again")])
    assert answer.exit_code == 0, answer.output
    assert bytes_of(packed) == bytes_of(tmp_path / "again")


def test_a_loss_of_power_leaves_a_whole_release_or_none(
    played: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, fsync = tmp_path / "new" / "folder" / "r2", os.fsync
    inodes: list[int] = []
    renamed: list[int] = []

    def spy(handle: int) -> None:
        inodes.append(os.fstat(handle).st_ino)
        renamed.append(target.exists())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", spy)
    pack(played.round(2), target)
    for path in (target, *target.rglob("*")):
        assert not renamed[inodes.index(path.stat().st_ino)], f"{path} was seen before it was on the disk"
    for folder in (target.parent, target.parent.parent, tmp_path):
        assert folder.stat().st_ino in inodes
    assert (inodes[-1], renamed[-1]) == (target.parent.stat().st_ino, True)


def test_nothing_private_and_no_text_of_a_page_is_in_it(packed: Path, played: Run) -> None:
    for name, data in bytes_of(packed).items():
        assert str(Path(played.store.root).parent).encode() not in data, name
        assert b"/tmp" not in data or name.startswith("model/"), name
        if name.endswith(".parquet"):
            columns = {row[0] for row in ask(f"DESCRIBE SELECT * FROM '{packed / name}'")}
            assert not columns & {"text", "markdown", "title", "body"}
    assert ask(f"SELECT DISTINCT typeof(annotators) FROM '{packed / 'labels.parquet'}'") == [("INTEGER",)]
    manifest = json.loads((packed / "manifests/rounds/2/train/step.json").read_text())
    assert "when" not in manifest


def test_settings_lose_what_is_one_machines_own() -> None:
    config = Config.model_validate(
        {
            "run": {"holdout": "/home/ann/hold.txt", "seed": 7},
            "crawl": {
                "warcs": ["/data/a.warc.gz", "https://data.commoncrawl.org/b.warc.gz", "s3://private/c.warc.gz"],
                "base": "https://ann:secret@mirror.example.org/",
            },
            "access": {"s3_endpoint": "http://10.0.0.1:8333", "contact": "ann@example.org"},
            "judge": {"url": "http://localhost:8000/v1", "model": "anns-own"},
            "seed": {"prefixes": ["docs.python.org/3/"]},
        }
    )
    found = scrubbed_config(config)
    assert found.run.seed == 7
    assert found.seed.prefixes == ("docs.python.org/3/",)
    assert found.crawl.warcs == ("https://data.commoncrawl.org/b.warc.gz",)
    usual = Config()
    assert (found.run.holdout, found.crawl.base) == ("", usual.crawl.base)
    assert (found.access, found.judge, found.studio) == (usual.access, usual.judge, usual.studio)


@pytest.mark.parametrize(("ranker", "kept"), [("/home/ann/ranker", False), ("https://ann.example.org/ranker", True)])
def test_what_needs_a_ranker_that_is_not_public_leaves_with_it(ranker: str, kept: bool) -> None:
    rules, weights = ["words >= 20", "quality >= 2.5"], ["language:de=2", "quality:3=2"]
    quality = {"ranker": ranker, "keep": rules, "best_tokens": 900}
    found = scrubbed_config(Config.model_validate({"quality": quality, "mix": {"weights": weights}}))
    assert found.quality.ranker == (ranker if kept else "")
    assert found.quality.best_tokens == (900 if kept else 0)
    assert list(found.quality.keep) == rules[: 2 if kept else 1]
    assert list(found.mix.weights) == weights[: 2 if kept else 1]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("CC-MAIN-2025-30", True),
        ("docs.python.org/3/", True),
        ("https://data.commoncrawl.org/", True),
        ("s3://commoncrawl/", True),
        ("s3://mine/x", False),
        ("/home/ann/x", False),
        ("~/x", False),
        ("read from /srv/x.warc", False),
        ("file:///x", False),
        ("http://localhost/x", False),
        ("http://127.0.0.1/x", False),
        ("http://0x7f.1/x", False),
        ("http://１０.0.0.1/x", False),
        ("https://a.org/x?token=1", False),
        ("https://ann@a.org/", False),
        ("https://[a", False),
    ],
)
def test_what_may_leave_the_machine(text: str, kept: bool) -> None:
    assert public(text) == kept


def test_manifests_lose_times_machines_and_places() -> None:
    found = scrubbed({"when": {"machine": "x"}, "a": [1, "/srv/x"], "parent": {"root": "/r", "round": 2}})
    assert found == {"a": [1, ""], "parent": {"round": 2}}


@pytest.mark.slow
def test_a_run_starts_from_it(packed: Path, played: Run, crawl: Any, tmp_path: Path) -> None:
    config = tmp_path / "new.toml"
    config.write_text("[crawl]\nwarcs = " + json.dumps([str(path) for path in crawl.warcs]) + "\n")
    root = str(tmp_path / "new")
    answer = CliRunner().invoke(verbs, ["init", root, "--from", str(packed), "--config", str(config)])
    assert answer.exit_code == 0, answer.output
    run = Run.open(root)
    assert run.parent is not None
    assert run.parent.digest == played.round(2).record.digest
    for _ in loop.drive(run):
        pass
    assert run.next() is None
    assert run.step("corpus").result.counts["pages"]
    assert run.verify() == []


def test_a_release_names_no_server_that_keys_are_sent_to(packed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(packed, copy)
    file = copy / "config.toml"
    config = parse_config(file.read_text(), "config.toml").model_dump()
    config["judge"] |= {"url": "https://elsewhere.example.org/v1", "model": "small"}
    config["studio"] |= {"url": "https://elsewhere.example.org"}
    file.write_text(dump_config(Config.model_validate(config)))
    assert "elsewhere" in file.read_text()
    sums = (copy / "SHA256SUMS").read_text().splitlines()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    lines = (f"{digest}  config.toml" if line.endswith("  config.toml") else line for line in sums)
    (copy / "SHA256SUMS").write_text("".join(f"{line}\n" for line in lines))
    read = read_release(str(copy)).config
    assert (read.judge, read.studio) == (Config().judge, Config().studio)


def _flip(folder: Path) -> None:
    data = bytearray((folder / "model/scorer.npz").read_bytes())
    data[100] ^= 1
    (folder / "model/scorer.npz").write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (_flip, "model/scorer.npz: differs"),
        (lambda folder: (folder / "hosts.parquet").unlink(), "hosts.parquet: is missing"),
        (lambda folder: (folder / "more").write_text("x"), "more: is not part"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "not a whole release"),
    ],
    ids=["flipped", "missing", "added", "without-sums"],
)
def test_a_damaged_release_is_refused_in_one_line(
    packed: Path, tmp_path: Path, damage: Callable[[Path], None], named: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(packed, copy)
    damage(copy)
    with pytest.raises(Damaged, match=named) as caught:
        read_release(str(copy))
    assert "\n" not in str(caught.value)
    answer = CliRunner().invoke(verbs, ["init", str(tmp_path / "run"), "--from", str(copy)])
    assert isinstance(answer.exception, Damaged)
    assert not (tmp_path / "run" / "run.json").exists()


def test_signatures_of_the_corpus_keep_its_pages_out_of_the_next(played: Run, crawl: Any, tmp_path: Path) -> None:
    pack(played.round(2), tmp_path / "release", signatures=True)
    signed = ask(f"SELECT * FROM '{tmp_path}/release/signatures-*.parquet'")
    assert len(signed[0]) == len(SIGNATURES)
    assert len(signed) == played.step("corpus").result.counts["pages"]
    again = origin_of(str(tmp_path / "release"))
    assert again.corpus == ""
    origin = origin_of(str(tmp_path / "release"), with_corpus=True)
    assert origin.corpus == str(tmp_path / "release")
    run = apply_run(str(tmp_path / "run"), origin, crawl.config().crawl)
    assert run.config.duplicates.against == (str(tmp_path / "release"),)
    assert origin_of(f"{played.store.root}@2", with_corpus=True).corpus == played.store.url("corpus")
