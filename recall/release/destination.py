"""Where what leaves a run is written: a path, or a dataset on the Hugging Face Hub (hf://datasets/OWNER/NAME/PATH).

In: DEST as a verb was given it. Out: a path to write to; for a dataset one in a temporary folder, whose files are
committed when the block ends well: all in one commit, or, of more than a hundred files, the card and the digests in the
last one. Refuses, before anything is made, a dataset or branch that is not there.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recall.config import AccessSection
from recall.corpus import part_keys
from recall.errors import BadInput
from recall.io import open_stream, pinned, publish_folder
from recall.release.export_files import new_folder
from recall.run.rounds import Run
from recall.run.store import Store

HUB = "hf://"
LAST = ("README.md", "SHA256SUMS")
"""Files that say what the others are."""


@contextmanager
def destination(target: str, access: AccessSection, message: str) -> Iterator[Path]:
    """The path to write a file or folder to. message: of the commit. Raises as `recall.io.publish_folder`."""
    if not target.startswith(HUB):
        if "://" in target:
            raise BadInput(f"{target}: neither a path nor {HUB}datasets/OWNER/NAME/PATH; write to a path and copy it")
        yield Path(target)
        return
    pinned(target, access)
    folder, _, name = target.rstrip("/").rpartition("/")
    with tempfile.TemporaryDirectory(prefix="recall-") as made:
        path = Path(made) / name.replace("@", "_")
        yield path
        if path.is_dir():
            publish_folder(target, path, LAST, message, access)
        else:
            publish_folder(folder, path.parent, LAST, message, access)


def copy_corpus(run: Run, target: Path, *, linked: bool = False) -> int:
    """Write the corpus' parts and card into a new folder as they are; returns how many parts.

    linked: a folder that is to be read once holds links to the run's files where these lie on this machine.
    """
    if not run.step("corpus").done:
        raise BadInput(f"{run.store.root}: the corpus is not built yet; see `recall status`")
    parts = part_keys(run)
    with new_folder(target) as building:
        for key in parts:
            _copy(run.store, key, building / key.rpartition("/")[2], linked=linked)
        _copy(run.store, run.step("corpus").key("card.md"), building / "README.md", linked=linked)
    return len(parts)


def _copy(store: Store, key: str, path: Path, *, linked: bool) -> None:
    if linked and "://" not in store.root:
        path.symlink_to(Path(store.url(key)).absolute())
        return
    with open_stream(store.url(key), store.access) as source, path.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
