"""Shard numbers beyond 999,999: whatever sorts or finds files by their names does so by number."""

import random
from dataclasses import asdict

import numpy as np
import pyarrow.parquet as pq
import pytest

from recall.corpus.chunks import ChunkedPages, ExtractedShard, chunks_of
from recall.corpus.published import part_keys
from recall.corpus.schema import ID_BITS
from recall.records import Output, ShardReport
from recall.run.inputs import ShardList
from recall.run.rounds import Run, Step
from recall.run.scanned import SHARDS_FILE, ScannedShards
from recall.run.shuffle import StageFile
from recall.run.store import by_number
from recall.steps.scan import driver
from recall.steps.scan.driver import _publish_shards
from recall.steps.scan.shard_report import report_key
from tests.conftest import Fresh

BORDER = range(999_990, 1_000_011)


def begun(fresh: Fresh) -> tuple[Run, Step]:
    """A run whose scan begins; what came before holds nothing."""
    run = fresh(rounds=1)
    run.begin("seed").finish({}, {})
    run.round(1).begin("train").finish({}, {})
    return run, run.round(1).begin("scan")


def publish_reports(run: Run, numbers: list[int]) -> None:
    """A report for each shard, as its scan publishes it, in whatever order they end."""
    folder = run.round(1).step("scan").folder
    for number in random.Random(7).sample(numbers, len(numbers)):
        files = []
        for kind in ("rows", "candidates"):
            file = run.store.publish_named(folder, f"{kind} {number}".encode(), ".parquet", f"{kind}-")
            files.append(Output(file.file, file.sha256, 0))
        report = ShardReport(number, f"{number}.warc.gz", "m", number, {}, number, 0, 0, tuple(files))
        run.store.publish_json(report_key(folder, number), asdict(report), first_wins=True)


def test_a_scan_finds_each_of_its_shards_at_the_border_of_six_digits(fresh: Fresh) -> None:
    run, step = begun(fresh)
    publish_reports(run, list(BORDER))
    counts = _publish_shards(run.round(1), step, None)
    assert counts["shards"] == len(BORDER)
    table = run.store.read_table(step.key(SHARDS_FILE))
    assert table.column("shard").to_pylist() == list(BORDER)
    lines = "".join(f"{number}\tC\t{number}.warc.gz\t/{number}\n" for number in range(BORDER.stop)).encode()
    scanned = ScannedShards(table, ShardList(lines, "shards.txt", ("url", "text")))
    for number in BORDER:
        shard = scanned.find(number)
        assert shard is not None, number
        assert (shard.number, shard.read, shard.shard.url) == (number, number, f"/{number}")
        assert run.store.read(shard.candidates) == f"candidates {number}".encode()
    assert scanned.find(1_000_011) is None


@pytest.mark.parametrize(("shards", "groups"), [(0, 1), (1, 1), (3, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_a_full_last_piece_of_shards_is_followed_by_no_empty_one(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch, shards: int, groups: int
) -> None:
    monkeypatch.setattr(driver, "ROW_GROUP", 4)
    run, step = begun(fresh)
    publish_reports(run, list(range(shards)))
    _publish_shards(run.round(1), step, None)
    file = pq.ParquetFile(run.store.url(step.key(SHARDS_FILE)))
    assert (file.num_row_groups, file.metadata.num_rows) == (groups, shards)


def test_parts_answers_and_reports_come_in_the_order_of_their_numbers(fresh: Fresh) -> None:
    run = fresh(rounds=1)
    numbers = [*range(99_990, 100_011), *BORDER]
    for number in random.Random(7).sample(numbers, len(numbers)):
        run.store.publish(f"corpus/part-{number:05d}.parquet", b"")
        run.store.publish(f"answers/{number:06d}-{random.Random(number).randbytes(8).hex()}.jsonl", b"")
    assert part_keys(run) == [f"corpus/part-{number:05d}.parquet" for number in numbers]
    assert [int(key.split("/")[1].split("-")[0]) for key in run.store.keys("answers/")] == numbers


def test_chunks_and_ids_know_no_border() -> None:
    file = StageFile("x", 10)
    shards = [ExtractedShard(number, file, file, 10, 100) for number in BORDER]
    chunks = tuple(chunks_of(sorted(random.Random(7).sample(shards, len(shards))), pages=30))
    layout = ChunkedPages(None, None, chunks).layout  # type: ignore[arg-type]
    ids = np.array([number << ID_BITS | 5 for number in BORDER], np.int64)
    assert layout.chunk_of(ids).tolist() == [at // 3 for at in range(len(BORDER))]


def test_names_sort_by_their_numbers_and_never_tie() -> None:
    names = ["a", "a-2", "a-10", "a-010", "a-10b", "a-9" * 3, "b1", "", "7", "07", "9" * 30, "rows-0a1f.parquet"]
    ordered = sorted(names, key=by_number)
    assert ordered.index("a-2") < ordered.index("a-10") < ordered.index("a-10b")
    assert len({by_number(name) for name in names}) == len(names)
