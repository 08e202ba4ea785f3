"""Items to scores, as jobs of the lane: JSON in, JSON out, errors in the place of their items.

`text` is scored as it is given, without MARK characters; `html` and `body` go through the scoring text of the crawl.
The score is the scorer's own float, written so that it reads back bit for bit.
"""

import base64
import binascii
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from recall.page.text import scoring_text
from recall.records import MARK, Capture
from recall.steps.examples import OTHER
from service.bodies import inflate
from service.lane import Job, Share
from service.limits import Limits
from service.metrics import count_failures, count_scores
from service.models import Models, Version
from service.problems import Refusal, item_error
from service.schemas import Body, ExtractRequest, Item, Items, Page

STEP_ITEMS = 64
STEP_CHARACTERS = 512 << 10
"""A step ends at the first that is reached: some 6 ms, as long as another request may have to wait for its turn."""

Outcome = dict[str, Any]


class Unfit(Exception):
    """An item cannot be scored. reason, detail: of its error."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.error = item_error(reason, detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Scoring:
    """How items become outcomes: by which version, within which limits."""

    version: Version
    limits: Limits

    def outcomes(self, items: Sequence[Item | Unfit], echoes: Sequence[Outcome]) -> Job[list[Outcome]]:
        """One outcome an item, in order; other jobs have their turn between the steps. echoes: id and url of each."""
        done: list[Outcome] = []
        start = 0
        while start < len(items):
            end, characters = start, 0
            while end < len(items) and end - start < STEP_ITEMS and characters < STEP_CHARACTERS:
                item = items[end]
                characters += 0 if isinstance(item, Unfit) else _weight(item)
                end += 1
            done += self._step(items[start:end], echoes[start:end])
            start = end
            if start < len(items):
                yield
        return done

    def _step(self, items: Sequence[Item | Unfit], echoes: Sequence[Outcome]) -> list[Outcome]:
        texts: list[str] = []
        errors: dict[int, Unfit] = {}
        for place, item in enumerate(items):
            if isinstance(item, Unfit):
                errors[place] = item
                continue
            try:
                texts.append(text_of(item, self.limits))
            except Unfit as unfit:
                errors[place] = unfit
        count_failures([unfit.reason for unfit in errors.values()])
        verdicts = iter(self.verdicts(texts))
        return [
            {**echo, "error": errors[place].error} if place in errors else {**echo, **next(verdicts)}
            for place, echo in enumerate(echoes)
        ]

    def verdicts(self, texts: Sequence[str]) -> list[Outcome]:
        """Score, probability, label, threshold and version of each text."""
        if not texts:
            return []
        scores = self.version.scorer.score(texts)
        count_scores(self.version.version, scores)
        return verdicts(self.version, scores)

    def captures(self, pages: Sequence[Capture]) -> bytes:
        """Lines for pages of a WARC."""
        texts = [scoring_text(page.body, page.charset, page.url) for page in pages]
        return b"".join(
            to_json({"url": page.url, "offset": page.ref.offset, "length": page.ref.length, **verdict}) + b"\n"
            for page, verdict in zip(pages, self.verdicts(texts), strict=True)
        )


def verdicts(version: Version, scores: NDArray[np.float64]) -> list[Outcome]:
    """What is said of scores by the version that gave them."""
    scorer, threshold = version.scorer, version.scorer.threshold
    return [
        {
            "score": score,
            "probability": probability,
            "label": scorer.positive if score >= threshold else OTHER,
            "threshold": threshold,
            "model": version.version,
        }
        for score, probability in zip(scores.tolist(), scorer.calibrate(scores).tolist(), strict=True)
    ]


def _weight(page: Page) -> int:
    return len(page.text or page.html or page.body or "")


def text_of(page: Page, limits: Limits) -> str:
    """What the model reads of a page. Raises Unfit when the page is none, or too large."""
    if (page.html is None) + (page.text is None) + (page.body is None) != 2:
        raise Unfit("not-valid", "Give one of html, text and body")
    if page.text is not None:
        if len(page.text) > limits.text_characters:
            raise Unfit("too-large", f"A text has at most {limits.text_characters} characters")
        return page.text.replace(MARK, "")
    body, charset = source_of(page, limits)
    return scoring_text(body, charset, page.url)


def source_of(page: Page | ExtractRequest, limits: Limits) -> tuple[bytes, str | None]:
    """Bytes and charset of a page given as `html` or `body`. Raises Unfit when they are too many, or not base64."""
    if page.body is not None:
        try:
            body, charset = base64.b64decode(page.body, validate=True), page.charset
        except (binascii.Error, ValueError):
            raise Unfit("not-valid", "body is not base64") from None
    else:
        body, charset = (page.html or "").encode(), "utf-8"
    if len(body) > limits.html_bytes:
        raise Unfit("too-large", f"A page has at most {limits.html_bytes} bytes")
    return body, charset


def _echo(item: Item) -> Outcome:
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


def read_items(body: bytes, limits: Limits) -> tuple[list[Item | Unfit], list[Outcome], str | None]:
    """Items, what is echoed of each, and the model asked for. Raises Refusal when the body is not of that kind."""
    try:
        read = Items.model_validate_json(body)
    except ValidationError:
        return _read_one_by_one(body, limits)
    _check_count(len(read.items), limits)
    return list(read.items), [_echo(item) for item in read.items], read.model


def _read_one_by_one(body: bytes, limits: Limits) -> tuple[list[Item | Unfit], list[Outcome], str | None]:
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
    return items, echoes, model


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


@dataclass(frozen=True, slots=True)
class Sent:
    """A body as it was sent, and the request's share of memory."""

    body: bytes
    encoding: str
    share: Share


def score_body(sent: Sent, models: Models, pin: str | None, limits: Limits) -> Job[bytes]:
    """A job: the answer to /v1/score. pin: the version that a header asks for; the body's own goes first."""
    body = yield from inflate(sent.body, sent.encoding, limits.body_bytes, sent.share)
    items, echoes, model = read_items(body, limits)
    scoring = Scoring(models.find(model if model is not None else pin), limits)
    if len(body) > STEP_CHARACTERS:
        yield
    outcomes = yield from scoring.outcomes(items, echoes)
    return to_json({"items": outcomes})


def score_lines(lines: Sequence[bytes | None], scoring: Scoring) -> Generator[None, None, bytes]:
    """A job: a line of outcome for each line of NDJSON; None is a line that was too long."""
    done = []
    for start in range(0, len(lines), STEP_ITEMS):
        items, echoes = [], []
        for line in lines[start : start + STEP_ITEMS]:
            item, echo = _read_line(line, scoring.limits)
            items.append(item)
            echoes.append(echo)
        outcomes = yield from scoring.outcomes(items, echoes)
        done += [to_json(outcome) for outcome in outcomes]
        if start + STEP_ITEMS < len(lines):
            yield
    return b"\n".join([*done, b""])


def _read_line(line: bytes | None, limits: Limits) -> tuple[Item | Unfit, Outcome]:
    if line is None:
        return Unfit("too-large", f"A line has at most {limits.line_bytes} bytes"), {}
    try:
        item = Item.model_validate_json(line)
    except ValidationError:
        try:
            value = parse(line)
        except Refusal as refusal:
            return Unfit("not-json", refusal.detail), {}
        return read_item(value), _salvage(value)
    return item, _echo(item)
