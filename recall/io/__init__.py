"""One way to bytes: local path, file://, https://, http:// and s3:// behind the same few functions.

In: a URL. Out: a stream, a byte range, or a file published once. Reading keeps bounded memory, resumes a broken body
at its byte and tries again what may go through; it raises ShardUnreadable (missing, kept failing) or Refused (403).
Writing works on disks and s3:// only; it raises Transient when it kept failing. Clients are made per process, lazily.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from recall.config import AccessSection
from recall.errors import BadInput, ShardUnreadable
from recall.io import file
from recall.io.file import NameTaken, atomic_writer
from recall.io.json_lines import json_lines
from recall.io.ratelimit import use_office, within_budget
from recall.io.ratelimit_files import Neighbours
from recall.io.readahead import Ahead
from recall.io.retry_policy import Again, RetryPolicy, given_up
from recall.io.stream import Source, Stream

__all__ = [
    "Again",
    "Ahead",
    "NameTaken",
    "RetryPolicy",
    "Stream",
    "atomic_writer",
    "exists",
    "json_lines",
    "list_keys",
    "open_ahead",
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

T = TypeVar("T")

COMMON_CRAWL_BUCKET = "s3://commoncrawl/"
COMMON_CRAWL_HTTPS = "https://data.commoncrawl.org/"
"""The same files for those without credentials."""

READ_ALL_LIMIT = 1 << 30
_ANYONE = AccessSection()

use_office(Neighbours())


def open_stream(url: str, access: AccessSection = _ANYONE, offset: int = 0, length: int | None = None) -> Stream:
    """Open bytes [offset, offset + length) of a URL, to the end when length is None.

    Raises ShardUnreadable, Refused, and BadInput for a scheme that is none of ours.
    """
    return Stream(_source(url, access), offset, length)


def open_ahead(url: str, access: AccessSection = _ANYONE, offset: int = 0) -> Stream | Ahead:
    """`open_stream` to the end of the file; what comes over a network is read ahead by a thread."""
    stream = open_stream(url, access, offset)
    return Ahead(stream) if _scheme(url) in ("http", "https", "s3") else stream


def read_range(url: str, offset: int, length: int, access: AccessSection = _ANYONE) -> bytes:
    """Exactly `length` bytes from `offset` on. Raises ShardUnreadable when the file is shorter."""
    with open_stream(url, access, offset, length) as stream:
        data = stream.read()
    if len(data) != length:
        raise ShardUnreadable(f"{url}: ends before byte {offset + length}")
    return data


def read_all(url: str, access: AccessSection = _ANYONE, limit: int = READ_ALL_LIMIT) -> bytes:
    """A whole file of at most `limit` bytes. Raises ShardUnreadable when it is larger."""
    pieces: list[bytes] = []
    with open_stream(url, access) as stream:
        left = limit
        while piece := stream.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise ShardUnreadable(f"{url}: larger than {limit} bytes")
            pieces.append(piece)
    return b"".join(pieces)


def publish(url: str, data: bytes, access: AccessSection = _ANYONE) -> bool:
    """Write once: True if written, False if the name exists already (with whatever bytes)."""
    if not url.startswith("s3://"):
        return file.publish(_writable(url), data)
    return _put(url, data, access, None)


def publish_file(url: str, path: Path, access: AccessSection = _ANYONE) -> bool:
    """`publish` with the content of a local file, which is not held in memory."""
    if not url.startswith("s3://"):
        return file.publish(_writable(url), path)
    return _put(url, path, access, None)


def swap(url: str, expected: bytes | None, data: bytes, access: AccessSection = _ANYONE) -> bool:
    """Compare and swap: write `data` if the content is `expected` (None: if there is no such file)."""
    if not url.startswith("s3://"):
        return file.swap(_writable(url), expected, data)
    if expected is None:
        return _put(url, data, access, None)
    found = _asked(lambda: _s3().read_version(url, access), url, access, reading=False)
    return found is not None and found[0] == expected and _put(url, data, access, found[1])


def exists(url: str, access: AccessSection = _ANYONE) -> bool:
    """True when there is such a file."""
    return size(url, access) is not None


def size(url: str, access: AccessSection = _ANYONE) -> int | None:
    """Size in bytes, None when there is no such file."""
    url = _reachable(url, access)
    scheme = _scheme(url)
    if scheme in ("s3", "http", "https"):
        backend = _s3() if scheme == "s3" else _http()
        found: int | None = _asked(lambda: backend.size(url, access), url, access)
        return found
    return file.size(local_path(url))


def remove(url: str, access: AccessSection = _ANYONE) -> None:
    """Remove a file if it is there."""
    if url.startswith("s3://"):
        _asked(lambda: _s3().remove(url, access), url, access, reading=False)
    else:
        file.remove(_writable(url))


def list_keys(url_prefix: str, access: AccessSection = _ANYONE) -> Iterator[str]:
    """Every file below a folder, as "/"-separated names relative to it, in no promised order. For run folders only."""
    if not url_prefix.startswith("s3://"):
        yield from file.list_keys(_writable(url_prefix))
        return
    folder = url_prefix.rstrip("/") + "/"
    prefix = _s3().split(folder)[1]
    token = ""
    while True:
        keys, token = _asked(lambda at=token: _s3().list_page(folder, at, access), folder, access)  # type: ignore[misc]
        yield from (key.removeprefix(prefix) for key in keys if key != prefix)
        if not token:
            return


def sweep(url_prefix: str) -> int:
    """Remove what killed writers left on a disk below a folder; returns how many files. A bucket has no such files."""
    return 0 if _scheme(url_prefix) == "s3" else file.sweep(_writable(url_prefix))


def local_path(url: str) -> Path:
    """The local path of a path or file:// URL. Raises BadInput for other schemes."""
    scheme = _scheme(url)
    if scheme == "file":
        return Path(unquote(urlsplit(url).path))
    if scheme:
        raise BadInput(f"{url}: expected a path, file://, https://, http:// or s3:// URL")
    return Path(url)


