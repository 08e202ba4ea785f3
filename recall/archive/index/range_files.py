"""Files of the URL index as DuckDB reads them: by byte range, whatever server they lie on.

In: URLs and [access]. Out: a file system to register with a connection. Errors of reading are kept for the caller.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from recall.archive.ranges import GAP
from recall.config import AccessSection
from recall.errors import RecallError, ShardUnreadable
from recall.io import local_path, read_range, size

REMOTE = ("http://", "https://", "s3://", "hf://")


class RangeFiles(AbstractFileSystem):  # type: ignore[misc]
    """Files for DuckDB: local ones by their paths, remote ones by number; of these a read is one range of `recall.io`.

    names: what DuckDB calls the URLs, in their order; failure: the last error, which DuckDB turns into one of its own.
    """

    protocol = "recall-range"
    cachable = False

    def __init__(self, urls: Sequence[str], access: AccessSection) -> None:
        super().__init__()
        self.urls = urls
        self.access = access
        self.failure: RecallError | None = None
        self.names = [
            f"{self.protocol}://{number}" if url.startswith(REMOTE) else str(local_path(url))
            for number, url in enumerate(urls)
        ]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name and size of a file."""
        return {"name": path, "size": self.call(_size, path), "type": "file"}

    def modified(self, path: str) -> datetime:  # noqa: ARG002 - published files never change
        """DuckDB asks, to know whether what it cached is still true."""
        return datetime(2000, 1, 1, tzinfo=UTC)

    def _open(self, path: str, mode: str = "rb", **_: Any) -> "_RangeFile":
        return _RangeFile(self, path, mode, block_size=GAP, cache_type="none")

    def call(self, action: Callable[..., Any], path: str, *arguments: int) -> Any:
        """Do something with a file's URL and keep the error, which DuckDB would turn into one of its own."""
        try:
            return action(self.urls[int(self._strip_protocol(path))], *arguments, access=self.access)
        except RecallError as error:
            self.failure = error
            raise OSError(str(error)) from None


def _size(url: str, access: AccessSection) -> int:
    found = size(url, access)
    if found is None:
        raise ShardUnreadable(f"{url}: not found, though the paths file of its crawl names it")
    return found


class _RangeFile(AbstractBufferedFile):  # type: ignore[misc]
    def _fetch_range(self, start: int, end: int) -> bytes:
        data: bytes = self.fs.call(read_range, self.path, start, end - start)
        return data
