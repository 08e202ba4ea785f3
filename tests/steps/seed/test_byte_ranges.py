"""Labelled pages that are looked up in the index and read by byte range, also where a file cannot be read."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from recall.errors import Incomplete
from recall.run.ledger import ledger, unexplained
from recall.run.rewind import go_back
from recall.run.rounds import Run
from recall.sample.crawl import CRAWL, write_crawl
from recall.steps.seed import seed
from tests.sample_generator.world import crawled

if TYPE_CHECKING:
    from tests.conftest import Fresh

EXAMPLES = "seed/examples.parquet"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crawl of eight WARC files with labels and an index."""
    folder = tmp_path_factory.mktemp("base")
    write_crawl(folder, crawled(pages=200))
    return folder


@pytest.fixture
def cut(base: Path) -> Iterator[Path]:
    """A WARC file that lies cut in half."""
    (path,) = base.rglob("*-00006.warc.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    yield path
    path.write_bytes(whole)


def settings(base: Path, *, indexed: bool = True, limit: int = 0, share: float = 0.0) -> dict[str, Any]:
    """Two shards are sampled; of the others only labelled pages are wanted."""
    crawl = {"ids": [CRAWL], "warcs": [], "base": f"{base}/", "index": str(base) if indexed else "", "limit": limit}
    labels = str(base / "labels.jsonl")
    return {
        "crawl": crawl,
        "run": {"holdout": labels},
        "seed": {"labels": labels, "sample_shards": 2, "sample_pages": 20},
        "cluster": {"failed_share": share},
    }


def test_places_give_what_reading_every_file_gives(base: Path, fresh: "Fresh") -> None:
    places, whole = (fresh("seed", **settings(base, indexed=indexed)) for indexed in (True, False))
    assert places.store.read(EXAMPLES) == whole.store.read(EXAMPLES)
    assert places.store.read("seed/sample.parquet") == whole.store.read("seed/sample.parquet")
    assert places.step("seed").manifest.counts["missing"] == 0


def test_files_that_are_no_shard_of_the_run_are_asked_too(base: Path, fresh: "Fresh") -> None:
    few, all_ = (fresh("seed", **settings(base, limit=limit)) for limit in (2, 0))
    assert few.store.read(EXAMPLES) == all_.store.read(EXAMPLES)
    assert len(few.shards) == 2
    assert few.step("seed").manifest.counts["shards"] == 8


def test_a_file_that_cannot_be_read_ends_the_seed_unless_it_may_fail(base: Path, cut: Path, fresh: "Fresh") -> None:
    with pytest.raises(Incomplete, match=r"seed: 1 of 8 shards failed, first: .*-00006\.warc\.gz"):
        seed(fresh(**settings(base)))
    run = fresh("seed", **settings(base, share=0.2))
    (failure,) = run.store.read_json("seed/failures.json")
    assert (failure["shard"], Path(failure["path"]).name) == (6, cut.name)
    entry = ledger(run)[0]
    assert (entry.shards.planned, entry.shards.done) == (8, 7)
    assert list(unexplained(ledger(run))) == []
    assert run.store.read_json("seed/missing.json")


def test_a_seed_taken_again_ends_as_one_that_never_failed(base: Path, fresh: "Fresh") -> None:
    (path,) = base.rglob("*-00006.warc.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    run = fresh("seed", **settings(base, share=0.2))
    path.write_bytes(whole)
    again = Run.open(run.store.root)
    with again.lease():
        go_back(again, next(place for place in again.order if place.verb == "seed"))
    seed(again)
    calm = fresh("seed", **settings(base))
    for name in (EXAMPLES, "seed/sample.parquet", "seed/missing.json", "seed/failures.json"):
        assert again.store.read(name) == calm.store.read(name)
