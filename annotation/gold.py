"""Gold tasks: pages whose answer is known (`pool_rules.known_answers`), mixed in to measure each annotator.

In: tasks and answers of all rounds. Out: each annotator's accuracy with its interval, and the annotators whose votes
do not count. The known answer never leaves the run folder; to annotators a gold task looks like any other.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from annotation.answers import FILE, NO_LABEL, Answer, Task
from recall.config import Config, LabelSection
from recall.model.evaluate import Interval, wilson_interval

SameValue = Callable[[str, str], bool]
"""Whether two values of a page teach the same."""


def same_for(config: Config) -> SameValue:
    """Compare values as they are learned: positive or not with [train] labels = "binary", each with "all"."""
    positive = config.train.positive
    if config.train.labels == "all":
        return lambda first, second: first == second
    return lambda first, second: (first == positive) == (second == positive)


CERTAINTY = 0.9
"""Confidence of the one-sided test that an annotator's accuracy is too low: of annotators who are just right often
enough one in ten loses their votes by chance."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often an annotator was right on gold tasks, skips not counted."""

    annotator: str
    right: int
    asked: int

    @property
    def interval(self) -> Interval:
        """The share that was right, with a two-sided 95 % interval."""
        return self._interval(0.975)

    def too_low(self, settings: LabelSection) -> bool:
        """True when it is below [label] gold_accuracy (one-sided, with CERTAINTY), on at least gold_min tasks."""
        if self.asked < settings.gold_min:
            return False
        return self._interval(CERTAINTY).high < settings.gold_accuracy

    def _interval(self, confidence: float) -> Interval:
        """The share that was right, each bound at the given confidence."""
        return wilson_interval(self.right / max(1, self.asked), self.asked, confidence)


def measure_gold(tasks: Iterable[Task], answers: Iterable[Answer], same: SameValue) -> dict[str, Accuracy]:
    """Accuracy of each annotator who answered a gold task, by name. Decisions and a labels file are not measured."""
    known = {task.key: task.gold for task in tasks if task.gold}
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for answer in answers:
        if answer.key in known and answer.value != NO_LABEL and not answer.adjudicates and answer.annotator != FILE:
            asked[answer.annotator] += 1
            right[answer.annotator] += same(answer.value, known[answer.key])
    return {name: Accuracy(name, right[name], asked[name]) for name in sorted(asked)}


def annotators_to_exclude(measured: Iterable[Accuracy], settings: LabelSection) -> frozenset[str]:
    """Annotators whose votes do not count, by their accuracy on gold tasks."""
    return frozenset(accuracy.annotator for accuracy in measured if accuracy.too_low(settings))
