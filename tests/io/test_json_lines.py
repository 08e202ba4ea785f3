"""JSON lines: objects with the numbers of their lines, or a refusal that names the line."""

import codecs
import gzip
import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.archive.corpora import texts
from recall.config import AccessSection
from recall.corpus.filters.benchmark_files import items_of
from recall.errors import BadInput, ShardCorrupt
from recall.io import json_lines
from recall.run.label_files import read_labels

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


OBJECT = b'{"url": "u", "text": "\xc3\xa9"}'
READ = {
    "a byte order mark": codecs.BOM_UTF8 + OBJECT,
    "UTF-16": codecs.BOM_UTF16_LE + OBJECT.decode().encode("utf-16-le"),
    "marks of files put together": codecs.BOM_UTF8 + b"\n" + OBJECT + b"\n",
    "CR line ends": OBJECT + b"\r",
    "zeros behind the last line": OBJECT + b"\n" + b"\0" * 4096,
    "zeros behind the last object": OBJECT + b"\0" * 4096,
    "gzip": gzip.compress(OBJECT),
    "gzip with zeros behind": gzip.compress(OBJECT + b"\n") + b"\0" * 512,
    "blanks": b"  \t" + OBJECT + b"  \n\n",
}


@pytest.mark.parametrize("data", READ.values(), ids=READ)
def test_objects_are_read_however_the_file_is_written(data: bytes) -> None:
    for cut in (1, 5, 64, len(data)):
        pieces = [data[start : start + cut] for start in range(0, len(data), cut)]
        assert [row for _, row in json_lines(pieces, "file")] == [{"url": "u", "text": "é"}]


@pytest.mark.parametrize("between", [b"\n\0\0\n", b"\0\0\n", b"\n\0\n\0\r\n", b"\r\0\0\r", b"\n \0\t\n"])
def test_zeros_between_objects_are_passed_over(between: bytes) -> None:
    rows = [row for _, row in json_lines(OBJECT + between + OBJECT, "file")]
    assert rows == [{"url": "u", "text": "é"}] * 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(b'{"a": 1, "a": 2}', "has the key 'a' twice", id="a key twice"),
        pytest.param(b'{"a": {}, "b": 1, "a": {}}', "has the key 'a' twice", id="a key twice around objects"),
        pytest.param(b"{", "it goes over several lines", id="an object on several lines"),
        pytest.param(b"[", "it goes over several lines", id="a list on several lines"),
        pytest.param(b'[{"a": 1}]', "not an object", id="a list"),
        pytest.param(b'{"a": 1},', "Extra data at character 8", id="a comma behind"),
        pytest.param(b'{"a": %s}' % (b"1" * 5000), "limit .* for integer string conversion", id="a huge number"),
        pytest.param(b"[" * 100_000, "recursion|not an object|several lines", id="nested too deep"),
        pytest.param(b'{"a": "\0"}', "NUL bytes", id="a NUL inside"),
        pytest.param(b"\0\0" + b'{"a": 1}', "NUL bytes", id="zeros before an object"),
        pytest.param(b'{"a": "\xe9"}', "not UTF-8 at byte 7 of the line", id="latin-1"),
        pytest.param(b"{'a': 1}", "Expecting property name", id="quotes of Python"),
        pytest.param(b"url,label", "Expecting value at character 0", id="a table of commas"),
    ],
)
def test_the_reason_of_a_refusal_is_told(line: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=rf"^file:2: not a JSON object on one line \(.*({reason})"):
        list(json_lines(b"{}\n" + line + b"\n", "file"))


def test_numbers_that_json_lacks_are_read_as_python_writes_them() -> None:
    ((_, row),) = json_lines(b'{"a": NaN, "b": -Infinity, "c": 1e999, "d": 123456789012345678901234567890}', "file")
    assert math.isnan(row["a"])
    assert (row["b"], row["c"], row["d"]) == (-math.inf, math.inf, 123456789012345678901234567890)


def test_a_key_twice_in_an_object_inside_is_read_as_by_python() -> None:
    assert list(json_lines(b'{"a": {"b": 1, "b": 2}}', "file")) == [(1, {"a": {"b": 2}})]


TWICE = {
    "another key": b'{"id": 1, "url": "u", "id": 2}',
    "a key that is empty": b'{"": 1, "url": "u", "": 2}',
    "other keys that are objects": b'{"meta": {"url": 1}, "url": "u", "meta": {}}',
    "a wanted key inside": b'{"meta": {"url": 1, "url": 2}, "url": "u"}',
    "a key of another case": b'{"URL": 1, "url": "u", "Url": 2}',
}


@pytest.mark.parametrize("line", TWICE.values(), ids=TWICE)
def test_a_key_twice_that_nobody_reads_does_not_matter(line: bytes) -> None:
    ((_, row),) = json_lines(line, "file", keys={"url", "text"})
    assert row["url"] == "u"
    assert row == json.loads(line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"url": 1, "url": 2}',
        b'{"id": 1, "url": 1, "id": 2, "url": 2}',
        b'{"id": 1, "id": 2, "\\u0075rl": 1, "url": 2}',
    ],
)
def test_a_wanted_key_twice_is_refused(line: bytes) -> None:
    with pytest.raises(BadInput, match=r"^file:1: not a JSON object on one line \(has the key 'url' twice\)$"):
        list(json_lines(line, "file", keys={"url", "text"}))


def test_a_long_key_and_its_line_ends_do_not_go_into_the_error() -> None:
    key = "\\n\\u001b[2J" + "k" * 1_000_000
    with pytest.raises(BadInput) as caught:
        list(json_lines(f'{{"{key}": 1, "{key}": 2}}'.encode(), "file"))
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()


def test_many_keys_of_which_one_is_there_twice_are_read_in_linear_time() -> None:
    keys = ", ".join(f'"{number}": 1' for number in [*range(200_000), 0])
    with pytest.raises(BadInput, match="has the key '0' twice"):
        list(json_lines(f"{{{keys}}}".encode(), "file"))


def test_a_long_line_in_many_pieces_is_read_in_linear_time() -> None:
    line = json.dumps({"a": "x" * 4_000_000}).encode()
    pieces = (line[start : start + 64] for start in range(0, len(line), 64))
    assert len(list(json_lines(pieces, "file"))) == 1


def test_shards_labels_and_benchmarks_take_a_key_twice_that_they_do_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    line = '{"id2": 1, "url": "http://a.org/", "text": "t", "label": "C", "id2": 2}\n'
    path.write_text(line)
    assert len(list(texts(str(path)))) == 1
    assert [found.label for found in read_labels(path)] == ["C"]
    assert [found for _, found in items_of(str(path), AccessSection(), ["text"])] == [["t"]]
    path.write_text(line.replace('"id2": 2', '"url": 2, "text": 2'))
    for read in (
        lambda: texts(str(path)),
        lambda: read_labels(path),
        lambda: items_of(str(path), AccessSection(), ["text"]),
    ):
        with pytest.raises((BadInput, ShardCorrupt), match="twice"):
            list(read())
