"""Writing to a bucket, whole or not at all and only where the name is free: one PUT, or for large files in parts.

In: bytes or a local file. Out: True when written, False when the name is taken. The condition (If-None-Match) goes
with the PUT, or with the request that completes the parts: until then nothing is seen. A request that broke may have
arrived: then the name is taken by our own bytes, which are compared as they come, never held. Parts of an upload that
failed are given up. Some servers (SeaweedFS 4.48) let several uploads through that are completed at the same moment,
the last one over the others: whoever has completed one looks whose object is there. Amazon S3 API Reference, PutObject
and CompleteMultipartUpload.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from recall.config import AccessSection
from recall.errors import RecallError, ShardUnreadable, Transient
from recall.io import s3
from recall.io.s3_errors import BROKEN, MISSING, TAKEN, code_of
from recall.io.stream import Stream

T = TypeVar("T")

SINGLE_BYTES = 1 << 30
"""A file up to here is one PUT; servers take 5 GiB at most."""

PART_BYTES = 64 << 20
MOST_PARTS = 10_000
"""Parts that an upload may have; beyond 640 GB they are larger."""

UPLOADS = 3
"""How often an upload is begun anew whose parts the server has forgotten."""

FORGOTTEN = "NoSuchUpload"
_CHUNK = 1 << 20


class _Forgotten(Exception):
    """The server knows an upload no longer: it was completed, given up or swept."""


class Caller(Protocol):
    """Makes a request through the rate limiter and retries it."""

    def __call__(self, action: Callable[[], T]) -> T:
        """What the request answers. Raises Transient when it kept failing."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how to write.

    call: how requests are made; open: what is there, to be read; single: bytes from which on a file goes in parts;
    part: bytes of a part, 5 MiB at least.
    """

    url: str
    access: AccessSection
    call: Caller
    open: Callable[[], Stream]
    single: int = SINGLE_BYTES
    part: int = PART_BYTES

    def ask(self, operation: str, **arguments: Any) -> Any:
        """One request; None when it says that the name is taken. Other errors are translated, but not NoSuchUpload."""
        bucket, key = s3.split(self.url)
        try:
            return getattr(s3.client(self.access), operation)(Bucket=bucket, Key=key, **arguments)
        except BROKEN as error:
            if code_of(error) in TAKEN or ("IfMatch" in arguments and code_of(error) in MISSING):
                return None
            if code_of(error) == FORGOTTEN:
                raise _Forgotten from None
            s3.fail(self.url, error, self.access, writing=True)


def publish(target: Target, data: bytes | Path, etag: str | None = None) -> bool:
    """Write if the name is free, or, with `etag`, if that version is still there (bytes only).

    Raises Refused, StorageUnusable, or Transient when it kept failing.
    """
    if isinstance(data, Path) and data.stat().st_size > target.single:
        return _publish_parts(target, data)
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    tries = 0

    def attempt() -> bool:
        nonlocal tries
        tries += 1
        with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as stream:
            return target.ask("put_object", Body=stream, **condition) is not None

    return target.call(attempt) or (tries > 1 and _holds(target, data))


def _holds(target: Target, data: bytes | Path) -> bool:
    """True when the object has these bytes. Reads both as they come."""
    try:
        with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as ours, target.open() as theirs:
            while chunk := theirs.read(_CHUNK):
                if ours.read(len(chunk)) != chunk:
                    return False
            return not ours.read(1)
    except ShardUnreadable as error:
        raise Transient(str(error)) from None


def _publish_parts(target: Target, path: Path) -> bool:
    for _ in range(UPLOADS):
        if target.call(lambda: s3.size(target.url, target.access)) is not None:
            return False  # before anything is sent; the condition at the end decides
        try:
            return _upload(target, path)
        except _Forgotten:
            continue
    raise Transient(f"{target.url}: the server forgot the parts of {UPLOADS} uploads")


def _upload(target: Target, path: Path) -> bool:
    """Upload a file in parts; its parts are given up when that fails, also when somebody was faster."""
    upload = target.call(lambda: target.ask("create_multipart_upload"))["UploadId"]
    written = False
    try:
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in _send_parts(target, path, upload)]
        written = _complete(target, path, upload, parts)
    finally:
        if not written:
            with suppress(RecallError, _Forgotten):  # once: whatever went wrong is what the caller is to hear
                target.ask("abort_multipart_upload", UploadId=upload)
    return written


def _send_parts(target: Target, path: Path, upload: str) -> Iterator[tuple[int, str]]:
    """Send the parts one after the other, one in memory; number and etag of each."""
    size = max(target.part, -(-path.stat().st_size // MOST_PARTS))
    with path.open("rb") as stream:
        for number, part in enumerate(iter(lambda: stream.read(size), b""), 1):
            wanted = {"UploadId": upload, "PartNumber": number, "Body": part}
            yield number, str(target.call(lambda wanted=wanted: target.ask("upload_part", **wanted))["ETag"])  # type: ignore[misc]


def _complete(target: Target, path: Path, upload: str, parts: list[dict[str, Any]]) -> bool:
    """Let the parts become the object, if the name is free. Raises _Forgotten when the server knows them no longer."""
    tries = 0

    def attempt() -> str | None:
        nonlocal tries
        tries += 1
        request = {"UploadId": upload, "MultipartUpload": {"Parts": parts}, "IfNoneMatch": "*"}
        answer = target.ask("complete_multipart_upload", **request)
        return None if answer is None else str(answer.get("ETag", ""))

    try:
        etag = target.call(attempt)
        if etag is None:
            return tries > 1 and _holds(target, path)
        return target.call(lambda: s3.etag_of(target.url, target.access)) == etag or _holds(target, path)
    except _Forgotten:  # by a request that arrived, whose answer was lost
        there = target.call(lambda: s3.size(target.url, target.access)) is not None
        if there and _holds(target, path):
            return True
        raise
