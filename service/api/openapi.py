"""The OpenAPI document: what the routes take and answer, said exactly, though bodies are read by hand for speed."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api import schemas
from service.problems import MEDIA

_REQUESTS = (schemas.Item, schemas.Page, schemas.ScoreRequest, schemas.ExplainRequest, schemas.ExtractRequest)
_TEMPLATE = "#/components/schemas/{model}"

_PIN = {
    "name": "Recall-Model",
    "in": "header",
    "required": False,
    "description": "A version, name or digest from /v1/models; the default when left out",
    "schema": {"type": "string"},
}
_STATUSES = {
    400: "Not JSON, or not what its Content-Encoding says",
    401: "A bearer token is needed",
    404: "No such model version is served",
    408: "The body did not arrive in time",
    413: "The body is too large",
    415: "The body's type or encoding is not supported",
    422: "The body is not what this path takes",
    429: "The queue is full; see Retry-After",
    500: "Something went wrong here, or the extractor crashed over this page",
    503: "The answer took too long or too much memory, or the service is not ready; see Retry-After",
}


def _schema(name: str) -> dict[str, str]:
    return {"$ref": _TEMPLATE.format(model=name)}


def json_body(name: str) -> dict[str, Any]:
    """An operation that takes one JSON object."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _schema(name)}}}} | {
        "parameters": [_PIN]
    }


def lines_body(media: str = "application/x-ndjson") -> dict[str, Any]:
    """An operation that takes a stream."""
    schema = {
        "contentMediaType": media,
        "description": "One Item a line" if "json" in media else "A WARC file, gz or not",
    }
    return {"requestBody": {"required": True, "content": {media: {"schema": schema}}}, "parameters": [_PIN]}


def problem_responses(model: type[BaseModel] | None, *, reading: bool = False) -> dict[int | str, dict[str, Any]]:
    """What an operation answers: a model, or lines without one, and its problems. reading: it takes no body."""
    lines = {"content": {"application/x-ndjson": {"schema": {"type": "string", "description": "One outcome a line"}}}}
    good: dict[str, Any] = {"model": model} if model else lines
    statuses = (401, 429, 500) if reading else tuple(_STATUSES)
    bad: dict[int | str, dict[str, Any]] = {
        status: {"description": _STATUSES[status], "content": {MEDIA: {"schema": _schema("Problem")}}}
        for status in statuses
    }
    return {200: {"description": "Done", **good}, **bad}


def document(app: FastAPI, *, secured: bool) -> dict[str, Any]:
    """The whole document. secured: bearer tokens are asked for."""
    found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    _, definitions = models_json_schema([(model, "validation") for model in _REQUESTS], ref_template=_TEMPLATE)
    _, answers = models_json_schema([(schemas.Problem, "serialization")], ref_template=_TEMPLATE)
    components = found.setdefault("components", {})
    components.setdefault("schemas", {}).update({**definitions["$defs"], **answers["$defs"]})
    for name in ("Page", "Item", "ExplainRequest", "ExtractRequest"):
        forms = ("html", "body") if name == "ExtractRequest" else ("html", "text", "body")
        components["schemas"][name]["oneOf"] = [
            {"required": [form], "properties": {form: {"type": "string"}, **_absent(form, forms)}} for form in forms
        ]
    if secured:
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        for path, operations in found["paths"].items():
            if path.startswith("/v1/") or path == "/metrics":
                for operation in operations.values():
                    operation["security"] = [{"bearer": []}]
    return found


def _absent(form: str, forms: tuple[str, ...]) -> dict[str, Any]:
    return {other: {"type": "null"} for other in forms if other != form}
