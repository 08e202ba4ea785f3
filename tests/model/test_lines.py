import json
import random
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recall.model.lines import CASED_BELOW, Once, lowered, strings_of, unquoted


def test_every_character_is_lowered_as_python_does() -> None:
    characters = [chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    assert all(one == one.lower() for one in characters[CASED_BELOW:])
    for start in range(0, len(characters), 5000):
        for text in ("x".join(characters[start : start + 5000]), "Ⱥ".join(characters[start : start + 5000])):
            assert lowered(text.encode()) == text.lower().encode()


@pytest.mark.parametrize("cut", [b"\xc3", b"\xe3\x81", b"\xe9", b"\xef\xbc", b"\xf0\x9f\x98", b"\xff"])
def test_a_character_that_is_cut_off_is_refused(cut: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        lowered(b"Plain " + cut)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_text_stay_in_their_room(data: bytes) -> None:
    with suppress(UnicodeDecodeError):
        assert len(lowered(data)) <= 2 * len(data)


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


def as_json_reads_it(inside: bytes) -> bytes | None:
    """What `unquoted` says, by Python's own means."""
    try:
        text = json.loads(b'"' + inside + b'"', strict=False)
        return str(text).encode()
    except ValueError:
        return None


@pytest.mark.parametrize(
    "inside",
    [
        b"",
        b"plain",
        rb"\n\t\r\b\f\/\"\\",
        rb"a\\nb\\\nb\\\\n",
        rb"\u00e9\u20AC\ufffF\u0041",
        rb"\ud83d\ude00 \uD83D\uDE00x",
        rb"\ud83d",
        rb"\ude00",
        rb"\ud83dx\ude00",
        rb"\ud83d\n\ude00",
        rb"\ud83d\u0041",
        rb"\u12",
        rb"\u12g4",
        rb"\u::::",
        rb"\u@@@@",
        rb"\q",
        b"ends\\",
        "größe 日本語 😀 \U0010ffff".encode(),
        b"\xc0\xaf",
        b"\xe0\x80\x80",
        b"\xed\xa0\x80",
        b"\xf0\x80\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80\x80\x80",
        b"\x80",
        b"ends \xe2\x82",
        b"\xe2\x82A",
        b"\xc3(",
    ],
)
def test_a_json_string_is_read_as_json_reads_it(inside: bytes) -> None:
    for before in range(9):
        padded = b"x" * before + inside
        assert unquoted(b'"' + padded + b'"') == as_json_reads_it(padded)


def test_any_json_string_is_read_as_json_reads_it() -> None:
    chance = random.Random(4)
    pieces = [b"plain words ", rb"\n", rb"\\", rb"\"", rb"\u00e9", rb"\ud83d", rb"\ude00", "日".encode(), b"\xff"]
    weights = [20, 8, 4, 4, 4, 1, 1, 8, 0.2]
    read = 0
    for _ in range(3000):
        inside = b"".join(chance.choices(pieces, weights, k=chance.randrange(20)))
        expected = as_json_reads_it(inside)
        read += expected is not None
        assert unquoted(b'"' + inside + b'"') == expected, inside
    assert 500 < read < 2500


@pytest.mark.parametrize("quoted", [b"", b'"', b"null", b"5", b'"open', b'open"', b"[1]"])
def test_what_is_no_json_string_is_none(quoted: bytes) -> None:
    assert unquoted(quoted) is None


@pytest.mark.parametrize(
    "line",
    [
        rb'{"text":"a\n\"b"}',
        rb' { "id" : "x\"y" ,"text": "","url":"http://a/" } ' + b"\t\r",
        '{"url":"größe","text":"日本語 \\u00e9 and more"}'.encode(),
        b'{"text":"' + rb"\\" * 20 + b'","id":""}',
    ],
)
def test_an_object_of_strings_is_read_as_json_reads_it(line: bytes) -> None:
    value = json.loads(line)
    for form in (line, memoryview(line)):
        found = strings_of(form)
        assert found is not None
        assert found[0].decode() == value["text"]
        assert [json.loads(one) if one else None for one in found[1:]] == [value.get(key) for key in ("id", "url")]


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b" ", b"{", b"{}", b"[]", b'"text"', b'{"text"}', b'{"text":', b'{"text":1}', b'{"text":null}'),
        *(b'{"text":"a"', b'{"text":"a"}x', b'{"text":"a"}{', b'{"text":"a",}', b'{,"text":"a"}', b'{"text":"a"]'),
        *(b'{"text":"a" "id":"b"}', b'{"text":"a","text":"b"}', b'{"id":"b"}', b'{"id":"b","id":"c","text":"a"}'),
        *(b'{"text":"a","id":7}', b'{"text":"a","other":"b"}', b'{"textt":"a"}', b'{"tex":"a"}', b'{"text":"a","id":"'),
        *(
            b'{"text":"a\x01"}',
            b'{"text":"a\n"}',
            rb'{"text":"a\"}',
            b'{"text":"\xff"}',
            rb'{"\u0074ext":"a"}',
            b'{"te',
        ),
    ],
)
def test_what_is_no_object_of_strings_is_none(line: bytes) -> None:
    assert strings_of(line) is None


def test_any_cut_of_an_object_of_strings_is_none() -> None:
    line = '{"id": "a\\"b", "url": "http://größe/", "text": "one \\u00e9 two \\\\ three größe"}'.encode()
    assert strings_of(line) is not None
    assert all(strings_of(line[:end]) is None for end in range(len(line)))
