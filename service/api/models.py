"""The served model versions: found by reference, pinned by name, version or digest, the default swapped as one.

A reference is a model folder, RUN or RUN@ROUND. A version is the first digits of the model's digest, so that two
services that serve the same model call it the same. Who asked before a swap keeps the version they were given.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recall.errors import BadInput, RecallError
from recall.model.scorer import SHIPPED, SHIPPED_MODEL, Scorer
from recall.run import Run, Store
from service.api import schemas
from service.problems import Refusal
from service.server.metrics import bins

FILES = ("tokenizer.json", "scorer.npz", "model.json", "out_of_fold.parquet")
VERSION_DIGITS = 12
KEPT = 4
"""Versions that came by the pointer file and stay loaded, so that going back is at once and pins live on a while."""

_ROUND = re.compile(r"(.+)@(\d+)")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where a model lies. run: the root of the run it is of, "" for a folder alone."""

    name: str
    folder: Path
    run: str = ""

    def digest(self) -> str:
        """The model's digest, without loading it. Raises BadInput where the folder cannot be read."""
        try:
            return hashlib.sha256((self.folder / "model.json").read_bytes()).hexdigest()
        except OSError as error:
            raise BadInput(f"{self.folder}: no model is here: {error.strerror}") from None


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A loaded model. training: its training scores in the bins of the score histogram, empty where not known."""

    version: str
    name: str
    scorer: Scorer
    training: tuple[int, ...]
    run: str

    def described(self, *, default: bool, reported: bool) -> schemas.Model:
        """What /v1/models says of it. reported: its run has a report."""
        card = self.scorer.card
        recipe = {name: float(getattr(card.recipe, name)) for name in card.recipe.__dataclass_fields__}
        return schemas.Model(
            version=self.version,
            name=self.name,
            digest=self.scorer.digest,
            default=default,
            input=card.input,
            labels=list(card.labels),
            positive=card.positive,
            threshold=card.threshold,
            thresholds=dict(card.thresholds),
            topics={label: topic.threshold for label, topic in card.topics.items()},
            metrics=dict(card.metrics),
            recipe=recipe,
            report=f"/report/{self.version}/index.html" if reported else None,
        )


def resolve(reference: str, beside: Path | None = None) -> ModelSource:
    """Where a reference points; SHIPPED is recall's own model. beside: the folder that relative paths are read from.

    Raises BadInput where there is neither a model folder nor a run with a trained round.
    """
    if reference == SHIPPED:
        return ModelSource(SHIPPED, SHIPPED_MODEL)
    place = reference if beside is None or "://" in reference else str(beside / reference)
    if "://" not in place and (Path(place) / "model.json").is_file():
        folder = Path(place).resolve()
        inside = folder.name == "train" and folder.parent.parent.name == "rounds"
        if inside:
            above = folder.parents[2]
            run = str(above) if (above / "run.json").is_file() else ""
            return ModelSource(f"{above.name}@{folder.parent.name}", folder, run)
        return ModelSource(folder.name, folder)
    match = _ROUND.fullmatch(place)
    root = match[1] if match else place
    opened = Run.open(root)
    rounds = [int(match[2])] if match else range(opened.config.run.rounds, 0, -1)
    for number in rounds:
        step = opened.round(number).step("train")
        if step.done:
            prefix = step.key("model.json").removesuffix("/model.json")
            name = str(root).rstrip("/").rpartition("/")[2]
            return ModelSource(f"{name}@{number}", opened.store.local_folder(prefix, FILES), root)
    raise BadInput(f"{reference}: no round of this run is trained; see `recall status`")


def load(source: ModelSource) -> Version:
    """Load a model folder. Raises BadInput or Damaged as `Scorer.load` does."""
    scorer = Scorer.load(source.folder)
    scorer.score(["Größe"])  # compiles the kernels, that of other alphabets too
    training: tuple[int, ...] = ()
    if (source.folder / "out_of_fold.parquet").is_file():
        column = Store(str(source.folder)).read_table("out_of_fold.parquet", ["score"]).column("score")
        scores = np.array([score for score in column.to_pylist() if score is not None])
        training = bins(scores)
    return Version(scorer.digest[:VERSION_DIGITS], source.name, scorer, training, source.run)


def has_report(run: str) -> bool:
    """Tell whether a run has a report. Asks the run folder, wherever it lies."""
    try:
        return Store(run).exists("report/index.html")
    except RecallError:
        return False


def read_report(version: Version, file: str) -> bytes | None:
    """A file of the report of the version's run, None where there is none. Asks the run folder, wherever it lies."""
    if not version.run:
        return None
    store = Store(version.run)
    try:
        return store.read(f"report/{file}") if store.exists(f"report/{file}") else None
    except RecallError:
        return None


class Models:
    """All served versions and the default. fixed: those of the command line, which stay; the first is the default."""

    def __init__(self, fixed: Sequence[Version]) -> None:
        self._fixed = tuple(fixed)
        self._pointed: tuple[Version, ...] = ()
        self.default = fixed[0]

    @property
    def versions(self) -> list[Version]:
        """All of them once, the default first."""
        every = {version.version: version for version in (self.default, *self._fixed, *self._pointed)}
        return list(every.values())

    @property
    def training(self) -> Mapping[str, Sequence[int]]:
        """Training scores by version, of those that brought them."""
        return {version.version: version.training for version in self.versions if version.training}

    def find(self, pin: str | None) -> Version:
        """The version that is asked for, the default without a pin. Raises Refusal when it is not served."""
        if pin is None:
            return self.default
        for version in self.versions:
            if pin in (version.version, version.name, version.scorer.digest):
                return version
        raise Refusal("no-model", "See /v1/models for those that are")

    def loaded(self, digest: str) -> Version | None:
        """The version with this digest, if it is here already."""
        return next((version for version in self.versions if version.scorer.digest == digest), None)

    def point(self, version: Version) -> None:
        """Make a version the default; requests under way keep theirs."""
        others = [other for other in self._pointed if other.version != version.version]
        self._pointed = (version, *others)[:KEPT]
        self.default = version
