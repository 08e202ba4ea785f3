"""JSON to items: what a request or a line asks to be scored, and what is echoed of it.

In: a body of items, a line of NDJSON. msgspec reads what is as it should be; pydantic reads all else, says what is
wrong, and lets an item that is none fail alone. Refuses a body that is no JSON, or no object with items.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from pydantic import ValidationError
from pydantic_core import from_json

from service.api.bodies import Line
from service.api.schemas import Item, Items, StrictModel
from service.limits import Limits
from service.problems import Refusal, item_error

Outcome = dict[str, Any]


class PlainItem(msgspec.Struct, forbid_unknown_fields=True):
    """An `Item` with no other keys, whose id is a string."""

    url: Annotated[str, msgspec.Meta(max_length=8192)] | None = None
    html: str | None = None
    text: str | None = None
    body: str | None = None
    charset: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    id: Annotated[str, msgspec.Meta(max_length=1024)] | None = None


class _PlainItems(msgspec.Struct, forbid_unknown_fields=True):
    items: list[PlainItem]
    model: str | None = None


_PLAIN, _PLAIN_ITEMS = msgspec.json.Decoder(PlainItem), msgspec.json.Decoder(_PlainItems)


class Unfit(Exception):
    """An item cannot be scored. reason, detail: of its error."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.error = item_error(reason, detail)
        self.reason = reason


AnyItem = Item | PlainItem | Unfit


def _echo(item: Item | PlainItem) -> Outcome:
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


def read_items(body: bytes, limits: Limits) -> tuple[list[AnyItem], list[Outcome], str | None]:
    """Items, what is echoed of each, and the model asked for. Raises Refusal when the body is not of that kind."""
    read: _PlainItems | Items
    try:
        read = _PLAIN_ITEMS.decode(body)
    except (ValueError, RecursionError):
        try:
            read = Items.model_validate_json(body)
        except ValidationError:
            return _read_one_by_one(body, limits)
    _check_count(len(read.items), limits)
    return list(read.items), [_echo(item) for item in read.items], read.model


def _read_one_by_one(body: bytes, limits: Limits) -> tuple[list[AnyItem], list[Outcome], str | None]:
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


def read_page(kind: type[StrictModel], body: bytes) -> Any:
    """The page of a request for one page. Raises Refusal when the body is none."""
    try:
        return kind.model_validate(parse(body))
    except ValidationError as error:
        raise Refusal("not-valid", _where(error)) from None


def read_line(line: Line, limits: Limits) -> tuple[AnyItem, Outcome]:
    """The item of a line of NDJSON and what is echoed of it."""
    if line is None:
        return Unfit("too-large", f"A line has at most {limits.line_bytes} bytes"), {}
    try:
        plain = _PLAIN.decode(line)
    except (ValueError, RecursionError):
        return _read_line_slowly(bytes(line))
    return plain, _echo(plain)


def _read_line_slowly(line: bytes) -> tuple[Item | Unfit, Outcome]:
    try:
        item = Item.model_validate_json(line)
    except ValidationError:
        try:
            value = parse(line)
        except Refusal as refusal:
            return Unfit("not-json", refusal.detail), {}
        return read_item(value), _salvage(value)
    return item, _echo(item)
