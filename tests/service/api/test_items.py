"""What the fast reading of items takes, it takes as the schemas do."""

import json

import pytest

from service.api.items import PlainItem, Unfit, read_line
from service.api.schemas import Item
from service.limits import Limits

LINES = [
    b'{"text": "a"}',
    b'{"text": "\\ud83d\\ude00 \\u0000", "id": "1", "url": "http://a.org/"}',
    b'{"te\\u0078t": "a", "text": "b"}',
    b' {"body": "PHA+", "charset": "utf-8"} \r',
    b'{"text": null, "html": "<p>"}',
    '{"html": "<p>naïve \ue000"}'.encode(),
    b'{"text": "a", "html": "<p>"}',
    b'{"text": "a\\n\\"b\\\\ \\u00e9"}',
    b'{"text": ""}',
    b'{"text": "a", "id": 7}',
    b'{"text": "a", "other": [1, {"deep": NaN}]}',
    b'{"text": "a", "other": 1}',
    b'{"text": "a", "id": "' + b"x" * 1025 + b'"}',
    b'{"text": "a", "id": true}',
    b'{"text": "\\ud800"}',
    b'{"text": "\xff"}',
    b'{"text": "a\x01"}',
    b'{"text": 1}',
    b'["text"]',
    b'{"text": "a"}x',
    b"",
    b"[" * 10_000,
]


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_a_line_is_the_same_item_either_way(line: bytes) -> None:
    read, echo = read_line(line, Limits())
    try:
        expected = Item.model_validate_json(line)
    except ValueError:
        assert isinstance(read, Unfit)
        return
    assert not isinstance(read, Unfit)
    names = ("text", "url", "html", "body", "charset")
    assert [getattr(read, name) for name in names] == [getattr(expected, name) for name in names]
    assert echo == {name: value for name in ("id", "url") if (value := getattr(expected, name)) is not None}


def test_ordinary_lines_are_read_fast() -> None:
    read, _ = read_line(json.dumps({"text": "a", "id": "1"}).encode(), Limits())
    assert isinstance(read, PlainItem)
