"""hf://datasets/OWNER/NAME[@REVISION]/PATH: files of datasets on the Hugging Face Hub, read by byte range.

In: such a URL and [access]. Out: a source, a size, the files of a folder, or the same URL at a commit (`pinned`). The
token comes from where huggingface_hub keeps it (HF_TOKEN, or the file that `hf auth login` writes); it is sent to the
Hub alone, as redirects to other hosts lose it, and [access] anonymous leaves it out. HF_ENDPOINT names another server.
Bytes come by the Hub's `resolve` route through `http`; names and sizes by huggingface_hub. Raises BadInput for what is
no such URL, and as `hub_errors` sorts answers.
"""

import os
import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache, partial
from typing import TypeVar

import httpx
from huggingface_hub import HfApi, HfUri, constants, get_token, hf_hub_url, parse_hf_uri
from huggingface_hub.errors import HfUriError
from huggingface_hub.hf_api import RepoFile

from recall.config import AccessSection
from recall.errors import BadInput
from recall.io.http import HttpSource, user_agent
from recall.io.hub_errors import sort_status, translated

T = TypeVar("T")

COMMIT = re.compile(r"[0-9a-f]{40}")
KIND = "dataset"


def place_of(url: str) -> HfUri:
    """Owner/name, revision and path of a URL. Raises BadInput for another kind of place on the Hub."""
    try:
        found = parse_hf_uri(url)
    except HfUriError:
        found = None
    if found is None or found.type != KIND or "/" not in found.id or ".." in found.path_in_repo.split("/"):
        raise BadInput(f"{url}: expected hf://datasets/OWNER/NAME[@REVISION]/PATH")
    return found


def server() -> str:
    """Where the Hub is."""
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or constants.ENDPOINT


def token_of(access: AccessSection) -> str | bool:
    """The token to ask with, False for none; never written to a log or an error."""
    return (not access.anonymous and get_token()) or False


def endpoint_of(url: str, access: AccessSection) -> str:
    """The dataset, where it lies and whether we come with a name: what a budget and a refusal hold for."""
    return f"hf://datasets/{place_of(url).id} at {server()}{'' if token_of(access) else ' (anonymous)'}"


def ask(url: str, access: AccessSection, question: Callable[[HfApi], T], *, writing: bool = False) -> T:
    """One question through huggingface_hub, its errors sorted. Raises Again where another attempt may go through."""
    with translated(url, named=bool(token_of(access)), writing=writing):
        return question(_api(server(), token_of(access), user_agent(access)))


@lru_cache(maxsize=8)
def _api(endpoint: str, token: str | bool, agent: str) -> HfApi:
    return HfApi(endpoint=endpoint, token=token, user_agent=agent)


class HubSource(HttpSource):
    """A file of a dataset as a source."""

    def __init__(self, url: str, access: AccessSection) -> None:
        super().__init__(url, access, endpoint_of(url, access))
        place, token = place_of(url), token_of(access)
        self.address = hf_hub_url(
            place.id, place.path_in_repo, repo_type=KIND, revision=place.revision, endpoint=server()
        )
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.check = partial(_check, named=bool(token))


def _check(answer: httpx.Response, url: str, *, named: bool) -> None:
    if answer.status_code >= 400:
        sort_status(url, answer.status_code, answer.headers, named=named)


def size(url: str, access: AccessSection) -> int | None:
    """Size of a file, None if there is none. Raises Again, Refused, ShardUnreadable."""
    place = place_of(url)
    found = ask(
        url,
        access,
        lambda api: api.get_paths_info(place.id, place.path_in_repo, revision=place.revision, repo_type=KIND),
    )
    return next((int(entry.size) for entry in found if isinstance(entry, RepoFile)), None)


def list_files(url: str, access: AccessSection) -> Iterator[str]:
    """Names of all files below a folder, relative to it."""
    place = place_of(url)
    folder = place.path_in_repo.rstrip("/")

    def question(api: HfApi) -> list[str]:
        tree = api.list_repo_tree(place.id, folder or None, recursive=True, revision=place.revision, repo_type=KIND)
        return [entry.path for entry in tree if isinstance(entry, RepoFile)]

    start = f"{folder}/" if folder else ""
    yield from (path.removeprefix(start) for path in ask(url, access, question))


def pinned(url: str, access: AccessSection) -> str:
    """The URL at the commit that its revision is now; asked once for a revision in a process."""
    place = place_of(url)
    if COMMIT.fullmatch(place.revision or ""):
        return url
    commit = _commit_of(server(), place.id, place.revision, access)
    path = place.path_in_repo.rstrip("/")
    return f"hf://datasets/{place.id}@{commit}{'/' if path else ''}{path}{'/' if url.endswith('/') else ''}"


def forget_commits() -> None:
    """Ask anew at what commit each revision is, as after one of our own."""
    _commit_of.cache_clear()


@cache
def _commit_of(endpoint: str, dataset: str, revision: str | None, access: AccessSection) -> str:  # noqa: ARG001 - a key
    url = f"hf://datasets/{dataset}{'@' if revision else ''}{revision or ''}"
    return str(ask(url, access, lambda api: api.dataset_info(dataset, revision=revision).sha))
