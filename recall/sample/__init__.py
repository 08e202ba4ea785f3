"""A sample crawl that this project wrote itself, in Common Crawl's layout, with labels: for the demo and tests."""
