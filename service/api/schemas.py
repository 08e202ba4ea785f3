"""What goes in and out over HTTP, as pydantic models; the OpenAPI document is made of them.

Unknown keys are left alone, so that lines of a data set can be sent as they are. A number is never taken for a
string. An item that is no `Item` is no reason to refuse the others: it gets an error in its place.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

VersionName = Annotated[str, Field(description="A version, name or digest from /v1/models; the default when left out")]
Identity = Annotated[str, Field(max_length=1024)] | int

Base64 = Annotated[
    str,
    WithJsonSchema({"type": "string", "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"}),
]
"""Checked where it is decoded."""


class StrictModel(BaseModel):
    """A strict reading of JSON; keys without a meaning here are passed over."""

    model_config = ConfigDict(strict=True, frozen=True)


class Page(StrictModel):
    """A page in one of three forms: `html`, `text`, or `body`."""

    url: str | None = Field(None, max_length=8192, description="Echoed; never fetched")
    html: str | None = Field(None, description="A page's source; its scoring text is scored, structure marks included")
    text: str | None = Field(None, description="Plain text, scored as it is, without structure marks")
    body: Base64 | None = Field(None, description="A page's bytes as served, in base64, where `html` would be a guess")
    charset: str | None = Field(None, max_length=40, description="With `body`: what the HTTP header said")


class Item(Page):
    """A page to score."""

    id: Identity | None = Field(None, description="Echoed")


Anything = Annotated[
    Any,
    WithJsonSchema({"anyOf": [{"$ref": "#/components/schemas/Item"}, {"description": "Gets an error in its place"}]}),
]


class ScoreRequest(StrictModel):
    """Pages to score together."""

    items: list[Anything] = Field(max_length=1024)
    model: VersionName | None = None


class Items(StrictModel):
    """The same, read at once, where every item is an Item."""

    items: list[Item]
    model: str | None = None


class ExplainRequest(Page):
    """A page whose score is taken apart."""

    model: VersionName | None = None


class ExtractRequest(StrictModel):
    """A page to extract: `html` or `body`, as in `Page`."""

    url: str | None = Field(None, max_length=8192, description="Echoed; never fetched")
    html: str | None = None
    body: Base64 | None = None
    charset: str | None = Field(None, max_length=40, description="With `body`: what the HTTP header said")


class ItemError(BaseModel):
    """Why an item has no score."""

    type: str
    detail: str


class Scored(BaseModel):
    """An item's score. label: the positive label at or above the threshold, else "other" or "too short".

    With several topics the positive label is that of the page's topic.
    """

    model_config = ConfigDict(extra="forbid")

    id: str | int | None = None
    url: str | None = None
    score: float = Field(ge=0, le=1)
    probability: float = Field(ge=0, le=1, description="Calibrated, rising in the score")
    label: str
    threshold: float = Field(
        description="The model's, that of its topic or of the kind of place that `url` leads to, or that for `text`; "
        "decides `label`"
    )
    least_characters: int | None = Field(
        default=None, description='Where `label` is "too short": characters from which on the model has an opinion'
    )
    model: str = Field(description="The version that gave the score")


class Failed(BaseModel):
    """An item that could not be scored."""

    model_config = ConfigDict(extra="forbid")

    id: str | int | None = None
    url: str | None = None
    error: ItemError


class ScoreResponse(BaseModel):
    """One outcome per item, in the order of the items."""

    items: list[Scored | Failed]


class Part(BaseModel):
    """What a row of the model adds to the logit. spans: code points [start, end) of `text` where it stands."""

    kind: Literal["token", "mark", "ngram", "end", "constant"]
    name: str
    weight: float
    contribution: float
    spans: list[tuple[int, int]]


class ExplainResponse(Scored):
    """A score and its parts, the heaviest first; logit = base + the sum of contributions."""

    logit: float
    base: float
    rows: int
    text: str = Field(description="What was scored, without structure marks")
    parts: list[Part]


class ExtractResponse(BaseModel):
    """A page as the corpus keeps it."""

    url: str | None = None
    markdown: str


class Model(BaseModel):
    """A served version."""

    version: str
    name: str
    digest: str
    default: bool
    input: Literal["html", "text"]
    labels: list[str]
    positive: str
    threshold: float
    thresholds: dict[str, float] = Field(
        description="Of kinds of places that have one of their own, told by a page's URL"
    )
    topics: dict[str, float] = Field(description="Threshold of each topic by label, where the model has several")
    metrics: dict[str, float]
    recipe: dict[str, float]
    report: str | None = Field(None, description="Where the run's report is served, if it has one")


class ModelsResponse(BaseModel):
    """All served versions, the default first."""

    models: list[Model]


class Health(BaseModel):
    """A worker's state."""

    status: Literal["ok"]


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
