import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from recall.config import Config, dump_config
from recall.errors import AlreadyPublished, BadInput, Damaged
from recall.records import Shard
from recall.run.digests import seal_json, unseal_json
from recall.run.inputs import FORMAT, ShardList
from recall.run.rounds import Parent, Run

MakeRun = Callable[..., Run]


def test_shards_come_back_in_order(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(tmp_path / "run")
    assert [shard.path for shard in run.shards] == ["a.warc.gz", "b.warc.gz"]
    assert run.shards[-1].url == "/data/b.warc.gz"
    assert [shard.number for shard in run.shards[1:]] == [1]
    with pytest.raises(IndexError):
        run.shards[2]


def test_a_hundred_thousand_shards_are_neither_slow_nor_big(tmp_path: Path, make_run: MakeRun) -> None:
    path = "crawl-data/CC-MAIN-2026-00/segments/1794000000000.00/warc/CC-MAIN-{:07d}.warc.gz"
    shards = (
        Shard(n, "CC-MAIN-2026-00", path.format(n), "https://example.com/" + path.format(n)) for n in range(100_000)
    )
    make_run(tmp_path / "run", shards=shards)
    tracemalloc.start()
    start = time.process_time()
    run = Run.open(tmp_path / "run")
    assert len(run.shards) == 100_000
    assert run.shards[99_999].number == 99_999
    assert sum(shard.number for shard in run.shards) == 99_999 * 50_000
    taken = time.process_time() - start
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 120 << 20
    assert taken < 60


def test_a_broken_line_of_shards_is_named() -> None:
    shards = ShardList(b"0\tc\tp\tu\n1\tc\tp\n", "shards.txt", ("url", "text"))
    with pytest.raises(Damaged, match=r"shards\.txt:2"):
        list(shards)


@pytest.mark.parametrize(
    "shards", [[], [Shard(1, "", "p", "u")], [Shard(0, "", "p\tq", "u")], [Shard(0, "", "p", "u\n")]]
)
def test_shards_that_cannot_be_written_are_refused(tmp_path: Path, make_run: MakeRun, shards: list[Shard]) -> None:
    with pytest.raises(BadInput):
        make_run(tmp_path / "run", shards=shards)


def test_init_twice_with_the_same_inputs_is_one_run(tmp_path: Path, make_run: MakeRun) -> None:
    assert make_run(tmp_path / "run").digest() == make_run(tmp_path / "run").digest()
    with pytest.raises(AlreadyPublished, match="other inputs"):
        make_run(tmp_path / "run", "[run]\nrounds = 3\n")


def test_init_goes_on_where_it_was_killed_and_touches_no_strange_file(tmp_path: Path, make_run: MakeRun) -> None:
    make_run(tmp_path / "run")
    (tmp_path / "run" / "run.json").unlink()
    make_run(tmp_path / "run")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.toml").write_text("mine")
    with pytest.raises(AlreadyPublished, match=r"config\.toml"):
        make_run(tmp_path / "mine")
    assert (tmp_path / "mine" / "config.toml").read_text() == "mine"


def test_machines_places_and_times_leave_the_digest_alone(tmp_path: Path, make_run: MakeRun) -> None:
    text = '[run]\nrounds = 2\n[cluster]\naddress = "local"\n[access]\nattempts = 2\n[crawl]\nbase = "http://127.0.0.1:1/"\n'
    moved = [Shard(0, "CC-MAIN-1", "a.warc.gz", "http://x/a"), Shard(1, "CC-MAIN-1", "b.warc.gz", "http://x/b")]
    one = make_run(tmp_path / "one")
    assert one.digest() == make_run(tmp_path / "two", text, shards=moved).digest()
    assert one.digest() != make_run(tmp_path / "three", "[run]\nrounds = 1\n").digest()
    other = [Shard(0, "CC-MAIN-1", "a.warc.gz", "/x"), Shard(1, "CC-MAIN-1", "c.warc.gz", "/y")]
    assert one.digest() != make_run(tmp_path / "four", shards=other).digest()


def test_the_holdout_is_frozen(tmp_path: Path, make_run: MakeRun) -> None:
    (tmp_path / "holdout.txt").write_text("held.com\n")
    text = f'[run]\nrounds = 2\nholdout = "{tmp_path}/holdout.txt"\n'
    run = make_run(tmp_path / "run", text)
    (tmp_path / "holdout.txt").write_text("")
    assert Run.open(tmp_path / "run").holdout.covers("http://www.held.com/page")
    assert not make_run(tmp_path / "plain").holdout.covers("http://www.held.com/page")
    assert run.digest() != make_run(tmp_path / "plain").digest()


def test_a_holdout_that_cannot_be_used_is_refused(tmp_path: Path, make_run: MakeRun) -> None:
    with pytest.raises(BadInput, match="holdout"):
        make_run(tmp_path / "run", f'[run]\nholdout = "{tmp_path}/none"\n')
    (tmp_path / "bad").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="holds nothing out"):
        make_run(tmp_path / "run", f'[run]\nholdout = "{tmp_path}/bad"\n')
    (tmp_path / "bad").write_bytes(b"a.org\n\xff")
    with pytest.raises(BadInput, match=r"bad:2: not UTF-8"):
        make_run(tmp_path / "run", f'[run]\nholdout = "{tmp_path}/bad"\n')
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="not a run folder"):
        Run.open(tmp_path)


