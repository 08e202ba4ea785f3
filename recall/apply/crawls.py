"""Apply a trained round to other crawls: a run of one round that inherits the model and the accepted prefixes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recall.archive.manifest import resolve
from recall.config import Config, CrawlSection, dump_config
from recall.errors import BadInput
from recall.labels.decisions import LABELS, PAGE_TASKS, PREFIX_TASKS, prefix_labels, prefixes_labelled
from recall.release.pack import MODEL, is_release, read_release
from recall.run.round_model import MODEL_FILES
from recall.run.rounds import Parent, Run
from recall.run.store import table_bytes


def parse_parent(text: str) -> tuple[str, int | None]:
    """Split RUN@ROUND; None stands for the last sealed round."""
    root, at, number = text.rpartition("@")
    if not at:
        return text, None
    if not number.isdigit() or int(number) < 1:
        raise BadInput(f"--from {text}: expected RUN@ROUND, for example runs/demo@3")
    return root, int(number)


def last_sealed(run: Run) -> int:
    """Number of the last sealed round. Raises BadInput when there is none."""
    sealed = [number for number in range(1, run.config.run.rounds + 1) if run.round(number).sealed]
    if not sealed:
        raise BadInput(f"{run.store.root}: no round is sealed yet; finish one before applying it elsewhere")
    return sealed[-1]


@dataclass(frozen=True, slots=True)
class Origin:
    """A trained round to start from. folder: of its model's files, on this machine; model: their digest.

    prefixes: accepted ones; rejected: others, which take their pages out of those.
    """

    parent: Parent
    config: Config
    folder: Path
    model: str
    prefixes: tuple[str, ...]
    rejected: tuple[str, ...] = ()


def origin_of(text: str) -> Origin:
    """RUN, RUN@ROUND or the folder of a release.

    Raises BadInput when the round is not sealed, Damaged when a file of the release is not what was packed.
    """
    if is_release(text):
        found = read_release(text)
        parent = Parent(text, found.round, found.digest)
        return Origin(parent, found.config, found.folder / MODEL, found.model, found.prefixes, found.rejected)
    root, number = parse_parent(text)
    run = Run.open(root)
    round_ = run.round(number or last_sealed(run))
    if not round_.sealed:
        raise BadInput(f"{text}: round {round_.number} is not sealed; finish it before applying it elsewhere")
    train, labels = round_.step("train"), prefix_labels(run, range(1, round_.number + 1))
    return Origin(
        Parent(root, round_.number, round_.record.digest),
        run.config,
        run.store.local_folder(train.folder, MODEL_FILES),
        train.manifest.settings["model"],
        *(prefixes_labelled(value, labels) for value in ("accept", "reject")),
    )


def apply_run(root: str, parent: str | Origin, crawl: CrawlSection, config: Config | None = None) -> Run:
    """Make a run in `root` that scans other shards with the model and prefixes of a trained round.

    parent: where it comes from, as `origin_of` reads it; config: where [access] and [cluster] come from; everything
    else is the parent's. Raises as `origin_of`.
    """
    origin = parent if isinstance(parent, Origin) else origin_of(parent)
    settings = config or origin.config
    frozen = origin.config.model_copy(
        update={
            "run": origin.config.run.model_copy(update={"rounds": 1, "holdout": ""}),
            "crawl": crawl,
            "seed": origin.config.seed.model_copy(update={"labels": ""}),
            "label": origin.config.label.model_copy(update={"answers": "", "gold": ""}),
            "access": settings.access,
            "cluster": settings.cluster,
        }
    )
    shards = resolve(crawl, frozen.access, frozen.run.seed, "wet" if frozen.scan.input == "text" else "warc")
    run = Run.create(root, frozen, dump_config(frozen), shards, origin.parent)
    run.adopt("train", {name: origin.folder / name for name in MODEL_FILES}, {"model": origin.model})
    run.adopt("label", _inherited_labels(origin.prefixes, origin.rejected), {"prefixes": len(origin.prefixes)})
    return run


def _inherited_labels(prefixes: Sequence[str], rejected: Sequence[str]) -> dict[str, bytes]:
    count = len(prefixes) + len(rejected)
    labels = {
        "target": [*prefixes, *rejected],
        "kind": ["prefix"] * count,
        "value": ["accept"] * len(prefixes) + ["reject"] * len(rejected),
        "annotators": [[] for _ in range(count)],
        "agreement": [1.0] * count,
        "use": ["train"] * count,
        "source": ["vote"] * count,
        "category": [""] * count,
    }
    return {
        "labels.parquet": table_bytes(labels, LABELS),
        "tasks.parquet": table_bytes({name: [] for name in PAGE_TASKS}, PAGE_TASKS),
        "prefixes.parquet": table_bytes({name: [] for name in PREFIX_TASKS}, PREFIX_TASKS),
    }
