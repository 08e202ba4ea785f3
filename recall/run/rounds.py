"""A run folder as objects: Run, its Rounds and their Steps; what may begin, what comes next, what is sealed.

In: a config and shards (create), or a run folder on a disk or s3:// (open). The order of steps is held here and only
here: a step that is called too early raises OutOfOrder, one that is done is returned as it was published.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from recall.config import AccessSection, ClusterSection, Config
from recall.errors import OutOfOrder
from recall.records import Done, Shard
from recall.run import inputs as frozen
from recall.run.digests import RoundRecord, digest_json, read_round, write_round
from recall.run.inputs import Inputs, Parent, ShardList
from recall.run.jobs import limited_access
from recall.run.label_files import LabelledUrl
from recall.run.lease import LEASE_SECONDS, Lease, discard
from recall.run.order import ROUND_STEPS, SEAL, StepPosition, inherited_steps
from recall.run.step_folder import Manifest, Step, digest_at, inputs_of
from recall.run.store import Store
from recall.run.verify import Damage, verify_run
from recall.sites.holdout import Holdout

__all__ = ["Damage", "Manifest", "Parent", "Round", "Run", "Step", "StepPosition"]

T = TypeVar("T")


class Run:
    """A run folder. Made by `Run.create` and `Run.open`.

    config: as frozen, with [access] and [cluster] of this machine where they were given; store: its files;
    inputs: run.json; order: all positions of the run.
    """

    def __init__(self, store: Store, inputs: Inputs, config: Config) -> None:
        self.store = store
        self.inputs = inputs
        self.config = config
        self.order = frozen.steps_of(inputs, config)
        self._lease: Lease | None = None

    @classmethod
    def create(
        cls, root: str | Path, config: Config, config_text: str, shards: Iterable[Shard], parent: Parent | None = None
    ) -> "Run":
        """Freeze the inputs of a new run in `root`; the same inputs again open the run that is there.

        config.run.holdout is read here, as the caller resolved it. parent: the round that an applied run inherits.
        Raises BadInput for shards or a holdout that cannot be used, AlreadyPublished for a folder with other inputs.
        """
        store = Store(str(root), config.access)
        frozen.freeze(store, config, config_text, shards, parent)
        return cls.open(root, config.access, config.cluster)

    @classmethod
    def open(
        cls, root: str | Path, access: AccessSection | None = None, cluster: ClusterSection | None = None
    ) -> "Run":
        """Open a run folder. access, cluster: used instead of those frozen in its config.toml.

        Raises BadInput when there is no run, Damaged when run.json or config.toml is not what was published.
        """
        store = Store(str(root), access)
        inputs = frozen.read_inputs(store)
        config = frozen.read_config(store, inputs)
        cluster = cluster or config.cluster
        access = limited_access(access or config.access, cluster)
        config = config.model_copy(update={"access": access, "cluster": cluster})
        return cls(Store(str(root), config.access), inputs, config)

    @cached_property
    def shards(self) -> ShardList:
        """The shards, parsed one by one as they are asked for."""
        data = frozen.read_frozen(self.store, self.inputs, frozen.SHARDS)
        return ShardList(data, self.store.url(frozen.SHARDS), self.config.crawl.columns)

    @cached_property
    def holdout(self) -> Holdout:
        """Hosts and registered domains that are scanned but never shown, trained on or used for a choice."""
        return frozen.read_holdout(self.store, self.inputs)

    @cached_property
    def seed_labels(self) -> list[LabelledUrl]:
        """Rows of the file that [seed] labels names, as it was at init; empty without one."""
        source = self.config.seed.labels
        return frozen.read_frozen_labels(self.inputs, "seed.labels", source, self.config.access) if source else []

    @cached_property
    def answers(self) -> list[LabelledUrl]:
        """Rows of the file that [label] answers names, as it was at init; empty without one."""
        source = self.config.label.answers
        return frozen.read_frozen_labels(self.inputs, "label.answers", source, self.config.access) if source else []

    @cached_property
    def gold(self) -> list[LabelledUrl]:
        """Rows of the file that [label] gold names, as it was at init; empty without one."""
        source = self.config.label.gold
        return frozen.read_frozen_labels(self.inputs, "label.gold", source, self.config.access) if source else []

    @property
    def parent(self) -> Parent | None:
        """The round whose model and labels this run inherited, None for a run that trains."""
        return self.inputs.parent

    @property
    def audited(self) -> bool:
        """True for a run that inherited its model and asks people about an audit sample, and nothing else."""
        return frozen.is_audited(self.inputs, self.config)

    @property
    def inherited(self) -> tuple[str, ...]:
        """Steps that the run took over from its parent; none without one."""
        return () if self.parent is None else inherited_steps(self.audited)

    def digest(self) -> str:
        """Digest of run.json and every published step in order: equal for runs that did the same."""
        done = [position for position in self.order if self.done(position)]
        return digest_json([["run.json", self.inputs.digest], *([p.folder, digest_at(self.store, p)] for p in done)])

    def done(self, position: StepPosition) -> bool:
        """True when the manifest of a step or sealed round is published."""
        return self.store.exists(position.manifest)

    def round(self, number: int) -> "Round":
        """One round, from 1 on.

        Raises OutOfOrder for a round that the run does not have.
        """
        if not 1 <= number <= self.config.run.rounds:
            raise OutOfOrder(f"{self.store.root}: has rounds 1 to {self.config.run.rounds}, no round {number}")
        return Round(self, number)

    def begin(self, step: str) -> Step:
        """Take up "seed" or "corpus"; `Step.done` tells whether it is published already."""
        return self.begin_at(self._position(0, step))

    def step(self, name: str) -> Step:
        """The step "seed" or "corpus", to be read."""
        return Step(self.store, self._position(0, name))

    def _position(self, number: int, step: str) -> StepPosition:
        for position in self.order:
            if (position.number, position.step) == (number, step):
                return position
        where = f"round {number}" if number else "this run"
        raise OutOfOrder(f"{self.store.root}: {where} has no step {step!r}")

    def begin_at(self, position: StepPosition, *, inherited: bool = False) -> Step:
        """Take up the step at a position of the order.

        Raises OutOfOrder when the step before it is not done or one after it is, LeaseHeld when the lease was lost,
        BadInput for a run that another version began.
        """
        self.confirm_lease()
        if self.done(position):
            return Step(self.store, position)
        self.inputs.check_format(self.store.root)
        if position.step in self.inherited and not inherited:
            raise OutOfOrder(f"{position.folder}: is inherited; run `recall init` again to complete it")
        index = self.order.index(position)
        if index and not self.done(self.order[index - 1]):
            raise OutOfOrder(f"{position.folder}: needs {self.order[index - 1].folder}, which is not done yet")
        if later := [after.folder for after in self.order[index + 1 :] if self.done(after)]:
            raise OutOfOrder(f"{position.folder}: is missing although {later[0]} is done; see `recall verify`")
        step = Step(self.store, position, inputs_of(self.store, self.order, position, self.inputs.digest), self._lease)
        step.sweep()
        return step

    def adopt(self, folder: str, files: Mapping[str, bytes | Path], info: Mapping[str, Any]) -> Done:
        """Publish "train" or "label" of round 1 as inherited from the parent, train first; info: its settings.

        Raises OutOfOrder when the run has no parent.
        """
        if self.parent is None or folder not in self.inherited:
            raise OutOfOrder(f"{self.store.root}: {folder} is not inherited by this run")
        step = self.begin_at(self._position(1, folder), inherited=True)
        if step.done:
            return step.result
        for file, content in sorted(files.items()):
            if isinstance(content, bytes):
                step.publish(file, content)
            else:
                step.publish_file(file, content)
        return step.finish({"inherited": len(files)}, {**info, "parent": self.parent.digest})

    def next(self) -> "tuple[Round | Run, str] | None":
        """The next step: its round (or the run) and its verb (a step, "seal", "build"); None at the end."""
        for position in self.order:
            if not self.done(position):
                return (self.round(position.number) if position.number else self), position.verb
        return None

    def stop_after(self, number: int) -> None:
        """Let the sealed round `number` be the last one: what comes next is to build the corpus.

        Raises OutOfOrder when the round is not sealed or a later one was begun.
        """
        self.confirm_lease()
        later = [position.folder for position in self.order if position.number > number and self.done(position)]
        if not self.round(number).sealed or later:
            raise OutOfOrder(f"{self.store.root}: cannot end after round {number}: it is not the last one done")
        self.store.publish_json(frozen.STOPPED, {"rounds": number})
        self.config = frozen.read_config(self.store, self.inputs).model_copy(
            update={"access": self.config.access, "cluster": self.config.cluster}
        )
        self.order = frozen.steps_of(self.inputs, self.config)

    def lease(self, seconds: float = LEASE_SECONDS) -> Lease:
        """The run's lease, as a context manager; while it is held, steps refuse to publish once it was lost.

        seconds: how long this driver may be silent. Raises LeaseHeld on entry when another driver holds it.
        """
        self._lease = Lease(self.store, seconds)
        return self._lease

    def check_lease(self) -> None:
        """Raise LeaseHeld when another driver took over the lease that this run held."""
        if self._lease is not None:
            self._lease.check()

    def confirm_lease(self) -> None:
        """As `check_lease`, and ask the folder: before what cannot be taken back."""
        if self._lease is not None:
            self._lease.confirm()

    def discard(self, keys: Iterable[str]) -> None:
        """Remove files of the run that nothing needs any more. Raises LeaseHeld when another driver took over."""
        discard(self.store, keys, self._lease)

    def while_held(self, outcomes: Iterable[T]) -> Iterator[T]:
        """The same outcomes, as long as the run's lease is held. Raises LeaseHeld instead of the next one."""
        for outcome in outcomes:
            self.check_lease()
            yield outcome

    def verify(self, share: float = 1.0, seed: int = 0) -> list[Damage]:
        """Read the folder again; share: of each step's files, chosen by `seed` (manifests are always read)."""
        return list(verify_run(self.store, share, seed))


