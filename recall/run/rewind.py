"""Going back to a published step whose failed shards are to be taken again; what followed from it is done again.

Files that people made stay: the tasks and answers of label steps that a person answered. Everything else after the
step is derived from it and is removed, manifests first and the last step first, so that a run that is killed in between
is a shorter run, never a wrong one. The step itself keeps the reports of the shards it could read: only the others are
read again.
"""

import json
from collections.abc import Sequence

from recall.errors import BadInput, OutOfOrder
from recall.run.inputs import STOPPED
from recall.run.order import SEAL, StepPosition
from recall.run.rounds import Run
from recall.run.step_folder import OUTPUTS
from recall.run.store import Store

FILE = "file"
"""Annotator of answers that come from [label] answers, which derive from frozen inputs."""

WORK = "build/"
"""Checkpoints of a build that did not end."""


def published_after(run: Run, position: StepPosition) -> list[StepPosition]:
    """The published steps after one, in order."""
    return [later for later in run.order[run.order.index(position) + 1 :] if run.done(later)]


def go_back(run: Run, position: StepPosition) -> None:
    """Let a published step be what comes next; call it with the run's lease held.

    Raises OutOfOrder when it is not done, BadInput for a step that was inherited.
    """
    run.confirm_lease()
    if not run.done(position):
        raise OutOfOrder(f"{position.folder}: is not done yet; `recall run` goes on with it")
    if position.step in run.inherited:
        raise BadInput(f"{position.folder}: is inherited; make a new run from another round instead")
    for later in reversed(run.order[run.order.index(position) + 1 :]):
        _forget(run, later, people=not run.config.label.answers)
    run.discard([STOPPED, *run.store.keys(WORK), position.manifest])


def answered_by_people(store: Store, folder: str) -> bool:
    """True when an answer in a label folder was not taken from the file of labels."""
    for key in store.keys(f"{folder}/answers/"):
        for line in store.read(key).splitlines():
            try:
                if json.loads(line)["annotator"] != FILE:
                    return True
            except (ValueError, KeyError, TypeError):
                return True  # not ours to judge, so not ours to remove
    return False


def _forget(run: Run, position: StepPosition, *, people: bool) -> None:
    """Remove a step, or of a label step that people answer (`people`) or answered what it concluded from that."""
    run.discard([position.manifest])
    if position.verb == SEAL:
        return
    if position.step == "label" and (people or answered_by_people(run.store, position.folder)):
        run.discard([f"{position.folder}/{OUTPUTS}"])
        return
    run.discard(run.store.keys(f"{position.folder}/"))


def first_gap(run: Run, gaps: Sequence[StepPosition], number: int | None) -> StepPosition | None:
    """Where to go back to: the first gap of a round (0: the seed), by default of the last round that was begun."""
    if number is None:
        number = max((position.number for position in run.order if run.done(position)), default=0)
    return next((position for position in gaps if position.number == number), None)
