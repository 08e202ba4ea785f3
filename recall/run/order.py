"""The order of a run's steps, as data: what comes after what, and the file whose existence says that it is done."""

from dataclasses import dataclass

ROUND_STEPS = ("train", "scan", "domains", "label", "harvest")
SEAL = "seal"


@dataclass(frozen=True, slots=True)
class StepPosition:
    """The position of a step in a run's order.

    number: the round, 0 for the run's own steps; verb: the CLI's, or SEAL for the sealing of a round.
    """

    number: int
    verb: str

    @property
    def step(self) -> str:
        """Name of the step's folder; the verb `build` fills `corpus`."""
        return "corpus" if self.verb == "build" else self.verb

    @property
    def folder(self) -> str:
        """Key of the folder in the run: seed, rounds/1/train, rounds/1 (sealing), corpus."""
        if self.verb == SEAL:
            return f"rounds/{self.number}"
        return f"rounds/{self.number}/{self.step}" if self.number else self.step

    @property
    def manifest(self) -> str:
        """Key of the file that is written last: step.json, or round.json of a sealed round."""
        return f"{self.folder}/{'round' if self.verb == SEAL else 'step'}.json"


def inherited_steps(audited: bool) -> tuple[str, ...]:
    """Steps that an applied run takes over; of one that is audited the label step is its own."""
    return ("train",) if audited else ("train", "label")


def run_order(rounds: int, applied: bool, audited: bool = False) -> tuple[StepPosition, ...]:
    """All positions of a run in order.

    applied: the run inherited its model and labels, so round 1 starts with those two and there is no seed. audited: it
    inherited the model and the accepted prefixes, and people label an audit sample of it in the usual place.
    """
    if applied:
        before = inherited_steps(audited)
        first = (*before, *(step for step in ROUND_STEPS if step not in before), SEAL)
        return (*(StepPosition(1, verb) for verb in first), StepPosition(0, "build"))
    loop = (StepPosition(number, verb) for number in range(1, rounds + 1) for verb in (*ROUND_STEPS, SEAL))
    return (StepPosition(0, "seed"), *loop, StepPosition(0, "build"))
