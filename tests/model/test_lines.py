import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recall.model.lines import CASED_BELOW, Once, lowered


def test_every_character_is_lowered_as_python_does() -> None:
    characters = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    assert all(one == one.lower() for one in characters[CASED_BELOW:])
    for start in range(0, len(characters), 5000):
        for text in ("x".join(characters[start : start + 5000]), "Ⱥ".join(characters[start : start + 5000])):
            assert lowered(text.encode()) == text.lower().encode()


@given(st.text())
def test_any_text_is_lowered_as_python_does(text: str) -> None:
    assert lowered(text.encode()) == text.lower().encode()


def test_the_longest_growth_fits() -> None:
    for text in ("Ⱥ" * 1000, "İ" * 1000, "ΑΣ", "Σ", "K" * 10):
        assert lowered(text.encode()) == text.lower().encode()


@given(st.lists(st.lists(st.integers(0, 20))))
def test_each_id_stays_once_where_it_came_first(lines: list[list[int]]) -> None:
    once = Once(21)
    for line in lines:
        assert once(np.array(line, dtype=np.uint32)).tolist() == list(dict.fromkeys(line))


def test_lines_are_told_apart_however_many_there_are() -> None:
    once = Once(3)
    line = np.array([2, 0, 2], dtype=np.uint32)
    assert all(once(line).tolist() == [2, 0] for _ in range(600))