class Round:
    """One round of a run."""

    def __init__(self, run: Run, number: int) -> None:
        self.run = run
        self.number = number

    def begin(self, step: str) -> Step:
        """Take up a step of the round; `Step.done` tells whether it is published already.

        Raises OutOfOrder when the step before it is not done.
        """
        return self.run.begin_at(self.run._position(self.number, step))

    def step(self, name: str) -> Step:
        """A step of the round, to be read."""
        return Step(self.run.store, self.run._position(self.number, name))

    @property
    def _seal(self) -> StepPosition:
        return StepPosition(self.number, SEAL)

    @property
    def sealed(self) -> bool:
        """True when round.json is published."""
        return self.run.done(self._seal)

    @property
    def record(self) -> RoundRecord:
        """round.json of the sealed round."""
        return read_round(self.run.store.read(self._seal.manifest), self.run.store.url(self._seal.manifest))

    def seal(self) -> str:
        """Publish round.json over the round's steps and its parent; returns its digest. Sealing again changes nothing.

        Raises OutOfOrder when a step is not done.
        """
        self.run.confirm_lease()
        steps = {position: self.run.done(position) for position in self.run.order if position.number == self.number}
        open_steps = [position.folder for position, done in steps.items() if not done and position.verb != SEAL]
        if open_steps:
            raise OutOfOrder(f"{self._seal.folder}: cannot be sealed, {open_steps[0]} is not done yet")
        parent = self.run.inputs.digest
        if self.number > 1:
            parent = digest_at(self.run.store, StepPosition(self.number - 1, SEAL))
        digests = {name: digest_at(self.run.store, StepPosition(self.number, name)) for name in ROUND_STEPS}
        self.run.store.publish(self._seal.manifest, write_round(self.number, parent, digests))
        return self.record.digest
