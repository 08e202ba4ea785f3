"""WARC files: every page of one, one page by its byte range, and writing them."""

from recall.archive.warc.reader import capture_in, captures, read_at, responses
from recall.archive.warc.writer import WarcWriter, write_warc

__all__ = ["WarcWriter", "capture_in", "captures", "read_at", "responses", "write_warc"]
