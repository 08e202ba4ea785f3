"""scan: every page of every shard gets a score. `driver.scan` hands out shards, workers call `shard.scan_shard`."""
