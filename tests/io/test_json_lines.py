"""JSON lines: objects with the numbers of their lines, or a refusal that names the line."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.errors import BadInput, ShardCorrupt
from recall.io import json_lines

DATA = b'{"a": 1}\n\n  \r\n{"b": "\xc3\xa9"}\r\n{"c": null}'
ROWS = [(1, {"a": 1}), (4, {"b": "é"}), (5, {"c": None})]


def test_objects_come_with_the_numbers_of_their_lines() -> None:
    assert list(json_lines(DATA, "file")) == ROWS
    assert list(json_lines(DATA + b"\n", "file")) == ROWS
    assert list(json_lines(b"", "file")) == []


@given(st.lists(st.integers(0, len(DATA)), max_size=8))
def test_pieces_need_not_end_at_line_ends(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(DATA)]
    pieces = (DATA[start:stop] for start, stop in pairwise(edges))
    assert list(json_lines(pieces, "file")) == ROWS


@pytest.mark.parametrize("line", [b"[]", b"1", b"null", b"{", b'"text"', b'{"a": 1} {"b": 2}', b"\xff"])
def test_what_is_no_object_is_refused_with_its_line(line: bytes) -> None:
    for data in (b"{}\n" + line + b"\n{}", iter([b"{}\n", line, b"\n{}"])):
        with pytest.raises(BadInput, match=r"^file:2: not a JSON object on one line \(.+\)$"):
            list(json_lines(data, "file"))


def test_the_refusal_may_say_what_is_expected() -> None:
    with pytest.raises(ShardCorrupt, match=r"^file:1: not an item \(Expecting value at character 0\)$"):
        list(json_lines(b"x", "file", expected="an item", error=ShardCorrupt))


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(ShardCorrupt, match=r"^file:2: a line without end$"):
        list(json_lines([b"{}\n", b"x" * 60, b"x" * 60], "file", error=ShardCorrupt, longest=100))
