"""Objects by URL: local path, file://, https://, http://, s3:// and hf:// behind the same few functions.

In: a URL and [access]. Out: a stream, a byte range, a size; or bytes written, whole or not at all (published once,
compared and swapped, removed; not over https, and on the Hub by `hub_commit` alone, whole folders at a time). The way
of a byte: a source of the URL's kind (`file`, `http`, `s3`, `hub`), wrapped by the rate limiter, read by a `Stream`
that retries and resumes, and over a network by a thread that reads ahead. Raises ShardUnreadable (missing, kept
failing), Refused (403), BadInput for other schemes.
Clients are made per process, when they are needed.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from recall.config import AccessSection
from recall.errors import BadInput, ShardUnreadable, StorageUnusable
from recall.io import file
from recall.io.ratelimit import LimitedSource, limiter_of
from recall.io.retry_policy import Again, RetryPolicy, given_up
from recall.io.stream import ByteSource, Readahead, Stream

T = TypeVar("T")

COMMON_CRAWL_BUCKET = "s3://commoncrawl/"
COMMON_CRAWL_HTTPS = "https://data.commoncrawl.org/"
"""The same files for those without credentials."""

READ_ALL_LIMIT = 1 << 30
NETWORK = ("http", "https", "s3", "hf")
S3 = "s3://"
HUB = "hf://"
_ANYONE = AccessSection()


def open_stream(url: str, access: AccessSection = _ANYONE, offset: int = 0, length: int | None = None) -> Stream:
    """Open bytes [offset, offset + length) of a URL, to the end when length is None.

    Raises ShardUnreadable, Refused, and BadInput for a scheme that is none of ours.
    """
    return Stream(_source(url, access), offset, length)


def open_readahead(url: str, access: AccessSection = _ANYONE, offset: int = 0) -> Stream | Readahead:
    """`open_stream` to the end of the file; over a network a thread reads ahead."""
    if scheme_of(url) not in NETWORK:
        return open_stream(url, access, offset)
    gone = threading.Event()
    return Readahead(Stream(_source(url, access, gone), offset, None, gone), gone)


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


def exists(url: str, access: AccessSection = _ANYONE) -> bool:
    """True when there is such a file."""
    return size(url, access) is not None


def size(url: str, access: AccessSection = _ANYONE) -> int | None:
    """Size in bytes, None when there is no such file."""
    url = _readable(url, access)
    if scheme_of(url) not in NETWORK:
        return file.size(local_path(url))
    client = client_of(url)
    announced: int | None = request(lambda: client.size(url, access), url, access)
    return announced


def list_keys(url_prefix: str, access: AccessSection = _ANYONE) -> Iterator[str]:
    """Every file below a folder, as "/"-separated names relative to it, in no promised order.

    For run folders, and folders of datasets on the Hub.
    """
    if url_prefix.startswith(HUB):
        hub = client_of(url_prefix)
        yield from request(lambda: list(hub.list_files(url_prefix, access)), url_prefix, access)
        return
    if not url_prefix.startswith(S3):
        yield from file.list_keys(writable_path(url_prefix))
        return
    s3 = client_of(url_prefix)
    folder = url_prefix.rstrip("/") + "/"
    prefix = s3.split(folder)[1]
    token = ""
    while True:
        keys, token = request(lambda at=token: s3.list_page(folder, at, access), folder, access)  # type: ignore[misc]
        yield from (key.removeprefix(prefix) for key in keys if key != prefix)
        if not token:
            return


def pinned(url: str, access: AccessSection = _ANYONE) -> str:
    """A URL that names the same bytes for ever: of a dataset on the Hub that at its commit, any other as it is."""
    if not url.startswith(HUB):
        return url
    hub = client_of(url)
    at_commit: str = request(lambda: hub.pinned(url, access), url, access)
    return at_commit


def request(action: Callable[[], T], url: str, access: AccessSection, *, reading: bool = True) -> T:
    """One request to the URL's server, through the rate limiter and retried.

    Raises ShardUnreadable, or, when not reading, Transient, when it kept failing.
    """
    endpoint, limiter = client_of(url).endpoint_of(url, access), limiter_of(access)
    try:
        return RetryPolicy(access.attempts).call(lambda: limiter.call(action, endpoint, access))
    except Again as again:
        raise given_up(url, access.attempts, again, reading=reading) from None


def post_json(url: str, value: object, headers: Mapping[str, str], seconds: float, most: int) -> tuple[int, bytes]:
    """Post a value as JSON; returns status and at most `most` bytes of the body. Raises Again; one attempt a call."""
    answer: tuple[int, bytes] = client_of(url).post_json(url, value, headers, seconds, most)
    return answer


def client_of(url: str) -> ModuleType:
    """The module that speaks a URL's protocol: `http`, `s3` or `hub`."""
    scheme = scheme_of(url)
    if scheme == "s3":
        from recall.io import s3  # noqa: PLC0415 - boto3 is slow and large; files and https need none of it

        return s3
    if scheme == "hf":
        from recall.io import hub  # noqa: PLC0415 - so is huggingface_hub

        return hub
    from recall.io import http  # noqa: PLC0415 - nor do files need httpx

    return http


