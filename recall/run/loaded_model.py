"""A model of any folder, loaded once a process.

In: "shipped" (recall's own) or a model folder on a disk or s3://, and how remote files are read. Out: its scorer.
"""

from functools import lru_cache

from recall.config import AccessSection
from recall.model.scorer import SCORER_FILES, Scorer
from recall.run.store import Store

_MODELS = 16
"""Models that a process keeps loaded."""


@lru_cache(maxsize=_MODELS)
def load_model(folder: str, access: AccessSection | None = None) -> Scorer:
    """A model, loaded once a process. Raises as `Scorer.load`."""
    if "://" not in folder:
        return Scorer.load(folder)
    root, _, name = folder.rstrip("/").rpartition("/")
    return Scorer.load(Store(root, access).local_folder(name, SCORER_FILES))
