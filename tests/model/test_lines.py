import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recall.model.lines import CASED_BELOW, first_places, lowered


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
    seen = np.zeros(21, dtype=np.int32)
    for stamp, line in enumerate(lines, start=1):
        once = first_places(np.array(line, dtype=np.uint32), seen, stamp)
        assert once.tolist() == list(dict.fromkeys(line))
