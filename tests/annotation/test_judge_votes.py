"""What a judge is held to and what its votes weigh, on simulated answers."""

import math

import numpy as np
import pytest

from annotation.adjudication import Ballot
from annotation.answers import Answer, Task
from annotation.gold import same_for
from annotation.judge_votes import JudgeRecord, Weights, fit_record, judge_logit, measure_judge, prior_logit, weighed
from recall.config import Config, LabelSection
from recall.records import JUDGE

POSITIVES = frozenset({"C"})
SAME = same_for(Config())


def record_of(error: float, pages: int = 400) -> JudgeRecord:
    half = pages / 2
    return JudgeRecord(half, half, half * (1 - error), half * error)


def ballot(judged: str, share: float | None = None, key: str = "k", stratum: str = "s", **votes: str) -> Ballot:
    share = (1.0 if judged == "C" else 0.0) if share is None else share
    task = Task(key, f"https://a.org/{key}", "page", "train", len(votes), stratum=stratum, judged=share)
    given = tuple(Answer(key, task.target, "page", value, name) for name, value in votes.items())
    return Ballot(task, given, judged=Answer(key, task.target, "page", judged, JUDGE))


def weights(error: float, **rates: float) -> Weights:
    return Weights(record_of(error), rates, POSITIVES, SAME)


@pytest.mark.parametrize("people", [0.0, 0.05, 0.1])
@pytest.mark.parametrize("error", [0.05, 0.15, 0.30])
def test_the_error_is_estimated_though_people_err_too(error: float, people: float) -> None:
    random = np.random.default_rng(1)
    truth = random.random(4000) < 0.3
    said = truth ^ (random.random(4000) < error)
    labels = truth ^ (random.random(4000) < people)
    record = fit_record(said, labels, np.full(4000, people))
    assert record.error == pytest.approx(error, abs=0.03)
    assert record.interval.low <= error <= record.interval.high


def test_intervals_hold_the_error_nearly_always() -> None:
    random = np.random.default_rng(4)
    held = 0
    for _ in range(300):
        truth = random.random(120) < 0.3
        record = fit_record(truth ^ (random.random(120) < 0.15), truth, np.zeros(120))
        held += record.interval.low <= 0.15 <= record.interval.high
    assert held >= 0.92 * 300


@pytest.mark.parametrize("said", [True, False])
def test_who_says_the_same_of_every_page_weighs_nothing_and_is_left_out(said: bool) -> None:
    truth = np.arange(200) % 10 == 0
    record = fit_record(np.full(200, said), truth, np.zeros(200))
    assert max(record.weight(positive=True), record.weight(positive=False)) < 0.25
    assert record.error == pytest.approx(0.5)
    assert record.too_low(LabelSection())


def test_votes_weigh_more_the_less_the_judge_errs() -> None:
    found = [record_of(error).weight(positive=True) for error in (0.05, 0.15, 0.30, 0.5)]
    assert found == sorted(found, reverse=True)
    assert found[0] == pytest.approx(math.log(0.95 / 0.05), abs=0.25)
    assert found[-1] == 0


def test_a_judge_that_was_not_measured_weighs_nothing() -> None:
    assert JudgeRecord().weight(positive=True) == 0 == JudgeRecord().weight(positive=False)
    assert not JudgeRecord().too_low(LabelSection())


def test_a_judge_that_is_wrong_more_often_than_right_weighs_nothing() -> None:
    assert record_of(0.8).weight(positive=True) == 0


def test_a_vote_counts_as_much_as_the_judge_is_sure() -> None:
    sure, half = judge_logit(record_of(0.1), 1.0), judge_logit(record_of(0.1), 0.75)
    assert half == pytest.approx(sure / 2)
    assert judge_logit(record_of(0.1), 0.5) == 0
    assert judge_logit(record_of(0.1), 0.0) == pytest.approx(-sure)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_the_share_of_a_stratum_is_estimated_from_its_votes(share: float) -> None:
    random = np.random.default_rng(5)
    truth = random.random(3000) < share
    logit = math.log(0.85 / 0.15)
    votes = np.where(truth ^ (random.random(3000) < 0.15), logit, -logit)
    assert 1 / (1 + math.exp(-prior_logit(votes))) == pytest.approx(share, abs=0.03)


