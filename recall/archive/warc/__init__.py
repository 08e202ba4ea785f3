"""WARC files: every page of one, one page by its byte range, and writing them."""

from recall.archive.warc.http_response import clean_url
from recall.archive.warc.reader import capture_in, captures, conversions, outcome_in, read_at, responses
from recall.archive.warc.writer import WarcWriter

__all__ = [
    "WarcWriter",
    "capture_in",
    "captures",
    "clean_url",
    "conversions",
    "outcome_in",
    "read_at",
    "responses",
]
