"""The threshold that a round's scan, or the audit after it, chose: where it is not the one of the model's card.

In: threshold.json of the scan or label step. Out: OwnThreshold. A scan chooses one where [train] target is a share of
pages or a number of tokens, which only the scan can tell, and where the model comes from another crawl. An audit of
such a crawl corrects it; then the label step's stands.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from recall.errors import Damaged
from recall.run.rounds import Round, Run

FILE = "threshold.json"


@dataclass(frozen=True, slots=True)
class OwnThreshold:
    """A threshold for all pages of a scan. reached: whether the target is expected to be met.

    identified: False where the scores do not tell the crawl's share of positive pages; then the card's value stands.
    figures, by name: what is expected of it (`precision`, `recall`, `share` of positive pages, with `_low` and `_high`
    ends of 95 % intervals, `false_positive_rate`), captures `scanned`, captures `kept`, their estimated `tokens`,
    labels of the audit that it follows (`audited`; then pages are counted, each once). Those that are not known are
    missing.
    """

    value: float
    reached: bool
    identified: bool
    figures: Mapping[str, float] = field(default_factory=dict)

    def record(self) -> dict[str, object]:
        """What is published."""
        return asdict(self)


def own_threshold(round_: Round) -> OwnThreshold | None:
    """The threshold that a round chose after its scan; None where that of the model's card holds."""
    if round_.run.config.train.by_quality and round_.run.parent is None:
        return None
    store = round_.run.store
    for step in (round_.step("label"), round_.step("scan")):
        if step.done and store.exists(key := step.key(FILE)):
            try:
                return OwnThreshold(**store.read_json(key))
            except TypeError:
                raise Damaged(f"{store.url(key)}: is not a threshold that this version of recall can read") from None
    return None


def own_thresholds(run: Run) -> list[tuple[int, OwnThreshold]]:
    """The thresholds of the rounds that chose one, by number."""
    chosen = ((number, own_threshold(run.round(number))) for number in range(1, run.config.run.rounds + 1))
    return [(number, own) for number, own in chosen if own is not None]
