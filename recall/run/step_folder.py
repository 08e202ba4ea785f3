"""One step's folder: data files first, then outputs.parquet (file, sha256, rows), then step.json, which publishes it.

A published step never changes. An unfinished one is taken up again: leftovers are swept when it begins, except shard
reports, content-named files and what people answered (label/); files that nothing names are swept when it ends.
"""

import json
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import recall
from recall.errors import AlreadyPublished, Damaged, OutOfOrder
from recall.records import Done, Output
from recall.run.digests import digest_json, read_round, seal_json, unseal_json
from recall.run.inputs import RUN
from recall.run.lease import Lease, discard
from recall.run.order import SEAL, StepPosition
from recall.run.store import Columns, Schema, Store, digest_of

MANIFEST = "step.json"
OUTPUTS = "outputs.parquet"
OUTPUTS_SCHEMA = {"file": "string", "sha256": "string", "rows": "int64"}
REPORTS = "reports/"
READERS = 16
"""Reports read at a time: enough to hide the latency of a bucket, few enough not to trouble it."""

_CONTENT_NAMED = re.compile(r"[0-9a-f]{32}\.[a-z.]+$")

Counts = Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """step.json, read. digest: over everything but times, machine and notes; inputs: digests of what it followed.

    notes: lines for people, such as why a shard failed.
    """

    step: str
    inputs: Mapping[str, str]
    counts: Counts
    settings: Mapping[str, Any]
    code: str
    outputs: str
    digest: str
    started: str
    finished: str
    machine: str
    notes: tuple[str, ...] = ()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def read_manifest(data: bytes, name: str) -> Manifest:
    """A step.json as it was published.

    Raises Damaged when it is not.
    """
    record = unseal_json(data, name)
    try:
        when, digest = record.pop("when"), record.pop("digest")
        manifest = Manifest(**record, digest=digest, **when)
    except (KeyError, TypeError):
        raise Damaged(f"{name}: is not a step.json that this version of recall can read") from None
    if digest_json(record) != digest:
        raise Damaged(f"{name}: its digest is not that of its content")
    return manifest


