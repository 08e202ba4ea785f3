"""Reads a run folder again: every published file against its digest, every step against the one before it.

Out: one Damage for each file that is missing or differs, down to a single byte. Nothing is changed or mended.
"""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

from recall.errors import BadInput, Damaged, OutOfOrder, ShardFailed
from recall.io import open_stream
from recall.records import Output
from recall.run import inputs as frozen
from recall.run.digests import read_round
from recall.run.order import ROUND_STEPS, SEAL, StepPosition
from recall.run.step_folder import OUTPUTS, Step, inputs_of
from recall.run.store import Store

READERS = 8
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Damage:
    """One file that is not what was published. file: its key in the run folder."""

    file: str
    what: str


def verify_run(store: Store, share: float = 1.0, seed: int = 0) -> Iterator[Damage]:
    """Every damage of a run folder, inputs first, then in the order of steps.

    share: of each step's files that are read, at least one; manifests and chains are always checked.
    """
    try:
        inputs = frozen.read_inputs(store)
    except (Damaged, BadInput) as error:
        yield Damage(frozen.RUN, str(error))
        return
    broken = list(_differing(store, "", [Output(name, digest) for name, digest in inputs.files.items()]))
    yield from broken
    if any(damage.file == frozen.CONFIG for damage in broken):
        return
    config = frozen.read_config(store, inputs)
    order = frozen.steps_of(inputs, config)
    published = [position for position in order if store.exists(position.manifest)]
    chooser = random.Random(seed)  # noqa: S311 - chooses what to look at
    for position in order[: order.index(published[-1]) + 1] if published else ():
        if position not in published:
            yield Damage(position.manifest, "is missing although a later step is done")
            continue
        try:
            expected = inputs_of(store, order, position, inputs.digest)
        except Damaged:
            expected = {}  # the step before it is damaged and was reported there
        if position.verb == SEAL:
            yield from _sealed(store, position, inputs.digest)
        else:
            yield from _step(store, position, expected, share, chooser)


def _step(
    store: Store, position: StepPosition, expected: dict[str, str], share: float, chooser: random.Random
) -> Iterator[Damage]:
    step = Step(store, position)
    try:
        manifest = step.manifest
    except Damaged as error:
        yield Damage(position.manifest, str(error))
        return
    if manifest.step != position.folder or (expected and dict(manifest.inputs) != expected):
        yield Damage(position.manifest, "does not follow the step before it")
    broken = list(_differing(store, position.folder + "/", [Output(OUTPUTS, manifest.outputs)]))
    yield from broken
    if broken:
        return
    outputs = step.outputs()
    if share < 1.0 and outputs:
        outputs = chooser.sample(outputs, max(1, round(share * len(outputs))))
    yield from _differing(store, position.folder + "/", outputs)


def _sealed(store: Store, position: StepPosition, start: str) -> Iterator[Damage]:
    try:
        record = read_round(store.read(position.manifest), store.url(position.manifest))
    except Damaged as error:
        yield Damage(position.manifest, str(error))
        return
    parent: str | None = start
    if position.number > 1:
        parent = _digest(store, StepPosition(position.number - 1, SEAL))
    if record.round != position.number or (parent is not None and record.parent != parent):
        yield Damage(position.manifest, "does not follow the round before it")
    for name in ROUND_STEPS:
        digest = _digest(store, StepPosition(position.number, name))
        if digest is not None and record.steps.get(name) != digest:
            yield Damage(position.manifest, f"holds another digest of {name} than {name}/step.json")


def _digest(store: Store, position: StepPosition) -> str | None:
    """Digest of a step or round; None when it is missing or damaged, which is reported at its own position."""
    try:
        if position.verb == SEAL:
            return read_round(store.read(position.manifest), position.manifest).digest
        return Step(store, position).manifest.digest
    except (Damaged, OutOfOrder):
        return None


def _differing(store: Store, folder: str, outputs: list[Output]) -> Iterator[Damage]:
    with ThreadPoolExecutor(READERS) as readers:
        for output, found in zip(
            outputs, readers.map(lambda output: _hash(store, folder + output.file), outputs), strict=True
        ):
            if found is None:
                yield Damage(folder + output.file, "is missing or cannot be read")
            elif found != output.sha256:
                yield Damage(folder + output.file, "differs from the digest it was published with")


def _hash(store: Store, key: str) -> str | None:
    digest = sha256()
    try:
        with open_stream(store.url(key), store.access) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
    except ShardFailed:
        return None
    return digest.hexdigest()
