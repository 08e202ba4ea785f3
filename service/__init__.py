"""Score pages over HTTP with the model the crawl uses: imports recall, never the reverse; fetches no URL."""
