"""Writing to a dataset on the Hub: the files of a folder, in commits, never over other bytes.

In: an hf:// URL of a folder (its revision a branch) and a local folder. Out: the commit at which all of it is there. A
commit is seen whole or not at all: up to FILES files are one, of more the last commit holds the files that say that the
others are there. Each is made for the commit that was looked at: where the branch has moved meanwhile, or an answer was
lost, what is there is looked at anew, so that a run that was killed goes on where it ended. Refuses a name that is
taken by other bytes, and a dataset or branch that is not there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha1
from pathlib import Path
from typing import Protocol, TypeVar

from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # exported when asked for
    are_progress_bars_disabled,
    disable_progress_bars,
)

from recall.config import AccessSection
from recall.errors import BadInput, StorageUnusable
from recall.io.hub import COMMIT, KIND, ask, forget_commits, place_of

T = TypeVar("T")

FILES = 100
"""Files of a commit; the Hub advises 50 to 100."""
LOOKED_UP = 500
"""Names that one question asks about."""


class Caller(Protocol):
    """Makes a request through the rate limiter and retries it."""

    def __call__(self, action: Callable[[], T]) -> T:
        """What the request answers. Raises Transient when it kept failing."""


@dataclass(frozen=True, slots=True)
class HubFolder:
    """Where and how to write. call: how requests are made; files: of a commit."""

    url: str
    access: AccessSection
    call: Caller
    files: int = FILES

    def publish(self, folder: Path, last: Sequence[str], message: str) -> str:
        """Write all files of a local folder. last: names that go with the last commit, as they vouch for the others.

        Raises BadInput for a name that is taken by other bytes, Refused, StorageUnusable, or Transient when it kept
        failing.
        """
        place = place_of(self.url)
        if COMMIT.fullmatch(place.revision or ""):
            raise BadInput(f"{self.url}: names a commit, which never changes; name a branch to write to")
        names = sorted(str(path.relative_to(folder).as_posix()) for path in folder.rglob("*") if path.is_file())
        names.sort(key=lambda name: name in last)
        start = place.path_in_repo.rstrip("/")
        files = {f"{start}/{name}" if start else name: folder / name for name in names}
        listed = list(files)
        for at in range(0, len(listed), self.files):
            part = {path: files[path] for path in listed[at : at + self.files]}
            self.call(lambda part=part: self._commit(part, message))  # type: ignore[misc]
        forget_commits()
        head = self.call(self._head)
        if left := self.call(lambda: self._waiting(files, head)):
            raise StorageUnusable(
                f"{self.url}: the dataset's .gitignore keeps {left[0]} out; change it, then run again"
            )
        return head

    def _commit(self, files: dict[str, Path], message: str) -> None:
        head, place = self._head(), place_of(self.url)
        if waiting := self._waiting(files, head):
            operations = [CommitOperationAdd(path, files[path]) for path in waiting]

            def commit(api: HfApi) -> object:
                return api.create_commit(
                    place.id,
                    operations,
                    commit_message=message,
                    revision=place.revision,
                    repo_type=KIND,
                    parent_commit=head,
                )

            if not are_progress_bars_disabled():  # bars of its own would break up our lines
                disable_progress_bars()
            ask(self.url, self.access, commit, writing=True)

    def _head(self) -> str:
        place = place_of(self.url)
        info = ask(self.url, self.access, lambda api: api.dataset_info(place.id, revision=place.revision), writing=True)
        return str(info.sha)

    def _waiting(self, files: dict[str, Path], head: str) -> list[str]:
        """Files that are not there yet. Raises BadInput where other bytes have the name."""
        place, paths = place_of(self.url), list(files)
        there: set[str] = set()
        for at in range(0, len(paths), LOOKED_UP):
            asked = paths[at : at + LOOKED_UP]
            found = ask(
                self.url,
                self.access,
                lambda api, asked=asked: api.get_paths_info(place.id, asked, revision=head, repo_type=KIND),  # type: ignore[misc]
                writing=True,
            )
            for entry in found:
                if not isinstance(entry, RepoFile) or not _same(entry, files[entry.path]):
                    raise BadInput(
                        f"{self.url}: {entry.path} is there already, with other bytes; name another folder or branch"
                    )
                there.add(entry.path)
        return [path for path in paths if path not in there]


def _same(entry: RepoFile, path: Path) -> bool:
    """True where a file on the Hub has the bytes of a local one; small files are git blobs, large ones LFS objects."""
    if entry.size != path.stat().st_size:
        return False
    with path.open("rb") as stream:
        if entry.lfs is not None:
            return bool(entry.lfs.sha256 == file_digest(stream, "sha256").hexdigest())
        blob = sha1(b"blob %d\0" % entry.size + stream.read(), usedforsecurity=False)
        return bool(entry.blob_id == blob.hexdigest())
