"""Apply a trained round to other crawls: a run of one round that inherits the model and the accepted prefixes.

Its threshold follows from the crawl's own scores, so that it meets the target there. With an audit, people label a
sample of the crawl's pages, which corrects the threshold and says what was met; nothing is trained. A config given
beside it says where work runs and what the corpus holds; `left_out` names what else it sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from recall.archive.manifest import resolve
from recall.config import AccessSection, Config, CrawlSection, dump_config
from recall.errors import BadInput
from recall.io import pinned
from recall.labels.decisions import INHERITED_LABELS, LABELS, PAGE_TASKS, PREFIX_TASKS, prefix_labels, prefixes_labelled
from recall.release.pack import MODEL, fetched_release, is_release, read_release
from recall.run.inputs import pin_inputs
from recall.run.round_model import MODEL_FILES
from recall.run.rounds import Parent, Run
from recall.run.store import table_bytes

WHERE = ("access", "cluster", "studio")
"""Sections that come from a config whole: where work runs."""

CORPUS = ("build", "optout", "tags", "quality", "privacy", "contamination", "duplicates", "boilerplate", "mix")
"""Sections that say what the corpus holds: of these what a config sets takes the place of the parent's, key by key."""


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

    prefixes: accepted ones; rejected: others, which take their pages out of those. corpus: the folder of its corpus or
    of the signatures of that, "" where it has none.
    """

    parent: Parent
    config: Config
    folder: Path
    model: str
    prefixes: tuple[str, ...]
    rejected: tuple[str, ...] = ()
    corpus: str = ""


def origin_of(text: str, *, with_corpus: bool = False, access: AccessSection | None = None) -> Origin:
    """RUN, RUN@ROUND or the folder of a release, which may lie in a dataset on the Hub (hf://).

    with_corpus: with its corpus, where it has one, so that the pages in it stay out of those of other crawls.
    access: how the Hub is asked.

    Raises BadInput when the round is not sealed, Damaged when a file of the release is not what was packed.
    """
    far = text.startswith("hf://")
    if far or is_release(text):
        place = pinned(text, access or AccessSection()) if far else text
        found = read_release(str(fetched_release(place, access or AccessSection())) if far else text)
        parent = Parent(place, found.round, found.digest)
        signed = with_corpus and any(found.folder.glob("signatures-*.parquet"))
        corpus = (place if far else _absolute(text)) if signed else ""
        folder = found.folder / MODEL
        return Origin(parent, found.config, folder, found.model, found.prefixes, found.rejected, corpus)
    root, number = parse_parent(text)
    run = Run.open(root)
    round_ = run.round(number or last_sealed(run))
    if not round_.sealed:
        raise BadInput(f"{text}: round {round_.number} is not sealed; finish it before applying it elsewhere")
    train, labels = round_.step("train"), prefix_labels(run, range(1, round_.number + 1))
    accepted, rejected = (prefixes_labelled(value, labels) for value in ("accept", "reject"))
    built = with_corpus and run.step("corpus").done
    return Origin(
        Parent(root, round_.number, round_.record.digest),
        run.config,
        run.store.local_folder(train.folder, MODEL_FILES),
        train.manifest.settings["model"],
        accepted,
        rejected,
        _absolute(run.store.url("corpus")) if built else "",
    )


def _absolute(place: str) -> str:
    """A path as it is read from any folder; URLs stay."""
    return place if "://" in place else str(Path(place).absolute())


def parse_target(text: str, config: Config) -> Config:
    """A config with another [train] target, NAME=VALUE. Raises BadInput for what [train] would not take."""
    name, _, value = text.partition("=")
    changed = {"target": name.strip(), "target_value": value.strip()}
    try:
        return Config.model_validate({**config.model_dump(), "train": {**config.train.model_dump(), **changed}})
    except ValidationError as error:
        what = error.errors()[0]["msg"]
        raise BadInput(
            f"--target {text}: {what}; for example precision=0.8, recall=0.9, pages=0.049 or tokens=30e9"
        ) from None


def apply_run(
    root: str,
    parent: str | Origin,
    crawl: CrawlSection,
    config: Config | None = None,
    audit: int = 0,
    target: str = "",
) -> Run:
    """Make a run in `root` that scans other shards with the model and prefixes of a trained round.

    parent: where it comes from, as `origin_of` reads it; config: where WHERE and the holdout come from, what it sets of
    CORPUS and of [scan] types, and with an audit the file that answers; audit: pages that people label; target: as
    `parse_target` reads it. Pages that the origin's corpus holds stay out. Everything else is the parent's, without a
    judge, as people alone decide an audit. Raises as `origin_of`, BadInput for a target that cannot be and for settings
    that do not go with the parent's.
    """
    origin = parent if isinstance(parent, Origin) else origin_of(parent)
    frozen = _settings(origin, crawl, config, audit)
    frozen = pin_inputs(parse_target(target, frozen) if target else frozen)
    shards = resolve(frozen.crawl, frozen.access, frozen.run.seed, "wet" if frozen.scan.input == "text" else "warc")
    run = Run.create(root, frozen, dump_config(frozen), shards, origin.parent)
    model: dict[str, bytes | Path] = {name: origin.folder / name for name in MODEL_FILES}
    if audit:
        model[INHERITED_LABELS] = _prefix_labels(origin.prefixes, origin.rejected)
    run.adopt("train", model, {"model": origin.model})
    if not audit:
        run.adopt("label", _inherited_labels(origin.prefixes, origin.rejected), {"prefixes": len(origin.prefixes)})
    return run


def _settings(origin: Origin, crawl: CrawlSection, config: Config | None, audit: int) -> Config:
    """The config of a run that starts from `origin`, as `apply_run` says."""
    theirs, given = origin.config.model_dump(), {} if config is None else config.model_dump(exclude_unset=True)
    asked: dict[str, object] = {"answers": config.label.answers if config and audit else "", "gold": ""}
    if audit:
        asked |= {"audit": audit, "pages": 0, "prefixes": 0, "gold_share": 0.0}
    sections = {**theirs, **{name: {**theirs[name], **given.get(name, {})} for name in CORPUS}}
    against = given.get("duplicates", {}).get("against")
    sections["duplicates"]["against"] = against or (*origin.config.duplicates.against, *filter(None, [origin.corpus]))
    sections["run"] |= {"rounds": 1, "holdout": config.run.holdout if config else ""}
    sections["scan"] |= {key: value for key, value in given.get("scan", {}).items() if key == "types"}
    sections["seed"] |= {"labels": ""}
    sections["label"] |= asked
    sections |= {"crawl": crawl.model_dump(), "judge": {}}
    if config is not None:
        sections |= {name: getattr(config, name).model_dump() for name in WHERE}
    try:
        return Config.model_validate(sections)
    except ValidationError as error:
        raise BadInput(f"{_key_of(error)}, with the settings of {origin.parent.root}") from None


def _key_of(error: ValidationError) -> str:
    """The first error's key and what is wrong there."""
    first = error.errors()[0]
    return ": ".join(filter(None, (".".join(str(part) for part in first["loc"]), first["msg"])))


def left_out(given: Config, made: Config) -> list[str]:
    """What a config sets and the run made by `apply_run` does not have, a line for each section."""
    taken = {("run", "holdout"), ("scan", "types")} | ({("label", "answers")} if not made.label.pages else set())
    lines = []
    for name in Config.model_fields:
        theirs, own = getattr(given, name), getattr(made, name)
        keys = [
            key
            for key in sorted(theirs.model_fields_set)
            if (name, key) not in taken and getattr(theirs, key) != getattr(own, key)
        ]
        if keys and name not in (*WHERE, *CORPUS, "crawl"):
            lines.append(
                f"[{name}] {', '.join(keys)}: not taken of --config; with --from these are the parent's, or none"
            )
    return lines


def _prefix_labels(prefixes: Sequence[str], rejected: Sequence[str]) -> bytes:
    """Judged prefixes as a table of labels."""
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
        "error_chance": [None] * count,
    }
    return table_bytes(labels, LABELS)


def _inherited_labels(prefixes: Sequence[str], rejected: Sequence[str]) -> dict[str, bytes]:
    return {
        "labels.parquet": _prefix_labels(prefixes, rejected),
        "tasks.parquet": table_bytes({name: [] for name in PAGE_TASKS}, PAGE_TASKS),
        "prefixes.parquet": table_bytes({name: [] for name in PREFIX_TASKS}, PREFIX_TASKS),
    }
