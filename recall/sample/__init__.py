"""A sample crawl that this project writes itself, in Common Crawl's layout, with labels: for the demo and tests."""
