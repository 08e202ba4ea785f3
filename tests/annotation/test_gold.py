"""Gold tasks: who is measured, how sure that is, who is left out."""

import pytest

from annotation.answers import FILE, NO_LABEL, Answer, Task
from annotation.gold import Accuracy, annotators_to_exclude, measure_gold, same_for
from recall.config import Config, LabelSection, parse_config

SAME = same_for(Config())


@pytest.mark.parametrize(
    ("right", "asked", "out"),
    [
        (0, 9, False),
        (0, 10, True),
        (6, 10, False),
        (5, 10, True),
        (60, 100, True),
        (75, 100, False),
        (70, 100, False),
        (69, 100, True),
    ],
)
def test_who_is_surely_below_the_bar_is_left_out(right: int, asked: int, out: bool) -> None:
    settings = LabelSection(gold_accuracy=0.75, gold_min=10)
    assert (annotators_to_exclude([Accuracy("bad", right, asked)], settings) == {"bad"}) is out


def test_votes_on_gold_are_measured_by_what_they_teach() -> None:
    gold = Task("g", "http://a.org/", "page", "gold", 5, "A")
    other = Task("t", "http://b.org/", "page", "train")

    def said(annotator: str, value: str, task: Task = gold, decides: bool = False) -> Answer:
        return Answer(task.key, task.target, task.kind, value, annotator, adjudicates=decides)

    answers = [
        *(said("ann", "A"), said("bob", "N"), said("cat", "C"), said("dan", NO_LABEL), said(FILE, "C")),
        *(said("eve", "C", gold, decides=True), said("ann", "C", other)),
    ]
    assert measure_gold([gold, other], answers, SAME) == {
        "ann": Accuracy("ann", 1, 1),
        "bob": Accuracy("bob", 1, 1),
        "cat": Accuracy("cat", 0, 1),
    }
    all_labels = same_for(parse_config('[train]\nlabels = "all"\n', "c"))
    assert measure_gold([gold], answers, all_labels)["bob"] == Accuracy("bob", 0, 1)
