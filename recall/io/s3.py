"""s3://bucket/key through boto3: signed by its usual chain, unsigned when asked or when there are no credentials.

boto3's own retries are off: `retry_policy` decides, as for https. `s3_errors` sorts its errors, `s3_upload` writes.
"""

import os
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from recall.config import AccessSection
from recall.errors import BadInput, Refused, StorageUnusable
from recall.io.http import check_range, user_agent
from recall.io.retry_policy import Again
from recall.io.s3_errors import BROKEN, MISSING, NO_BUCKET, code_of, translate
from recall.io.stream import OpenBody

T = TypeVar("T")

CHUNK = 1 << 18
UNSIGNED_SECONDS = 300.0
"""How long it holds that there are no credentials."""

_signed_until: dict[AccessSection, float] = {}
_unsigned_until: dict[AccessSection, float] = {}

BUCKET_SECONDS = 30.0
"""How long a bucket that was there counts as there."""

_seen_buckets: dict[tuple[str, AccessSection], float] = {}


def split(url: str) -> tuple[str, str]:
    """Bucket and key of an s3:// URL."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not bucket:
        raise BadInput(f"{url}: expected s3://bucket/key")
    return bucket, key


def signed(access: AccessSection) -> bool:
    """True when requests are signed: there are credentials, found as boto3 finds them, and they are not to be left.

    That there are none holds for a while only: a machine's own come from a server that may not answer at once.
    """
    now = time.monotonic()
    if access.anonymous or _signed_until.get(access, 0.0) > now:
        return not access.anonymous
    if _unsigned_until.get(access, 0.0) > now:
        return False
    there = boto3.Session().get_credentials() is not None
    (_signed_until if there else _unsigned_until)[access] = float("inf") if there else now + UNSIGNED_SECONDS
    return there


def forget_credentials() -> None:
    """Look for credentials anew when they are needed."""
    _signed_until.clear()
    _unsigned_until.clear()


def fail(url: str, error: Exception, access: AccessSection, *, writing: bool = False) -> NoReturn:
    """As `translate`; a refusal of a request without credentials is worth another when some are found now."""
    try:
        translate(url, error, writing=writing)
    except Refused as refused:
        if access.anonymous or access in _signed_until:
            raise
        _unsigned_until.pop(access, None)
        if signed(access):
            raise Again("refused without credentials; now there are some", None) from None
        raise Refused(f"{refused}; no credentials were found") from None


def endpoint_of(url: str, access: AccessSection) -> str:
    """The bucket, where it lies and whether we come with a name: what a budget and a refusal hold for."""
    server = access.s3_endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    return f"s3://{split(url)[0]}{' at ' + server if server else ''}{' (anonymous)' if access.anonymous else ''}"


@lru_cache(maxsize=8)
def _client_of(pid: int, access: AccessSection, sign: bool) -> Any:  # noqa: ARG001 - a fork makes its own connections
    settings: dict[str, Any] = {
        "connect_timeout": access.timeout_seconds,
        "read_timeout": access.timeout_seconds,
        "retries": {"total_max_attempts": 1},
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "user_agent_extra": user_agent(access),
        "max_pool_connections": 32,
    }
    if not sign:
        settings["signature_version"] = UNSIGNED
    if access.s3_endpoint:
        settings["s3"] = {"addressing_style": "path"}
    made = boto3.Session().client(
        "s3", region_name=access.s3_region, endpoint_url=access.s3_endpoint or None, config=Config(**settings)
    )
    made.meta.events.register("after-call.s3.GetObject", _keep_stream)
    return made


def _keep_stream(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    """Keep the stream of an answer: the body that boto3 makes of it waits until all that was asked for has come."""
    parsed["Stream"] = http_response.raw


def client(access: AccessSection) -> Any:
    """boto3's client for these settings. Raises BadInput for an endpoint that is no URL."""
    if access.s3_endpoint and urlsplit(access.s3_endpoint).scheme not in ("http", "https"):
        raise BadInput(f"[access] s3_endpoint: expected http:// or https://, found {access.s3_endpoint}")
    return _client_of(os.getpid(), access, signed(access))


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
            answer = client(self.access).get_object(Bucket=self._bucket, Key=self._key, **wanted)
        except BROKEN as error:
            fail(self.url, error, self.access)
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
        return OpenBody(
            _chunks(self.url, answer["Stream"]), total, answer.get("ETag", ""), body.close, answer["Stream"].shutdown
        )


def _chunks(url: str, stream: Any) -> Iterator[bytes]:
    try:
        while chunk := stream.read1(CHUNK):  # what has come, so that a trickle is seen
            yield chunk
    except BROKEN as error:
        translate(url, error)


def _unless_missing(url: str, access: AccessSection, action: Callable[[], T], *, writing: bool) -> T | None:
    """What a request answers, None where there is no such object; other errors translated."""
    try:
        return action()
    except BROKEN as error:
        if code_of(error) in MISSING:
            return None
        fail(url, error, access, writing=writing)


def read_version(url: str, access: AccessSection) -> tuple[bytes, str] | None:
    """Content and etag of a small object that is to be written, None if there is none."""
    bucket, key = split(url)

    def read() -> tuple[bytes, str]:
        answer = client(access).get_object(Bucket=bucket, Key=key)
        return answer["Body"].read(), answer["ETag"]

    return _unless_missing(url, access, read, writing=True)


def size(url: str, access: AccessSection) -> int | None:
    """Size of an object, None if there is none. Raises StorageUnusable when there is no such bucket."""
    bucket, key = split(url)
    found = _unless_missing(
        url, access, lambda: int(client(access).head_object(Bucket=bucket, Key=key)["ContentLength"]), writing=False
    )
    if found is None and time.monotonic() - _seen_buckets.get((bucket, access), -BUCKET_SECONDS) >= BUCKET_SECONDS:
        check_bucket(url, access)
        _seen_buckets[bucket, access] = time.monotonic()
    return found


def etag_of(url: str, access: AccessSection) -> str | None:
    """The etag of an object, None if there is none."""
    bucket, key = split(url)
    return _unless_missing(
        url, access, lambda: str(client(access).head_object(Bucket=bucket, Key=key)["ETag"]), writing=True
    )


def check_bucket(url: str, access: AccessSection) -> None:
    """Raise StorageUnusable when a URL's bucket is not there: an answer to HEAD does not tell it from a missing key."""
    bucket, _ = split(url)
    try:
        client(access).head_bucket(Bucket=bucket)
    except BROKEN as error:
        if code_of(error) in (*MISSING, NO_BUCKET):
            raise StorageUnusable(f"{url}: there is no bucket {bucket}: make it, or name another") from None
        # whoever may not list the bucket is refused although it is there


def remove(url: str, access: AccessSection) -> None:
    """Remove an object if it is there."""
    bucket, key = split(url)
    try:
        client(access).delete_object(Bucket=bucket, Key=key)
    except BROKEN as error:
        fail(url, error, access, writing=True)


def list_page(url: str, token: str, access: AccessSection) -> tuple[list[str], str]:
    """One page of the keys under a prefix, and the token of the next page ("" at the end)."""
    bucket, prefix = split(url)
    following = {"ContinuationToken": token} if token else {}
    try:
        answer = client(access).list_objects_v2(Bucket=bucket, Prefix=prefix, **following)
    except BROKEN as error:
        fail(url, error, access, writing=True)
    return [entry["Key"] for entry in answer.get("Contents", ())], str(answer.get("NextContinuationToken", ""))
