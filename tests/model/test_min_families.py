import numpy as np

from recall.model.min_families import PER_FAMILIES, supported


def test_tokens_of_too_few_families_go_and_order_stays() -> None:
    families = [f"site{number}" for number in range(2 * PER_FAMILIES)]
    lines = [np.array([7, 3, number + 10], dtype=np.uint32) for number in range(len(families))]
    lines[0] = np.array([10, 7, 7, 3], dtype=np.uint32)
    kept = supported(lines, families, 100, 5)
    assert [line.tolist() for line in kept] == [[7, 7, 3], *[[7, 3]] * (len(lines) - 1)]


def test_many_pages_of_one_family_count_once() -> None:
    families = ["one"] * 50 + [f"site{number}" for number in range(2 * PER_FAMILIES)]
    lines = [np.array([1], dtype=np.uint32)] * 50 + [np.array([2], dtype=np.uint32)] * (2 * PER_FAMILIES)
    kept = supported(lines, families, 3, 2)
    assert not any(len(line) for line in kept[:50])
    assert all(line.tolist() == [2] for line in kept[50:])


def test_few_families_keep_all_their_words() -> None:
    lines = [np.array([number], dtype=np.uint32) for number in range(2 * PER_FAMILIES - 1)]
    families = [str(number) for number in range(len(lines))]
    assert [line.tolist() for line in supported(lines, families, 100, 5)] == [line.tolist() for line in lines]


def test_a_minimum_of_none_keeps_all() -> None:
    lines = [np.array([number], dtype=np.uint32) for number in range(100)]
    assert len(supported(lines, [str(number) for number in range(100)], 100, 0)[3]) == 1
