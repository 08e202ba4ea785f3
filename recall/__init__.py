"""Recall of code-related web pages from Common Crawl: seed, train, scan, domains, label, harvest, build."""
