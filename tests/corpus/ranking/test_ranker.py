import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recall.config.corpus_sections import CODE_SIGNALS, SIGNALS
from recall.corpus.code_signals import code_signals, measured_blocks
from recall.corpus.ranking.corpus_features import features_of
from recall.corpus.ranking.ranker import FILE, NAMES, WORDS, Ranker, load_ranker, parse_ranker, spans_of_code, words_of
from recall.corpus.ranking.ridge import BUCKETS, LinearModel
from recall.corpus.signals import Measured, signals
from recall.errors import BadInput
from recall.model.evaluate import Interval
from recall.run.store import Store

TEXT = "# Title\n\nCall `open()` or `close()`.\n\n```python\nx = f(`1`)\n```\n\nThen `x`.\n"


def small() -> Ranker:
    """Half a point for each doubling of the code spans, whatever else a text has."""
    weights = np.array([1.0 if name == "code_spans" else 0.0 for name in NAMES])
    model = LinearModel(np.zeros(len(NAMES)), np.ones(len(NAMES)), weights, np.zeros(BUCKETS), 0.25)
    return Ranker(model, 0.5, 1.0, "1", 3.0, 2.5, {"audit": 0}, {"error": Interval(0.5, 0.4, 0.6)})


def written(folder: Path, ranker: Ranker) -> None:
    store = Store(str(folder))
    store.publish(FILE, ranker.dump())
    store.publish(WORDS, ranker.dump_words())


def measured(text: str) -> Measured:
    return {**signals(text), **code_signals(measured_blocks(text))}


def test_code_spans_of_prose_are_counted_and_none_of_blocks() -> None:
    assert spans_of_code(TEXT) == 3
    assert spans_of_code("") == 0


def test_quality_is_a_line_over_the_sum_cut_at_both_ends() -> None:
    assert small().quality("no code", measured("no code")) == 0.75
    assert small().quality(TEXT, measured(TEXT)) == round(0.75 + np.log(4), 4)
    many = "`x` " * 5_000
    assert small().quality(many, measured(many)) == 4.75  # four standard deviations, not nine
    far = Ranker(small().model, -9.0, 1.0, "1", 3.0, 2.5)
    assert far.quality(TEXT, measured(TEXT)) == 0.0


def test_features_are_those_of_every_signal_but_what_depends_on_the_installation() -> None:
    assert set(NAMES) == (set(SIGNALS) | set(CODE_SIGNALS) | {"code_spans", "has_code"}) - {"code_parse_share"}
    without = dict(zip(NAMES, features_of(["words alone"]).rows[0], strict=True))
    assert np.isnan(without["code_identifiers"])
    assert without["has_code"] == 0
    assert without["words"] == pytest.approx(np.log(3))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    written(tmp_path, small())
    again = load_ranker(str(tmp_path))
    assert again.dump() == small().dump()
    assert again.quality(TEXT, measured(TEXT)) == small().quality(TEXT, measured(TEXT))
    assert again.figures == small().figures


def test_words_count_once_each_by_the_root_of_their_number() -> None:
    weights = np.zeros(BUCKETS)
    weights[words_of("stack")] = 3.0
    ranker = replace(small(), model=replace(small().model, words=weights))
    text = "a Stack is a stack is not"
    assert len(words_of(text)) == 4
    assert ranker.quality(text, measured(text)) == 0.75 + 3.0 / 2
    assert ranker.quality("no such", measured("no such")) == 0.75
    assert words_of("").tolist() == []
    assert words_of("\ud800 naïve 中文").tolist() == sorted(words_of("\ud800 naïve 中文").tolist())


@pytest.mark.parametrize("words", [b"", b"\x93NUMPY", np.zeros(3).tobytes(), small().dump_words()[:-4]])
def test_words_that_are_not_those_of_the_ranker_are_refused(words: bytes) -> None:
    with pytest.raises(BadInput, match="was changed after it was written"):
        parse_ranker(small().dump(), words, "here/ranker.json")


def test_words_of_another_shape_are_refused() -> None:
    few = replace(small(), model=replace(small().model, words=np.zeros(3)))
    with pytest.raises(BadInput, match="not a ranker of this version"):
        parse_ranker(few.dump(), few.dump_words(), "here/ranker.json")


def changed(**values: object) -> bytes:
    return json.dumps({**json.loads(small().dump()), **values}).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a ranker of this version"),
        (b"[]", "not a ranker of this version"),
        (b"\xff{", "not a ranker of this version"),
        (b"[" * 100_000, "not a ranker of this version"),
        (changed(format=2), "is of another version of recall: train the ranker again"),
        (changed(signals={}), "is of another version of recall"),
        (changed(slope=9.0), "was changed after it was written"),
        (changed(digest="0"), "was changed after it was written"),
    ],
)
def test_a_file_that_is_no_ranker_is_named(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=f"^here/ranker.json: {said}"):
        parse_ranker(data, small().dump_words(), "here/ranker.json")


def test_a_folder_without_a_ranker_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no ranker: .*; `recall quality train` writes one"):
        load_ranker(str(tmp_path))
