"""s3://bucket/key through boto3: signed by its usual chain, unsigned when asked or when there are no credentials.

boto3's own retries are off: `retry_policy` decides, as for https. Writes are conditional (If-None-Match, If-Match).
"""

import io
import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError, NoCredentialsError
from botocore.exceptions import ConnectionError as BrokenConnection
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError as BrokenBody

from recall.config import AccessSection
from recall.errors import BadInput, Refused, ShardUnreadable
from recall.io.http import check_range, user_agent
from recall.io.retry_policy import Again, parse_retry_after
from recall.io.stream import OpenBody

T = TypeVar("T")

CHUNK = 1 << 18
_MISSING = {"NoSuchKey", "NoSuchBucket", "404", "NotFound", "NoSuchVersion"}
_REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403", "Forbidden", "AllAccessDisabled"}
_AGAIN = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling", "RequestTimeTooSkewed"}
_SLOW_DOWN = {"SlowDown", "ServiceUnavailable", "Throttling"}
_TAKEN = {"PreconditionFailed", "412"}
_BROKEN = (ClientError, BotoCoreError, ResponseParserError, BrokenBody, OSError)
"""What boto3 raises: errors of the server, of the connection, an error's body that is no XML, a body cut short."""


def split(url: str) -> tuple[str, str]:
    """Bucket and key of an s3:// URL."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise BadInput(f"{url}: expected s3://bucket/key")
    return bucket, key


@lru_cache(maxsize=8)
def signed(access: AccessSection) -> bool:
    """True when requests are signed: there are credentials, found as boto3 finds them, and they are not to be left."""
    return not access.anonymous and boto3.Session().get_credentials() is not None


def endpoint_of(url: str, access: AccessSection) -> str:
    """The bucket, where it lies and whether we come with a name: what a budget and a refusal hold for."""
    server = access.s3_endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    return f"s3://{split(url)[0]}{' at ' + server if server else ''}{' (anonymous)' if access.anonymous else ''}"


@lru_cache(maxsize=8)
def _client_of(pid: int, access: AccessSection) -> Any:  # noqa: ARG001 - a fork makes its own connections
    settings: dict[str, Any] = {
        "connect_timeout": access.timeout_seconds,
        "read_timeout": access.timeout_seconds,
        "retries": {"total_max_attempts": 1},
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "user_agent_extra": user_agent(access),
        "max_pool_connections": 32,
    }
    if not signed(access):
        settings["signature_version"] = UNSIGNED
    if access.s3_endpoint:
        settings["s3"] = {"addressing_style": "path"}
    return boto3.Session().client(
        "s3", region_name=access.s3_region, endpoint_url=access.s3_endpoint or None, config=Config(**settings)
    )


def _client(access: AccessSection) -> Any:
    if access.s3_endpoint and urlsplit(access.s3_endpoint).scheme not in ("http", "https"):
        raise BadInput(f"[access] s3_endpoint: expected http:// or https://, found {access.s3_endpoint}")
    return _client_of(os.getpid(), access)


def _translate(url: str, error: Exception) -> NoReturn:
    """Sort boto3's errors by what follows from them."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        meta = error.response.get("ResponseMetadata", {})
        status = int(meta.get("HTTPStatusCode", 0))
        if code in _AGAIN or status >= 500 or status in (408, 409, 429):
            headers = meta.get("HTTPHeaders", {})
            slow_down = code in _SLOW_DOWN or status in (429, 503)
            wait = parse_retry_after(headers.get("retry-after"), headers.get("date"))
            raise Again(f"answered {status} {code}", wait, slow_down) from None
        if code in _REFUSED or status in (401, 403):
            raise Refused(
                f"{url}: the server refuses us ({status} {code}); check credentials and bucket policy"
            ) from None
        if code in _MISSING or status == 404:
            raise ShardUnreadable(f"{url}: not found ({code})") from None
        if status == 416:
            raise ShardUnreadable(f"{url}: the range lies beyond the end of the file (416)") from None
        raise ShardUnreadable(f"{url}: answered {status} {code}") from None
    if isinstance(error, NoCredentialsError):
        raise Refused(f"{url}: needs credentials and there are none") from None
    if isinstance(error, ResponseParserError):
        raise Again("the server's answer is not XML", None) from None
    if isinstance(error, BrokenConnection | HTTPClientError | IncompleteReadError | BrokenBody | OSError):
        raise Again(f"connection broke: {type(error).__name__}", None) from None
    raise ShardUnreadable(f"{url}: {error}") from None


