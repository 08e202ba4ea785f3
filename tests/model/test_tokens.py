import json
import os
import pickle
from pathlib import Path

import gigatoken
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.errors import BadInput
from recall.model import tokens
from recall.model.features import features_of
from recall.model.tokens import GOLDEN, Tokenizer, split_marks
from recall.page.text.prose_language import language_of
from recall.records import CODED, MARK, MARKS


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(
        ["def main(): return the other thing", "the hotel and the other beach"] * 5 + list(GOLDEN), 300
    )


def exact_ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return tokenizer._encode_exact(text.lower().encode("utf-8", "replace"))


def test_training_twice_gives_the_same_bytes(texts: list[str]) -> None:
    assert Tokenizer.train(texts, 400).document == Tokenizer.train(iter(texts), 400).document


def test_marks_and_case_do_not_change_the_vocabulary(texts: list[str]) -> None:
    plain = [split_marks(text)[0].upper() for text in texts]
    assert Tokenizer.train(plain, 400).document == Tokenizer.train(texts, 400).document


def test_gigatoken_gives_the_ids_of_tokenizers_on_golden_strings(tokenizer: Tokenizer) -> None:
    assert tokenizer.fast
    for text, ids in zip(GOLDEN, tokenizer.encode(GOLDEN), strict=True):
        assert ids.tolist() == exact_ids(tokenizer, text)
        assert ids.dtype == np.uint32


