"""Bytes: reading and writing by URL, with one retry policy, one rate limiter, one atomic publish.

`reading` and `publishing` are the functions; `file`, `http` and `s3` are the sources; `ratelimit`, `stream` (retry and
resume) and `readahead` wrap them. `parquet` is the one home of pyarrow.
"""

from recall.io.file import NameTaken, atomic_writer
from recall.io.json_lines import json_lines
from recall.io.publishing import publish, publish_file, remove, swap, sweep
from recall.io.ratelimit import LimitedAccess, LimiterBackend, RateLimiter
from recall.io.readahead import Readahead
from recall.io.reading import (
    exists,
    list_keys,
    local_path,
    open_readahead,
    open_stream,
    post_json,
    read_all,
    read_range,
    size,
)
from recall.io.retry_policy import Again, RetryPolicy
from recall.io.stream import Stream

__all__ = [
    "Again",
    "LimitedAccess",
    "LimiterBackend",
    "NameTaken",
    "RateLimiter",
    "Readahead",
    "RetryPolicy",
    "Stream",
    "atomic_writer",
    "exists",
    "json_lines",
    "list_keys",
    "local_path",
    "open_readahead",
    "open_stream",
    "post_json",
    "publish",
    "publish_file",
    "read_all",
    "read_range",
    "remove",
    "size",
    "swap",
    "sweep",
]
