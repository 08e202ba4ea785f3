"""Token lines on disk: the lines that the tokenizer gives, read one by one, here and by other processes."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from recall.labels.examples import Example, StoredText
from recall.model.tokens import Tokenizer
from recall.records import CODED, MARK
from recall.run.store import Store
from recall.steps.train.cross_validation import text_lines
from recall.steps.train.stored_lines import marks_tell, store_lines, take

TEXTS = [
    "def f(x): return x",
    "",
    f"a page with code{MARK}{CODED}return 1{MARK}pre1{MARK}code2",
    "naïve café — 中文",
    f"another page{MARK}pre3",
] * 60


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer.train(TEXTS, 300)


def examples_of(store: Store) -> list[Example]:
    """The texts, every other one in a table and in another order there."""
    order = list(range(len(TEXTS)))[::-2]
    store.publish_table("seed/examples.parquet", {"text": [TEXTS[number] for number in order]}, {"text": "string"})
    at = {number: row for row, number in enumerate(order)}
    return [
        Example(f"u{n}", "C", "f", "label", StoredText("seed/examples.parquet", at[n]) if n in at else text)
        for n, text in enumerate(TEXTS)
    ]


def test_lines_are_those_of_the_texts_in_the_order_of_the_examples(tmp_path: Path, tokenizer: Tokenizer) -> None:
    store = Store(str(tmp_path))
    lines, plain = store_lines(store, "rounds/1/train", examples_of(store), tokenizer)
    assert [line.tolist() for line in lines] == [line.tolist() for line in tokenizer.lines(TEXTS)]
    assert [line.tolist() for line in plain] == [line.tolist() for line in text_lines(tokenizer, TEXTS)]
    few = take(lines, np.array([7, 2]))
    again = pickle.loads(pickle.dumps(few))
    assert [line.tolist() for line in again] == [lines[7].tolist(), lines[2].tolist()]
    assert [line.tolist() for line in lines[2:4]] == [lines[2].tolist(), lines[3].tolist()]
    size = (tmp_path / "rounds/1/train" / lines.file).stat().st_size
    assert size == 4 * (
        sum(map(len, plain)) + sum(len(line) for line, text in zip(lines, TEXTS, strict=True) if MARK in text)
    )


@pytest.mark.parametrize(
    ("sources", "positive", "tell"),
    [
        (["text", "text", "random"], [True, True, False], False),
        (["text", "label", "random"], [True, True, False], True),
        (["text", "text"], [True, False], False),
        (["label", "label"], [True, True], True),
    ],
)
def test_marks_tell_where_both_classes_have_pages(sources: list[str], positive: list[bool], tell: bool) -> None:
    examples = [Example(f"u{n}", "C", "f", source, "") for n, source in enumerate(sources)]
    assert marks_tell(examples, np.array(positive)) == tell
