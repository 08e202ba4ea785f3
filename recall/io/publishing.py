"""Writing by URL, whole or not at all: published once, compared and swapped, removed.

In: a path, file:// or s3:// URL, and the bytes. Out: True where they are there now. Raises Transient when it kept
failing, Refused (403), BadInput for https:// and http://, which cannot be written to.
"""

from pathlib import Path

from recall.config import AccessSection
from recall.io import file
from recall.io.reading import S3, client_of, request, writable_path

_ANYONE = AccessSection()


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


def _put(url: str, data: bytes | Path, access: AccessSection, etag: str | None) -> bool:
    """Conditional PUT. A PUT that broke may have arrived: then the name is taken, by our own bytes."""
    s3 = client_of(url)
    tries = 0

    def attempt() -> bool:
        nonlocal tries
        tries += 1
        if s3.publish(url, data, access, etag):
            return True
        if tries == 1:
            return False
        version = s3.read_version(url, access)
        return version is not None and version[0] == (data if isinstance(data, bytes) else data.read_bytes())

    return request(attempt, url, access, reading=False)