@given(st.text(alphabet=st.characters(exclude_characters=MARK)))
def test_gigatoken_gives_the_ids_of_tokenizers_on_any_text(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.encode([text])[0].tolist() == exact_ids(tokenizer, text)


@pytest.mark.parametrize("broken", ["other ids", "refuses"])
def test_without_a_sound_gigatoken_the_ids_stay_the_same(
    tokenizer: Tokenizer, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Other:
        def encode(self, data: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
            return np.zeros(len(data), dtype=np.uint32)

    def from_json(_document: str) -> Other:
        if broken == "refuses":
            raise RuntimeError("unknown pretokenizer")
        return Other()

    monkeypatch.setattr(gigatoken.Tokenizer, "from_json", from_json)
    slow = Tokenizer(tokenizer.document)
    assert not slow.fast
    for ids, expected in zip(slow.lines(GOLDEN), tokenizer.lines(GOLDEN), strict=True):
        np.testing.assert_array_equal(ids, expected)


def test_the_fast_encoder_is_made_anew_before_it_remembers_too_much(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "FAST_BYTES", 100)
    copy = Tokenizer(tokenizer.document)
    first = copy._fast
    before = copy.encode(["the other hotel " * 10])[0]
    assert copy._fast is not first
    np.testing.assert_array_equal(before, tokenizer.encode(["the other hotel " * 10])[0])


def test_a_line_holds_each_id_once_in_order_of_first_occurrence_then_marks_then_shapes(tokenizer: Tokenizer) -> None:
    text = "the hotel and the beach the hotel and " * 50
    expected = list(dict.fromkeys(tokenizer.encode([text])[0].tolist()))
    marks = [tokenizer.vocabulary + MARKS.index(name) for name in ("pre3", "highlight8")]
    shapes = [tokenizer.vocabulary + len(MARKS) + place for place in features_of(text.encode()).tolist()]
    line = tokenizer.lines([f"{text}{MARK}pre3{MARK}highlight8"])[0]
    assert line.tolist() == expected + marks + shapes
    assert tokenizer.name(shapes[0]) == "{0"
    assert line.dtype == np.uint32
    assert max(line) < tokenizer.size


def test_behind_the_shapes_come_the_ids_inside_code_each_once(tokenizer: Tokenizer) -> None:
    text, code = "the hotel and the beach " * 9, "The beach the beach"
    plain = tokenizer.lines([text])[0].tolist()
    inside = list(dict.fromkeys(tokenizer.encode([code])[0].tolist()))
    line = tokenizer.lines([f"{text}{MARK}{CODED}{code}"])[0]
    assert line.tolist() == plain + [tokenizer.coded + token for token in inside]
    assert tokenizer.name(line[-1]) == CODED + tokenizer.name(inside[-1])
    assert max(line) < tokenizer.size


def test_a_line_does_not_depend_on_its_neighbours(tokenizer: Tokenizer, texts: list[str]) -> None:
    together = tokenizer.lines(texts[:20])
    for line, text in zip(together, texts[:20], strict=True):
        np.testing.assert_array_equal(line, tokenizer.lines([text])[0])


@pytest.mark.parametrize(
    ("text", "texts", "names"),
    [
        ("", ("", ""), []),
        ("plain", ("plain", ""), []),
        (f"a{MARK}pre1", ("a", ""), ["pre1"]),
        (f"{MARK}code8", ("", ""), ["code8"]),
        (f"a{MARK}pre1{MARK}pre1{MARK}code2", ("a", ""), ["pre1", "code2"]),
        (f"a{MARK}pre9{MARK}code1", ("apre9", ""), ["code1"]),
        (f"a{MARK}pre1 b", ("apre1 b", ""), []),
        (f"{MARK}{MARK}", ("", ""), []),
        (f"a{MARK}{CODED}b = 1{MARK}pre1", ("a", "b = 1"), ["pre1"]),
        (f"a{MARK}{CODED}b", ("a", "b"), []),
        (f"a{MARK}{CODED}b{MARK}{CODED}c{MARK}pre1", (f"a{CODED}b", "c"), ["pre1"]),
        (f"a{MARK}{CODED}b{MARK}pre1{MARK}x", (f"a{CODED}bpre1x", ""), []),
    ],
)
def test_only_known_marks_at_the_end_are_marks(text: str, texts: tuple[str, str], names: list[str]) -> None:
    assert split_marks(text) == (*texts, [MARKS.index(name) for name in names])


def test_the_words_of_a_line_tell_its_language() -> None:
    german = (
        "Das ist eine Seite über das Wetter, und was die Leute in der kleinen Stadt dazu gesagt haben, steht hier. "
    )
    english = "This is a page about the weather, and what the people of the little town said about it stands here. "
    tokenizer = Tokenizer.train([german, english] * 3, 600)
    lines = tokenizer.lines([german * 9 + f"{MARK}{CODED}int main{MARK}pre1", english * 9])
    assert [language_of(tokenizer.words(line)) for line in lines] == ["de", "en"]


def test_hostile_text_has_tokens_too(tokenizer: Tokenizer) -> None:
    hostile = ["\ud800\udfff", "\x00" * 100, "é" * 100_000, "</s>\n__label__C", ""]
    words = [line[line < tokenizer.vocabulary] for line in tokenizer.lines(hostile)]
    assert [len(line) > 0 for line in words] == [True, True, True, True, False]


def test_encoding_starts_no_threads(tokenizer: Tokenizer) -> None:
    def threads() -> int:
        return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - the kernel's list, not a folder of ours

    if not Path("/proc/self/task").is_dir():
        pytest.skip("counts threads through /proc")
    fresh = Tokenizer(tokenizer.document)
    before = threads()
    fresh.lines(["the other thing " * 1000] * 50)
    assert threads() == before


def test_spans_cover_the_original_characters(tokenizer: Tokenizer) -> None:
    text = "The HOTEL and\tthe Ünïcödé 中文"
    for token, start, end in tokenizer.spans(text):
        name = tokenizer.name(token)
        if "\ufffd" not in name:
            assert text[start:end].lower() == name
    covered = {place for _, start, end in tokenizer.spans(text) for place in range(start, end)}
    assert covered == set(range(len(text)))


def test_spans_hold_where_lower_case_is_longer_and_marks_are_dropped(tokenizer: Tokenizer) -> None:
    text = f"İİ the{MARK} hotel{MARK}pre1"
    places = [text[start:end] for token, start, end in tokenizer.spans(text) if tokenizer.name(token).strip() == "h"]
    assert places or "h" not in {tokenizer.name(token) for token, _, _ in tokenizer.spans(text)}
    spans = tokenizer.spans(text)
    assert [span.id for span in spans] == tokenizer.encode([text])[0].tolist()
    assert (spans[0].start, spans[0].end) == (0, 1)
    assert spans[-1].end == text.index("hotel") + len("hotel")
    assert tokenizer.spans("") == []


def test_a_tokenizer_survives_its_folder_and_pickling(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path)
    loaded = Tokenizer.load(tmp_path)
    pickled = pickle.loads(pickle.dumps(tokenizer))
    for other in (loaded, pickled):
        assert (other.document, other.size) == (tokenizer.document, tokenizer.size)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", json.dumps({"model": {"type": "Unigram", "vocab": {}}})])
def test_a_file_that_is_no_tokenizer_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(BadInput, match=r"tokenizer.json: not a byte-level BPE"):
        Tokenizer.load(tmp_path)


def test_a_missing_tokenizer_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"tokenizer.json: cannot be read"):
        Tokenizer.load(tmp_path)
