"""Examples of one text are one example."""

import numpy as np
import pytest

from recall.labels.examples import Example, one_a_text


@pytest.mark.parametrize(
    ("of_the_text", "kept"),
    [
        ("asked C", 0),
        ("harvest C, asked other", 1),
        ("asked C, label other, asked other", 1),
        ("asked C, asked other", 0),
        ("random other, harvest C, prefix C", 1),
    ],
)
def test_annotators_labels_win_then_the_commonest_then_the_first(of_the_text: str, kept: int) -> None:
    pairs = [example.split() for example in of_the_text.split(", ")]
    examples = [Example(f"https://h{row}.org/", label, "", source, "") for row, (source, label) in enumerate(pairs)]
    another = Example("https://z.org/", "C", "", "asked", "")
    texts = np.array([7] * len(examples) + [3])
    assert one_a_text(texts, [*examples, another]).tolist() == [kept, len(examples)]
