"""Apply a trained round to other crawls: a run of one round that inherits the model and the accepted prefixes."""

from collections.abc import Sequence

from recall.archive.manifest import resolve
from recall.config import Config, CrawlSection, dump_config
from recall.errors import BadInput
from recall.run.rounds import Parent, Run
from recall.run.store import table_bytes
from recall.steps.judgements import LABELS, PAGE_TASKS, PREFIX_TASKS, accepted_prefixes
from recall.steps.train import MODEL_FILES


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


def apply_run(root: str, parent: str, crawl: CrawlSection, config: Config | None = None) -> Run:
    """Make a run in `root` that scans other shards with the model and prefixes of a sealed round.

    config: where [access] and [cluster] come from; everything else is the parent's. Raises BadInput when the round
    is not sealed.
    """
    origin_root, number = parse_parent(parent)
    origin = Run.open(origin_root)
    round_ = origin.round(number or last_sealed(origin))
    if not round_.sealed:
        raise BadInput(f"{parent}: round {round_.number} is not sealed; finish it before applying it elsewhere")
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
    run = Run.create(
        root, frozen, dump_config(frozen), shards, Parent(origin_root, round_.number, round_.record.digest)
    )
    train = round_.step("train")
    files: dict[str, bytes] = {name: origin.store.read(train.key(name)) for name in MODEL_FILES}
    run.adopt("train", files, {"model": train.manifest.settings["model"]})
    prefixes = accepted_prefixes(origin, range(1, round_.number + 1))
    run.adopt("label", _inherited_labels(prefixes), {"prefixes": len(prefixes)})
    return run


def _inherited_labels(prefixes: Sequence[str]) -> dict[str, bytes]:
    count = len(prefixes)
    labels = {
        "target": list(prefixes),
        "kind": ["prefix"] * count,
        "value": ["accept"] * count,
        "annotators": [[] for _ in prefixes],
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
