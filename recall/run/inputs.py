"""Inputs of a run, frozen in its folder: config.toml, shards.txt, holdout.txt, and run.json over them.

Published once, run.json last. Its `digest` is what runs are compared by: it leaves out times, [access], [cluster],
[studio] and where inputs lie, and holds what they contain. Refuses a folder that holds other inputs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, overload

import numpy as np

import recall
from recall.config import LOCATIONS, AccessSection, Config, parse_config
from recall.errors import AlreadyPublished, BadInput, Damaged, ShardFailed
from recall.io import pinned, read_all, text_lines
from recall.records import Shard
from recall.run.digests import digest_json, seal_json, unseal_json
from recall.run.label_files import LabelledUrl, parse_labels
from recall.run.order import StepPosition, run_order
from recall.run.store import Store, digest_of
from recall.sites.holdout import Holdout, parse_holdout

RUN = "run.json"
CONFIG = "config.toml"
SHARDS = "shards.txt"
HOLDOUT = "holdout.txt"
FORMAT = 3
"""Version of the run folders that are written. Older ones are read (status, verify) but not gone on with: the steps of
format 1, without `format`, lack what later ones and the ledger need, the token ids of format 2 what is code."""

STOPPED = "stopped.json"
"""Says after which round the run ends, where it ends before its config says."""

_ELSEWHERE = {"access", "cluster", "studio"}


@dataclass(frozen=True, slots=True)
class Parent:
    """The round whose model and labels an applied run inherited. root: where that run lay; digest: of its round."""

    root: str
    round: int
    digest: str


class ShardList(Sequence[Shard]):
    """shards.txt as a sequence: a line is parsed when it is asked for, so 100,000 shards cost 100,000 lines of text."""

    def __init__(self, data: bytes, name: str, columns: tuple[str, str]) -> None:
        self._data, self._name, self._columns = data, name, columns
        ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))
        self._starts = np.concatenate(([0], ends + 1)).astype(np.int64)

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> Shard: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Shard]: ...
    def __getitem__(self, index: int | slice) -> Shard | Sequence[Shard]:
        if isinstance(index, slice):
            return [self._parse(number) for number in range(len(self))[index]]
        return self._parse(range(len(self))[index])

    def __iter__(self) -> Iterator[Shard]:
        return (self._parse(number) for number in range(len(self)))

    def _parse(self, index: int) -> Shard:
        line = self._data[self._starts[index] : self._starts[index + 1] - 1].decode()
        try:
            number, crawl, path, url = line.split("\t")
            return Shard(int(number), crawl, path, url, self._columns)
        except ValueError:
            raise Damaged(f"{self._name}:{index + 1}: expected number, crawl, path and url") from None


def _shard_lines(shards: Iterable[Shard]) -> Iterator[str]:
    for expected, shard in enumerate(shards):
        cells = (str(shard.number), shard.crawl, shard.path, shard.url)
        if shard.number != expected or any(set(cell) & set("\t\r\n") for cell in cells):
            raise BadInput(f"shard {expected}: not usable in {SHARDS}: {cells}")
        yield "\t".join(cells) + "\n"


@dataclass(frozen=True, slots=True)
class Inputs:
    """run.json, read. files: digest of each frozen file, labels: of each labels file; digest: what runs compare by."""

    digest: str
    files: Mapping[str, str]
    labels: Mapping[str, str]
    parent: Parent | None
    version: str
    created: str
    format: int = FORMAT

    def check_format(self, root: str) -> None:
        """Raise BadInput when the run was begun by a version whose steps this one cannot go on with."""
        if self.format != FORMAT:
            raise BadInput(
                f"{root}: was begun by recall {self.version} (run folder format {self.format}); recall "
                f"{recall.__version__} (format {FORMAT}) reads it but cannot go on with it: finish it with the version "
                "that began it, or make a new run from its config.toml"
            )


def pin_inputs(config: Config) -> Config:
    """A config that names its inputs for ever: of datasets on the Hub (hf://) the commit that a branch is now."""
    sections = config.model_dump()
    for section, key in LOCATIONS:
        value = sections[section][key]
        if isinstance(value, str):
            sections[section][key] = pinned(value, config.access)
        else:
            sections[section][key] = tuple(pinned(entry, config.access) for entry in value)
    return Config.model_validate(sections)


def _comparable(config: Config) -> dict[str, Any]:
    sections = config.model_dump(mode="json", exclude=_ELSEWHERE)
    return {
        name: {key: value for key, value in section.items() if (name, key) not in LOCATIONS}
        for name, section in sections.items()
    }


def _holdout_text(config: Config) -> bytes:
    source = config.run.holdout
    try:
        data = read_all(source, config.access)
        held = parse_holdout(text_lines(data, source), source)
    except ShardFailed as error:
        raise BadInput(f"[run] holdout: {error}") from None
    if not held.names:
        raise BadInput(f"{source}: [run] holdout names a list that holds nothing out; leave it empty, or fill the list")
    return data


def _labels_digests(config: Config) -> dict[str, str]:
    """Digest of each labels file that the config names, by its key."""
    digests = {}
    for key in ("seed.labels", "label.answers", "label.gold"):
        section, _, name = key.partition(".")
        source = getattr(getattr(config, section), name)
        if source:
            try:
                digests[key] = digest_of(read_all(source, config.access))
            except ShardFailed as error:
                raise BadInput(f"[{key.replace('.', '] ')}: {error}") from None
    return digests


def read_frozen_labels(inputs: "Inputs", key: str, source: str, access: AccessSection) -> list[LabelledUrl]:
    """Labels of a file that the config names; key: seed.labels, label.answers or label.gold.

    Raises BadInput when the file is missing or is no longer the one that the run was made with.
    """
    try:
        data = read_all(source, access)
    except ShardFailed as error:
        raise BadInput(f"{source}: labels cannot be read: {error}") from None
    if inputs.labels.get(key) != digest_of(data):
        raise BadInput(f"{source}: changed since `recall init`; put the old file back, or make a new run")
    return parse_labels(data, source)


def freeze(store: Store, config: Config, config_text: str, shards: Iterable[Shard], parent: Parent | None) -> None:
    """Publish the inputs of a new run; the same inputs again are fine.

    Raises BadInput for shards or a holdout that cannot be used, AlreadyPublished for a folder with other inputs.
    """
    if parent is not None and config.run.rounds != 1:
        raise BadInput("[run] rounds: a run that inherits its model has exactly 1 round")
    lines = list(_shard_lines(shards))
    if not lines:
        raise BadInput("[crawl]: no shards: give ids, paths or warcs")
    files = {CONFIG: config_text.encode(), SHARDS: "".join(lines).encode()}
    if config.run.holdout:
        files[HOLDOUT] = _holdout_text(config)
    learned = _labels_digests(config)
    lineage = digest_of("".join("\t".join(line.split("\t")[:3]) + "\n" for line in lines).encode())
    compared = {
        "config": _comparable(config),
        "shards": lineage,
        "holdout": digest_of(files.get(HOLDOUT, b"")),
        "labels": learned,
        "parent": None if parent is None else {"round": parent.round, "digest": parent.digest},
    }
    record = {
        "digest": digest_json(compared),
        "files": {name: digest_of(data) for name, data in files.items()},
        "labels": learned,
        "parent": None if parent is None else asdict(parent),
        "version": recall.__version__,
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if store.exists(RUN):
        found = read_inputs(store)
        if (found.digest, dict(found.files)) != (record["digest"], record["files"]):
            raise AlreadyPublished(f"{store.root}: is a run with other inputs; choose another folder")
        return
    for name, data in files.items():
        store.publish(name, data)
    store.publish(RUN, seal_json(record))


def read_inputs(store: Store) -> Inputs:
    """run.json of a run folder.

    Raises BadInput when the folder is no run or a newer version's, Damaged when run.json is not what was published.
    """
    if not store.exists(RUN):
        raise BadInput(f"{store.root}: not a run folder (no {RUN}); make one with `recall init`")
    record = unseal_json(store.read(RUN), store.url(RUN))
    try:
        parent = record["parent"]
        return Inputs(
            digest=record["digest"],
            files=record["files"],
            labels=record["labels"],
            parent=None if parent is None else Parent(**parent),
            version=record["version"],
            format=_format_of(store, record),
            created=record["created"],
        )
    except (KeyError, TypeError):
        raise Damaged(f"{store.url(RUN)}: is not a {RUN} that this version of recall can read") from None


def _format_of(store: Store, record: Mapping[str, Any]) -> int:
    found = int(record.get("format", 1))
    if found > FORMAT:
        raise BadInput(
            f"{store.root}: was made by recall {record['version']} (run folder format {found}); recall "
            f"{recall.__version__} reads formats up to {FORMAT}: install recall {record['version']} or newer"
        )
    return found


def read_frozen(store: Store, inputs: Inputs, name: str) -> bytes:
    """A frozen file.

    Raises Damaged when it is missing or differs from its digest in run.json.
    """
    data = store.read(name)
    if digest_of(data) != inputs.files.get(name):
        raise Damaged(f"{store.url(name)}: differs from its digest in {RUN}")
    return data


def read_config(store: Store, inputs: Inputs) -> Config:
    """The frozen config.toml, with the number of rounds after which the run was stopped, if it was."""
    config = parse_config(read_frozen(store, inputs, CONFIG).decode(), store.url(CONFIG))
    if not store.exists(STOPPED):
        return config
    rounds = min(config.run.rounds, int(store.read_json(STOPPED)["rounds"]))
    return config.model_copy(update={"run": config.run.model_copy(update={"rounds": rounds})})


def is_audited(inputs: Inputs, config: Config) -> bool:
    """True for a run that inherited its model and asks people about an audit sample, and nothing else."""
    return inputs.parent is not None and config.label.audit > 0 and not config.label.pages


def steps_of(inputs: Inputs, config: Config) -> tuple[StepPosition, ...]:
    """All positions of a run in order."""
    return run_order(config.run.rounds, inputs.parent is not None, is_audited(inputs, config))


def read_holdout(store: Store, inputs: Inputs) -> Holdout:
    """The frozen holdout; empty when the run has none."""
    if HOLDOUT not in inputs.files:
        return Holdout()
    return parse_holdout(text_lines(read_frozen(store, inputs, HOLDOUT), store.url(HOLDOUT)), store.url(HOLDOUT))