def test_the_judge_alone_makes_a_label_where_it_is_probably_right() -> None:
    rare = [ballot("N", key=f"n{number}", stratum="rare") for number in range(60)]
    half = [ballot("CN"[number % 2], key=f"h{number}", stratum="half") for number in range(60)]
    listed = weighed([*rare, ballot("C", key="lone", stratum="rare"), *half], weights(0.15))
    labels = {one.task.key: one.label() for one in listed}
    assert labels["n0"] is not None
    assert labels["n0"].value == "N"
    assert labels["lone"] is None  # of sixty such pages most are slips
    label = labels["h0"]
    assert label is not None
    assert (label.value, label.annotators, label.source) == ("C", (JUDGE,), "vote")
    assert label.error_chance == pytest.approx(0.15, abs=0.02)
    assert all(one.reason is None and not one.open for one in listed)


def test_a_person_overrules_a_judge_that_errs_more() -> None:
    (one,) = weighed([ballot("N", ann="C")], weights(0.30, ann=0.05))
    label = one.label()
    assert label is not None
    assert (label.value, set(label.annotators)) == ("C", {"ann", JUDGE})
    assert label.error_chance == pytest.approx(0.11, abs=0.02)


def test_a_judge_and_a_person_as_good_as_each_other_who_differ_wait_for_a_decision() -> None:
    (one,) = weighed([ballot("N", ann="C")], weights(0.05, ann=0.05))
    assert (one.label(), one.reason) == (None, "disagreement")


@pytest.mark.parametrize(("vote", "other"), [("N", "C"), ("C", "N")])
def test_a_judge_alone_overrules_nobody_however_good_it_is(vote: str, other: str) -> None:
    rates = weights(0.001, ann=0.3, bob=0.3, cleo=0.3)
    (one,) = weighed([ballot(vote, ann=other, bob=other)], rates)
    assert one.label() is None
    (one,) = weighed([ballot(vote, ann=other, bob=other, cleo=vote)], rates)
    assert one.label() is not None


def test_agreement_makes_an_error_less_probable() -> None:
    (one,) = weighed([ballot("C", ann="C")], weights(0.15, ann=0.05))
    label = one.label()
    assert label is not None
    assert label.error_chance is not None
    assert label.error_chance < 0.02


def test_the_judge_breaks_a_tie_of_people() -> None:
    (one,) = weighed([ballot("C", ann="C", bob="N")], weights(0.10, ann=0.1, bob=0.1))
    assert one.winner[0] == "C"


def test_people_who_agree_on_a_label_of_the_same_class_give_it() -> None:
    (one,) = weighed([ballot("A", ann="J")], weights(0.10, ann=0.05))
    assert one.winner[0] == "J"


@pytest.mark.parametrize("use", ["audit", "gold"])
def test_audit_and_gold_pages_have_no_verdict(use: str) -> None:
    task = Task("k", "t", "page", use, 1, judged=1.0, gold="C" if use == "gold" else "")  # type: ignore[arg-type]
    (one,) = weighed([Ballot(task, judged=Answer("k", "t", "page", "C", JUDGE))], weights(0.01))
    assert one.verdict is None
    assert one.label() is None


def test_only_pages_that_people_label_whatever_it_says_measure_it() -> None:
    def task(key: str, **more: object) -> Task:
        return Task(key, key, "page", more.pop("use", "train"), 1, **more)  # type: ignore[arg-type]

    tasks = [task("audit", use="audit"), task("checked", checked=True), task("gold", gold="C"), task("chosen")]
    listed = [
        Ballot(
            one, (Answer(one.key, one.key, "page", "N", "ann"),), judged=Answer(one.key, one.key, "page", "C", JUDGE)
        )
        for one in tasks
    ]
    record = measure_judge(listed, {}, POSITIVES)
    assert record.asked == 3
    assert record.hits == pytest.approx(1, abs=0.3)