def scheme_of(url: str) -> str:
    """The scheme in lower case, "" for a local path."""
    scheme, mark, _ = url.partition("://")
    return scheme.lower() if mark else ""


def local_path(url: str) -> Path:
    """The local path of a path or file:// URL. Raises BadInput for other schemes."""
    scheme = scheme_of(url)
    if scheme == "file":
        return Path(unquote(urlsplit(url).path))
    if scheme:
        raise BadInput(f"{url}: expected a path, file://, https://, http://, s3:// or hf:// URL")
    return Path(url)


def writable_path(url: str) -> Path:
    """The local path of what is to be written or listed. Raises BadInput for https://, http:// and hf:// too."""
    if scheme_of(url) == "hf":
        raise BadInput(f"{url}: no folder to work in; `recall release` and `recall export` write to the Hub")
    if scheme_of(url) in ("http", "https"):
        raise BadInput(f"{url}: cannot be written to or listed; use a folder or s3://")
    return local_path(url)


def _source(url: str, access: AccessSection, gone: threading.Event | None = None) -> ByteSource:
    url = _readable(url, access)
    scheme = scheme_of(url)
    if scheme not in NETWORK:
        return file.FileSource(local_path(url))
    client = client_of(url)
    made = {"s3": "S3Source", "hf": "HubSource"}.get(scheme, "HttpSource")
    source: ByteSource = getattr(client, made)(url, access)
    return LimitedSource(source, limiter_of(access), gone)


def _readable(url: str, access: AccessSection) -> str:
    """The URL to read at: Common Crawl's bucket wants credentials, so without them its files are read over https."""
    if not url.startswith(COMMON_CRAWL_BUCKET) or access.s3_endpoint or os.environ.get("AWS_ENDPOINT_URL_S3"):
        return url
    return url if client_of(url).signed(access) else COMMON_CRAWL_HTTPS + url.removeprefix(COMMON_CRAWL_BUCKET)


def publish(url: str, data: bytes, access: AccessSection = _ANYONE) -> bool:
    """Write once: True if written, False if the name exists already (with whatever bytes)."""
    if not url.startswith(S3):
        return file.publish(writable_path(url), data)
    return _put(url, data, access, None)


def publish_file(url: str, path: Path, access: AccessSection = _ANYONE) -> bool:
    """`publish` with the content of a local file, which is not held in memory."""
    if not url.startswith(S3):
        return file.publish(writable_path(url), path)
    return _put(url, path, access, None)


def swap(url: str, expected: bytes | None, data: bytes, access: AccessSection = _ANYONE) -> bool:
    """Compare and swap: write `data` if the content is `expected` (None: if there is no such file)."""
    if not url.startswith(S3):
        return file.swap(writable_path(url), expected, data)
    if expected is None:
        return _put(url, data, access, None)
    s3 = client_of(url)
    version = request(lambda: s3.read_version(url, access), url, access, reading=False)
    return version is not None and version[0] == expected and _put(url, data, access, version[1])


def remove(url: str, access: AccessSection = _ANYONE) -> None:
    """Remove a file if it is there."""
    if url.startswith(S3):
        s3 = client_of(url)
        request(lambda: s3.remove(url, access), url, access, reading=False)
    else:
        file.remove(writable_path(url))


def sweep(url_prefix: str) -> int:
    """Remove what killed writers left on a disk below a folder; returns how many files. A bucket has no such files."""
    return 0 if url_prefix.startswith(S3) else file.sweep(writable_path(url_prefix))


def check_folder(url: str, access: AccessSection = _ANYONE) -> None:
    """Raise StorageUnusable when a folder is not there: no such bucket, or on a disk no such folder."""
    if url.startswith(S3):
        client_of(url).check_bucket(url, access)
    elif not (folder := writable_path(url)).is_dir():
        raise StorageUnusable(f"{folder}: is not there; is its disk mounted?")


def check_readable(url: str) -> None:
    """Raise StorageUnusable where a file on a disk may not be read; a bucket says so itself."""
    if scheme_of(url) not in NETWORK:
        file.check_readable(local_path(url))


def _put(url: str, data: bytes | Path, access: AccessSection, etag: str | None) -> bool:
    from recall.io import s3_upload  # noqa: PLC0415 - as in client_of

    def call(action: Callable[[], T]) -> T:
        return request(action, url, access, reading=False)

    return s3_upload.publish(s3_upload.Target(url, access, call, lambda: open_stream(url, access)), data, etag)


def publish_folder(url: str, folder: Path, last: Sequence[str], message: str, access: AccessSection = _ANYONE) -> str:
    """Write the files of a local folder into one of a dataset on the Hub (`hub_commit`); returns the commit."""
    from recall.io.hub_commit import HubFolder  # noqa: PLC0415 - as in client_of

    def call(action: Callable[[], T]) -> T:
        return request(action, url, access, reading=False)

    return HubFolder(url, access, call).publish(folder, last, message)