class S3Source:
    """An object as a source."""

    def __init__(self, url: str, access: AccessSection) -> None:
        self.url = url
        self.endpoint = endpoint_of(url, access)
        self.access = access
        self.attempts = access.attempts
        self._bucket, self._key = split(url)

    def open(self, start: int, stop: int | None) -> OpenBody:
        """Ask for the bytes; a whole object from byte 0 is asked for without a range."""
        ranged = start > 0 or stop is not None
        wanted = {"Range": f"bytes={start}-{'' if stop is None else stop - 1}"} if ranged else {}
        try:
            answer = _client(self.access).get_object(Bucket=self._bucket, Key=self._key, **wanted)
        except _BROKEN as error:
            _translate(self.url, error)
        body = answer["Body"]
        try:
            if ranged:
                if answer["ResponseMetadata"]["HTTPStatusCode"] != 206:
                    raise Again("answered 200 instead of 206 to a request for a range", None)
                total = check_range(answer.get("ContentRange", ""), start, stop)
            else:
                total = answer.get("ContentLength")
        except Again:
            body.close()
            raise
        return OpenBody(_chunks(self.url, body), total, answer.get("ETag", ""), body.close)


def _chunks(url: str, body: Any) -> Iterator[bytes]:
    try:
        while chunk := body._raw_stream.read1(CHUNK):  # what has come, so that a trickle is seen; read() would wait
            yield chunk
    except _BROKEN as error:
        _translate(url, error)


def publish(url: str, data: bytes | Path, access: AccessSection, etag: str | None = None) -> bool:
    """One conditional PUT: only if the name is free, or, with `etag`, only if that version is still there."""
    bucket, key = split(url)
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    try:
        with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as stream:
            _client(access).put_object(Bucket=bucket, Key=key, Body=stream, **condition)
    except ClientError as error:
        if str(error.response.get("Error", {}).get("Code", "")) in _TAKEN:
            return False
        _translate(url, error)
    except _BROKEN as error:
        _translate(url, error)
    return True


def _unless_missing(url: str, action: Callable[[], T]) -> T | None:
    """What a request answers, None where there is no such object; other errors translated."""
    try:
        return action()
    except ClientError as error:
        if str(error.response.get("Error", {}).get("Code", "")) in _MISSING:
            return None
        _translate(url, error)
    except _BROKEN as error:
        _translate(url, error)


def read_version(url: str, access: AccessSection) -> tuple[bytes, str] | None:
    """Content and etag of a small object, None if there is none."""
    bucket, key = split(url)

    def read() -> tuple[bytes, str]:
        answer = _client(access).get_object(Bucket=bucket, Key=key)
        return answer["Body"].read(), answer["ETag"]

    return _unless_missing(url, read)


def size(url: str, access: AccessSection) -> int | None:
    """Size of an object, None if there is none."""
    bucket, key = split(url)
    return _unless_missing(url, lambda: int(_client(access).head_object(Bucket=bucket, Key=key)["ContentLength"]))


def remove(url: str, access: AccessSection) -> None:
    """Remove an object if it is there."""
    bucket, key = split(url)
    try:
        _client(access).delete_object(Bucket=bucket, Key=key)
    except _BROKEN as error:
        _translate(url, error)


def list_page(url: str, token: str, access: AccessSection) -> tuple[list[str], str]:
    """One page of the keys under a prefix, and the token of the next page ("" at the end)."""
    bucket, prefix = split(url)
    following = {"ContinuationToken": token} if token else {}
    try:
        answer = _client(access).list_objects_v2(Bucket=bucket, Prefix=prefix, **following)
    except _BROKEN as error:
        _translate(url, error)
    return [entry["Key"] for entry in answer.get("Contents", ())], str(answer.get("NextContinuationToken", ""))
