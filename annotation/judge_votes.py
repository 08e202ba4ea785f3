"""How well a judge does, and what its votes weigh: a language model is held to gold tasks and to people's labels.

In: ballots of all rounds with the judge's votes. Out: its errors by class, each with the pages that they were measured
on; a Verdict for every page that it voted on, audit pages aside.

Errors are measured where people are asked whatever the judge said: gold tasks, the audit sample, checked pages. People
err as well: their labels count as right with the probability that their own gold tasks give (expectation maximisation
as in Dawid and Skene 1979, the people's part being known). A vote weighs the logarithm of how much more probable it is
for a wanted page than for another; so the vote of a judge that says the same of every page weighs nothing, and that of
one that was not measured neither. Votes are taken to err independently.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from annotation.adjudication import Ballot, Verdict
from annotation.answers import NO_LABEL, Answer
from annotation.gold import CERTAINTY, Accuracy, SameValue
from recall.config import LabelSection
from recall.labels import label_error_chance, shrunk_rates
from recall.model.evaluate import Interval, wilson_interval
from recall.records import JUDGE

PRIOR = 2.0
"""Votes for each class that are added as if cast without a look at the page: on both classes in proportion to their
pages. Without measured answers, and for a judge that says the same of all pages, a vote weighs nothing."""

USUAL = 0.05
"""Error rate of people where nobody answered a gold task."""

SURE = 0.6
"""Probability from which a verdict is a label: the complement of the largest chance that a label is wrong with which
thresholds are still corrected (`recall.labels`)."""

PASSES = 200
"""EM passes; where a label in ten is wrong it takes so many until the shares stay as they are."""


@dataclass(frozen=True, slots=True)
class JudgeRecord:
    """How a judge answered. positive, negative: pages of each class that it was measured on.

    hits: of the positive ones, those it called so; alarms: of the negative ones, those it called positive. All may be
    fractions, as people's labels may be wrong; noise: the mean chance that they are (Rogan and Gladen 1978).
    """

    positive: float = 0.0
    negative: float = 0.0
    hits: float = 0.0
    alarms: float = 0.0
    noise: float = 0.0

    @property
    def asked(self) -> int:
        """Pages that it was measured on."""
        return round(self.positive + self.negative)

    @property
    def error(self) -> float:
        """The mean of the shares that it gets wrong of both classes; of one where the other has no pages."""
        shares = [wrong / count for wrong, count in self._wrong if count]
        return sum(shares) / len(shares) if shares else 0.5

    @property
    def _wrong(self) -> tuple[tuple[float, float], tuple[float, float]]:
        return (self.positive - self.hits, self.positive), (self.alarms, self.negative)

    @property
    def interval(self) -> Interval:
        """The error with a 95 % interval: Wilson's of both classes, combined (MOVER, Zou and Donner 2008)."""
        return self._interval(0.975)

    def _interval(self, confidence: float) -> Interval:
        each = [self._share_wrong(wrong / max(count, 1e-9), count, confidence) for wrong, count in self._wrong]
        low, high = (math.hypot(*(getattr(one, end) - one.value for one in each)) / 2 for end in ("low", "high"))
        return Interval(self.error, max(0.0, self.error - low), min(1.0, self.error + high))

    def _share_wrong(self, share: float, count: float, confidence: float) -> Interval:
        """The share that is wrong of a class: from that of labels it differs with, which has the labels' noise too."""
        if not count:
            return wilson_interval(share, 0, confidence)
        clear = 1 - 2 * self.noise
        differs = wilson_interval(share * clear + self.noise, count, confidence)
        bounds = [min(max((end - self.noise) / clear, 0.0), 1.0) for end in (differs.low, differs.high)]
        return Interval(share, *bounds)

    def weight(self, *, positive: bool) -> float:
        """The logarithm of the likelihood ratio of a vote for its class; 0 for a vote that says nothing."""
        pages = self.positive + self.negative
        added = [PRIOR * (count / pages if pages else 0.5) + 1e-9 for count in (self.positive, self.negative)]
        hit, alarm = (
            (said + more) / (count + 2 * more)
            for said, count, more in zip((self.hits, self.alarms), (self.positive, self.negative), added, strict=True)
        )
        ratio = hit / alarm if positive else (1 - alarm) / (1 - hit)
        return max(0.0, math.log(ratio))

    def too_low(self, settings: LabelSection) -> bool:
        """True when it is right less often than [label] gold_accuracy (one-sided, CERTAINTY), on gold_min pages."""
        return self.asked >= settings.gold_min and 1 - self._interval(CERTAINTY).low < settings.gold_accuracy


def people_rates(measured: Iterable[Accuracy]) -> dict[str, float]:
    """Error rates of people from their gold tasks."""
    people = [one for one in measured if one.annotator != JUDGE]
    return shrunk_rates({one.annotator: (one.asked - one.right, one.asked) for one in people})


def _error_chance(ballot: Ballot, rates: Mapping[str, float]) -> float:
    """The chance that a person's label of a ballot is wrong."""
    label = ballot.label()
    if label is None or label.source != "vote":
        return 0.0
    return label_error_chance("vote", label.annotators, label.agreement, rates or {"": USUAL})


def measure_judge(ballots: Iterable[Ballot], rates: Mapping[str, float], positives: Collection[str]) -> JudgeRecord:
    """The judge's record, from gold tasks and from pages that people labelled whatever it said.

    ballots: without verdicts. rates: error rates of people.
    """
    said, truth, chance = [], [], []
    for ballot in ballots:
        task = ballot.task
        label = None if task.gold else ballot.label()
        value = task.gold or (label.value if label and (task.use == "audit" or task.checked) else NO_LABEL)
        if ballot.judged is not None and value != NO_LABEL:
            said.append(ballot.judged.value in positives)
            truth.append(value in positives)
            chance.append(0.0 if task.gold else _error_chance(ballot, rates))
    return fit_record(np.array(said, dtype=bool), np.array(truth, dtype=bool), np.array(chance))