class Step:
    """A step's folder in a run, to fill or to read. Made by `Run` and `Round`, never directly.

    inputs: digests of what came before, None for a step that is only read; lease: held by the driver that fills it.
    """

    def __init__(
        self,
        store: Store,
        position: StepPosition,
        inputs: Mapping[str, str] | None = None,
        lease: Lease | None = None,
    ) -> None:
        self.store = store
        self.position = position
        self.name = position.step
        self.folder = position.folder
        self._inputs = inputs
        self._lease = lease
        self._added: dict[str, Output] = {}
        self._manifest: Manifest | None = None
        self._started = _now()

    def key(self, file: str) -> str:
        """Key of one of the step's files within the run's store."""
        return f"{self.folder}/{file}"

    @property
    def done(self) -> bool:
        """True when step.json is published."""
        return self._manifest is not None or self.store.exists(self.key(MANIFEST))

    @property
    def manifest(self) -> Manifest:
        """The published step.json.

        Raises OutOfOrder when it is not done yet, Damaged when step.json is not what was published.
        """
        if self._manifest is None:
            if not self.done:
                raise OutOfOrder(f"{self.store.url(self.folder)}: this step is not done yet")
            key = self.key(MANIFEST)
            self._manifest = read_manifest(self.store.read(key), self.store.url(key))
        return self._manifest

    @property
    def result(self) -> Done:
        """The result that the finished step returned."""
        return Done(dict(self.manifest.counts))

    def outputs(self) -> list[Output]:
        """The files of the published step."""
        table = self.store.read_table(self.key(OUTPUTS))
        return [Output(row["file"], row["sha256"], row["rows"]) for row in table.to_pylist()]

    def publish(self, file: str, data: bytes) -> Output:
        """Publish a file of the step; `file` is relative to its folder."""
        self._refuse(file)
        return self._add(self.store.publish(self.key(file), data))

    def publish_json(self, file: str, value: object) -> Output:
        """Publish a value as canonical JSON."""
        self._refuse(file)
        return self._add(self.store.publish_json(self.key(file), value))

    def publish_table(self, file: str, columns: Columns, schema: Schema) -> Output:
        """Publish columns as a Parquet table."""
        self._refuse(file)
        return self._add(self.store.publish_table(self.key(file), columns, schema))

    def publish_file(self, file: str, path: Path, rows: int | None = None) -> Output:
        """Publish the content of a local file, a table of so many rows."""
        self._refuse(file)
        return self._add(self.store.publish_file(self.key(file), path, rows))

    def publish_named(self, data: bytes, suffix: str, stem: str = "", rows: int | None = None) -> Output:
        """Publish as `<stem><digest><suffix>`."""
        self._refuse(stem + suffix)
        return self._add(self.store.publish_named(self.folder, data, suffix, stem, rows))

    def add(self, outputs: Iterable[Output]) -> None:
        """Take over files that workers published; names relative to the step's folder or to the run's."""
        for output in outputs:
            self._add(output)

    def _add(self, output: Output) -> Output:
        output = replace(output, file=output.file.removeprefix(f"{self.folder}/"))
        known = self._added.setdefault(output.file, output)
        if known.sha256 != output.sha256:
            raise AlreadyPublished(f"{self.key(output.file)}: named twice with different bytes")
        return output

    def _refuse(self, file: str) -> None:
        """Raise where the step takes no file: AlreadyPublished, or LeaseHeld when another driver took over."""
        if self._lease is not None:
            self._lease.check()
        if self._inputs is None or self.done:
            raise AlreadyPublished(f"{self.key(file)}: the step is published or only read; it takes no more files")

    def reports(self) -> Iterator[Any]:
        """Shard reports (`reports/*.json`) in order of their numbers; they and the `files` they name become outputs."""
        keys = self.store.keys(self.key(REPORTS))
        with ThreadPoolExecutor(READERS) as readers:
            for start in range(0, len(keys), 64 * READERS):
                chunk = keys[start : start + 64 * READERS]
                for key, data in zip(chunk, readers.map(self.store.read, chunk), strict=True):
                    yield self._take_report(key, data)

    def _take_report(self, key: str, data: bytes) -> Any:
        try:
            report = json.loads(data)
            named = [Output(file["file"], file["sha256"], file.get("rows")) for file in report["files"]]
        except (ValueError, KeyError, TypeError):
            raise Damaged(f"{self.store.url(key)}: not a shard report") from None
        self.add([Output(key, digest_of(data)), *named])
        return report

    def sweep(self) -> None:
        """Remove what an interrupted attempt left and no attempt could use."""
        self.store.sweep()
        discard(self.store, (key for key in self.store.keys(f"{self.folder}/") if self._useless(key)), self._lease)

    def _useless(self, key: str) -> bool:
        file = key.removeprefix(f"{self.folder}/")
        kept = self.name == "label" or file.startswith(REPORTS) or _CONTENT_NAMED.search(file)
        return not kept or file == OUTPUTS

    def _settle(self) -> tuple[list[Output], list[str]]:
        """The step's outputs, sorted, and the keys in its folder that they do not name.

        Raises Damaged when an output is not there.
        """
        present = [key.removeprefix(f"{self.folder}/") for key in self.store.keys(f"{self.folder}/")]
        if missing := sorted(set(self._added) - set(present)):
            raise Damaged(f"{self.store.url(self.key(missing[0]))}: is an output of this step but does not exist")
        unnamed = [file for file in present if file not in self._added and file != OUTPUTS]
        if self.name == "label":  # whatever people and their tools left there is its output
            for file in unnamed:
                self._add(Output(file, digest_of(self.store.read(self.key(file)))))
            unnamed = []
        return [self._added[file] for file in sorted(self._added)], [self.key(file) for file in unnamed]

    def _confirm_lease(self) -> None:
        if self._lease is not None:
            self._lease.confirm()

    def finish(self, counts: Counts, settings: Mapping[str, Any], notes: Sequence[str] = ()) -> Done:
        """Publish the step: its outputs, then step.json.

        settings: whatever decided the result, digests of outside files included; notes: lines for people, which no
        digest covers.
        Raises LeaseHeld when another driver took over, OutOfOrder when the step was not begun here.
        """
        if self._inputs is None:
            raise OutOfOrder(f"{self.folder}: begin the step before finishing it")
        if self.done:
            return self.result
        self._confirm_lease()
        outputs, leftovers = self._settle()
        columns = {
            "file": [output.file for output in outputs],
            "sha256": [output.sha256 for output in outputs],
            "rows": [output.rows for output in outputs],
        }
        record = {
            "step": self.folder,
            "inputs": dict(self._inputs),
            "counts": dict(counts),
            "settings": dict(settings),
            "code": recall.__version__,
            "outputs": self.store.publish_table(self.key(OUTPUTS), columns, OUTPUTS_SCHEMA).sha256,
        }
        when = {"started": self._started, "finished": _now(), "machine": platform.node(), "notes": list(notes)}
        self._confirm_lease()
        self.store.publish(self.key(MANIFEST), seal_json({**record, "digest": digest_json(record), "when": when}))
        discard(self.store, leftovers, self._lease)
        return self.result


def digest_at(store: Store, position: StepPosition) -> str:
    """Digest of a published step or sealed round.

    Raises Damaged when its manifest is missing or not what was published.
    """
    data, name = store.read(position.manifest), store.url(position.manifest)
    return read_round(data, name).digest if position.verb == SEAL else read_manifest(data, name).digest


def inputs_of(store: Store, order: tuple[StepPosition, ...], position: StepPosition, start: str) -> dict[str, str]:
    """Digest of what a step follows, by folder: the step before it, or run.json with the digest `start`."""
    index = order.index(position)
    if index == 0:
        return {RUN: start}
    before = order[index - 1]
    return {before.folder: digest_at(store, before)}