def test_an_applied_run_has_one_round(tmp_path: Path, make_run: MakeRun) -> None:
    parent = Parent("/runs/old", 3, "ab" * 32)
    with pytest.raises(BadInput, match="exactly 1 round"):
        make_run(tmp_path / "run", parent=parent)
    run = make_run(tmp_path / "run", "[run]\nrounds = 1\n", parent=parent)
    assert run.parent == parent
    elsewhere = make_run(tmp_path / "two", "[run]\nrounds = 1\n", parent=Parent("/other/place", 3, "ab" * 32))
    assert elsewhere.digest() == run.digest()


def test_a_labels_file_that_changed_since_init_is_refused(tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"url": "https://a.org/", "label": "C"}\n')
    config = Config.model_validate({"seed": {"labels": str(labels)}, "crawl": {"warcs": ["a.warc.gz"]}})
    shards = [Shard(0, "", "a.warc.gz", "a.warc.gz")]
    run = Run.create(tmp_path / "run", config, dump_config(config), shards)
    assert [row.url for row in run.seed_labels] == ["https://a.org/"]
    labels.write_text('{"url": "https://a.org/", "label": "N"}\n')
    with pytest.raises(BadInput, match="changed since `recall init`"):
        _ = Run.open(tmp_path / "run").seed_labels
    other = Run.create(tmp_path / "other", config, dump_config(config), shards)
    assert other.inputs.digest != run.inputs.digest


def test_a_missing_labels_file_is_named_at_init(tmp_path: Path) -> None:
    config = Config.model_validate({"label": {"answers": str(tmp_path / "none.jsonl")}})
    with pytest.raises(BadInput, match=r"\[label\] answers: .*none.jsonl"):
        Run.create(tmp_path / "run", config, dump_config(config), [Shard(0, "", "a.warc.gz", "a.warc.gz")])


def with_format(run: Run, number: int | None) -> None:
    """Rewrite run.json as another version would have."""
    record = unseal_json(run.store.read("run.json"), "run.json")
    assert record.pop("format") == FORMAT
    if number is not None:
        record["format"] = number
    (Path(run.store.root) / "run.json").write_bytes(seal_json(record))


def test_a_run_of_an_older_version_is_read_but_not_gone_on_with(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(tmp_path / "run")
    with_format(run, None)
    older = Run.open(tmp_path / "run")
    assert (older.inputs.format, len(older.shards), older.verify()) == (1, 2, [])
    with pytest.raises(BadInput, match=r"begun by recall .* \(run folder format 1\).*finish it with the version"):
        older.begin("seed")


def test_a_run_of_a_newer_version_is_refused_with_a_reason(tmp_path: Path, make_run: MakeRun) -> None:
    run = make_run(tmp_path / "run")
    with_format(run, FORMAT + 1)
    with pytest.raises(BadInput, match=rf"reads formats up to {FORMAT}: install recall"):
        Run.open(tmp_path / "run")
