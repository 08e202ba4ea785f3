"""Failed shards of a step: listed, or too many to go on."""

import pytest

from recall.errors import Incomplete
from recall.records import Shard
from recall.run.failures import FailedShards
from recall.run.jobs import Outcome


def failed(*numbers: int) -> FailedShards:
    shards = FailedShards()
    for number in numbers:
        shard = Shard(number, "", f"{number}.warc", f"{number}.warc")
        shards.add(shard, Outcome(shard, failure=f"{number} broke", error_kind="ShardCorrupt"))
    return shards


def test_failed_shards_are_listed_in_order_of_their_numbers() -> None:
    shards = failed(7, 2)
    assert shards.rows() == [
        {"shard": 2, "path": "2.warc", "kind": "ShardCorrupt"},
        {"shard": 7, "path": "7.warc", "kind": "ShardCorrupt"},
    ]
    assert shards.notes() == ["2.warc: 2 broke", "7.warc: 7 broke"]


def test_a_step_ends_when_more_than_its_share_failed() -> None:
    failed(7, 2).check("scan 1", 20, 0.1)
    with pytest.raises(Incomplete, match=r"scan 1: 2 of 19 shards failed, first: 2\.warc: 2 broke") as caught:
        failed(7, 2).check("scan 1", 19, 0.1)
    assert caught.value.failures == (("2.warc", "ShardCorrupt", "2 broke"), ("7.warc", "ShardCorrupt", "7 broke"))