def _s3() -> ModuleType:
    from recall.io import s3  # noqa: PLC0415 - boto3 is slow and large; files and https need none of it

    return s3


def post_json(url: str, value: object, headers: Mapping[str, str], seconds: float) -> Any:
    """Post a value as JSON and return the JSON of the answer. Raises Again or Refused, one attempt a call."""
    return _http().post_json(url, value, headers, seconds)


def _http() -> ModuleType:
    from recall.io import http  # noqa: PLC0415 - nor do files need httpx

    return http


def _scheme(url: str) -> str:
    scheme, mark, _ = url.partition("://")
    return scheme.lower() if mark else ""


def _asked(action: Callable[[], T], url: str, access: AccessSection, *, reading: bool = True) -> T:
    """A request to a server, within its budget and tried again."""
    endpoint = _s3().endpoint_of(url, access) if _scheme(url) == "s3" else _http().endpoint_of(url)
    try:
        return RetryPolicy(access.attempts).call(lambda: within_budget(action, endpoint, access))
    except Again as again:
        raise given_up(url, access.attempts, again, reading=reading) from None


def _reachable(url: str, access: AccessSection) -> str:
    """Where a file is read: Common Crawl's bucket over https by those who have no credentials, which it asks for."""
    if not url.startswith(COMMON_CRAWL_BUCKET) or access.s3_endpoint or os.environ.get("AWS_ENDPOINT_URL_S3"):
        return url
    return url if _s3().signed(access) else COMMON_CRAWL_HTTPS + url.removeprefix(COMMON_CRAWL_BUCKET)


def _source(url: str, access: AccessSection) -> Source:
    url = _reachable(url, access)
    scheme = _scheme(url)
    if scheme in ("http", "https"):
        answered: Source = _http().HttpSource(url, access)
        return answered
    if scheme == "s3":
        stored: Source = _s3().S3Source(url, access)
        return stored
    return file.FileSource(local_path(url))


def _writable(url: str) -> Path:
    if _scheme(url) in ("http", "https"):
        raise BadInput(f"{url}: cannot be written to or listed; use a folder or s3://")
    return local_path(url)


def _put(url: str, data: bytes | Path, access: AccessSection, etag: str | None) -> bool:
    """Conditional PUT. A PUT that broke may have arrived: then the name is taken, by our own bytes."""
    tries = 0

    def attempt() -> bool:
        nonlocal tries
        tries += 1
        if _s3().publish(url, data, access, etag):
            return True
        if tries == 1:
            return False
        found = _s3().read_version(url, access)
        return found is not None and found[0] == (data if isinstance(data, bytes) else data.read_bytes())

    return _asked(attempt, url, access, reading=False)
