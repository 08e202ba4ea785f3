def test_a_shard_that_cannot_be_read_is_listed_with_what_it_hid(fresh: Any, crawl: Any, tmp_path: Any) -> None:
    broken = tmp_path / "broken.warc.gz"
    broken.write_bytes(crawl.warcs[1].read_bytes()[:-2000])
    warcs = [str(crawl.warcs[0]), str(broken), str(crawl.warcs[2])]
    run = fresh("seed", crawl={"warcs": warcs}, cluster={"failed_share": 0.5})
    assert run.step("seed").result.counts["failed_shards"] == 1
    assert run.store.read_json("seed/failures.json") == [{"shard": 1, "path": str(broken), "kind": "ShardCorrupt"}]
    assert len(run.store.read_json("seed/missing.json")) == run.step("seed").result.counts["missing"] > 0
