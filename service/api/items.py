"""JSON to items: what a request or a line asks to be scored, and what is echoed of it.

What is as it should be is read in one pass: a body of items by msgspec, a line with a text by a kernel that finds and
writes it at once. All else is read by the pydantic schemas, which say what is wrong, and let an item that is none fail
alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import ValidationError
from pydantic_core import from_json

from recall.model.lines import strings_of, unquoted
from service.api.bodies import Line
from service.api.problems import Refusal, item_error
from service.api.schemas import Body, Item, Items
from service.limits import Limits

Outcome = dict[str, Any]


@dataclass(slots=True)
class Swift:
    """An `Item` with no other keys, whose id is a string. octets: its text in UTF-8, None where there is none."""

    url: str | None
    html: str | None
    body: str | None
    charset: str | None
    octets: bytes | None


class _Sent(msgspec.Struct, forbid_unknown_fields=True):
    """The same as it was sent; the text is not looked at yet."""

    url: str | None = None
    html: str | None = None
    text: msgspec.Raw = msgspec.Raw()
    body: str | None = None
    charset: str | None = None
    id: str | None = None

    def swift(self) -> Swift | None:
        """The item, None where it is not within the bounds of the schema."""
        if not _bounded(self.url, self.charset, self.id):
            return None
        octets = unquoted(memoryview(self.text)) if self.html is None and self.body is None else None
        if octets is None and bytes(self.text) not in (b"", b"null"):
            return None
        return Swift(self.url, self.html, self.body, self.charset, octets)


def _bounded(url: str | None, charset: str | None, name: str | None) -> bool:
    """Whether they are as short as the schema asks."""
    return len(url or "") <= 8192 and len(charset or "") <= 40 and len(name or "") <= 1024


class _SentItems(msgspec.Struct, forbid_unknown_fields=True):
    items: list[_Sent]
    model: str | None = None


_ITEMS, _STRING = msgspec.json.Decoder(_SentItems), msgspec.json.Decoder(str)


class Unfit(Exception):
    """An item cannot be scored. reason, detail: of its error."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.error = item_error(reason, detail)
        self.reason = reason


def _echo(item: Item | _Sent) -> Outcome:
    echo: Outcome = {}
    if item.id is not None:
        echo["id"] = item.id
    if item.url is not None:
        echo["url"] = item.url
    return echo


def _salvage(value: object) -> Outcome:
    """Id and url of what is no Item, where they can be echoed."""
    if not isinstance(value, Mapping):
        return {}
    own = {key: value.get(key) for key in ("id", "url")}
    kept: Outcome = {key: one for key, one in own.items() if isinstance(one, str) and len(one) <= 1024}
    if isinstance(own["id"], int) and not isinstance(own["id"], bool) and abs(own["id"]) < 1 << 63:
        kept["id"] = own["id"]
    return kept


def _where(error: ValidationError) -> str:
    """Which key is wrong and how, without its value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or str(part).isidentifier())
    return f"{key or 'it'}: {first['msg']}"[:200]


def read_item(value: object) -> Item | Unfit:
    """An item, or why it is none."""
    try:
        return Item.model_validate(value)
    except ValidationError as error:
        return Unfit("not-valid", _where(error))


def read_items(body: bytes, limits: Limits) -> tuple[list[Item | Swift | Unfit], list[Outcome], str | None]:
    """Items, what is echoed of each, and the model asked for. Raises Refusal when the body is not of that kind."""
    try:
        sent = _ITEMS.decode(body)
    except (ValueError, RecursionError):
        sent = None
    if sent is not None:
        _check_count(len(sent.items), limits)
        swift = [item.swift() for item in sent.items]
        if None not in swift:
            return [item for item in swift if item is not None], [_echo(item) for item in sent.items], sent.model
    try:
        read = Items.model_validate_json(body)
    except ValidationError:
        return _read_one_by_one(body, limits)
    _check_count(len(read.items), limits)
    return list(read.items), [_echo(item) for item in read.items], read.model


def _read_one_by_one(body: bytes, limits: Limits) -> tuple[list[Item | Swift | Unfit], list[Outcome], str | None]:
    value = parse(body)
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        raise Refusal("not-valid", "Send an object with items, an array")
    model = value.get("model")
    if model is not None and not isinstance(model, str):
        raise Refusal("not-valid", "model is a string")
    _check_count(len(value["items"]), limits)
    items = [read_item(one) for one in value["items"]]
    echoes = [
        _salvage(one) if isinstance(item, Unfit) else _echo(item)
        for one, item in zip(value["items"], items, strict=True)
    ]
    return [*items], echoes, model


def _check_count(count: int, limits: Limits) -> None:
    if count > limits.items:
        raise Refusal("not-valid", f"At most {limits.items} items; send more to /v1/score:batch")


def parse(body: bytes) -> Any:
    """A JSON value. Raises Refusal when the body is none; NaN and lone surrogates are none, nor is endless nesting."""
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        place = str(error).rpartition(" at ")[2]
        raise Refusal("not-json", f"Not JSON at {place}"[:100]) from None


def read_page(kind: type[Body], body: bytes) -> Any:
    """The page of a request for one page. Raises Refusal when the body is none."""
    try:
        return kind.model_validate(parse(body))
    except ValidationError as error:
        raise Refusal("not-valid", _where(error)) from None


def _read_swift(line: bytes | memoryview) -> tuple[Swift, Outcome] | None:
    """The item of a line with a text and perhaps an id and a url, which are strings; None for all others."""
    found = strings_of(line)
    if found is None:
        return None
    text, name, url = found
    echo: Outcome = {}
    if name or url:
        try:
            echo = {key: _STRING.decode(one) for key, one in (("id", name), ("url", url)) if one}
        except ValueError:
            return None
        if not _bounded(echo.get("url"), None, echo.get("id")):
            return None
    return Swift(echo.get("url"), None, None, None, text), echo


def read_line(line: Line, limits: Limits) -> tuple[Item | Swift | Unfit, Outcome]:
    """The item of a line of NDJSON and what is echoed of it."""
    if line is None:
        return Unfit("too-large", f"A line has at most {limits.line_bytes} bytes"), {}
    swift = _read_swift(line)
    if swift is not None:
        return swift
    line = bytes(line)
    try:
        item = Item.model_validate_json(line)
    except ValidationError:
        try:
            value = parse(line)
        except Refusal as refusal:
            return Unfit("not-json", refusal.detail), {}
        return read_item(value), _salvage(value)
    return item, _echo(item)
