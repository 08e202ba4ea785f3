"""boto3's errors, sorted by what follows from them; for a write otherwise than for a read.

In: an error and what was asked. Out: Again (worth another attempt), Refused (no rights), ShardUnreadable (this object
cannot be read), StorageUnusable (the bucket takes no objects, or is not there). Codes: Amazon S3 API Reference, "Error
responses"; those of MinIO and Ceph for a full disk or quota.
"""

from typing import NoReturn

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as BrokenConnection
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError as BrokenBody

from recall.errors import Refused, ShardUnreadable, StorageUnusable
from recall.io.retry_policy import Again, parse_retry_after

BROKEN = (ClientError, BotoCoreError, ResponseParserError, BrokenBody, OSError)
"""What boto3 raises: errors of the server, of the connection, an error's body that is no XML, a body cut short."""

NO_BUCKET = "NoSuchBucket"
MISSING = {"NoSuchKey", "404", "NotFound", "NoSuchVersion"}
TAKEN = {"PreconditionFailed", "412"}
_REFUSED = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403", "Forbidden", "AllAccessDisabled"}
_REFUSED |= {"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "AccountProblem", "InvalidSecurity", "NotSignedUp"}
_AGAIN = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling", "RequestTimeTooSkewed"}
_AGAIN |= {"OperationAborted", "ConditionalRequestConflict", "BadDigest", "IncompleteBody"}
_SLOW_DOWN = {"SlowDown", "ServiceUnavailable", "Throttling"}
_FULL = {"QuotaExceeded", "ServiceQuotaExceeded", "XMinioAdminBucketQuotaExceeded", "XMinioStorageFull"}
_OF_THE_OBJECT = {"InvalidObjectState"}
"""403 of a single object, which lies in an archive."""

_ADVICE = {
    NO_BUCKET: "there is no such bucket: make it, or name another",
    "EntityTooLarge": "the object is larger than the server takes",
    "InvalidBucketState": "the bucket is in a state that takes no writes",
    "PermanentRedirect": "the bucket lies in another region: set [access] s3_region",
    "AuthorizationHeaderMalformed": "the bucket lies in another region: set [access] s3_region",
    **dict.fromkeys(_FULL, "the bucket is full: make room or raise its quota"),
}


def code_of(error: Exception) -> str:
    """The code of a server's error, "" for another."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def translate(url: str, error: Exception, *, writing: bool = False) -> NoReturn:
    """Raise what follows from an error. writing: the object was to be written, or a run folder's to be listed."""
    if isinstance(error, ClientError):
        _translate_answer(url, error, writing=writing)
    if isinstance(error, NoCredentialsError | PartialCredentialsError | SSOError | TokenRetrievalError):
        raise Refused(f"{url}: needs credentials and there are none ({error})") from None
    if isinstance(error, CredentialRetrievalError):
        raise Again(f"credentials could not be fetched: {error}", None) from None
    if isinstance(error, ResponseParserError):
        raise Again("the server's answer is not XML", None) from None
    if isinstance(error, BrokenConnection | HTTPClientError | IncompleteReadError | BrokenBody | OSError):
        raise Again(f"connection broke: {type(error).__name__}", None) from None
    line = f"{url}: {error}"
    raise (StorageUnusable(f"{line}; nothing can be written there") if writing else ShardUnreadable(line)) from None


def _translate_answer(url: str, error: ClientError, *, writing: bool) -> NoReturn:
    code, meta = code_of(error), error.response.get("ResponseMetadata", {})
    status = int(meta.get("HTTPStatusCode", 0))
    headers = meta.get("HTTPHeaders", {})
    if code in _FULL or (writing and code in (NO_BUCKET, "InvalidBucketState")):
        raise StorageUnusable(_unusable(url, status, code)) from None
    if code in _AGAIN or status >= 500 or status in (408, 429) or (status == 409 and code in ("", "409")):
        slow_down = code in _SLOW_DOWN or status in (429, 503)
        wait = parse_retry_after(headers.get("retry-after"), headers.get("date"))
        raise Again(f"answered {status} {code}", wait, slow_down) from None
    if code in _REFUSED or (status in (401, 403) and code not in _OF_THE_OBJECT):
        right = "the right to write there" if writing else "bucket policy"
        raise Refused(f"{url}: the server refuses us ({status} {code}); check credentials and {right}") from None
    if writing:
        raise StorageUnusable(_unusable(url, status, code)) from None
    if code in MISSING or code == NO_BUCKET or status == 404:
        raise ShardUnreadable(f"{url}: not found ({code})") from None
    if status == 416:
        raise ShardUnreadable(f"{url}: the range lies beyond the end of the file (416)") from None
    raise ShardUnreadable(f"{url}: answered {status} {code}") from None


def _unusable(url: str, status: int, code: str) -> str:
    advice = _ADVICE.get(code, "the server takes no such object; look at the bucket")
    return f"{url}: cannot be written ({status} {code}): {advice}, then run again"
