"""The Hub's answers and huggingface_hub's errors, sorted by what follows from them; for a write otherwise than a read.

In: a status with its headers, or an error. Out: Again (worth another attempt), Refused (no rights, or none known),
ShardUnreadable (not there), StorageUnusable (it takes no such commit), Moved (a commit came between). Statuses and
X-Error-Code: huggingface_hub, `utils/_http.py`, hf_raise_for_status. No line holds a token or an answer's body.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

from httpx2 import HTTPError as BrokenConnection
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]  # exported when asked for

from recall.errors import BadInput, Refused, ShardUnreadable, StorageUnusable
from recall.io.retry_policy import Again, parse_retry_after

_AGAIN = {408, 425, 429}
_SLOW_DOWN = {429, 503}
_MOVED = {409, 412}
_NAMELESS = "no token was sent: set HF_TOKEN or run `hf auth login`, and leave [access] anonymous off"


class Moved(Again):
    """A commit was not taken, as the branch is no longer at the commit that it was made for."""


def sort_status(url: str, status: int, headers: Mapping[str, str], *, named: bool, writing: bool = False) -> NoReturn:
    """Raise what follows from an error status. named: a token was sent; writing: a commit was to be made."""
    said = headers.get("X-Error-Code", "")
    if status >= 500 or status in _AGAIN:
        wait = parse_retry_after(headers.get("Retry-After"), headers.get("Date"))
        limit = parse_ratelimit_headers(headers)
        if wait is None and status == 429 and limit is not None and not limit.remaining:
            wait = float(limit.reset_in_seconds)
        raise Again(f"answered {status}", wait, status in _SLOW_DOWN)
    if writing and status in _MOVED:
        raise Moved(f"answered {status}: the branch has moved", None)
    if said == "GatedRepo":
        raise Refused(f"{url}: the dataset is gated ({status}): ask for access on its page; {_token(named=named)}")
    if status in (401, 403):
        what = "no such dataset, or it is private" if status == 401 else "no right to it"
        if writing:
            what = "no right to write there, or no such dataset: make it first"
        raise Refused(f"{url}: the Hub refuses us ({status}): {what}; {_token(named=named)}")
    if writing:
        advice = "make the dataset or the branch first" if status == 404 else "look at the dataset's page"
        raise StorageUnusable(f"{url}: cannot be written (answered {status} {said}): {advice}, then run again")
    if status == 404:
        what = {"RevisionNotFound": "no such revision", "RepoNotFound": "no such dataset"}.get(said, "not found")
        raise ShardUnreadable(f"{url}: {what} (404)")
    if status == 416:
        raise ShardUnreadable(f"{url}: the range lies beyond the end of the file (416)")
    raise ShardUnreadable(f"{url}: answered {status}")


def _token(*, named: bool) -> str:
    return "look at the token's rights" if named else _NAMELESS


@contextmanager
def translated(url: str, *, named: bool, writing: bool) -> Iterator[None]:
    """Raise what follows from the errors of a block that asks huggingface_hub. named, writing: as in `sort_status`."""
    try:
        yield
    except (HfHubHTTPError, BrokenConnection, RuntimeError, ValueError, OSError) as error:
        _translate(url, error, named=named, writing=writing)


def _translate(url: str, error: BaseException, *, named: bool, writing: bool) -> NoReturn:
    """Uploads wrap what ended them in a RuntimeError, or, in the store that large files go to, raise just that."""
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
    if isinstance(cause, HfHubHTTPError):
        sort_status(url, cause.response.status_code, cause.response.headers, named=named, writing=writing)
    if isinstance(cause, OfflineModeIsEnabled):
        raise ShardUnreadable(f"{url}: HF_HUB_OFFLINE is set, so nothing is asked of the Hub") from None
    if isinstance(cause, HFValidationError):
        raise BadInput(f"{url}: expected hf://datasets/OWNER/NAME[@REVISION]/PATH") from None
    if isinstance(cause, PermissionError):  # of the store that large files go to
        raise Refused(f"{url}: the Hub refuses us ({type(cause).__name__}); {_token(named=named)}") from None
    if isinstance(cause, BrokenConnection | OSError | RuntimeError):
        raise Again(f"connection broke: {type(cause).__name__}", None) from None
    line = f"{url}: the Hub's answer is not understood ({type(cause).__name__})"
    raise (StorageUnusable(line) if writing else ShardUnreadable(line)) from None
