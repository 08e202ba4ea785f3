"""Where pages come from: manifests, byte streams, WARC files, the columnar index. Knows nothing of models or runs."""
