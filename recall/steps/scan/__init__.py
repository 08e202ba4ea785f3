"""scan: every page of every shard gets a score. `crawl` drives it, `shard` is what a worker does."""
