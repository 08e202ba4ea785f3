"""Bytes: reading and writing by URL, with one retry policy, one rate limiter, one atomic publish.

`objects` holds the functions; `file`, `http`, `s3` and `hub` are the sources; `ratelimit`, `stream` (retry,
resume, read-ahead) wrap them. `parquet` is the one home of pyarrow.
"""

from recall.io.file import NameTaken, atomic_writer, make_folder, sync
from recall.io.json_lines import json_lines, json_rows
from recall.io.objects import (
    check_folder,
    check_readable,
    exists,
    list_keys,
    local_path,
    open_readahead,
    open_stream,
    pinned,
    post_json,
    publish,
    publish_file,
    publish_folder,
    read_all,
    read_range,
    remove,
    size,
    swap,
    sweep,
)
from recall.io.ratelimit import LimitedAccess, LimiterBackend, RateLimiter
from recall.io.retry_policy import Again, Retry, RetryPolicy
from recall.io.stream import Readahead, Stream
from recall.io.text_lines import text_lines, unpacked_of

__all__ = [
    "Again",
    "LimitedAccess",
    "LimiterBackend",
    "NameTaken",
    "RateLimiter",
    "Readahead",
    "Retry",
    "RetryPolicy",
    "Stream",
    "atomic_writer",
    "check_folder",
    "check_readable",
    "exists",
    "json_lines",
    "json_rows",
    "list_keys",
    "local_path",
    "make_folder",
    "open_readahead",
    "open_stream",
    "pinned",
    "post_json",
    "publish",
    "publish_file",
    "publish_folder",
    "read_all",
    "read_range",
    "remove",
    "size",
    "swap",
    "sweep",
    "sync",
    "text_lines",
    "unpacked_of",
]
