"""Columns of text, whatever type their writer gave them; a refusal names file and column."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recall.archive.corpora import texts
from recall.config import AccessSection
from recall.corpus.filters.benchmark_files import items_of
from recall.errors import BadInput, ShardCorrupt
from recall.io.parquet import table_from
from recall.io.parquet.text_columns import text_rows, text_values
from recall.records import Capture, Skip, plain_text
from recall.run.label_files import LabelledUrl, read_labels

TEXTS = ["x = 1", "größer", None, ""]
BYTES = [None if text is None else text.encode() for text in TEXTS]
TYPES: dict[str, tuple[Any, Sequence[Any]]] = {
    "string": (pa.string(), TEXTS),
    "large string": (pa.large_string(), TEXTS),
    "string view": (pa.string_view(), TEXTS),
    "binary, as Impala writes it": (pa.binary(), BYTES),
    "large binary": (pa.large_binary(), BYTES),
    "binary view": (pa.binary_view(), BYTES),
    "fixed size": (pa.binary(8), [None if value is None else value.ljust(8, b"\0") for value in BYTES]),
    "dictionary of strings": (pa.dictionary(pa.int32(), pa.string()), TEXTS),
    "dictionary of bytes": (pa.dictionary(pa.int32(), pa.binary()), BYTES),
    "JSON": (pa.json_(), TEXTS),
}


def array(kind: Any, values: Sequence[Any]) -> Any:
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode()
    return pa.array(values, kind)


def singles(values: str) -> list[Any]:
    return [pa.array([value]) for value in values.split()]


def file(names: Sequence[str], *columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(list(columns), names=list(names)), sink)
    return sink.getvalue()


URL = pa.array(["http://a.org/"])
BROKEN = pa.Array.from_buffers(pa.string(), 1, [None, *pa.array([b"\xff\xe4"]).buffers()[1:]])
"""Bytes that a writer called UTF-8."""


@pytest.mark.parametrize(("kind", "values"), TYPES.values(), ids=TYPES)
def test_text_is_read_from_every_type_that_holds_it(kind: Any, values: Sequence[Any]) -> None:
    table = table_from(file(["text"], array(kind, values)))
    assert text_values(table, "text", "f") == TEXTS
    assert [row["text"] for row in text_rows(table, ["text"], "f")] == TEXTS


@pytest.mark.parametrize(("kind", "values"), TYPES.values(), ids=TYPES)
def test_shards_labels_and_benchmarks_hold_text_of_every_type(tmp_path: Path, kind: Any, values: Sequence[Any]) -> None:
    urls = array(pa.binary(), [b"http://a.org/%d" % number for number in range(4)])
    path = tmp_path / "x.parquet"
    path.write_bytes(file(["url", "text"], urls, array(kind, values)))
    outcomes = list(texts(str(path)))
    assert [plain_text(one.body) for one in outcomes if isinstance(one, Capture)] == TEXTS[:2]
    assert outcomes[2:] == [Skip.EMPTY, Skip.EMPTY]
    assert [found for _, found in items_of(str(path), AccessSection(), ["text"])] == [["x = 1"], ["größer"], [], [""]]
    path.write_bytes(file(["url", "label"], urls, array(kind, values)))
    with pytest.raises(BadInput, match=r'x\.parquet:3: expected a "label"'):
        read_labels(path)
    path.write_bytes(file(["url", "label"], urls[:2], array(kind, values)[:2]))
    assert read_labels(path) == [LabelledUrl("http://a.org/0", "x = 1"), LabelledUrl("http://a.org/1", "größer")]


def test_what_is_not_utf8_is_counted_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    for bad in (BROKEN, pa.array([b"\xff\xe4"]), pa.array([b"\xff\xe4"]).dictionary_encode()):
        assert text_values(table_from(file(["text"], bad)), "text", "f") == [b"\xff\xe4"]
        path.write_bytes(file(["url", "text"], URL, bad))
        assert list(texts(str(path))) == [Skip.BAD_ENCODING]
        path.write_bytes(file(["url", "text"], bad, pa.array(["hello"])))
        assert list(texts(str(path))) == [Skip.BAD_URL]
        path.write_bytes(file(["url", "label"], bad, pa.array(["C"])))
        with pytest.raises(BadInput, match=r'x\.parquet:1: expected a "url"'):
            read_labels(path)
        path.write_bytes(file(["prompt"], bad))
        with pytest.raises(BadInput, match=r"x\.parquet:1: its field 'prompt' is not UTF-8"):
            list(items_of(str(path), AccessSection(), ["prompt"]))


TWICE = file(["text", "url", "text"], pa.array(["a"]), pa.array(["http://a.org/"]), pa.array(["b"]))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(TWICE, r"has 2 columns 'text'", id="a name twice"),
        pytest.param(
            file(["Text", "url"], pa.array(["a"]), pa.array(["http://a.org/"])),
            r"has no column 'text', but Text, url",
            id="another case",
        ),
        pytest.param(
            file(["url", "text"], URL, pa.array([1])),
            "'text' holds int64, not text",
            id="numbers",
        ),
        pytest.param(file(["url", "text"], URL, pa.array([["a"]])), "'text' holds list<", id="lists"),
        pytest.param(
            file(["url", "text"], URL, pa.array([{"a": "b"}])),
            "'text' holds struct<",
            id="structs",
        ),
        pytest.param(
            file(["url", "text"], URL, pa.array([True])),
            "'text' holds bool, not text",
            id="truth values",
        ),
    ],
)
def test_a_column_that_holds_no_text_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(data)
    with pytest.raises(BadInput, match=rf"x\.parquet: .*{says}"):
        list(texts(str(path)))


def test_strings_behind_a_dictionary_that_are_not_utf8_are_refused_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(file(["url", "text"], URL, pa.DictionaryArray.from_arrays(pa.array([0]), BROKEN)))
    with pytest.raises((BadInput, ShardCorrupt), match=r"x\.parquet: .*UTF8"):
        list(texts(str(path)))


def test_one_bad_value_behind_a_dictionary_leaves_the_others() -> None:
    strings = pa.array([b"a", b"\xff\xe4", "é".encode()])
    broken = pa.Array.from_buffers(pa.string(), 3, strings.buffers())
    column = pa.DictionaryArray.from_arrays(pa.array([2, 0, None, 1, 0]), broken)
    for chunks in ([column], [column[:2], column[2:]], [column[:0]] * 2):
        table = pa.table({"text": pa.chunked_array(chunks, column.type)})
        expected = ["é", "a", None, b"\xff\xe4", "a"] if any(map(len, chunks)) else []
        assert text_values(table, "text", "f") == expected
        assert [row["text"] for row in text_rows(table, ["text"], "f")] == expected


EVIL = "\x1b[2J\nFORGED: line\u2028\u202e"
HOSTILE = {
    "a column's name": ([EVIL], [pa.array(["x"])]),
    "many columns": ([f"{EVIL}{number}" for number in range(999)], [pa.array(["x"])] * 999),
    "a long name": (["x" * 100_000], [pa.array(["x"])]),
    "a struct's field": (["url", "text"], [URL, pa.array([{EVIL: 1}])]),
    "a struct of many fields": (["url", "text"], [URL, pa.array([{f"f{number}": 1 for number in range(9999)}])]),
    "a list of structs": (["url", "text"], [URL, pa.array([[{EVIL: 1}]])]),
}


@pytest.mark.parametrize(("names", "columns"), HOSTILE.values(), ids=HOSTILE)
def test_what_a_file_says_goes_into_errors_printable_and_cut(
    tmp_path: Path, names: list[str], columns: list[Any]
) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(file(names, *columns))
    with pytest.raises(BadInput) as caught:
        list(texts(str(path)))
    message = str(caught.value).removeprefix(str(path))
    assert message.isprintable()
    assert len(message) < 2500


def test_names_that_differ_by_case_are_two(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(file(["URL", "url", "text", "Text"], *singles("a http://b.org/ t T")))
    (capture,) = texts(str(path))
    assert isinstance(capture, Capture)
    assert (capture.url, plain_text(capture.body)) == ("http://b.org/", "t")


def test_a_name_twice_among_other_columns_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(file(["x", "url", "x", "text"], *singles("a http://b.org/ b t")))
    (capture,) = texts(str(path))
    assert isinstance(capture, Capture)


@pytest.mark.parametrize("name", ["content.text", "content.inner.text", "a.b"])
def test_a_field_of_a_struct_is_named_with_a_dot(tmp_path: Path, name: str) -> None:
    content = pa.array([{"text": "one", "inner": {"text": "two"}}])
    path = tmp_path / "x.parquet"
    path.write_bytes(file(["url", "content", "a.b"], pa.array(["http://a.org/"]), content, pa.array(["three"])))
    expected = {"content.text": "one", "content.inner.text": "two", "a.b": "three"}[name]
    (capture,) = texts(str(path), columns=("url", name))
    assert isinstance(capture, Capture)
    assert plain_text(capture.body) == expected
    lines = tmp_path / "x.jsonl"
    lines.write_text('{"url": "http://a.org/", "content": {"text": "one", "inner": {"text": "two"}}, "a.b": "three"}')
    (again,) = texts(str(lines), columns=("url", name))
    assert isinstance(again, Capture)
    assert again.body == capture.body


@pytest.mark.parametrize("name", ["content.none", "content.text.more", "none.text", "content.", "."])
def test_a_field_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(file(["url", "content"], pa.array(["http://a.org/"]), pa.array([{"text": "one"}])))
    with pytest.raises(BadInput, match=rf"no column '{name}', but url, content; .* \[crawl\] text_column"):
        list(texts(str(path), columns=("url", name)))