def fit_record(said: NDArray[np.bool_], truth: NDArray[np.bool_], chance: NDArray[np.float64]) -> JudgeRecord:
    """Fit a judge's errors to what it said and to labels that are wrong with some chance; all of shape (pages,)."""
    positive = np.where(truth, 1 - chance, chance)
    for _ in range(PASSES if chance.any() else 0):
        share = np.clip(positive.mean(), 1e-6, 1 - 1e-6)
        hit = (positive[said].sum() + 0.5) / (positive.sum() + 1)
        alarm = ((1 - positive)[said].sum() + 0.5) / ((1 - positive).sum() + 1)
        for_it = share * np.where(truth, 1 - chance, chance) * np.where(said, hit, 1 - hit)
        against = (1 - share) * np.where(truth, chance, 1 - chance) * np.where(said, alarm, 1 - alarm)
        positive = for_it / (for_it + against)
    sums = positive.sum(), (1 - positive).sum(), positive[said].sum(), (1 - positive)[said].sum()
    noise = float(chance.mean()) if len(chance) else 0.0
    return JudgeRecord(*(round(float(one), 6) for one in (*sums, noise)))


def judge_logit(record: JudgeRecord, positive_share: float) -> float:
    """What a judge's vote adds to a page's logit, given its share of the probability for wanted pages.

    A vote that it is half sure of counts half.
    """
    sign = 1 if positive_share >= 0.5 else -1
    return sign * record.weight(positive=sign > 0) * abs(2 * positive_share - 1)


@dataclass(frozen=True, slots=True)
class Weights:
    """By what votes are weighed. rates: error rates of people; positives: the labels of wanted pages."""

    record: JudgeRecord
    rates: Mapping[str, float]
    positives: Collection[str]
    same: SameValue

    def person(self, annotator: str) -> float:
        """The logit of a person's vote."""
        usual = sum(self.rates.values()) / len(self.rates) if self.rates else USUAL
        rate = min(max(self.rates.get(annotator, usual), 1e-3), 0.5)
        return math.log((1 - rate) / rate)

    def logit(self, ballot: Ballot) -> float:
        """The logit of a page by its votes alone."""
        votes = (*ballot.before, *ballot.votes)
        people = sum(self.person(vote.annotator) * (1 if vote.value in self.positives else -1) for vote in votes)
        judged = ballot.task.judged
        return people + (judge_logit(self.record, judged) if judged is not None else 0.0)


def weighed(ballots: Sequence[Ballot], weights: Weights) -> list[Ballot]:
    """The ballots with the verdicts of those that the judge voted on; audit and gold pages have none.

    Nor have those on which its vote weighs nothing. Where nobody else voted, the probability before the vote is the
    share of wanted pages of the page's stratum, estimated from all votes there; where people did, it is one half, as
    they are asked about pages that are not like the others of their stratum.
    """
    of_stratum: dict[str, list[float]] = defaultdict(list)
    logits: dict[str, float] = {}
    for ballot in ballots:
        judged = ballot.task.judged
        counts = ballot.judged is not None and ballot.task.use == "train" and not ballot.task.gold
        if counts and judged is not None and judge_logit(weights.record, judged):
            logits[ballot.task.key] = weights.logit(ballot)
            of_stratum[ballot.task.stratum].append(logits[ballot.task.key])
    before = {stratum: prior_logit(np.array(votes)) for stratum, votes in of_stratum.items()}
    return [_with_verdict(ballot, logits.get(ballot.task.key), before, weights) for ballot in ballots]


def _with_verdict(ballot: Ballot, logit: float | None, before: Mapping[str, float], weights: Weights) -> Ballot:
    if logit is None:
        return ballot
    alone = not (ballot.before or ballot.votes)
    return replace(ballot, verdict=_verdict(ballot, logit, before[ballot.task.stratum] if alone else 0.0, weights))


def prior_logit(votes: NDArray[np.float64]) -> float:
    """The logit of the share of wanted pages among some, by EM on the logits of their votes; one of two is added."""
    share = 0.5
    for _ in range(PASSES):
        odds = share / (1 - share) * np.exp(np.clip(votes, -30, 30))
        share = float(((odds / (1 + odds)).sum() + 1) / (len(votes) + 2))
    return math.log(share / (1 - share))


def _verdict(ballot: Ballot, logit: float, before: float, weights: Weights) -> Verdict:
    """What a page's votes come to; nothing yet where the judge alone would overrule everybody who voted."""
    probability = 1 / (1 + math.exp(-min(max(logit + before, -30.0), 30.0)))
    positive = probability >= 0.5
    winners = [vote for vote in _people_first(ballot) if (vote.value in weights.positives) == positive]
    people = (*ballot.before, *ballot.votes)
    overruled = people and all((vote.value in weights.positives) != positive for vote in people)
    agree = not overruled and winners and all(weights.same(vote.value, winners[0].value) for vote in winners)
    if not agree or max(probability, 1 - probability) < SURE:
        return Verdict(NO_LABEL, 0.0)
    wrong = 1 / (1 + math.exp(min(logit if positive else -logit, 30.0)))
    return Verdict(winners[0].value, round(min(wrong, 1 - SURE), 6))


def _people_first(ballot: Ballot) -> Iterable[Answer]:
    yield from reversed((*ballot.before, *ballot.votes))
    if ballot.judged is not None:
        yield ballot.judged
