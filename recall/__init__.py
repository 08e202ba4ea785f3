"""Recall of code-related web pages from Common Crawl: seed, train, scan, domains, label, harvest, build."""

from importlib.metadata import version

__version__ = version("recall")
