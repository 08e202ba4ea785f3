"""Duplicates of a corpus: exact ones by URL and text, near-duplicates by MinHash."""
