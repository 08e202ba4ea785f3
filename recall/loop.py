"""The loop: does the next step of a run, again and again, until the run ends or waits for people.

In: a Run. Out: the name of each step and its result, Done or Waiting. The order is that of `recall.run.order`; this
module says which function does which step. The label step comes from the entry-point group `recall.steps`, so that the
core needs no annotation.
"""

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import cast

from recall.errors import BadInput, Incomplete, OutOfOrder
from recall.labels.saturation import saturation_of
from recall.records import Done, Waiting
from recall.run.failures import keep_failures
from recall.run.order import SEAL, StepPosition
from recall.run.rounds import Round, Run, Step
from recall.steps.build import build
from recall.steps.domains import domains
from recall.steps.harvest import harvest
from recall.steps.scan.driver import scan
from recall.steps.seed import seed
from recall.steps.train import train

RoundStep = Callable[[Round], Done | Waiting]

RUN_STEPS: dict[str, Callable[[Run], Done]] = {"seed": seed, "build": build}
ROUND_STEPS: dict[str, RoundStep] = {"train": train, "scan": scan, "domains": domains, "harvest": harvest}


def round_step(name: str) -> RoundStep:
    """Return the function of a step of a round. Raises BadInput when nothing installed provides it."""
    if name in ROUND_STEPS:
        return ROUND_STEPS[name]
    for entry in entry_points(group="recall.steps", name=name):
        return cast(RoundStep, entry.load())
    raise BadInput(f"step {name}: nothing installed provides it; install recall with its annotation package")


def step_name(owner: Run | Round, name: str) -> str:
    """Name of a step for people: `seed`, `round 2 scan`."""
    return f"round {owner.number} {name}" if isinstance(owner, Round) else name


def position_of(owner: Run | Round, name: str) -> StepPosition:
    """The position in a run's order of the step that `Run.next` returned."""
    return StepPosition(owner.number if isinstance(owner, Round) else 0, name)


def saturated(owner: Run | Round, name: str) -> bool:
    """True when a round need not begin, as the one before it recalled little that was new ([run] stop_saturation)."""
    if not isinstance(owner, Round) or name != "train" or owner.number < 3:
        return False
    enough = owner.run.config.run.stop_saturation
    return enough > 0 and saturation_of(owner.run.round(owner.number - 1)) >= enough


def advance(run: Run, only: str = "") -> tuple[str, Done | Waiting] | None:
    """Do the next step; returns its name and result, None when the run has ended.

    only: do it only if it is this step. A step of this name that was published before is returned as it was published;
    one that was never done raises OutOfOrder.
    """
    upcoming = run.next()
    while upcoming is not None and upcoming[1] == SEAL:
        cast(Round, upcoming[0]).seal()
        upcoming = run.next()
    if upcoming is not None and saturated(*upcoming):
        run.stop_after(cast(Round, upcoming[0]).number - 1)
        upcoming = run.next()
    if upcoming is None:
        return None
    owner, name = upcoming
    if only and name != only:
        before = [position for position in run.order if position.verb == only and run.done(position)]
        if before:
            return f"{before[-1].folder} (published before)", Step(run.store, before[-1]).result
        raise OutOfOrder(
            f"{only}: the next step of this run is {step_name(owner, name)}; `recall status` shows the order"
        )
    try:
        if isinstance(owner, Run):
            return name, RUN_STEPS[name](owner)
        return step_name(owner, name), round_step(name)(owner)
    except Incomplete as incomplete:
        keep_failures(run, position_of(owner, name), incomplete.failures)
        raise


def drive(run: Run) -> Iterator[tuple[str, Done | Waiting]]:
    """Do one step after the other; ends after the last one or after a Waiting."""
    while (step := advance(run)) is not None:
        yield step
        if isinstance(step[1], Waiting):
            return
